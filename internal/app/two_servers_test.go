// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"waylight/internal/app"
	"waylight/internal/app/demo"
	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
	"waylight/internal/platform/gate"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web/webtest"
)

// pair are two servers on one PostgreSQL with one keyring, behind a front that
// sends every request to the other one.
type pair struct {
	t       *testing.T
	servers [2]*app.App
	doors   [2]*webtest.Client
	turn    int
	ahead   atomic.Int64 // of the machine's clock
	holder  *identity.Holder
}

func newPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{t: t}
	postgres, keyring := storetest.PostgresURL(t), filepath.Join(t.TempDir(), "keyring")
	for i := range p.servers {
		p.servers[i] = installation(t, app.Config{Data: filepath.Join(t.TempDir(), "data"), Database: postgres, Keyring: keyring, Demo: true,
			Now: func() time.Time { return time.Now().Add(time.Duration(p.ahead.Load())) }})
		if i == 0 {
			p.hire()
		}
		p.doors[i] = webtest.ServerOf(t, p.servers[i].Handler())
		address, stop := serving(t, p.servers[i])
		t.Cleanup(func() {
			if err := stop(); err != nil {
				t.Errorf("a server ended with %v", err)
			}
		})
		p.doors[i].URL = address
	}
	return p
}

// hire gives the program's offices their people, of whom one signs in.
func (p *pair) hire() {
	p.t.Helper()
	a := p.servers[0]
	for _, office := range []string{"mbi-desk", "help-desk", "mdcps", "mbi-coordinator"} {
		if err := a.Agencies.Join(ctx, agency.System("ms"), office); err != nil {
			p.t.Fatal(err)
		}
		token, err := a.People.Invite(ctx, "ms", office, "Invented Member", office+"@test.invalid", []string{identity.RoleMember, identity.RoleAgencyAdmin})
		if err != nil {
			p.t.Fatal(err)
		}
		holder, _, err := a.People.EnrollHolder(ctx, token, demo.Passphrase)
		if err != nil {
			p.t.Fatal(err)
		}
		if office == "mbi-desk" {
			p.holder = holder
		}
	}
}

// next is the server that has not been asked last.
func (p *pair) next() *webtest.Client {
	p.turn++
	return p.doors[p.turn%2]
}

// browser lets both doors share what one browser has: its cookies, which it keeps
// by the name of the host, and what it says of itself.
func (p *pair) browser() {
	p.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, d := range p.doors {
		d.HTTP.Jar = jar
		d.Header.Set("Sec-Fetch-Site", "same-origin")
		d.Header.Set("User-Agent", "An invented browser")
	}
}

// want holds an answer to a status.
func (p *pair) want(doc *webtest.Doc, status int, what string) *webtest.Doc {
	p.t.Helper()
	if doc.Status != status {
		p.t.Fatalf("%s: %d, want %d: %s", what, doc.Status, status, doc.Body[:min(len(doc.Body), 400)])
	}
	return doc
}

// A member signs in at one server and goes on at the other: pages, what is
// written, the cookie's next value, another device, the lock, and the end.
func TestMemberGoesOnAtAnotherServer(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.browser()
	who := map[string]any{"program": "ms", "email": p.holder.Member.Email}
	p.want(p.next().PostJSON("/staff/sign-in/salt", who), http.StatusOK, "the salt")
	auth := p.holder.Auth()
	p.want(p.next().PostJSON("/staff/sign-in", map[string]any{"program": "ms", "email": p.holder.Member.Email, "auth": auth[:], "notice": true}), http.StatusNoContent, "signing in")
	for range 4 {
		p.want(p.next().GetDoc("/staff"), http.StatusOK, "home")
	}
	cookies := map[string]bool{}
	for range 8 { // the value of the cookie changes every five minutes, whoever hands it out
		p.ahead.Add(int64(6 * time.Minute))
		for range 2 {
			d := p.next()
			p.want(d.GetDoc("/staff"), http.StatusOK, "home, minutes later")
			cookies[d.HTTP.Jar.Cookies(mustURL(t, d.URL))[0].Value] = true
		}
	}
	if len(cookies) < 8 {
		t.Errorf("the cookie had %d values in 48 minutes", len(cookies))
	}

	for i := range 4 {
		form := p.want(p.next().GetDoc("/staff/people/invite"), http.StatusOK, "the form").Values("/staff/people/invite")
		name := fmt.Sprintf("Invented Colleague %d", i)
		form.Set("name", name)
		form.Set("email", fmt.Sprintf("colleague%d@test.invalid", i))
		form["roles"] = []string{identity.RoleMember}
		p.want(p.next().PostForm("/staff/people/invite", form), http.StatusOK, "inviting")
		if list := p.want(p.next().GetDoc("/staff/people"), http.StatusOK, "people"); !strings.Contains(list.Main(), name) {
			t.Errorf("the other server does not show %s", name)
		}
	}
	foreign := p.next()
	foreign.Header.Set("Sec-Fetch-Site", "cross-site")
	p.want(foreign.PostForm("/staff/people/invite", url.Values{"name": {"Nobody"}}), http.StatusForbidden, "a form of another site")
	foreign.Header.Set("Sec-Fetch-Site", "same-origin")

	before := p.doors[0].HTTP.Jar.Cookies(mustURL(t, p.doors[0].URL))
	p.want(p.next().PostForm("/staff/sign-out", url.Values{}), http.StatusSeeOther, "signing out")
	p.doors[0].HTTP.Jar.SetCookies(mustURL(t, p.doors[0].URL), before) // somebody kept it
	for range 2 {
		if doc := p.next().GetDoc("/staff"); doc.Status == http.StatusOK {
			t.Error("a session that ended at one server is open at the other")
		}
	}
}

