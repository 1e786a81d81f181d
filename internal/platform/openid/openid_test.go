// SPDX-License-Identifier: Apache-2.0

package openid

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// The whole protocol is tried against a real service in test/oidc. Here: whom
// this package speaks to.

// describe answers as a service whose addresses are these.
func describe(t *testing.T, change func(base string, d map[string]any)) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	asked := new(atomic.Int64)
	mux := http.NewServeMux()
	server := httptest.NewTLSServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		d := map[string]any{"issuer": server.URL, "authorization_endpoint": server.URL + "/authorize", "token_endpoint": server.URL + "/token", "jwks_uri": server.URL + "/keys"}
		change(server.URL, d)
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(d)
	})
	return server, asked
}

func TestWhomItSpeaksTo(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it went elsewhere") }))
	t.Cleanup(elsewhere.Close)
	for name, change := range map[string]func(string, map[string]any){
		"an issuer of another name": func(_ string, d map[string]any) { d["issuer"] = elsewhere.URL },
		"a way there without TLS":   func(_ string, d map[string]any) { d["authorization_endpoint"] = "http://login.example.gov/authorize" },
		"a token without TLS":       func(_ string, d map[string]any) { d["token_endpoint"] = "http://login.example.gov/token" },
		"a way there by script":     func(_ string, d map[string]any) { d["authorization_endpoint"] = "javascript:alert(1)" },
		"nothing":                   func(_ string, d map[string]any) { clear(d) },
	} {
		server, _ := describe(t, change)
		if err := New(server.Client(), time.Now).Ask(server.URL); !errors.Is(err, ErrAway) {
			t.Errorf("%s: %v", name, err)
		}
	}
	moved := httptest.NewTLSServer(http.RedirectHandler(elsewhere.URL, http.StatusFound))
	t.Cleanup(moved.Close)
	own := New(nil, time.Now)
	own.client.Transport = moved.Client().Transport
	if err := own.Ask(moved.URL); !errors.Is(err, ErrAway) {
		t.Errorf("a service that leads elsewhere: %v", err)
	}
}

// A service that does not answer is not asked again by each who tries, and is after a minute.
func TestOneThatIsAway(t *testing.T) {
	t.Parallel()
	server, asked := describe(t, func(_ string, d map[string]any) { clear(d) })
	now := time.Now()
	s := New(server.Client(), func() time.Time { return now })
	for range 3 {
		if err := s.Ask(server.URL); !errors.Is(err, ErrAway) {
			t.Errorf("asked: %v", err)
		}
	}
	if asked.Load() != 1 {
		t.Errorf("it was asked %d times", asked.Load())
	}
	now = now.Add(restAway)
	if err := s.Ask(server.URL); !errors.Is(err, ErrAway) || asked.Load() != 2 {
		t.Errorf("after a minute: %v, asked %d times", err, asked.Load())
	}
}

// What leaves with somebody: this server's name, random values, and no secret.
func TestLeave(t *testing.T) {
	t.Parallel()
	server, asked := describe(t, func(string, map[string]any) {})
	now := time.Now()
	s := New(server.Client(), func() time.Time { return now })
	c := Client{Issuer: server.URL, ID: "waylight", Secret: "hidden", Back: "https://tips.example.gov/back"}
	address, err := s.Leave(c, "the-state", "the-verifier-of-at-least-forty-three-characters", "the-nonce", 5*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil || !strings.HasPrefix(address, server.URL+"/authorize?") {
		t.Fatal(address, err)
	}
	q := u.Query()
	want := map[string]string{"state": "the-state", "nonce": "the-nonce", "client_id": "waylight", "response_type": "code", "scope": "openid email",
		"redirect_uri": c.Back, "code_challenge_method": "S256", "prompt": "login", "max_age": "300"}
	for name, value := range want {
		if q.Get(name) != value {
			t.Errorf("%s is %q", name, q.Get(name))
		}
	}
	if len(q) != len(want)+1 || q.Get("code_challenge") == "" || strings.Contains(address, "hidden") || strings.Contains(address, "the-verifier") {
		t.Errorf("what leaves is %s", address)
	}
	if _, err := s.Leave(c, "a", "b", "c", time.Minute); err != nil || asked.Load() != 1 {
		t.Errorf("the service was asked %d times who it is (%v)", asked.Load(), err)
	}
	now = now.Add(askAgain)
	if err := s.Ask(server.URL); err != nil || asked.Load() != 2 {
		t.Errorf("after an hour it was asked %d times (%v)", asked.Load(), err)
	}
}

func FuzzGoodIssuer(f *testing.F) {
	for _, s := range []string{"", "https://login.example.gov", "https://login.example.gov/tenant/", "http://a", "https://a?b", "https://a#b", "https://a@b", "https:///x", "//a", "https://\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, issuer string) {
		u, err := url.Parse(issuer)
		if GoodIssuer(issuer) && (err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || len(issuer) > 255) {
			t.Errorf("%q is taken as an issuer", issuer)
		}
	})
}
