// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"waylight/internal/platform/fault"
)

var ana = person{subject: "A-1", email: "ana@agency.example", verified: true}

// notIn is what everybody reads who is not let in, whatever the reason.
const notIn = "This did not sign you in."

// The first time the member confirms, in a session of their own; from then on the service's word
// begins a session, and nothing more: the keys stay shut.
func TestSignInThroughTheAgency(t *testing.T) {
	each(t, func(w *world) {
		w.setUp()
		b := w.browser()
		if p := b.get("/staff/sign-in/agency?program=ms"); p.status != http.StatusOK || !strings.Contains(p.body, "I have read the notice above") {
			w.t.Fatalf("the page: %d", p.status)
		}
		if p := b.post("/staff/sign-in/agency", url.Values{"program": {ms}, "office": {office}}); p.status != http.StatusBadRequest {
			w.t.Errorf("without the notice: %d", p.status)
		}
		if p := b.signIn(ana); p.status != http.StatusForbidden || !strings.Contains(p.body, notIn) || b.in() {
			w.t.Fatalf("the first time: %d, in %v: %s", p.status, b.in(), p.body)
		}
		if w.events("signon.asked") != 1 {
			w.t.Error("nobody is asked to confirm")
		}
		w.confirm(ana)
		if p := b.signIn(ana); p.status != http.StatusOK || p.header.Get("Refresh") == "" || !b.in() {
			w.t.Fatalf("confirmed: %d %s", p.status, p.body)
		}
		if w.events("member.signed_in") != 2 || w.events("signon.confirmed") != 1 {
			w.t.Error("the log does not have it")
		}
		if again := w.browser(); again.signIn(ana).status != http.StatusOK || !again.in() {
			w.t.Error("a second sign-in asks for something else")
		}
		page := b.get("/staff/people/sign-on")
		if page.status != http.StatusOK || !strings.Contains(page.body, "ana@agency.example") || strings.Contains(page.body, clientSecret) {
			w.t.Errorf("the page of services: %d", page.status)
		}
	})
}

// Whoever runs the service, or set it up, becomes nobody else: the account must be shown a code, and its member type that one in a session that the service did not begin.
func TestNobodyConfirmsForSomebodyElse(t *testing.T) {
	each(t, func(w *world) {
		_, err := w.SetSignOn(w.as(w.boss), ms, office, w.agency.URL, clientID, clientSecret, true)
		check(w.t, err)
		puppet := person{"boss's own account", "ana@agency.example", true, 0}
		stolen := w.browser().signIn(puppet).code(w.t)
		boss := w.own("boss@agency.example")
		if p := boss.post("/staff/people/"+w.ana.ID.String()+"/sign-on", url.Values{"link": {w.link(w.ana).String()}, "answer": {"confirm"}}); p.status != http.StatusBadRequest {
			w.t.Errorf("an administrator confirms: %d", p.status)
		}
		if p := boss.says(stolen); p.status != http.StatusForbidden {
			w.t.Errorf("in their own session: %d", p.status)
		}
		real := w.browser().signIn(ana).code(w.t)
		if real == stolen {
			w.t.Fatal("one code for two accounts")
		}
		member := w.own("ana@agency.example")
		for name, code := range map[string]string{"no code": "", "a stranger's": w.browser().signIn(person{"Z-9", "zoe@agency.example", true, 0}).code(w.t), "the one before": stolen} {
			if p := member.says(code); p.status != http.StatusBadRequest {
				w.t.Errorf("%s: %d", name, p.status)
			}
		}
		if p := member.says(real); p.status != http.StatusSeeOther {
			w.t.Fatalf("the member's own: %d %s", p.status, p.body)
		}
		b := w.browser()
		if b.signIn(puppet); b.in() {
			w.t.Error("the account of whoever set the service up is let in as somebody else")
		}
		through := w.browser()
		if through.signIn(ana); !through.in() {
			w.t.Fatal("the member's own account is not let in")
		}
		if p := through.says(real); p.status != http.StatusForbidden {
			w.t.Errorf("in a session that the service began: %d", p.status)
		}
		if p := boss.says(w.browser().signIn(person{"B-1", "boss@agency.example", true, 0}).code(w.t)); p.status != http.StatusForbidden {
			w.t.Errorf("whoever set it up: %d", p.status)
		}
	})
}

