// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"waylight/internal/app"
	"waylight/internal/partnership/agency"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
)

// away is an installation on a PostgreSQL server that can go away.
type away struct {
	t        *testing.T
	database *storetest.Database
	config   app.Config
}

func onPostgres(t *testing.T, change ...func(*app.Config)) *away {
	t.Helper()
	_, directory, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w := &away{t: t, database: storetest.NewDatabase(t)}
	w.config = app.Config{
		Data: t.TempDir(), Database: w.database.URL, Keyring: t.TempDir() + "/keyring", Demo: true, Directory: directory.Public().(ed25519.PublicKey),
		SignDirectory: func(statement []byte) []byte { return ed25519.Sign(directory, statement) },
	}
	for _, c := range change {
		c(&w.config)
	}
	a := installation(t, w.config)
	for _, office := range []string{"help-desk", "mbi-desk", "mdcps", "mbi-coordinator"} {
		if err := a.KeyOffice(ctx, "ms", office); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	return w
}

// begin serves the installation on a relay until stop is called.
func (w *away) begin(relay *app.Relay) (a *app.App, stop func()) {
	w.t.Helper()
	a, err := app.New(ctx, w.config)
	if err != nil {
		w.t.Fatal(err)
	}
	return a, w.serve(a, relay)
}

func (w *away) serve(a *app.App, relay *app.Relay) (stop func()) {
	running, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- a.Serve(running, relay.Turn(), nil) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
		if err := a.Close(); err != nil {
			w.t.Error(err)
		}
	}
}

type sent struct {
	Report, Receipt string
	Waiting         bool
	Promise         struct{ Note string }
}

