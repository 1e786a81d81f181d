// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"waylight/internal/app"
	"waylight/internal/app/demo"
	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
	"waylight/internal/platform/form"
	"waylight/internal/platform/store"
	"waylight/internal/protection/report"
)

// staffed opens an installation whose offices have one member each, and
// returns the recovery shares of each office.
func staffed(t *testing.T, data string, offices ...string) (*app.App, map[string][]string) {
	t.Helper()
	a, err := app.New(ctx, app.Config{Data: data, Demo: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	shares := map[string][]string{}
	for _, office := range offices {
		if err := a.Agencies.Join(ctx, agency.System("ms"), office); err != nil {
			t.Fatal(err)
		}
		token, err := a.People.Invite(ctx, "ms", office, "First Member", office+"@example.invalid", []string{identity.RoleMember, identity.RoleAgencyAdmin})
		if err != nil {
			t.Fatal(err)
		}
		if _, shares[office], err = a.People.EnrollHolder(ctx, token, demo.Passphrase); err != nil {
			t.Fatal(err)
		}
	}
	return a, shares
}

func send(t *testing.T, a *app.App, words string) report.Accepted {
	t.Helper()
	accepted, err := a.Reports.Accept(ctx, report.Submission{Program: "ms", Language: "en", Key: []byte(store.NewID().String() + store.NewID().String()), Via: report.ViaWeb,
		Answers: form.Answers{"mode": {"tip"}, "age": {"under18"}, "who": {"saw"}, "happened": {"MS-28049"}, "story": {words}}})
	if err != nil {
		t.Fatal(err)
	}
	return accepted
}

// Any two of the three shares of an office open what was sealed to it, without
// any passphrase, and each opening is recorded; one share, or those of another
// office, open nothing.
func TestRecoverySharesOpenAReportOffline(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	a, shares := staffed(t, data, "mbi-desk", "help-desk", "mdcps")
	id := send(t, a, "CANARY words to be recovered").Report.String()
	a.Close()

	here := app.Config{Data: data}
	for _, pair := range [][]string{{shares["mdcps"][0], shares["mdcps"][2]}, {shares["mdcps"][2], shares["mdcps"][1]}} {
		words, recorded, err := app.OpenOffline(ctx, here, "ms", "mdcps", id, pair)
		if err != nil || !recorded || !bytes.Contains(words, []byte("CANARY words to be recovered")) {
			t.Errorf("%q, %v", words, err)
		}
	}
	for name, few := range map[string][]string{"one share": shares["mdcps"][:1], "another office's": shares["help-desk"][:2], "mixed": {shares["mdcps"][0], shares["help-desk"][1]}, "none": nil, "junk": {"junk", "junk"}} {
		if words, _, err := app.OpenOffline(ctx, here, "ms", "mdcps", id, few); err == nil {
			t.Errorf("%s opened %q", name, words)
		}
	}
	if _, _, err := app.OpenOffline(ctx, here, "ms", "help-desk", id, shares["help-desk"][:2]); err == nil {
		t.Error("an office that the report was not sealed to opened it")
	}
	a, err := app.New(ctx, here)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	var recorded int
	rows, err := a.DB.Query(ctx, `select opening from custody_leaf where program = $1`, "ms")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var opening []byte
		if err := rows.Scan(&opening); err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(opening, []byte("event report.opened_offline\nrecord report:"+id+"\nactor recovery:mdcps\n")) {
			recorded++
		}
	}
	if err := errors.Join(rows.Err()); err != nil || recorded != 2 {
		t.Errorf("%d openings are recorded, want 2 (%v)", recorded, err)
	}
}

// After a disaster that took the keyring, the shares still open what was
// sealed; the database is read only, and nothing new is made beside it.
func TestRecoverySharesOpenWithoutTheKeyring(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	a, shares := staffed(t, data, "mbi-desk", "help-desk", "mdcps")
	id := send(t, a, "CANARY words after the disaster").Report.String()
	a.Close()
	if err := os.RemoveAll(filepath.Join(data, "keyring")); err != nil {
		t.Fatal(err)
	}
	words, recorded, err := app.OpenOffline(ctx, app.Config{Data: data}, "ms", "mdcps", id, shares["mdcps"][1:])
	if err != nil || recorded || !bytes.Contains(words, []byte("CANARY words after the disaster")) {
		t.Errorf("%q, recorded %v, %v", words, recorded, err)
	}
	if _, err := os.Stat(filepath.Join(data, "keyring")); !errors.Is(err, os.ErrNotExist) {
		t.Error("a new keyring was made")
	}
	nowhere := filepath.Join(data, "nowhere")
	if _, _, err := app.OpenOffline(ctx, app.Config{Data: nowhere}, "ms", "mdcps", id, shares["mdcps"]); err == nil {
		t.Error("a folder without an installation was opened")
	}
	if _, err := os.Stat(nowhere); !errors.Is(err, os.ErrNotExist) {
		t.Error("a new installation was made by a typing mistake")
	}
}
