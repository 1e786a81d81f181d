// SPDX-License-Identifier: Apache-2.0

// Package hunt sends reports whose every field holds a word that exists nowhere
// else, through every way in, into an installation that runs in a process of
// its own, lets it fail in every way that can be brought about, kills it so that
// it says all it knows, and then looks for the word in every byte that anything
// wrote anywhere: in clear, and in every way of writing and packing that a
// program might use. Receipts, keys, sessions and sign-in secrets are looked for
// too.
//
//	go test ./test/hunt -v        # some hundred reports
//	make hunt                     # 10,000
//
// A hunt that finds nothing proves something only if it would have found it. So
// in the end a word of its own is planted in every place in every way of
// writing, and the same search must find each one.
package hunt

import (
	"bytes"
	"database/sql"
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"waylight/internal/app"
	"waylight/internal/platform/mail"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/spool"
	"waylight/test/child"

	_ "modernc.org/sqlite" // for a copy as an operator makes it
)

var (
	reports = flag.Int("reports", 120, "how many reports to send to each engine")

	urlCode, stdCode = base64.RawURLEncoding, base64.RawStdEncoding
)

func TestMain(m *testing.M) {
	flag.Parse()
	child.Main(m)
}

// place is somewhere where words could come to lie. Each must hold something, or
// the search proves nothing about it. A new kind of copy is a line more.
type place struct {
	name string
	path string // a file, or a folder with all that is in it
	// fill brings it about, once everything was sent; nil: it comes by itself.
	fill func(t *testing.T)
	// hex says that bytes are written there in hexadecimal: in a gigabyte of it eight
	// digits of a code come by chance. What it was made from is searched as it is.
	hex bool
}

func TestNoWordOfASenderIsOnAnyDisk(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		data := filepath.Join(dir, "data")
		database := filepath.Join(data, "waylight.db")
		// Backing up and exporting carry the log of pages into the database: they
		// work beside what the crash has left.
		beside := filepath.Join(dir, "beside")
		hunt(t, dir, child.Config{Data: data}, []place{
			{name: "database", path: database},
			{name: "log of pages", path: database + "-wal"},
			{name: "keyring", path: filepath.Join(data, "keyring")},
			{name: "the engine's own copy", path: filepath.Join(dir, "copy.db"), fill: func(t *testing.T) { vacuum(t, database, filepath.Join(dir, "copy.db")) }},
			{name: "backup", path: filepath.Join(dir, "backup"), fill: func(t *testing.T) {
				copyFolder(t, data, beside)
				backUp(t, app.BackingUp{Data: beside, Out: filepath.Join(dir, "backup")})
			}},
			{name: "export", path: filepath.Join(dir, "export"), fill: func(t *testing.T) { export(t, app.Exporting{Data: beside, Out: filepath.Join(dir, "export")}) }},
		}, nil)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		base, server := storetest.Watched(t)
		address := base.URL
		dump := filepath.Join(dir, "backup.sql")
		hunt(t, dir, child.Config{Data: filepath.Join(dir, "data"), Database: address}, []place{
			{name: "database", path: filepath.Join(server, "data", "base"), fill: func(t *testing.T) { command(t, address, "checkpoint") }},
			{name: "log of changes", path: filepath.Join(server, "data", "pg_wal")},
			{name: "the server's log", path: filepath.Join(server, "log"), fill: func(t *testing.T) {
				quarrel(t, address)
				said(t, filepath.Join(server, "log"), "no_such_column")
			}},
			{name: "keyring", path: filepath.Join(dir, "data", "keyring")},
			{name: "spool", path: filepath.Join(dir, "data", "spool.db")},
			{name: "the engine's own copy", path: dump, hex: true, fill: func(t *testing.T) { pgDump(t, address, dump) }},
			{name: "export", path: filepath.Join(dir, "export"), fill: func(t *testing.T) {
				export(t, app.Exporting{Data: filepath.Join(dir, "data"), Database: address, Out: filepath.Join(dir, "export")})
			}},
		}, base)
	})
}

