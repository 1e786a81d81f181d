// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"waylight/internal/app"
)

// A network is printed in parts. What is there whole is kept; a part that is missing
// or was cut off is printed again, and is the same.
func TestPostersGoOn(t *testing.T) {
	t.Parallel()
	p := app.Posters{Notice: "us-station", Place: "MS", Size: "card", Languages: []string{"en"}, Part: 4, Out: filepath.Join(t.TempDir(), "posters.pdf"), Day: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)}
	done, err := p.Run(context.Background())
	if err != nil || done.Sheets != 11 || done.Kept != 0 || len(done.Files) != 3 {
		t.Fatalf("%+v, %v", done, err)
	}
	first, err := os.ReadFile(done.Files[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(done.Files[1], int64(len(first)/2)); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(done.Files[2]); err != nil {
		t.Fatal(err)
	}
	if done, err = p.Run(context.Background()); err != nil || done.Kept != 4 {
		t.Errorf("%+v, %v: want the first four kept", done, err)
	}
	if again, err := os.ReadFile(done.Files[1]); err != nil || !bytes.Equal(again, first) {
		t.Errorf("the part is another one: %v", err)
	}
	if left, _ := filepath.Glob(p.Out + "*.part-*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	for _, wrong := range []app.Posters{{Notice: "none", Place: "MS", Size: "card"}, {Notice: "us-station", Place: "ZZ", Size: "card"}, {Notice: "us-station", Place: "MS", Size: "huge"}} {
		wrong.Out, wrong.Day = p.Out, p.Day
		if _, err := wrong.Run(context.Background()); err == nil {
			t.Errorf("%+v was printed", wrong)
		}
	}
}

// The measurement measures: a few sheets, so that it takes no time.
func TestBenchPosters(t *testing.T) {
	t.Parallel()
	r, err := app.BenchPosters{Folder: t.TempDir(), Count: 8, Runs: 1, Network: 12}.Run(context.Background())
	if err != nil || r.PerSecond <= 0 || r.ColdPerSecond <= 0 || r.Network != 12 || r.NetworkMB <= 0 || r.ZipMB <= r.NetworkMB || r.PeakMB <= 0 {
		t.Errorf("%+v, %v", r, err)
	}
}
