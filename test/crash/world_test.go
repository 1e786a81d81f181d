// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"waylight/internal/app"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/form"
	"waylight/internal/platform/store"
	"waylight/internal/protection/report"
)

var ctx = context.Background()

// What is sent: of a child in Hinds County, whom three offices must be told of.
const program = "ms"

var (
	offices = []string{"mbi-desk", "mdcps", "mbi-coordinator"}
	inClear = url.Values{"mode": {"tip"}, "age": {"under18"}, "who": {"saw"}, "kind": {"labor"}, "happened": {"MS-28049"}, "land": {"ordinary"}}
)

// site is an installation with keyed offices and an open form.
type site struct {
	data      string
	directory ed25519.PublicKey
	now       func() time.Time
	every     time.Duration
}

// prepare makes an installation whose public form is open. The steps of people that
// open a form are tested elsewhere; here the row that they end in is written.
func prepare(t *testing.T, now func() time.Time) site {
	t.Helper()
	public, secret, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := site{data: filepath.Join(t.TempDir(), "data"), directory: public, now: now, every: time.Minute}
	a, err := app.New(ctx, app.Config{Data: s.data, Directory: public, Now: now, SignDirectory: func(b []byte) []byte { return ed25519.Sign(secret, b) }})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for _, office := range append([]string{"help-desk"}, offices...) {
		if err := a.KeyOffice(ctx, program, office); err != nil {
			t.Fatal(err)
		}
	}
	err = a.DB.Write(ctx, func(tx *store.Tx) error {
		defer tx.Log(custody.Entry{Program: program, Event: "form.opened", Record: "program:" + program, Actor: "system"})
		return tx.Insert("agency_opening", store.Row{"program": program, "turn": 1, "state": "open", "at": tx.Now(), "actor": "system"})
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s site) config() app.Config {
	return app.Config{Data: s.data, Directory: s.directory, Now: s.now, Every: s.every}
}

// open opens the installation until the test ends.
func (s site) open(t *testing.T) *app.App {
	t.Helper()
	a, err := app.New(ctx, s.config())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

// serve opens the installation and serves it until stop is called or the test ends.
func (s site) serve(t *testing.T) (a *app.App, address string, stop func()) {
	t.Helper()
	a = s.open(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	running, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- a.Serve(running, l, nil) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serving ended with: %v", err)
		}
		a.Close()
	}
	t.Cleanup(stop)
	return a, l.Addr().String(), stop
}

// submission is one report of one sender, who sends the same bytes until answered.
type submission struct {
	path, kind, key string
	body            []byte
}

// inWords is a report that the server seals, under a key of its own.
func inWords() submission {
	answers := map[string]string{"story": strings.Repeat("An invented sentence. ", 40)}
	for name, values := range inClear {
		if name != "mode" {
			answers[name] = values[0]
		}
	}
	body, _ := json.Marshal(map[string]any{"program": program, "language": "en", "mode": "tip", "answers": answers}) // plain strings: it cannot fail
	return submission{path: "/api/v1/reports", kind: "application/json", key: store.NewID().String() + store.NewID().String(), body: body}
}

// sealed makes a report as a sender's browser does: sealed, under a receipt of its own.
func (s site) sealed(address string) (submission, error) {
	sender := report.Sender{Program: program, Language: "en", Directory: s.directory}
	_, _ = rand.Read(sender.Receipt[:])
	asked := func(path string, fields url.Values) ([]byte, error) {
		res, err := http.PostForm("http://"+address+"/"+program+path, fields)
		if err != nil {
			return nil, err
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err == nil && res.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s answers %d: %s", path, res.StatusCode, b)
		}
		return b, err
	}
	who, err := asked("/who", inClear)
	if err != nil {
		return submission{}, err
	}
	var told struct{ Shown string }
	if err := json.Unmarshal(who, &told); err != nil {
		return submission{}, err
	}
	keys, err := asked("/seal", sender.Ask(inClear))
	if err != nil {
		return submission{}, err
	}
	body, err := sender.Seal(keys, inClear, told.Shown, form.Answers{"story": {"An invented sentence."}}, nil)
	return submission{path: "/" + program + "/sealed", kind: "application/octet-stream", body: body}, err
}

// accepted is what a sender was told.
type accepted struct {
	report     store.ID
	commitment [32]byte
	repeated   bool // told of what had been accepted before
}

// refusal is any other answer.
type refusal struct {
	status     int
	retryAfter string
	text       string
}

func (r *refusal) Error() string { return fmt.Sprintf("answered %d: %s", r.status, r.text) }

// errNotAllTold says that an accepted report did not go to all three offices.
var errNotAllTold = errors.New("accepted, but not for every office")

// send posts a submission once.
func (s submission) send(client *http.Client, address string) (accepted, error) {
	req, err := http.NewRequest(http.MethodPost, "http://"+address+s.path, bytes.NewReader(s.body))
	if err != nil {
		return accepted{}, err
	}
	req.Header.Set("Content-Type", s.kind)
	req.GetBody = nil // whoever sends again is counted here, not in the client
	if s.key != "" {
		req.Header.Set("Idempotency-Key", s.key)
	}
	res, err := client.Do(req)
	if err != nil {
		return accepted{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return accepted{}, err
	}
	if res.StatusCode != http.StatusCreated && res.StatusCode != http.StatusOK {
		return accepted{}, &refusal{res.StatusCode, res.Header.Get("Retry-After"), string(text)}
	}
	var answer struct {
		Report     string
		Deliveries []any
		Promise    struct{ Commitment []byte }
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return accepted{}, err
	}
	id, err := store.ParseID(answer.Report)
	if err != nil || len(answer.Promise.Commitment) != 32 || len(answer.Deliveries) != len(offices) {
		return accepted{}, fmt.Errorf("%w: %s", errNotAllTold, text)
	}
	return accepted{id, [32]byte(answer.Promise.Commitment), res.StatusCode == http.StatusOK}, nil
}

// newClient keeps its connections to itself.
func newClient(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: time.Minute}
}

// missing says what an installation does not have of what a sender was told: the report
// with a wrap and a referral for every office, and the leaf that names them. "" is
// nothing.
func missing(a *app.App, got accepted) string {
	for _, office := range offices {
		sealed, err := a.Reports.Body(ctx, program, got.report, office)
		if err != nil || len(sealed.Wrap) == 0 {
			return fmt.Sprintf("report %s for %s: %v", got.report, office, err)
		}
	}
	leaf, err := custody.Find(ctx, a.DB, program, got.commitment)
	if err != nil {
		return fmt.Sprintf("the leaf of report %s: %v", got.report, err)
	}
	rows, err := custody.DecodeRows(leaf.Rows)
	if err != nil {
		return fmt.Sprintf("the rows of report %s: %v", got.report, err)
	}
	referrals := 0
	for _, r := range rows {
		if r.Table == "referral" {
			referrals++
		}
	}
	if referrals != len(offices) || !strings.Contains(string(leaf.Opening), "report:"+got.report.String()) {
		return fmt.Sprintf("the leaf of report %s names %d referrals", got.report, referrals)
	}
	return ""
}

// reports counts the reports that are kept, but for those by which the program tests itself.
func reports(t *testing.T, a *app.App) int {
	t.Helper()
	var n int
	if err := a.DB.QueryRow(ctx, `select count(*) from report where program = $1 and via <> 'canary'`, program).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// verified holds an installation that nobody serves against its custody log.
func verified(t *testing.T, s site, kept ...string) {
	t.Helper()
	var said strings.Builder
	v := app.Verification{Data: s.data, Checkpoints: kept}
	if s.now != nil {
		v.Now = s.now()
	}
	found, err := v.Run(ctx, &said)
	if err != nil || found > 0 {
		t.Errorf("verifying finds %d problems, %v:\n%s", found, err, said.String())
	}
}

// acceptances are the entries of the log that say a report was accepted, in its order.
func acceptances(t *testing.T, a *app.App) []custody.Opening {
	t.Helper()
	rows, err := a.DB.Query(ctx, `select opening from custody_leaf where program = $1 order by idx`, program)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []custody.Opening
	for rows.Next() {
		var opening []byte
		if err := rows.Scan(&opening); err != nil {
			t.Fatal(err)
		}
		if o, err := custody.ParseOpening(opening); err == nil && o.Event == "report.accepted" {
			all = append(all, o)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