// hunt sends, breaks, kills and searches. Of a database that can go away, it is away in the end.
func hunt(t *testing.T, dir string, c child.Config, places []place, base *storetest.Database) {
	mails, err := mail.NewCatcher("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mails.Close() })
	c.Mail, c.Temp, c.Output = mails.Addr(), filepath.Join(dir, "temp"), filepath.Join(dir, "output")
	if err := os.Mkdir(c.Temp, 0o700); err != nil {
		t.Fatal(err)
	}
	h := &hunter{t: t, c: child.Start(t, c), canary: newCanary()}
	h.send(*reports)
	h.notes(20)
	h.wrong()
	h.ask("mail")
	h.breakDown(c.Database == "")
	if base == nil {
		h.crash()
	} else {
		base.Leave()
		h.spooled(20, filepath.Join(c.Data, "spool.db"))
		h.crash()
		base.Return()
	}
	places = append(places, place{name: "what the program says", path: c.Output}, place{name: "temporary files", path: c.Temp, fill: func(t *testing.T) { mark(t, c.Temp) }},
		place{name: "mail", path: filepath.Join(dir, "mail"), fill: func(t *testing.T) { write(t, filepath.Join(dir, "mail"), letters(mails)) }})
	for _, p := range places {
		if p.fill != nil {
			p.fill(t)
		}
	}

	said(t, c.Output, "a handler panicked", "SIGQUIT", "goroutine ")
	if c.Database == "" {
		said(t, c.Output, "report: taking a report") // the disk was full
	}
	f := newFinder()
	h.canary.watch(f)
	h.secrets(f)
	f.add("a session's cookie", h.c.Cookie)
	for i, secret := range h.c.Secrets {
		f.raw("a secret of a member", fmt.Sprint("as number ", i), []byte(secret))
	}
	for _, code := range codes(mails) {
		for _, p := range places {
			if p.name != "mail" && !p.hex { // it was sent to be read
				only := newFinder()
				only.add("a mailed code", code)
				h.none(only, p)
			}
		}
	}
	for _, p := range places {
		h.none(f, p)
	}
	// All that stands beside the places too: what nobody thought of.
	hits, seen, err := f.under(dir)
	if err != nil {
		t.Fatal(err)
	}
	h.report(hits)
	t.Logf("%d reports were taken; %d strings were looked for in %d MB and not found", h.taken, f.count, seen>>20)
	control(t, places)
}

// send lets senders send at once, each way in by turns.
func (h *hunter) send(n int) {
	var wg sync.WaitGroup
	turns := make(chan int)
	for range 8 {
		wg.Go(func() {
			for i := range turns {
				if i%2 == 0 {
					h.api(i)
				} else {
					h.page(i)
				}
			}
		})
	}
	for i := range n {
		turns <- i
	}
	close(turns)
	wg.Wait()
	if h.taken != n {
		h.t.Fatalf("%d of %d reports were taken", h.taken, n)
	}
}

// spooled sends while the database is away, and holds the spool to what it took.
func (h *hunter) spooled(n int, file string) {
	h.t.Helper()
	for i := range n {
		h.api(6*i + 1) // nothing that asks the database afterwards
	}
	kept, err := spool.List(h.t.Context(), file)
	if err != nil || len(kept) < n {
		h.t.Fatalf("%d of %d reports wait in the spool, %v", len(kept), n, err)
	}
}

func (h *hunter) ask(words ...string) {
	h.t.Helper()
	if answer := h.c.Ask(h.t, words...); answer != `"done"` {
		h.t.Errorf("%v: %s", words, answer)
	}
}

// breakDown makes handlers panic over a sender's words, and the disk full under them.
func (h *hunter) breakDown(disk bool) {
	h.ask("panic", h.canary.String())
	if status, _ := h.do("GET", "/demo/mail?q="+h.canary.plain, "", nil); status != 500 {
		h.t.Errorf("a handler that panics answers %d", status)
	}
	if !disk {
		return
	}
	h.ask("full")
	failed := false
	for i := range 20 {
		status, _ := h.do("POST", "/api/v1/reports", "application/json", strings.NewReader(
			fmt.Sprintf(`{"program":"ms","language":"en","mode":"tip","answers":{"age":"adult","story":"%s %d"}}`, h.canary, i)), "Idempotency-Key", newKey())
		failed = failed || status == 503
	}
	h.ask("room")
	if !failed {
		h.t.Error("the disk was full and no report failed")
	}
	h.api(0)
}

// crash kills the installation while words are on their way in, so that it says
// where every part of it stood.
func (h *hunter) crash() {
	var open []net.Conn
	for range 50 {
		c, err := net.Dial("tcp", h.c.Address)
		if err != nil {
			h.t.Fatal(err)
		}
		open = append(open, c)
		fmt.Fprintf(c, "POST /ms/en HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: 3000\r\n\r\nmode=tip&story=%s", form, strings.Repeat(h.canary.plain+"+", 50))
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			body := h.answers(i)
			body.Set("_step", "preview")
			for {
				if status, _ := h.do("POST", "/ms/en", form, strings.NewReader(body.Encode())); status == 0 {
					return // it is gone
				}
			}
		})
	}
	h.c.Kill(syscall.SIGQUIT)
	wg.Wait()
	for _, c := range open {
		c.Close()
	}
}

