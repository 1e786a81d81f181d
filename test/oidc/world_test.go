// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"context"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	rooms "waylight/internal/partnership/agency"
	"waylight/internal/partnership/approval"
	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/keyring"
	"waylight/internal/platform/openid"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web"
	"waylight/internal/platform/web/webtest"
	"waylight/programs"
)

const (
	ms     = "ms"
	office = "mdcps"
	other  = "mcaht"
)

func schemas() []store.Schema {
	return []store.Schema{jobs.Schema(), approval.Schema(), rooms.Schema(), identity.Schema()}
}

// world is a Waylight, its people, and an agency's sign-in service.
type world struct {
	*identity.Service
	t      *testing.T
	db     *store.DB
	clock  *storetest.Clock
	server *httptest.Server
	agency *agency
	ana    identity.Member     // of the agency
	boss   identity.Member     // its administrator
	sol    identity.Member     // of another office
	auths  map[string][32]byte // what each member's browser makes of their passphrase, by address
}

// each runs fn on both engines.
func each(t *testing.T, fn func(w *world)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		clock.Advance(time.Since(clock.Now())) // the service's tokens say what time it really is
		fn(newWorld(t, db, clock))
	})
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newWorld(t *testing.T, db *store.DB, clock *storetest.Clock) *world {
	t.Helper()
	w := &world{t: t, db: db, clock: clock, auths: map[string][32]byte{}}
	mux := http.NewServeMux()
	w.server = httptest.NewTLSServer(mux)
	t.Cleanup(w.server.Close)
	w.agency = newAgency(t, w.server.URL+"/staff/sign-in/agency/back")
	set, err := program.Load(programs.FS)
	check(t, err)
	ring, err := keyring.Open(filepath.Join(t.TempDir(), "keys"))
	check(t, err)
	site := webtest.Site(t, identity.Strings())
	site.Now, site.SignIn = clock.Now, "/staff/sign-in"
	agencies, err := rooms.New(rooms.Config{DB: db, Programs: set, Now: clock.Now})
	check(t, err)
	approvals, err := approval.New(approval.Config{DB: db, Now: clock.Now, Site: site, Viewer: func(context.Context) (policy.Subject, bool) { return policy.Subject{}, false }})
	check(t, err)
	w.Service, err = identity.New(identity.Config{DB: db, Programs: set, Agencies: agencies, Approvals: approvals, Ring: ring, Site: site, Now: clock.Now,
		Origin: w.server.URL, PassphraseSignIn: true, Services: openid.New(w.agency.Client(), clock.Now)})
	check(t, err)
	site.Mount(mux, w.Room().Routes, func(a web.Access, h web.Handler) web.Handler { return w.Guard(a, h) })
	for _, id := range []string{office, other} {
		check(t, agencies.Join(t.Context(), rooms.System(ms), id))
	}
	w.boss = w.join(office, "boss@agency.example", identity.RoleAgencyAdmin)
	w.ana = w.join(office, "ana@agency.example", identity.RoleMember)
	w.sol = w.join(other, "sol@shelter.example", identity.RoleMember)
	return w
}

func (w *world) join(office, email string, roles ...string) identity.Member {
	w.t.Helper()
	token, err := w.Invite(w.t.Context(), ms, office, "Person "+email, email, roles)
	check(w.t, err)
	h, _, err := w.EnrollHolder(w.t.Context(), token, "passphrase of "+email)
	check(w.t, err)
	w.auths[email] = h.Auth()
	return h.Member
}

// setUp records the agency's service for the office, as the program's console does.
func (w *world) setUp() {
	w.t.Helper()
	_, err := w.SetSignOn(w.t.Context(), ms, office, w.agency.URL, clientID, clientSecret, true)
	check(w.t, err)
}

// as is a context in which a member acts.
func (w *world) as(m identity.Member) context.Context {
	return identity.WithMember(w.t.Context(), m)
}

// browser is somebody's browser, which shows each server its own cookies.
type browser struct {
	w    *world
	http *http.Client
}

