// SPDX-License-Identifier: Apache-2.0

package webtest

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Liar is a server that serves a site's own scripts unchanged, puts other words
// into its pages and answers, and remembers where anything was sent.
type Liar struct {
	site   http.Handler
	mu     sync.Mutex
	swaps  []string // old, new, ...
	posted []string
}

// Lie stands between a site and those who ask it through the client that it returns.
func Lie(t testing.TB, honest *Client) (*Liar, *Client) {
	t.Helper()
	address, err := url.Parse(honest.URL)
	if err != nil {
		t.Fatal(err)
	}
	l := &Liar{site: httputil.NewSingleHostReverseProxy(address)}
	return l, ServerOf(t, l)
}

// Swap puts new in place of old from now on, as it stands in JSON and in HTML.
func (l *Liar) Swap(old, new string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	escaped := strings.NewReplacer("+", "&#43;")
	l.swaps = append(l.swaps, old, new, escaped.Replace(old), escaped.Replace(new))
}

// Stop ends the lies.
func (l *Liar) Stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.swaps = nil
}

// Posted reports whether anything was sent to an address that ends so.
func (l *Liar) Posted(end string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.posted, func(path string) bool { return strings.HasSuffix(path, end) })
}

func (l *Liar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	swap := strings.NewReplacer(l.swaps...)
	if r.Method == http.MethodPost {
		l.posted = append(l.posted, r.URL.Path)
	}
	l.mu.Unlock()
	r.Header.Del("Accept-Encoding")
	got := httptest.NewRecorder()
	l.site.ServeHTTP(got, r)
	body, kind := got.Body.Bytes(), got.Header().Get("Content-Type")
	if strings.HasPrefix(kind, "text/html") || strings.HasPrefix(kind, "application/json") {
		body = []byte(swap.Replace(string(body)))
	}
	for name, values := range got.Header() {
		w.Header()[name] = values
	}
	if w.Header().Get("Content-Length") != "" {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(got.Code)
	_, _ = bytes.NewReader(body).WriteTo(w)
}
