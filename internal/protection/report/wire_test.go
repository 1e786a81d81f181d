// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// wire stands between a browser and the server: it keeps every request whole, as
// a server that writes everything down would, and can be made to fail.
type wire struct {
	next http.Handler
	mu   sync.Mutex
	seen []seenRequest
	hook func(w http.ResponseWriter, r *http.Request, next http.Handler) // nil: just pass on
}

type seenRequest struct {
	method, path string
	head, body   string
}

func (x *wire) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	var head strings.Builder
	fmt.Fprintln(&head, r.Method, r.RequestURI, r.Host)
	r.Header.Write(&head)
	x.mu.Lock()
	x.seen = append(x.seen, seenRequest{r.Method, r.URL.Path, head.String(), string(body)})
	hook := x.hook
	x.mu.Unlock()
	if hook == nil {
		x.next.ServeHTTP(w, r)
		return
	}
	hook(w, r, x.next)
}

func (x *wire) intercept(hook func(w http.ResponseWriter, r *http.Request, next http.Handler)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.hook = hook
}

// said is all that ever reached the server: as it came, and decoded once more
// wherever it can be.
func (x *wire) said() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	var all strings.Builder
	for _, q := range x.seen {
		for _, text := range []string{q.head, q.body} {
			all.WriteString(text + "\n")
			if plain, err := url.QueryUnescape(text); err == nil {
				all.WriteString(plain + "\n")
			}
		}
	}
	return all.String()
}

// count says how many requests reached an address.
func (x *wire) count(method, path string) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := 0
	for _, q := range x.seen {
		if q.method == method && q.path == path {
			n++
		}
	}
	return n
}
