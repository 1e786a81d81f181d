// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"

	"waylight/internal/app"
	"waylight/internal/platform/web/webtest"
)

var imported = regexp.MustCompile(`["']\./([A-Za-z0-9_-]+\.[0-9a-f]{16}\.js)["']`)

// Every script that a public page loads, itself or through another script, stands
// in the page with its hash, so that the browser refuses any other.
func TestPublicPagesNameTheHashOfEveryScript(t *testing.T) {
	t.Parallel()
	a, _ := staffed(t, t.TempDir(), "mbi-desk", "help-desk")
	client := webtest.ServerOf(t, a.Handler())
	withScripts := map[string]bool{}
	for _, route := range a.Routes() {
		method, at, _ := strings.Cut(route.Pattern, " ")
		if method != http.MethodGet || !route.Access.Public || strings.Contains(strings.TrimSuffix(at, "{$}"), "{") {
			continue
		}
		at = strings.TrimSuffix(at, "{$}")
		page := client.GetDoc(at)
		if page.Status != http.StatusOK || !strings.HasPrefix(page.Header.Get("Content-Type"), "text/html") {
			continue
		}
		named := map[string]string{}
		var look []string
		for _, n := range page.All("link", "rel", "modulepreload") {
			named[n.Attr["href"]] = n.Attr["integrity"]
		}
		for _, n := range page.All("script") {
			named[n.Attr["src"]] = n.Attr["integrity"]
			look = append(look, n.Attr["src"])
			withScripts[at] = withScripts[at] || n.Attr["type"] == "module"
		}
		for seen := map[string]bool{}; len(look) > 0; look = look[1:] {
			if seen[look[0]] {
				continue
			}
			seen[look[0]] = true
			body := client.GetDoc(look[0]).Body
			sum := sha512.Sum384([]byte(body))
			if named[look[0]] != "sha384-"+base64.StdEncoding.EncodeToString(sum[:]) {
				t.Errorf("%s: %s comes under the hash %q", at, look[0], named[look[0]])
			}
			for _, m := range imported.FindAllStringSubmatch(body, -1) {
				look = append(look, path.Join("/assets", m[1]))
			}
		}
	}
	for _, at := range []string{"/ms", "/ms/es", "/receipt", "/receipt/messages", "/receipt/files"} {
		if !withScripts[at] {
			t.Errorf("%s loads no script", at)
		}
	}
}

// The page that shows the receipt's words is drawn in the form's place. What it
// loads then is held to its hash like everything else: here a server alters what
// adds files, on its way to the page that holds the secret.
func TestAnAlteredScriptNeverRunsBesideTheWords(t *testing.T) {
	t.Parallel()
	public, secret, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := installation(t, app.Config{Data: t.TempDir(), Demo: true, Directory: public, SignDirectory: func(s []byte) []byte { return ed25519.Sign(secret, s) }})
	for _, office := range []string{"mbi-desk", "help-desk"} {
		if err := a.KeyOffice(ctx, "ms", office); err != nil {
			t.Fatal(err)
		}
	}
	var altered atomic.Int64
	client := webtest.ServerOf(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/assets/fileupload.") {
			a.Handler().ServeHTTP(w, r)
			return
		}
		r.Header.Del("Accept-Encoding")
		kept := httptest.NewRecorder()
		a.Handler().ServeHTTP(kept, r)
		altered.Add(1)
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		_, _ = io.WriteString(w, "document.documentElement.dataset.altered = 'ran';"+kept.Body.String())
	}))
	tab := webtest.Browser(t)
	tab.Open(client.URL+"/ms/en", 390, 844)
	tab.Click("#q-mode-tip")
	tab.Click("#q-age-adult")
	tab.WaitFor(`document.querySelector("#who-told li") !== null`)
	tab.Do(chromedp.SendKeys(chromedp.CSS("#q-story"), "He took my papers.", chromedp.NodeVisible))
	tab.Click(`button[value="send"]`)
	tab.WaitFor(`document.getElementById("words") !== null`)
	// The page was drawn in place, not loaded, and tried to load what adds files; what the altered file would have done was not.
	tab.WaitFor(`document.querySelector("[rel=modulepreload][href*='/assets/fileupload.']") !== null && document.querySelector('script[src*="/assets/filesend."]') === null`)
	tab.WaitFor(`performance.getEntriesByType("resource").some(e => e.name.includes("/assets/fileupload."))`)
	if got := webtest.Eval[string](tab, `document.documentElement.dataset.altered ?? ""`); got != "" || altered.Load() == 0 {
		t.Errorf("the altered script %s; it was given out %d times", got, altered.Load())
	}
	if webtest.Eval[bool](tab, `performance.getEntriesByType("resource").some(e => e.name.includes("/assets/filesend."))`) {
		t.Error("what needs the altered script is loaded all the same")
	}
}
