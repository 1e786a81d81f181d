// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/seal"
)

// Looked is how long looking took, over real HTTP.
type Looked struct {
	Requests int64   `json:"requests"`
	P50      float64 `json:"p50_ms"`
	P95      float64 `json:"p95_ms"`
	P99      float64 `json:"p99_ms"`
}

// InboxPage is a page of an office's lists.
type InboxPage struct {
	Office string `json:"office"`
	Page   string `json:"page"`
	Looked
}

// lookers is how many people look at once.
const lookers = 4

// look measures, in a database that is full, how long it takes to look up a
// receipt and to open the lists of a desk and of a busy office.
func look(ctx context.Context, c Config, receipts []seal.Receipt, length time.Duration) (receipt Looked, inbox []InboxPage, err error) {
	a, err := New(ctx, c)
	if err != nil {
		return receipt, nil, err
	}
	defer a.Close()
	a.skipVerification()
	readers := map[string]string{}
	for _, office := range []string{"mbi-desk", "mdcps"} {
		if readers[office], err = a.enrollReader(ctx, office); err != nil {
			return receipt, nil, fmt.Errorf("making somebody who looks at inboxes: %w", err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return receipt, nil, err
	}
	serving, stop := context.WithCancel(ctx)
	defer stop()
	stopped := make(chan error, 1)
	go func() { stopped <- a.Serve(serving, l, nil) }()
	at := l.Addr().String()
	// What a server does at its start, and a disk after it was filled, is not what is measured.
	if _, err = lookedAt(ctx, at, lookups(at, receipts), length/2); err != nil {
		return receipt, nil, fmt.Errorf("warming up: %w", err)
	}
	if receipt, err = lookedAt(ctx, at, lookups(at, receipts), length/4); err != nil {
		return receipt, nil, fmt.Errorf("looking receipts up: %w", err)
	}
	for _, office := range []string{"mbi-desk", "mdcps"} {
		pages, err := openLists(ctx, at, office, readers[office], length/16)
		if err != nil {
			return receipt, inbox, fmt.Errorf("opening the lists of %s: %w", office, err)
		}
		inbox = append(inbox, pages...)
	}
	stop()
	return receipt, inbox, <-stopped
}

// enrollReader makes a member of an office and signs them in: the value of their
// cookie.
func (a *App) enrollReader(ctx context.Context, office string) (string, error) {
	roles := []string{identity.RoleMember, identity.RoleSupervisor}
	if office == "mbi-desk" {
		roles = []string{identity.RoleDesk, identity.RoleMember}
	}
	token, err := a.People.Invite(ctx, benchProgram, office, "Rita Reader", "reader@"+office+".invalid", roles)
	if err != nil {
		return "", err
	}
	h, _, err := a.People.EnrollHolder(ctx, token, "a passphrase that only measures")
	if err != nil {
		return "", err
	}
	cookie, _, err := a.People.SignIn(ctx, benchProgram, h.Member.Email, h.Auth())
	return cookie, err
}

// lookups makes requests that look one receipt after the other up.
func lookups(address string, receipts []seal.Receipt) func() []byte {
	var next atomic.Int64
	return func() []byte {
		body := `{"receipt": "` + receipts[int(next.Add(1))%len(receipts)].Words("en") + `"}`
		return fmt.Appendf(nil, "POST /api/v1/receipt HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", address, len(body), body)
	}
}

// lookedAt measures how long the answers to requests take. Any other answer than
// 200 is an error.
func lookedAt(ctx context.Context, address string, request func() []byte, length time.Duration) (Looked, error) {
	line := newLine(address, lookers, request)
	line.want = http.StatusOK
	defer line.hangUp()
	if _, err := line.send(); err != nil { // and the first one finds everything cold
		return Looked{}, err
	}
	var first atomic.Pointer[error]
	m := measure(ctx, lookers, length, func(context.Context) error {
		_, err := line.send()
		if err != nil {
			first.CompareAndSwap(nil, &err)
		}
		return err
	})
	if err := first.Load(); err != nil {
		return Looked{}, fmt.Errorf("%d of %d requests failed: %w", m.failed, m.failed+m.done, *err)
	}
	return Looked{Requests: m.done, P50: m.quantile(0.50), P95: m.quantile(0.95), P99: m.quantile(0.99)}, nil
}

// nextLink is how a list leads to its next page.
var nextLink = regexp.MustCompile(`rel="next" href="([^"]+)"`)

// openLists measures the pages of an office's lists, for somebody who is signed in.
func openLists(ctx context.Context, address, office, cookie string, length time.Duration) ([]InboxPage, error) {
	get := func(path string) func() []byte {
		return func() []byte {
			return []byte("GET " + path + " HTTP/1.1\r\nHost: " + address + "\r\nCookie: waylight=" + cookie + "\r\n\r\n")
		}
	}
	lists := []struct{ name, path string }{
		{"inbox", "/staff/inbox"}, {"inbox, search", "/staff/inbox?q=hinds"}, {"inbox, danger now", "/staff/inbox?danger=1"},
		{"all", "/staff/inbox?state=all"}, {"all, search", "/staff/inbox?state=all&q=hinds"},
	}
	if office == "mbi-desk" {
		lists = append(lists, struct{ name, path string }{"desk", "/staff/desk"})
	}
	var out []InboxPage
	for _, list := range lists {
		for _, page := range []string{"first page", "later page"} {
			path := list.path
			if page == "later page" {
				next, err := laterPage(address, get(path))
				if err != nil {
					return out, err
				}
				if next == "" {
					continue
				}
				path = next
			}
			took, err := lookedAt(ctx, address, get(path), length)
			if err != nil {
				return out, fmt.Errorf("%s, %s: %w", list.name, page, err)
			}
			out = append(out, InboxPage{Office: office, Page: list.name + ", " + page, Looked: took})
		}
	}
	return out, nil
}

// laterPage follows the list a few pages on.
func laterPage(address string, request func() []byte) (path string, err error) {
	for range 5 {
		line := newLine(address, 1, request)
		line.want = http.StatusOK
		page, err := line.send()
		line.hangUp()
		if err != nil {
			return "", err
		}
		m := nextLink.FindSubmatch(page)
		if m == nil {
			return path, nil
		}
		path = html.UnescapeString(string(m[1]))
		cookie := request()
		head := string(cookie[strings.IndexByte(string(cookie), '\r'):])
		request = func() []byte { return []byte("GET " + path + " HTTP/1.1" + head) }
	}
	return path, nil
}

// Table writes the figures for a person.
func (r Intake) Table(w io.Writer) {
	row := func(name string, v Intake) {
		line := func(name string, rate float64, l Limits, p50, p99 float64) {
			fmt.Fprintf(w, "%-34s %10.0f %12.0f %8.2f %12.0f %8.2f %9.1f %9.1f\n", name, rate, l.LimitPerSecond, l.OfLimit, l.HTTPPerSecond, l.OfHTTP, p50, p99)
		}
		line(name+", sealed here", v.PerSecond, v.Limits, v.P50, v.P99)
		if s := v.Sealed; s != nil {
			line(name+", sealed by browsers", s.PerSecond, s.Limits, s.P50, s.P99)
		}
	}
	fmt.Fprintf(w, "%-34s %10s %12s %8s %12s %8s %9s %9s\n", "Reports, "+r.Engine, "a second", "bare limit", "of it", "over HTTP", "of it", "p50 ms", "p99 ms")
	row("empty", r)
	if r.Full == nil {
		return
	}
	f := r.Full
	row(fmt.Sprintf("%d stored", f.Stored), f.Intake)
	fmt.Fprintf(w, "\nOf the empty rate: %.2f sealed here", f.OfEmpty)
	if f.Sealed != nil {
		fmt.Fprintf(w, ", %.2f sealed by browsers", f.SealedOfEmpty)
	}
	fmt.Fprintf(w, ". Filled in %.0f s.\n\n%-48s %9s %9s %9s\n", f.FillSeconds, "Looking", "p50 ms", "p95 ms", "p99 ms")
	look := func(name string, l Looked) {
		fmt.Fprintf(w, "%-48s %9.1f %9.1f %9.1f\n", name, l.P50, l.P95, l.P99)
	}
	look("receipt", f.Receipts)
	for _, p := range f.Inboxes {
		look(p.Office+": "+p.Page, p.Looked)
	}
}