func (w *away) send(address, key, story string) (sent, int) {
	w.t.Helper()
	body, err := json.Marshal(map[string]any{"program": "ms", "language": "en", "mode": "tip",
		"answers": map[string]any{"age": "under18", "who": "saw", "happened": "MS-28049", "story": story}})
	if err != nil {
		w.t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, address+"/api/v1/reports", bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", key)
	var out sent
	status := roundTrip(w.t, req, &out)
	return out, status
}

// roundTrip sends a request and reads its answer into out.
func roundTrip(t *testing.T, req *http.Request, out any) int {
	t.Helper()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if out != nil && json.Unmarshal(data, out) != nil {
		t.Fatalf("answered %d: %s", res.StatusCode, data)
	}
	return res.StatusCode
}

type shown struct {
	Received string
	Waiting  bool
	Offices  []struct {
		Kind     string
		Received *string
	}
}

func (w *away) look(address, receipt string) (shown, int) {
	w.t.Helper()
	req, err := http.NewRequest(http.MethodPost, address+"/api/v1/receipt", strings.NewReader(fmt.Sprintf(`{"receipt": %q}`, receipt)))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	var out shown
	status := roundTrip(w.t, req, &out)
	return out, status
}

// until waits for something that happens in the background.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	late := time.After(time.Minute)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func key() string { return store.NewID().String() + store.NewID().String() }

func relayOn(t *testing.T) (*app.Relay, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return app.NewRelay(l), "http://" + l.Addr().String()
}

// While the database is away reports are taken, shown under their receipts and said to wait; the server may even start then. When the database is
// back each of them arrives once, and the promise that its sender was given can be proven.
func TestReportsAreKeptWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	relay, address := relayOn(t)
	a, stop := w.begin(relay)
	keys := []string{key(), key(), key(), key(), key()}
	before, status := w.send(address, keys[0], "before")
	if status != http.StatusCreated || before.Waiting {
		t.Fatalf("with the database: %d, %+v", status, before)
	}
	// The spool copies the directory as soon as it follows the log.
	until(t, "a copy of the directory", func() bool {
		text, err := a.Spool.Directory(ctx, "ms")
		return err == nil && strings.Contains(text, "mdcps")
	})

	w.database.Leave()
	during, status := w.send(address, keys[1], "during")
	if status != http.StatusCreated || !during.Waiting || !strings.Contains(during.Promise.Note, "/spool/") {
		t.Fatalf("without the database: %d, %+v", status, during)
	}
	until(t, "the server notices", a.Spool.Away)
	if seen, status := w.look(address, during.Receipt); status != http.StatusOK || !seen.Waiting || len(seen.Offices) == 0 || seen.Offices[0].Received != nil {
		t.Errorf("the receipt of one that waits: %d, %+v", status, seen)
	}
	if _, status := w.look(address, before.Receipt); status != http.StatusServiceUnavailable {
		t.Errorf("a receipt that only the database knows answers %d", status)
	}
	if again, status := w.send(address, keys[1], "during"); status != http.StatusOK || again.Report != during.Report || again.Receipt != during.Receipt || !again.Waiting {
		t.Errorf("sent again: %d, %+v", status, again)
	}
	declined, _ := w.send(address, keys[4], "its holder wants no words")
	res, err := http.PostForm(address+"/receipt", url.Values{"receipt": {declined.Receipt}, "_step": {"close"}})
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if _, status := w.look(address, declined.Receipt); res.StatusCode != http.StatusOK || status == http.StatusOK {
		t.Errorf("a receipt that was switched off in the spool: %d, then %d", res.StatusCode, status)
	}
	// What the database has already is kept here too, and counts once.
	if again, status := w.send(address, keys[0], "before"); status != http.StatusCreated || again.Report != before.Report {
		t.Errorf("an earlier one sent again: %d, %+v", status, again)
	}
	stop()
	var list bytes.Buffer
	if err := app.Spooled(ctx, w.config.Data, &list); err != nil || !strings.Contains(list.String(), during.Report) || !strings.HasSuffix(list.String(), " waiting\n") {
		t.Errorf("what waits, %v:\n%s", err, list.String())
	}
	// Nobody may leave them behind.
	other := w.config
	other.Database = "sqlite:" + t.TempDir() + "/other.db"
	if _, err := app.New(ctx, other); err == nil || !strings.Contains(err.Error(), "accepted reports wait") {
		t.Fatalf("another database for the same folder: %v", err)
	}
	move := app.Exporting{Data: w.config.Data, Database: w.config.Database, Keyring: w.config.Keyring, MoveTo: "https://there.example.gov", Out: t.TempDir() + "/out"}
	if err := move.Run(ctx, io.Discard); err == nil || !strings.Contains(err.Error(), "accepted reports wait") {
		t.Errorf("moving away from them: %v", err)
	}

	// A start without the database.
	sheltered := make(chan *app.App, 1)
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	if _, err := app.New(ctx, w.config); !store.Away(err) {
		t.Fatalf("opening without the database: %v", err)
	}
	go func() {
		a, err := app.Shelter(running, w.config, relay.Turn(), nil)
		if err != nil {
			t.Error(err)
		}
		sheltered <- a
	}()
	third, status := w.send(address, keys[2], "in the shelter")
	if status != http.StatusCreated || !third.Waiting {
		t.Fatalf("from the shelter: %d, %+v", status, third)
	}
	for _, receipt := range []string{during.Receipt, third.Receipt} {
		if seen, status := w.look(address, receipt); status != http.StatusOK || !seen.Waiting {
			t.Errorf("a receipt in the shelter: %d, %+v", status, seen)
		}
	}
	for path, want := range map[string]int{"/ms/en": http.StatusOK, "/ms/es": http.StatusOK, "/staff": http.StatusServiceUnavailable, "/receipt": http.StatusOK,
		"/livez": http.StatusOK, "/readyz": http.StatusOK, "/healthz": http.StatusServiceUnavailable} {
		res, err := http.Get(address + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s answers %d in the shelter, want %d", path, res.StatusCode, want)
		}
	}

	w.database.Return()
	b := <-sheltered
	if b == nil {
		t.Fatal("the installation did not open")
	}
	stop = w.serve(b, relay)
	for _, report := range []sent{during, third} {
		until(t, "a report arrives", func() bool {
			seen, status := w.look(address, report.Receipt)
			return status == http.StatusOK && !seen.Waiting
		})
	}
	until(t, "the spool is empty", func() bool { n, err := b.Spool.Waiting(ctx, "ms"); return err == nil && n == 0 })
	http.DefaultClient.CloseIdleConnections() // those that the shelter closed
	if again, status := w.send(address, keys[2], "in the shelter"); status != http.StatusOK || again.Report != third.Report || again.Waiting {
		t.Errorf("sent again afterwards: %d, %+v", status, again)
	}
	if _, status := w.look(address, declined.Receipt); status != http.StatusNotFound {
		t.Errorf("a receipt that was switched off in the spool answers %d afterwards", status)
	}
	after, _ := w.send(address, keys[3], "after")
	var reports, referrals int
	if err := b.DB.QueryRow(ctx, `select count(*) from report where via <> 'canary'`).Scan(&reports); err != nil {
		t.Fatal(err)
	}
	if err := b.DB.QueryRow(ctx, `select count(*) from referral where origin <> 'canary'`).Scan(&referrals); err != nil {
		t.Fatal(err)
	}
	if reports != 5 || referrals != 5*3 {
		t.Errorf("%d reports with %d referrals arrived, want 5 with 15", reports, referrals)
	}
	if err := b.PublishAll(ctx); err != nil {
		t.Fatal(err)
	}
	stop()
	n, out := verify(t, app.Verification{Data: w.config.Data, Database: w.config.Database, Keyring: w.config.Keyring,
		Promises: []string{before.Promise.Note, during.Promise.Note, third.Promise.Note, after.Promise.Note}})
	if n != 0 || strings.Count(out, "whose report has arrived") != 2 {
		t.Errorf("%d problems: %s", n, out)
	}
	if n, out := verify(t, app.Verification{Data: w.config.Data, Database: "sqlite:" + w.config.Data + "/spool.db", Keyring: w.config.Keyring}); n == 0 {
		t.Errorf("the spool passed for the program's database: %s", out)
	}
}