// none reports every hit in a place.
func (h *hunter) none(f *finder, p place) {
	h.t.Helper()
	hits, seen, err := f.under(p.path)
	if err != nil {
		h.t.Fatal(err)
	}
	if seen == 0 {
		h.t.Errorf("%s holds nothing: the search proves nothing about it", p.name)
	}
	h.report(hits)
}

func (h *hunter) report(hits []hit) {
	h.t.Helper()
	for i, hit := range hits {
		if i == 20 {
			h.t.Errorf("and %d more", len(hits)-i)
			return
		}
		h.t.Error(hit)
	}
}

// control plants words in every place, in every way of writing, and holds the
// search to finding each one there. The installation is dead by now.
func control(t *testing.T, places []place) {
	t.Helper()
	for _, p := range places {
		word := newCanary()
		f := newFinder()
		word.watch(f)
		file, err := os.OpenFile(plantIn(p.path), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]bool{}
		for what, text := range map[string]string{"a sender's word": word.plain, "a sender's foreign words": word.foreign} {
			for way, b := range writings(text) {
				want[what+", "+way] = true
				fmt.Fprintf(file, "\x00\x01%s\x02", b)
			}
		}
		want["a sender's word, as it is, packed"] = true
		_, err = file.Write(gzipped(t, "before "+word.plain+" after"))
		if err != nil {
			t.Fatal(err)
		}
		file.Close()
		hits, _, err := f.under(p.path)
		if err != nil {
			t.Fatal(err)
		}
		for _, hit := range hits {
			delete(want, hit.secret+", "+hit.way)
		}
		for missed := range want {
			t.Errorf("%s: the search does not find %s", p.name, missed)
		}
	}
}

// plantIn is a file of a place.
func plantIn(path string) string {
	if about, err := os.Stat(path); err == nil && about.IsDir() {
		return filepath.Join(path, "planted")
	}
	return path
}

var codeLine = regexp.MustCompile(`arrived: (\d{8})`)

func codes(mails *mail.Catcher) (out []string) {
	for _, m := range mails.Messages() {
		if found := codeLine.FindStringSubmatch(m.Text); found != nil {
			out = append(out, found[1])
		}
	}
	return out
}

func letters(mails *mail.Catcher) string {
	var b strings.Builder
	for _, m := range mails.Messages() {
		fmt.Fprintf(&b, "%s\n%s\n%s\n\n", m.To, m.Subject, m.Text)
	}
	return b.String()
}

// said holds a log to having said something: one that is silent would hide
// nothing.
func said(t *testing.T, file string, words ...string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range words {
		if !bytes.Contains(b, []byte(w)) {
			t.Errorf("%s does not say %q", file, w)
		}
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// mark writes a file into the folder of temporary files, which is empty when all
// is as it should be.
func mark(t *testing.T, dir string) {
	write(t, filepath.Join(dir, "seen"), "this folder was looked at")
}

// vacuum copies a SQLite database as its own means do it.
func vacuum(t *testing.T, from, to string) {
	t.Helper()
	copied := to + ".source" // opening the database would carry its log into it
	for _, end := range []string{"", "-wal"} {
		b, err := os.ReadFile(from + end)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(copied+end, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	db, err := sql.Open("sqlite", "file:"+copied)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("vacuum into $1", to); err != nil {
		t.Fatal(err)
	}
}

func copyFolder(t *testing.T, from, to string) {
	t.Helper()
	if out, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil { // with its modes: a keyring that others may read is refused
		t.Fatalf("copying: %v: %s", err, out)
	}
}

func backUp(t *testing.T, b app.BackingUp) {
	t.Helper()
	if err := b.Run(t.Context(), io.Discard); err != nil {
		t.Fatal(err)
	}
}

func export(t *testing.T, e app.Exporting) {
	t.Helper()
	if err := e.Run(t.Context(), io.Discard); err != nil {
		t.Fatal(err)
	}
}

func command(t *testing.T, address, q string) {
	t.Helper()
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(q); err != nil {
		t.Fatal(err)
	}
}

// quarrel makes the server log that a statement failed, which it does with the
// statement's text: the line shows that it would be there.
func quarrel(t *testing.T, address string) {
	t.Helper()
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("select no_such_column from report where id = $1", []byte{1}); err == nil {
		t.Fatal("the server knows every column")
	}
}

func pgDump(t *testing.T, address, to string) {
	t.Helper()
	program := "pg_dump"
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pg_dump"); len(found) > 0 {
		program = found[len(found)-1]
	}
	if out, err := exec.Command(program, "--file", to, address).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}