func (w *world) browser() *browser {
	jar, err := cookiejar.New(nil)
	check(w.t, err)
	return &browser{w, &http.Client{Jar: jar, Transport: w.server.Client().Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// page is what a server answered.
type page struct {
	status int
	body   string
	header http.Header
}

func (b *browser) do(method, address string, form url.Values) page {
	b.w.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(b.w.t.Context(), method, address, body)
	check(b.w.t, err)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	client := b.http
	if strings.HasPrefix(address, b.w.agency.URL) {
		client = b.w.agency.Client()
		client.CheckRedirect = b.http.CheckRedirect
	}
	resp, err := client.Do(req)
	check(b.w.t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	check(b.w.t, err)
	return page{resp.StatusCode, string(data), resp.Header}
}

func (b *browser) get(path string) page { return b.do(http.MethodGet, b.w.server.URL+path, nil) }

func (b *browser) post(path string, form url.Values) page {
	return b.do(http.MethodPost, b.w.server.URL+path, form)
}

var leads = regexp.MustCompile(`href="(https://[^"]+/authorize[^"]*)"`)

// leave begins the way to the service and gives the address that the page leads to.
func (b *browser) leave() string {
	b.w.t.Helper()
	p := b.post("/staff/sign-in/agency", url.Values{"program": {ms}, "office": {office}, "notice": {"yes"}})
	m := leads.FindStringSubmatch(p.body)
	if p.status != http.StatusOK || m == nil {
		b.w.t.Fatalf("leaving for the service: %d %s", p.status, p.body)
	}
	return html.UnescapeString(m[1])
}

// prove signs in at the service and gives the address it sends back to.
func (b *browser) prove(address string, p person) string {
	b.w.t.Helper()
	b.w.agency.is(p)
	got := b.do(http.MethodGet, address, nil)
	back := got.header.Get("Location")
	if !strings.HasPrefix(back, b.w.server.URL+"/staff/sign-in/agency/back?") {
		b.w.t.Fatalf("the service answers %d %q %s", got.status, back, got.body)
	}
	return back
}

// signIn goes the whole way there and back.
func (b *browser) signIn(p person) page {
	b.w.t.Helper()
	return b.do(http.MethodGet, b.prove(b.leave(), p), nil)
}

// in says whether the browser has an open session.
func (b *browser) in() bool { return b.get("/staff/session").status == http.StatusNoContent }

// events counts the custody entries of an event.
func (w *world) events(event string) int {
	w.t.Helper()
	rows, err := w.db.Query(w.t.Context(), "select opening from custody_leaf where program = 'ms'")
	check(w.t, err)
	defer rows.Close()
	n := 0
	for rows.Next() {
		var opening []byte
		check(w.t, rows.Scan(&opening))
		o, err := custody.ParseOpening(opening)
		check(w.t, err)
		if o.Event == event {
			n++
		}
	}
	check(w.t, rows.Err())
	return n
}

var codes = regexp.MustCompile(`Code: ([A-Z2-7]{8})`)

// code is what somebody reads who was not let in.
func (p page) code(t *testing.T) string {
	t.Helper()
	m := codes.FindStringSubmatch(p.body)
	if m == nil {
		t.Fatalf("no code in %d %s", p.status, p.body)
	}
	return m[1]
}

// own is a browser in which a member signed in by themselves.
func (w *world) own(email string) *browser {
	w.t.Helper()
	cookie, _, err := w.SignIn(w.t.Context(), ms, email, w.auths[email])
	check(w.t, err)
	b := w.browser()
	u, err := url.Parse(w.server.URL)
	check(w.t, err)
	b.http.Jar.SetCookies(u, []*http.Cookie{{Name: "__Host-waylight", Value: cookie, Path: "/", Secure: true}})
	return b
}

// says is the member's word in this browser that the account which was shown the code is theirs.
func (b *browser) says(code string) page {
	b.w.t.Helper()
	return b.post("/staff/ways/agency", url.Values{"code": {code}})
}

// confirm is what each member does the first time: the way to the service, and their own session.
func (w *world) confirm(p person) {
	w.t.Helper()
	code := w.browser().signIn(p).code(w.t)
	if got := w.own(p.email).says(code); got.status != http.StatusSeeOther {
		w.t.Fatalf("confirming: %d %s", got.status, got.body)
	}
}

// link is a member's link to the service.
func (w *world) link(m identity.Member) store.ID {
	w.t.Helper()
	all, err := w.SignOnLinks(w.t.Context(), ms, office)
	check(w.t, err)
	for _, l := range all {
		if l.Member.ID == m.ID {
			return l.ID
		}
	}
	w.t.Fatalf("%s has no link", m.Email)
	return store.ID{}
}
