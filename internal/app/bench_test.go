// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"waylight/internal/app"
	"waylight/internal/platform/store/pgtest"
)

// What the measurement fills a database with must pass for what intake makes: the
// log agrees with every row, receipts are found and lists are not empty. The
// figures themselves mean nothing here.
func TestBenchFillsWhatItMeasures(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		b := app.Bench{Folder: t.TempDir(), Senders: 3, Length: 150 * time.Millisecond, Sealed: true, Stored: 100}
		benched(t, b)
		var said strings.Builder
		problems, err := app.Verification{Data: filepath.Join(b.Folder, "full"), Database: "sqlite:" + filepath.Join(b.Folder, "full.db")}.Run(ctx, &said)
		if err != nil || problems > 0 || !strings.Contains(said.String(), "ms") {
			t.Errorf("the filled database: %d problems, %v\n%s", problems, err, said.String())
		}
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		server, err := pgtest.Start("", pgtest.Fast)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { server.Close() })
		benched(t, app.Bench{Folder: t.TempDir(), Database: server.URL("postgres"), Senders: 3, Length: 150 * time.Millisecond, Sealed: true, Stored: 100})
	})
}

func benched(t *testing.T, b app.Bench) {
	t.Helper()
	r, err := b.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for name, one := range map[string]app.Intake{"empty": r, "full": r.Full.Intake} {
		if one.Accepted == 0 || one.Lost+one.Refused > 0 || one.PerSecond == 0 || one.LimitPerSecond == 0 || one.HTTPPerSecond == 0 || one.Sealed.PerSecond == 0 ||
			one.Sealed.LimitPerSecond == 0 || one.Sealed.HTTPPerSecond == 0 {
			t.Errorf("%s: %+v %+v", name, one, *one.Sealed)
		}
	}
	if r.Full.Stored != b.Stored || r.Full.Receipts.Requests == 0 || len(r.Full.Inboxes) < 10 {
		t.Errorf("%+v", *r.Full)
	}
	for _, page := range r.Full.Inboxes {
		if page.Requests == 0 {
			t.Errorf("%s: %s was not opened", page.Office, page.Page)
		}
	}
	var table strings.Builder
	r.Table(&table)
	if !strings.Contains(table.String(), "100 stored, sealed by browsers") {
		t.Errorf("the table says:\n%s", table.String())
	}
}