func mustURL(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// A sender's page, report, receipt, files and proof of work go from one server to
// the other, and what is sent twice counts once.
func TestSenderGoesOnAtAnotherServer(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.browser()
	form := p.want(p.next().GetDoc("/ms/en"), http.StatusOK, "the form").Values("")
	for name, value := range map[string]string{"mode": "tip", "age": "under18", "who": "saw", "kind": "labor", "happened": "MS-28049", "land": "ordinary", "story": "An invented story."} {
		form.Set(name, value)
	}
	form.Set("_step", "preview")
	form.Set("_shown", p.want(p.next().PostForm("/ms/en", form), http.StatusOK, "who will be told").Values("").Get("_shown"))
	form.Set("_step", "send")
	var receipts []string
	for range 3 {
		sent := p.want(p.next().PostForm("/ms/en", form), http.StatusOK, "sending")
		receipts = append(receipts, strings.TrimSpace(sent.One("p", "id", "words").Text()))
	}
	if receipts[0] == "" || receipts[1] != receipts[0] || receipts[2] != receipts[0] {
		t.Fatalf("sent three times, it got the receipts %q", receipts)
	}
	for range 2 {
		p.want(p.next().PostForm("/receipt", url.Values{"receipt": {receipts[0]}}), http.StatusOK, "the receipt")
	}
	p.plain(receipts[0])
	p.upload(receipts[0])

	words := []byte("words that stand in line")
	for i := range 4 {
		solved, ok := gate.Solve(p.servers[i%2].Site.Puzzles.New(), words)
		other := p.servers[(i+1)%2].Site.Puzzles
		if !ok || !other.Solves(solved, words) || other.Solves(solved, words) {
			t.Errorf("work %d that one server asked for does not count once at the other", i)
		}
	}
	strange := installation(t, app.Config{Data: t.TempDir()}).Site.Puzzles
	if solved, _ := gate.Solve(strange.New(), words); p.servers[0].Site.Puzzles.Solves(solved, words) {
		t.Error("work of another installation counts")
	}
}

// plain sends a file from a page that runs no script, and finds it at the other server.
func (p *pair) plain(words string) {
	p.t.Helper()
	body := "--x\r\nContent-Disposition: form-data; name=\"receipt\"\r\n\r\n" + words + "\r\n--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"note.txt\"\r\n" +
		"Content-Type: text/plain\r\n\r\nAn invented file.\r\n--x--\r\n"
	p.want(p.next().Do(http.MethodPost, "/receipt/files", "multipart/form-data; boundary=x", strings.NewReader(body)), http.StatusOK, "a file from a page without a script")
	if files := p.files(words); len(files) != 1 || files[0].State != "whole" {
		p.t.Fatalf("the other server shows %+v", files)
	}
}

// listed is a file as the sender's script is told of it.
type listed struct {
	ID    string
	State string
	Parts int
}

// files asks the next server for the files of a receipt.
func (p *pair) files(words string) []listed {
	p.t.Helper()
	lookup := lookupOf(p.t, words)
	var told struct{ Files []listed }
	if err := p.want(p.next().PostJSON("/receipt/files/find", map[string]any{"lookup": lookup[:], "lang": "en"}), http.StatusOK, "the files").JSON(&told); err != nil {
		p.t.Fatal(err)
	}
	return told.Files
}

func lookupOf(t *testing.T, words string) [32]byte {
	t.Helper()
	receipt, err := seal.ParseReceipt(words)
	if err != nil {
		t.Fatal(err)
	}
	return receipt.Lookup()
}

// upload sends a file as a sender's script does, every step to the other server.
func (p *pair) upload(words string) {
	p.t.Helper()
	lookup := lookupOf(p.t, words)
	step := func(method, path string, body any, next float64, what string) {
		p.t.Helper()
		var doc *webtest.Doc
		if part, ok := body.([]byte); ok {
			doc = p.next().Do(method, path, "", bytes.NewReader(part))
		} else {
			doc = p.next().PostJSON(path, body)
		}
		var told struct{ Next float64 }
		if err := p.want(doc, http.StatusOK, what).JSON(&told); err != nil || told.Next != next {
			p.t.Fatalf("%s: %s, %v", what, doc.Body, err)
		}
	}
	f := p.seal(words, bytes.Repeat([]byte("An invented picture. "), 5*seal.FilePartSize/42))
	if len(f.parts) != 3 {
		p.t.Fatalf("the file has %d parts", len(f.parts))
	}
	step(http.MethodPost, "/receipt/files/begin", f.begin, 0, "beginning")
	part := func(n int) (string, []byte) {
		return fmt.Sprintf("/receipt/files/ms/%s/%d", f.id, n), slices.Concat(lookup[:], make([]byte, 32), f.parts[n])
	}
	for n := range f.parts {
		path, body := part(n)
		step(http.MethodPut, path, body, float64(n+1), "a part")
		files := p.files(words)
		i := slices.IndexFunc(files, func(s listed) bool { return s.ID == f.id.String() })
		if i < 0 || files[i].State != "open" || files[i].Parts != n+1 {
			p.t.Errorf("after part %d the other server shows %+v", n, files)
		}
	}
	for range 2 { // said twice, once at each
		step(http.MethodPost, "/receipt/files/end", map[string]any{"program": "ms", "lookup": lookup[:], "file": f.id.String(), "parts": len(f.parts), "whole": true}, 3, "the end")
	}
	for range 2 {
		if files := p.files(words); len(files) != 2 || files[0].State != "whole" || files[1].State != "whole" {
			p.t.Errorf("in the end a server shows %+v", files)
		}
	}
}

// sealedFile is a file as a sender's browser makes it.
type sealedFile struct {
	id    store.ID
	begin map[string]any
	parts [][]byte
}

func (p *pair) seal(words string, content []byte) sealedFile {
	p.t.Helper()
	check := func(err error) {
		p.t.Helper()
		if err != nil {
			p.t.Fatal(err)
		}
	}
	a, f := p.servers[0], sealedFile{id: store.NewID()}
	to, err := a.Reports.FindWords(ctx, words)
	check(err)
	readers, err := a.Files.Readers(ctx, to.Program, to.Report)
	check(err)
	rec := seal.Record{Program: to.Program, ID: f.id}
	var out bytes.Buffer
	size := int64(len(content))
	sealer, key, err := seal.NewFileSealer(&out, rec, seal.FileInfo{Name: "picture.jpg", Type: "image/jpeg", Size: &size})
	check(err)
	_, err = sealer.Write(content)
	check(err)
	check(sealer.Close())
	var wraps []map[string]any
	for _, r := range readers {
		wrap, err := key.Wrap(r.Key.Public, rec, sealer.Head().Hash, r.Office)
		check(err)
		wraps = append(wraps, map[string]any{"holder": r.Office, "key_id": hex.EncodeToString(r.Key.ID[:]), "wrap": wrap})
	}
	own, err := seal.ParsePublicKey(to.ReplyKey)
	check(err)
	resume, err := key.Wrap(own, rec, sealer.Head().Hash, "receipt")
	check(err)
	head, lookup := sealer.Head(), lookupOf(p.t, words)
	f.begin = map[string]any{"program": "ms", "lookup": lookup[:], "file": f.id.String(), "copy_of": "", "token": head.Token[:], "size": int64(out.Len()), "resume": resume, "wraps": wraps}
	for rest := out.Bytes(); len(rest) > 0; {
		n := seal.FilePartSize
		if len(f.parts) == 0 {
			n += seal.FileHeaderSize
		}
		n = min(n, len(rest))
		f.parts, rest = append(f.parts, rest[:n]), rest[n:]
	}
	return f
}
