// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"waylight/internal/app/demo"
)

// call runs the program as its user does and returns its exit code.
func call(t *testing.T, args ...string) (code int, printed string) {
	t.Helper()
	return callIn(context.Background(), args...)
}

func callIn(ctx context.Context, args ...string) (code int, printed string) {
	var out bytes.Buffer
	code = run(ctx, &console{in: strings.NewReader(""), out: &out, err: &out}, args)
	return code, out.String()
}

// check and verify end with 0 when all is well, 1 when something is wrong, and
// every verb ends with 2 for wrong usage. A verification that was stopped found nothing
// and ends with 3: nobody is called out for it.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "demo")
	d, err := demo.Start(context.Background(), demo.Config{Data: data, Origin: "http://127.0.0.1", Reports: 3})
	if err != nil {
		t.Fatal(err)
	}
	d.Close()
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	for _, c := range []struct {
		code int
		args []string
	}{
		{2, nil},
		{2, []string{"conquer"}},
		{0, []string{"help"}},
		{2, []string{"check", "one", "two"}},
		{2, []string{"check", "--no-such-flag"}},
		{0, []string{"check", "../../programs/ms"}},
		{1, []string{"check", nowhere}},
		{2, []string{"verify", "unexpected"}},
		{1, []string{"verify", "--data", nowhere}},
		{0, []string{"verify", "--data", data}},
		{2, []string{"open", "--office", "mdcps"}},
		{2, []string{"bench", "outtake"}},
		{2, []string{"serve", "--data", nowhere, "--database", "postgres://user:secret@example.invalid/x"}},
		{2, []string{"serve", "--data", nowhere, "--database", "postgres://example.invalid/x?password=secret"}},
		{2, []string{"serve", "--data", nowhere, "--database", "mysql://example.invalid/x"}},
		{2, []string{"serve", "--data", nowhere, "--origin", "javascript:x"}},
		{2, []string{"serve", "--data", nowhere, "--origin", "tips.example.gov"}},
		{2, []string{"serve", "--data", nowhere, "--origin", "http://tips.example.gov"}},
		{1, []string{"release", "--data", nowhere, "somebody@example.invalid"}},
	} {
		if code, printed := call(t, c.args...); code != c.code {
			t.Errorf("waylight %s ends with %d, want %d: %s", strings.Join(c.args, " "), code, c.code, printed)
		}
	}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	if code, printed := callIn(stopped, "verify", "--data", data); code != 3 || !strings.Contains(printed, "came to no end") {
		t.Errorf("a verification that was stopped ends with %d: %s", code, printed)
	}
	db, err := sql.Open("sqlite", filepath.Join(data, "waylight.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`update report set mode = 'tiq' where mode = 'tip'`); err != nil {
		t.Fatal(err)
	}
	if code, printed := call(t, "verify", "--data", data); code != 1 || !strings.Contains(printed, "the first leaf that disagrees is") {
		t.Errorf("after a changed byte verify ends with %d: %s", code, printed)
	}
}
