// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"waylight/internal/app"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/report"
)

// An installation's disk is lost. From the second copy it is put back whole: the
// report that was accepted last is there, and the log proves all of it.
func TestInstallationComesBackFromItsSecondCopy(t *testing.T) {
	t.Parallel()
	data, ring, to := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "ring"), filepath.Join(t.TempDir(), "copy")
	a := installation(t, app.Config{Data: data, Keyring: ring, CopyTo: to, CopyWait: true})
	for _, office := range []string{"mbi-desk", "help-desk"} {
		if err := a.KeyOffice(ctx, "ms", office); err != nil {
			t.Fatal(err)
		}
	}
	accepted, err := a.Reports.Accept(ctx, report.Submission{Program: "ms", Language: "en", Key: []byte(store.NewID().String() + store.NewID().String()), Via: report.ViaTest,
		Answers: map[string][]string{"mode": {"tip"}, "age": {"adult"}, "story": {"The last one before the disk was lost."}}})
	if err != nil {
		t.Fatal(err)
	}
	// Nothing is closed first: what was acknowledged is there at any moment.
	fresh := filepath.Join(t.TempDir(), "fresh")
	var out bytes.Buffer
	if err := (app.Restoring{From: to, Data: fresh, Keyring: ring}).Run(ctx, &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if !strings.Contains(out.String(), "0 problems") {
		t.Errorf("nothing is proven:\n%s", out.String())
	}
	back := installation(t, app.Config{Data: fresh, Keyring: ring})
	if found, err := back.Reports.FindWords(ctx, accepted.Receipt.Words("en")); err != nil || found.Program != "ms" {
		t.Errorf("the receipt finds %+v, %v", found, err)
	}
	if err := (app.Restoring{From: t.TempDir(), Data: filepath.Join(t.TempDir(), "none"), Keyring: ring}).Run(ctx, &out); err == nil {
		t.Error("an empty folder was restored")
	}
}

// When the second copy is away, work goes on, and somebody is told; when it is
// back the alarm goes.
func TestSecondCopyThatIsAwayIsAnAlarm(t *testing.T) {
	t.Parallel()
	to, elsewhere := filepath.Join(t.TempDir(), "copy"), filepath.Join(t.TempDir(), "elsewhere")
	clock := storetest.NewClock(storetest.Start)
	a := installation(t, app.Config{Data: t.TempDir(), Now: clock.Now, CopyTo: to, CopyWait: true})
	if err := a.PublishAll(ctx); err != nil {
		t.Fatal(err)
	}
	w := &watchedApp{App: a, t: t, clock: clock}
	if got := w.look(); got != "" {
		t.Fatalf("at first: %s", got)
	}
	if err := os.Rename(to, elsewhere); err != nil {
		t.Fatal(err)
	}
	clock.Advance(6 * time.Minute)
	w.look() // its own entries are the first that the copy does not take
	if got := w.look(); got != "audit.copy" {
		t.Errorf("while the copy is away: %q", got)
	}
	if err := os.Rename(elsewhere, to); err != nil {
		t.Fatal(err)
	}
	settled := func() bool { return w.look() == "" }
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for n := 0; !settled(); n++ {
		if n > 3000 {
			t.Fatal("the alarm stays")
		}
		<-tick.C
	}
}
