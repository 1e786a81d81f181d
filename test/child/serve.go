// SPDX-License-Identifier: Apache-2.0

package child

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"waylight/internal/app"
	"waylight/internal/app/demo"
	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
	"waylight/internal/platform/mail"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/protection/conversation"
)

// offices are those with keys; the first is whose member is signed in.
var offices = []string{"mbi-desk", "help-desk", "mdcps", "mbi-coordinator"}

// inside is the installation as its own process knows it.
type inside struct {
	app     *app.App
	holders []*identity.Holder
	secrets [][]byte
	words   atomic.Pointer[string] // that the next look at the mailbox panics with
}

func serve(text string) error {
	var c Config
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return err
	}
	signal.Ignore(syscall.SIGXFSZ) // a file that may not grow is an error, as a full disk is
	ctx := context.Background()
	_, directory, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	in := &inside{}
	config := app.Config{
		Data: c.Data, Database: c.Database, Demo: true, Every: time.Second, Connections: c.Connections,
		Directory: directory.Public().(ed25519.PublicKey), SignDirectory: func(statement []byte) []byte { return ed25519.Sign(directory, statement) },
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug})), Mailbox: in.mailbox,
	}
	if c.Mail != "" {
		config.Mail = mail.Config{Addr: c.Mail, From: "Waylight test <notices@test.invalid>", TLS: mail.LoopbackOnly}
	}
	if in.app, err = app.New(ctx, config); err != nil {
		return err
	}
	defer in.app.Close()
	if err := in.hire(ctx); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	cookie, _, err := in.app.People.SignIn(ctx, Program, in.holders[0].Member.Email, in.holders[0].Auth())
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() { served <- in.app.Serve(ctx, l, nil) }()
	say(hello{l.Addr().String(), cookie, in.secrets})
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		say(in.answer(ctx, strings.Fields(lines.Text())))
	}
	stop()
	return <-served
}

func say(v any) { _ = json.NewEncoder(os.Stdout).Encode(v) }

// hire gives each office somebody who holds its key.
func (in *inside) hire(ctx context.Context) error {
	for _, office := range offices {
		if err := in.app.Agencies.Join(ctx, agency.System(Program), office); err != nil {
			return err
		}
		token, err := in.app.People.Invite(ctx, Program, office, "Invented Member", office+"@test.invalid", []string{identity.RoleMember, identity.RoleAgencyAdmin})
		if err != nil {
			return err
		}
		holder, parts, err := in.app.People.EnrollHolder(ctx, token, demo.Passphrase)
		if err != nil {
			return err
		}
		auth := holder.Auth()
		in.secrets = append(in.secrets, []byte(token), auth[:])
		for _, part := range parts {
			in.secrets = append(in.secrets, []byte(part))
		}
		in.holders = append(in.holders, holder)
	}
	return nil
}

// answer does what the parent asks.
func (in *inside) answer(ctx context.Context, words []string) any {
	var err error
	switch words[0] {
	case "state":
		return in.app.Gate.State()
	case "note": // report, words: seals a note of the desk
		err = in.note(ctx, words[1], strings.Join(words[2:], " "))
	case "letter": // report, words: an office writes to the report's sender
		err = in.letter(ctx, words[1], strings.Join(words[2:], " "))
	case "panic":
		text := strings.Join(words[1:], " ")
		in.words.Store(&text)
	case "mail": // sends the code that shows that mail arrives
		m := in.holders[0].Member
		err = in.app.Agencies.SendTestMail(ctx, agency.Actor{Program: Program, Member: m.ID, Office: m.Office, Roles: []string{identity.RoleProgramAdmin}})
	case "full": // as on a full disk, nothing can be written but the first page of a file
		err = limitFiles(4096)
	case "room":
		err = limitFiles(^uint64(0) >> 1)
	default:
		err = fmt.Errorf("the child does not know %q", words[0])
	}
	if err != nil {
		return map[string]string{"error": err.Error()}
	}
	return "done"
}

func (in *inside) note(ctx context.Context, report, text string) error {
	holder := in.holders[0]
	id, err := store.ParseID(report)
	if err != nil {
		return err
	}
	sealed, err := holder.SealNote(Program, report, holder.Member.Office, text)
	if err != nil {
		return err
	}
	return in.app.Referrals.AddNote(ctx, holder.Member, id, in.app.Agencies.Keys(Program)[holder.Member.Office].ID, sealed)
}

// letter does what a member's browser does of words for a sender.
func (in *inside) letter(ctx context.Context, report, text string) error {
	m := in.holders[2].Member // of child protection, which is told of every child
	id, err := store.ParseID(report)
	if err != nil {
		return err
	}
	reply, err := in.app.Reports.Reply(ctx, Program, id)
	if err != nil {
		return err
	}
	to, err := seal.ParsePublicKey(reply.Key)
	if err != nil {
		return err
	}
	key := in.app.Agencies.Keys(Program)[m.Office]
	d := conversation.Draft{ID: store.NewID(), Kind: conversation.Question, OfficeKey: key.ID, Sure: true}
	plain, err := conversation.Words{Report: report, Office: m.Office, Kind: d.Kind, Language: "en", Text: text}.Marshal()
	if err != nil {
		return err
	}
	rec := seal.Record{Program: Program, ID: d.ID}
	sealed, content, err := seal.Seal(plain, rec)
	if err != nil {
		return err
	}
	d.Body = sealed.Ciphertext
	if d.WrapOffice, err = content.Wrap(key.Public, rec, sealed.Hash, m.Office); err != nil {
		return err
	}
	if d.WrapReceipt, err = content.Wrap(to, rec, sealed.Hash, conversation.Receipt); err != nil {
		return err
	}
	return in.app.Messages.Write(ctx, m, id, d)
}

// mailbox is what the demonstration's page of caught mail asks; it panics once
// when it was told to.
func (in *inside) mailbox() []mail.Message {
	if words := in.words.Swap(nil); words != nil {
		panic(*words)
	}
	return nil
}

func limitFiles(most uint64) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	limit.Cur = min(most, limit.Max)
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)
}
