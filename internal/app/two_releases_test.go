// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"bytes"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"waylight/internal/app"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
)

// tomorrow are the tables of a release after this one: one of them has another
// column, and there is a room more.
func tomorrow(t *testing.T) []store.Schema {
	t.Helper()
	schemas := app.Schemas()
	for i, s := range schemas {
		if s.Room != "report" {
			continue
		}
		next := fstest.MapFS{}
		err := fs.WalkDir(s.FS, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || path.Ext(name) != ".sql" {
				return err
			}
			data, err := fs.ReadFile(s.FS, name)
			next[path.Base(name)] = &fstest.MapFile{Data: data}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		next["9999_tomorrow.sql"] = &fstest.MapFile{Data: []byte("alter table report add column tomorrow text; -- clear\n")}
		schemas[i].FS = renumbered(next)
	}
	return append(schemas, store.Schema{Room: "morning", FS: fstest.MapFS{"0001_morning.sql": {Data: []byte(`create table morning ( -- not covered: it tests
  program text not null, -- clear
  primary key (program)
);
`)}}})
}

// renumbered gives the last file the number after the one before it.
func renumbered(files fstest.MapFS) fstest.MapFS {
	last := files["9999_tomorrow.sql"]
	delete(files, "9999_tomorrow.sql")
	number := len(files) + 1
	files["000"+string(rune('0'+number))+"_tomorrow.sql"] = last
	return files
}

// While a newer release serves from the same database, this one still takes
// reports, shows pages and receipts, and does nothing else: no jobs, no changes of
// members. It asks to be left out, the log agrees with all that both wrote, and
// once it has ended it does not start again.
func TestOlderReleaseStepsAside(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.browser()
	auth := p.holder.Auth()
	p.want(p.next().PostJSON("/staff/sign-in", map[string]any{"program": "ms", "email": p.holder.Member.Email, "auth": auth[:], "notice": true}), http.StatusNoContent, "signing in")
	invite := func(name string) int {
		form := p.want(p.next().GetDoc("/staff/people/invite"), http.StatusOK, "the form").Values("/staff/people/invite")
		form.Set("name", name)
		form.Set("email", name+"@test.invalid")
		form["roles"] = []string{"member"}
		return p.next().PostForm("/staff/people/invite", form).Status
	}
	if status := invite("before"); status != http.StatusOK {
		t.Fatalf("inviting: %d", status)
	}
	old := p.servers[0].Config
	before := send(t, p.servers[0], "before the newer release")

	newer, err := store.Open(ctx, old.Database, store.Options{Schemas: tomorrow(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer newer.Close()
	for i, d := range p.doors {
		for deadline := time.Now().Add(time.Minute); d.GetDoc("/readyz").Body != "older\n"; {
			if time.Now().After(deadline) {
				t.Fatalf("server %d does not notice that there is a newer release", i)
			}
		}
		p.want(d.GetDoc("/readyz"), http.StatusServiceUnavailable, "being ready")
		p.want(d.GetDoc("/livez"), http.StatusOK, "being alive")
	}
	published, err := custody.Latest(ctx, newer, "ms")
	if err != nil {
		t.Fatal(err)
	}
	p.ahead.Add(int64(20 * time.Minute)) // the next checkpoint is due: that is a job

	// What only the newer one knows stands in a row from now on.
	err = newer.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(`update report set tomorrow = 'known' where program = 'ms' and id = $1`, before.Report); err != nil {
			return err
		}
		if err := tx.Touch("report", "ms", before.Report); err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: "ms", Event: "report.tomorrow", Record: "report:" + before.Report.String(), Actor: "system"})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if status := invite("meanwhile"); status != http.StatusServiceUnavailable {
		t.Errorf("a member changed something at the older release: %d", status)
	}
	p.want(p.next().GetDoc("/staff/people"), http.StatusOK, "people")
	p.want(p.next().GetDoc("/ms/en"), http.StatusOK, "the form")
	after := []string{before.Receipt.Words("en")}
	for began := time.Now(); len(after) < 8 || time.Since(began) < 3*time.Second; { // a server looks for jobs every second
		p.turn++
		after = append(after, send(t, p.servers[p.turn%2], "beside the newer release").Receipt.Words("en"))
	}
	for _, words := range after {
		p.want(p.next().PostForm("/receipt", url.Values{"receipt": {words}}), http.StatusOK, "a receipt")
	}
	for i, a := range p.servers {
		if err := a.Agencies.Refresh(ctx); err != nil {
			t.Errorf("server %d: %v", i, err)
		}
	}

	if now, err := custody.Latest(ctx, newer, "ms"); err != nil || now.Note != published.Note {
		t.Errorf("the older release did a job: %v", err)
	}

	look, err := store.Inspect(ctx, old.Database, store.Options{Schemas: tomorrow(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer look.Close()
	result, err := custody.Verify(ctx, look, "ms", p.servers[0].LogOf("ms").Verifier())
	if err != nil || !result.OK() {
		t.Errorf("the log disagrees with what both wrote: %+v, %v", result.Problems, err)
	}

	again := old
	again.Data = t.TempDir()
	if _, err := app.New(ctx, again); !errors.Is(err, store.ErrNewer) {
		t.Errorf("the older release started again: %v", err)
	}
	var out bytes.Buffer
	n, err := app.Verification{Data: old.Data, Database: old.Database, Keyring: old.Keyring}.Run(ctx, &out)
	if err != nil || n == 0 || !strings.Contains(out.String(), "newer release") || strings.Contains(out.String(), "disagree") {
		t.Errorf("the older release verified what it does not know: %d, %v\n%s", n, err, out.String())
	}
}