// A server that starts while its database is away mails the administrators that it knew when it ran last: after ten minutes, and once an hour.
func TestAStartWithoutTheDatabaseIsMailed(t *testing.T) {
	t.Parallel()
	post, config := caught(t)
	clock := storetest.NewClock(storetest.Start)
	w := onPostgres(t, func(c *app.Config) {
		c.Now, c.Origin, c.Mail = clock.Now, "https://tips.example.gov", config
	})
	relay, address := relayOn(t)
	a, stop := w.begin(relay)
	headOf(t, a)
	a.WatchAll(ctx)
	until(t, "a copy of the directory", func() bool {
		text, err := a.Spool.Directory(ctx, "ms")
		return err == nil && strings.Contains(text, "mdcps")
	})
	stop()
	w.database.Leave()
	running, cancel := context.WithCancel(ctx)
	sheltered := make(chan error, 1)
	go func() {
		_, err := app.Shelter(running, w.config, relay.Turn(), nil)
		sheltered <- err
	}()
	if _, status := w.send(address, key(), "in the shelter"); status != http.StatusCreated {
		t.Fatalf("from the shelter: %d", status)
	}
	before := len(post.Messages())
	waits, done := context.WithTimeout(ctx, time.Minute)
	defer done()
	for i := range 2 {
		clock.Advance(61 * time.Minute)
		if err := post.Wait(waits, before+i+1); err != nil {
			t.Fatalf("mail %d: %v", i+1, err)
		}
		clock.Advance(11 * time.Minute)
	}
	got := post.Messages()[before:]
	if len(got) != 2 || got[0].To != "head@example.gov" || !strings.Contains(got[0].Text, "no agency is told") || !strings.Contains(got[0].Text, "https://tips.example.gov/staff/work") {
		t.Errorf("mailed: %v", got)
	}
	cancel()
	if err := <-sheltered; err != nil {
		t.Error(err)
	}
}

// A database that neither takes nor refuses holds up no sender for longer than the
// server's patience, and a report that it kept after all counts once.
func TestReportsDoNotWaitForADatabaseThatHangs(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	w.config.Patience = 50 * time.Millisecond
	relay, address := relayOn(t)
	a, stop := w.begin(relay)
	release := w.database.Hold("update custody_tree set size = size where program = 'ms'")
	k := key()
	first, status := w.send(address, k, "while it hangs")
	if status != http.StatusCreated || !first.Waiting {
		t.Fatalf("%d, %+v", status, first)
	}
	release()
	until(t, "it arrives", func() bool {
		seen, status := w.look(address, first.Receipt)
		return status == http.StatusOK && !seen.Waiting
	})
	until(t, "the spool is empty", func() bool { n, err := a.Spool.Waiting(ctx, "ms"); return err == nil && n == 0 })
	var n int
	if err := a.DB.QueryRow(ctx, `select count(*) from report where via <> 'canary'`).Scan(&n); err != nil || n != 1 {
		t.Errorf("%d reports, %v", n, err)
	}
	stop()
}

// Two servers stand on one database: what one changes in the directory the other
// follows, and neither needs the other for a report.
func TestServersShareADatabase(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	one, addressOne := relayOn(t)
	a, stopOne := w.begin(one)
	w.config.Data = t.TempDir() // the keyring is shared, the data folder is a server's own
	two, addressTwo := relayOn(t)
	b, stopTwo := w.begin(two)
	k := key()
	first, status := w.send(addressOne, k, "to the one")
	if status != http.StatusCreated || first.Waiting {
		t.Fatalf("%d, %+v", status, first)
	}
	if again, status := w.send(addressTwo, k, "to the one"); status != http.StatusOK || again.Report != first.Report || again.Receipt != first.Receipt {
		t.Errorf("sent again to the other: %d, %+v", status, again)
	}
	if seen, status := w.look(addressTwo, first.Receipt); status != http.StatusOK || seen.Waiting {
		t.Errorf("looked up at the other: %d, %+v", status, seen)
	}
	if b.Agencies.Joined("ms", "mcaht") {
		t.Fatal("the office is there already")
	}
	if err := a.Agencies.Join(ctx, agency.System("ms"), "mcaht"); err != nil {
		t.Fatal(err)
	}
	until(t, "the other follows", func() bool { return b.Agencies.Joined("ms", "mcaht") })
	stopOne()
	if _, status := w.send(addressTwo, key(), "to the other alone"); status != http.StatusCreated {
		t.Errorf("one server alone answers %d", status)
	}
	stopTwo()
}
