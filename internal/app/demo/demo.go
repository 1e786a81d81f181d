// SPDX-License-Identifier: Apache-2.0

// Package demo fills an installation with plainly invented offices' people and
// reports, so that anybody can walk through the whole house in a minute.
//
// Everything goes the way real work goes: people accept invitations, reports
// are sealed and routed by the pack's rules, members open them with their own
// keys and sign that they did, clocks run out on the demo's own past week. Mail
// goes to a catcher inside the program and nowhere else.
package demo

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"time"

	"waylight/internal/app"
	"waylight/internal/partnership/agency"
	"waylight/internal/platform/mail"
	"waylight/internal/platform/store"
	"waylight/internal/prevention/code"
	"waylight/programs"
)

// Program is the pack that the demo runs.
const Program = "ms"

// Passphrase opens every demo account.
const Passphrase = "river lamp paper stone window garden"

// Config says where the demo runs.
type Config struct {
	Data    string
	Origin  string
	Reports int // how many invented reports; 0 for 200
	Log     *slog.Logger
}

// Demo is a running demo.
type Demo struct {
	App     *app.App
	Catcher *mail.Catcher
	Config  Config
	clock   *app.Clock
	people  []*person
	samples []sample
	parts   []string // the recovery parts of the office in tried
	events  []event
	reports []store.ID // in the order they came in
	signs   []code.Code
	end     time.Time
	// surgeFrom is the first day of the invented surge.
	surgeFrom string
}

// Start opens a fresh installation and lives through its invented week.
func Start(ctx context.Context, c Config) (_ *Demo, err error) {
	if c.Reports == 0 {
		c.Reports = 200
	}
	d := &Demo{Config: c, clock: &app.Clock{}}
	defer func() {
		if err != nil {
			d.Close()
		}
	}()
	d.Catcher, err = mail.NewCatcher("127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting the mail catcher: %w", err)
	}
	overlay, err := programs.Demo()
	if err != nil {
		return nil, fmt.Errorf("reading the demo's pack: %w", err)
	}
	directory, err := makeDirectory(c.Data)
	if err != nil {
		return nil, err
	}
	// The invented week ends now, at the full minute, so that nothing lies in the future.
	// It begins before anything is logged, and starting logs which scripts are served.
	now := time.Now().Truncate(time.Minute)
	d.clock.Stand(now.Add(-week))
	d.App, err = app.New(ctx, app.Config{
		Directory: directory.Public().(ed25519.PublicKey), SignDirectory: func(statement []byte) []byte { return ed25519.Sign(directory, statement) },
		Data: c.Data, Demo: true, Origin: c.Origin, Packs: []fs.FS{overlay}, Every: 30 * time.Second, Now: d.clock.Now, Log: c.Log,
		Mail:    mail.Config{Addr: d.Catcher.Addr(), From: "Waylight demo <notices@demo.invalid>", TLS: mail.LoopbackOnly},
		Mailbox: d.Catcher.Messages,
	})
	if err != nil {
		return nil, err
	}
	if err := d.enroll(ctx); err != nil {
		return nil, fmt.Errorf("inviting the demo's people: %w", err)
	}
	if err := d.operate(ctx); err != nil {
		return nil, fmt.Errorf("entering the demo's operations: %w", err)
	}
	if err := d.campaign(ctx); err != nil {
		return nil, fmt.Errorf("making the demo's campaign: %w", err)
	}
	if err := d.live(ctx, now); err != nil {
		return nil, fmt.Errorf("living through the demo's week: %w", err)
	}
	d.clock.Run()
	return d, nil
}

// Close stops the demo.
func (d *Demo) Close() error {
	if d.App != nil {
		d.App.Close()
	}
	if d.Catcher != nil {
		return d.Catcher.Close()
	}
	return nil
}

// Print tells where to look and how to sign in.
func (d *Demo) Print(w io.Writer) {
	fmt.Fprintf(w, `Waylight demo: invented people, invented reports. Nothing leaves this machine.

  For senders      %[1]s/%[2]s/en   (español: %[1]s/%[2]s/es)
  Look up          %[1]s/receipt
  Figures          %[1]s/%[2]s/en/figures
  Signs            %[1]s/%[2]s/en/signs
  For members      %[1]s/staff
  Caught mail      %[1]s/demo/mail
  Public log       %[1]s/log/%[2]s/checkpoint
  Data             %[3]s

Passphrase of everybody: %[4]s

`, d.Config.Origin, Program, d.Config.Data, Passphrase)
	p, _ := d.App.Programs.Program(Program)
	for _, who := range d.people {
		fmt.Fprintf(w, "  %-32s %-18s %s\n", who.email, who.name, p.Offices[who.office].Name.In("en"))
	}
	fmt.Fprintln(w)
	for _, s := range d.samples {
		fmt.Fprintf(w, "Receipt of %s: %s\n", s.what, s.words)
	}
	fmt.Fprintf(w, "\nRecovery parts of %s, which its holders would keep on paper; two of them open its key:\n", p.Offices[tried].Name.In("en"))
	for i, words := range d.parts {
		fmt.Fprintf(w, "  Part %d: %s\n", i+1, words)
	}
	fmt.Fprintln(w, "\nCodes of invented signs, to scan:")
	for _, c := range d.signs {
		fmt.Fprintf(w, "  %s/q/%s  %s\n", d.Config.Origin, c.Text, c.Place)
	}
	fmt.Fprintln(w, "\nStop with Ctrl-C.")
}

// sample is a receipt to try.
type sample struct{ what, words string }

// Clock is the demo's clock, for tests that need it to stand still.
func (d *Demo) Clock() *app.Clock { return d.clock }

func system() agency.Actor { return agency.System(Program) }