// Nobody comes back twice, from another browser, or late; and nobody without
// the verifier can use a code, not even with the server's own secret.
func TestTheWayBack(t *testing.T) {
	each(t, func(w *world) {
		w.setUp()
		w.browser().signIn(ana)
		w.confirm(ana)
		b := w.browser()
		back := b.prove(b.leave(), ana)
		if p := w.browser().do(http.MethodGet, back, nil); p.status != http.StatusForbidden || !strings.Contains(p.body, "another browser") {
			w.t.Errorf("in another browser: %d", p.status)
		}
		if p := b.do(http.MethodGet, back, nil); p.status != http.StatusForbidden || b.in() {
			w.t.Errorf("after somebody else tried: %d", p.status)
		}
		back = b.prove(b.leave(), ana)
		if p := b.do(http.MethodGet, back, nil); p.status != http.StatusOK || !b.in() {
			w.t.Fatalf("coming back: %d", p.status)
		}
		if p := w.browser().do(http.MethodGet, back, nil); p.status != http.StatusForbidden {
			w.t.Errorf("an address used twice: %d", p.status)
		}
		late := w.browser()
		back = late.prove(late.leave(), ana)
		w.clock.Advance(10 * time.Minute)
		if p := late.do(http.MethodGet, back, nil); p.status != http.StatusForbidden || late.in() {
			w.t.Errorf("after ten minutes: %d", p.status)
		}
		for _, wrong := range []string{"", "?state=", "?state=ms.x&code=y", "?state=zz.x&code=y", "?error=access_denied&state=" + url.QueryEscape(strings.Repeat("ms.", 2000))} {
			if p := b.get("/staff/sign-in/agency/back" + wrong); p.status != http.StatusForbidden {
				w.t.Errorf("%q: %d", wrong, p.status)
			}
		}
		thief := w.browser()
		u, err := url.Parse(thief.prove(thief.leave(), ana))
		check(w.t, err)
		req, err := http.NewRequest(http.MethodPost, w.agency.URL+"/token", strings.NewReader(url.Values{
			"grant_type": {"authorization_code"}, "code": {u.Query().Get("code")}, "redirect_uri": {w.server.URL + "/staff/sign-in/agency/back"},
			"code_verifier": {strings.Repeat("a", 43)},
		}.Encode()))
		check(w.t, err)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.SetBasicAuth(clientID, url.QueryEscape(clientSecret))
		before := w.agency.tokens
		resp, err := w.agency.Client().Do(req)
		check(w.t, err)
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK || w.agency.tokens != before {
			w.t.Errorf("a stolen code without its verifier: %d", resp.StatusCode)
		}
	})
}

// Whoever the service vouches for is let in only as the member whose account it
// is; everybody else reads the same words.
func TestWhoIsNotLetIn(t *testing.T) {
	each(t, func(w *world) {
		w.setUp()
		w.browser().signIn(ana)
		w.confirm(ana)
		members, err := w.Members(w.t.Context(), ms, "")
		check(w.t, err)
		for name, c := range map[string]struct {
			who   person
			event string
		}{
			"an address that nobody confirmed":  {person{"A-1", "ana@agency.example", false, 0}, "signon.refused_email"},
			"no address":                        {person{"A-1", "", true, 0}, "signon.refused_email"},
			"a stranger":                        {person{"Z-9", "zoe@agency.example", true, 0}, "signon.refused_stranger"},
			"a member of another office":        {person{"S-1", "sol@shelter.example", true, 0}, "signon.refused_stranger"},
			"another account with her address":  {person{"A-2", "ana@agency.example", true, 0}, "signon.refused_another_account"},
			"her account with another's":        {person{"A-1", "boss@agency.example", true, 0}, "signon.refused_another_account"},
			"a colleague whom nobody confirmed": {person{"B-1", "boss@agency.example", true, 0}, "signon.refused_unconfirmed"},
		} {
			b, n := w.browser(), w.events(c.event)
			if p := b.signIn(c.who); p.status != http.StatusForbidden || !strings.Contains(p.body, notIn) || b.in() {
				w.t.Errorf("%s: %d, in %v", name, p.status, b.in())
			}
			if w.events(c.event) <= n {
				w.t.Errorf("%s: the log has no %s", name, c.event)
			}
		}
		after, err := w.Members(w.t.Context(), ms, "")
		check(w.t, err)
		if len(after) != len(members) {
			w.t.Errorf("there were %d members, now %d", len(members), len(after))
		}
	})
}

// A member who is kept out stays out, a link that was ended lets nobody in, and
// ending the service ends every link.
func TestWhatEndsIt(t *testing.T) {
	each(t, func(w *world) {
		w.setUp()
		w.browser().signIn(ana)
		w.confirm(ana)
		check(w.t, w.Suspend(w.as(w.boss), ms, w.ana.ID))
		if b := w.browser(); b.signIn(ana).status != http.StatusForbidden || b.in() {
			w.t.Error("a suspended member came in")
		}
		check(w.t, w.Resume(w.as(w.boss), ms, w.ana.ID))
		if b := w.browser(); b.signIn(ana).status != http.StatusOK || !b.in() {
			w.t.Fatal("a member who was let in again stays out")
		}
		check(w.t, w.EndSignOnLink(w.as(w.boss), ms, w.ana.ID, w.link(w.ana)))
		if b := w.browser(); b.signIn(ana).status != http.StatusForbidden || b.in() {
			w.t.Error("an ended link let somebody in")
		}
		w.confirm(ana) // asked anew by the try just made
		b := w.browser()
		back := b.prove(b.leave(), ana)
		w.setUp() // a new secret: everything before it ends
		if p := b.do(http.MethodGet, back, nil); p.status != http.StatusForbidden || b.in() {
			w.t.Errorf("coming back from a service that was replaced: %d", p.status)
		}
		if b := w.browser(); b.signIn(ana).status != http.StatusForbidden || b.in() {
			w.t.Error("a link to the service before let somebody in")
		}
		check(w.t, w.EndSignOn(w.t.Context(), ms, office))
		if p := b.post("/staff/sign-in/agency", url.Values{"program": {ms}, "office": {office}, "notice": {"yes"}}); p.status != http.StatusNotFound {
			w.t.Errorf("leaving for an ended service: %d", p.status)
		}
	})
}

