// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"waylight/internal/platform/gate"
	"waylight/internal/platform/web"
	"waylight/internal/platform/web/webtest"
)

// Who is turned away is told what was kept and what to do, in their language,
// and when to come back; nothing else is held up, and a place that gets free is
// given on.
func TestWhoIsTurnedAwayIsTold(t *testing.T) {
	t.Parallel()
	site := webtest.Site(t)
	site.Gate = gate.New()
	begun, end := make(chan struct{}), make(chan struct{})
	slow := func(w http.ResponseWriter, r *http.Request) error {
		begun <- struct{}{}
		<-end
		return ok(w, r)
	}
	client := webtest.Server(t, site, []web.Route{
		{Pattern: "GET /list", Access: web.Public, Handler: slow, Class: gate.Heavy},
		{Pattern: "GET /api/list", Access: web.Public, Handler: slow, Class: gate.Heavy},
		{Pattern: "POST /words", Access: web.Public, Handler: ok, Class: gate.Intake},
		{Pattern: "GET /free", Access: web.Public, Handler: ok},
	}, nil)
	const places, queue = 2, 8
	answers := make(chan int, places+queue)
	for range places + queue {
		go func() { answers <- client.GetDoc("/list").Status }()
	}
	for range places {
		<-begun
	}
	for site.Gate.State().Waiting["heavy"] < queue {
		_ = client.GetDoc("/free")
	}
	if doc := client.Do(http.MethodHead, "/list", "", nil); doc.Status != http.StatusServiceUnavailable {
		t.Errorf("HEAD: %d", doc.Status)
	}
	for range 2 { // made, and kept
		for _, lang := range []string{"en", "es"} {
			doc := client.GetDoc("/list?lang=" + lang)
			if doc.Status != http.StatusServiceUnavailable || doc.Header.Get("Retry-After") != "60" || doc.One("html").Attr["lang"] != lang {
				t.Errorf("in %s: %d, %v", lang, doc.Status, doc.Header)
			}
			for _, key := range []string{"error.busy_heavy", "error.busy_heavy.kept", "error.busy_heavy.next"} {
				if words := site.Catalog.T(lang, key); !strings.Contains(doc.Main(), words) {
					t.Errorf("in %s the page does not say %q: %s", lang, words, doc.Main())
				}
			}
			for _, problem := range webtest.Problems(doc) {
				t.Errorf("in %s: %s", lang, problem)
			}
		}
	}
	if doc := client.GetDoc("/api/list"); doc.Status != http.StatusServiceUnavailable || !strings.Contains(doc.Body, `"code":"busy_heavy"`) {
		t.Errorf("a program is told %d %s", doc.Status, doc.Body)
	}
	if doc := client.Do(http.MethodPost, "/words", "text/plain", strings.NewReader("words")); doc.Status != http.StatusOK {
		t.Errorf("words are answered %d", doc.Status)
	}
	close(end)
	for range queue {
		<-begun
	}
	for range places + queue {
		if status := <-answers; status != http.StatusOK {
			t.Errorf("who waited is answered %d", status)
		}
	}
}

// What is sent reaches the handler as it came, and what is too long, or breaks
// off, as it did without a gate.
func TestBodiesPassTheGate(t *testing.T) {
	t.Parallel()
	site := webtest.Site(t)
	site.Gate = gate.New()
	read := func(w http.ResponseWriter, r *http.Request) error {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		_, err = w.Write(body)
		return err
	}
	const limit = 100_000
	client := webtest.Server(t, site, []web.Route{{Pattern: "POST /words", Access: web.Public, Handler: read, Class: gate.Intake, MaxBody: limit}}, nil)
	for _, n := range []int{0, 1, 32 << 10, 32<<10 + 1, limit} {
		words := bytes.Repeat([]byte("w"), n)
		for name, body := range map[string]io.Reader{"with its length": bytes.NewReader(words), "in pieces": io.MultiReader(bytes.NewReader(words))} {
			if doc := client.Do(http.MethodPost, "/words", "text/plain", body); doc.Status != http.StatusOK || doc.Body != string(words) {
				t.Errorf("%d bytes %s: %d, %d bytes", n, name, doc.Status, len(doc.Body))
			}
		}
	}
	for name, body := range map[string]io.Reader{"with its length": bytes.NewReader(make([]byte, limit+1)), "in pieces": io.MultiReader(bytes.NewReader(make([]byte, limit+1)))} {
		if doc := client.Do(http.MethodPost, "/words", "text/plain", body); doc.Status != http.StatusRequestEntityTooLarge {
			t.Errorf("too long, %s: %d", name, doc.Status)
		}
	}
}