// A token that the service did not sign, made for another attempt, or for
// somebody who proved themselves long ago, is nothing.
func TestForgedTokens(t *testing.T) {
	each(t, func(w *world) {
		stranger, err := rsa.GenerateKey(rand.Reader, 2048)
		check(w.t, err)
		w.setUp()
		w.agency.shows(&stranger.PublicKey)
		b := w.browser()
		if p := b.signIn(ana); p.status != http.StatusForbidden || b.in() || w.events("signon.refused_token") != 1 {
			w.t.Errorf("signed by somebody else: %d, in %v", p.status, b.in())
		}
		w.agency.shows(&w.agency.key.PublicKey)
		w.browser().signIn(ana)
		w.confirm(ana)
		instead := func(parameter, value string) func(string) string {
			return func(a string) string { return regexp.MustCompile(parameter+`=[^&]*&?`).ReplaceAllString(a, value) }
		}
		long := ana
		long.ago = time.Hour
		for name, c := range map[string]struct {
			who    person
			change func(string) string
			event  string
		}{
			"another attempt's nonce": {ana, instead("nonce", "nonce="+strings.Repeat("n", 43)+"&"), "signon.refused_nonce"},
			"another challenge":       {ana, instead("code_challenge", "code_challenge="+strings.Repeat("c", 43)+"&"), "signon.refused_code"},
			"a service that does not ask again": {long, func(a string) string {
				return instead("max_age", "")(instead("prompt", "")(a))
			}, "signon.refused_stale"},
		} {
			b := w.browser()
			back := b.prove(c.change(b.leave()), c.who)
			if p := b.do(http.MethodGet, back, nil); p.status != http.StatusForbidden || !strings.Contains(p.body, notIn) || b.in() {
				w.t.Errorf("%s: %d, in %v", name, p.status, b.in())
			}
			if w.events(c.event) != 1 {
				w.t.Errorf("%s: the log has no %s", name, c.event)
			}
		}
	})
}

// A service that is not what it should be is not taken, and says why; its
// secret stands nowhere in clear.
func TestSettingUp(t *testing.T) {
	each(t, func(w *world) {
		for name, c := range map[string]struct {
			issuer, client, secret string
			factors                bool
			field                  string
		}{
			"without TLS":         {"http://login.example.gov", clientID, clientSecret, true, "issuer"},
			"no address":          {"login.example.gov", clientID, clientSecret, true, "issuer"},
			"with a query":        {w.agency.URL + "/?tenant=1", clientID, clientSecret, true, "issuer"},
			"with a password":     {"https://a:b@login.example.gov", clientID, clientSecret, true, "issuer"},
			"without a secret":    {w.agency.URL, clientID, "", true, "client"},
			"without a name":      {w.agency.URL, " ", clientSecret, true, "client"},
			"without two factors": {w.agency.URL, clientID, clientSecret, false, "factors"},
		} {
			_, err := w.SetSignOn(w.t.Context(), ms, office, c.issuer, c.client, c.secret, c.factors)
			if f, ok := fault.As(err); !ok || f.Field != c.field {
				w.t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := w.SetSignOn(w.t.Context(), ms, office, w.agency.URL+"/elsewhere", clientID, clientSecret, true); fault.KindOf(err) != fault.Unavailable {
			w.t.Errorf("a service that is not there: %v", err)
		}
		if _, err := w.SetSignOn(w.as(w.ana), ms, office, w.agency.URL, clientID, clientSecret, true); err == nil {
			w.t.Error("a member set up a service")
		}
		w.setUp()
		all, err := w.SignOns(w.t.Context(), ms)
		check(w.t, err)
		if len(all) != 1 || all[0].Issuer != w.agency.URL {
			w.t.Errorf("set up are %+v", all)
		}
		if w.db.File() == "" {
			return // PostgreSQL keeps no file of this process
		}
		files, err := filepath.Glob(filepath.Join(filepath.Dir(w.db.File()), "*"))
		check(w.t, err)
		for _, file := range files {
			data, err := os.ReadFile(file)
			check(w.t, err)
			if bytes.Contains(data, []byte(clientSecret)) {
				w.t.Errorf("%s holds the secret", file)
			}
		}
	})
}
