// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"crypto/sha512"
	"encoding/base64"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"waylight/internal/platform/web"
	"waylight/internal/platform/web/webtest"
)

func TestAssetsCanBeKeptForEver(t *testing.T) {
	t.Parallel()
	site := webtest.Site(t)
	err := site.AddAssets(fstest.MapFS{
		"assets/main.js":   {Data: []byte(`import { a } from "./part.js"; import('./part.js'); const other = "./none.js"; new URL("./icon.svg")`)},
		"assets/part.js":   {Data: []byte(`export const a = 1`)},
		"assets/notes.txt": {Data: []byte(strings.Repeat("word ", 100))},
		"assets/go.go":     {Data: []byte("not an asset")},
	})
	if err != nil {
		t.Fatal(err)
	}
	client := webtest.Server(t, site, nil, nil)
	part := site.Asset("part.js")
	if !regexp.MustCompile(`^/assets/part\.[0-9a-f]{16}\.js$`).MatchString(part) {
		t.Fatalf("address %q", part)
	}
	doc := client.GetDoc(site.Asset("main.js"))
	last := strings.TrimPrefix(part, "/assets/")
	if strings.Count(doc.Body, "./"+last) != 2 || !strings.Contains(doc.Body, `"./none.js"`) || strings.Contains(doc.Body, "./icon.svg") {
		t.Errorf("the script reads %s", doc.Body)
	}
	if doc.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" || doc.Header.Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Errorf("%v", doc.Header)
	}
	resp, body := raw(t, client, site.Asset("notes.txt"), "gzip")
	if resp.Header.Get("Content-Encoding") != "gzip" || len(body) > 100 || resp.Header.Get("Vary") != "Accept-Encoding" {
		t.Errorf("%v, %d bytes", resp.Header, len(body))
	}
	if doc = client.GetDoc("/assets/part.js"); doc.Status != http.StatusNotFound {
		t.Errorf("without its hash: %d", doc.Status)
	}
	if site.Asset("go.go") != "" || site.Asset("none.js") != "" {
		t.Error("an address for what is not there")
	}
	if err = site.AddAssets(fstest.MapFS{"late.js": {Data: []byte("x")}}); err == nil {
		t.Error("an asset was added after addresses were given out")
	}
}

func TestIntegrityMatchesWhatIsServed(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	client := webtest.Server(t, g.site, g.routes, g.guard)
	doc := client.GetDoc("/ask")
	checked := 0
	for _, n := range append(doc.All("script", "src", "*"), doc.All("link", "rel", "stylesheet")...) {
		sum := sha512.Sum384([]byte(client.GetDoc(n.Attr["src"] + n.Attr["href"]).Body))
		if n.Attr["integrity"] != "sha384-"+base64.StdEncoding.EncodeToString(sum[:]) {
			t.Errorf("%v does not match", n.Attr)
		}
		checked++
	}
	if checked != 2 {
		t.Errorf("%d files checked", checked)
	}
}

// A script that a page loads through another is held to its hash too: one that was
// altered on the way does not run, nor does what needs it.
func TestAlteredImportsDoNotRun(t *testing.T) {
	t.Parallel()
	site := webtest.Site(t)
	err := site.AddAssets(fstest.MapFS{
		"top.js":    {Data: []byte(`import { a } from "./middle.js"; import "./deep.js"; document.documentElement.dataset.ran = a`)},
		"middle.js": {Data: []byte(`import { b } from "./deep.js"; export const a = b`)},
		"deep.js":   {Data: []byte(`export const b = "honest"`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	tpl := webtest.Templates(t, site, fstest.MapFS{"templates/x.html": {Data: []byte("<h1>x</h1>")}})
	mux := http.NewServeMux()
	site.Mount(mux, []web.Route{{Pattern: "GET /x", Access: web.Public, Handler: func(w http.ResponseWriter, r *http.Request) error {
		return tpl.Public(w, r, 200, "x", web.View{Title: "x", Scripts: []string{"top.js"}})
	}}}, nil)
	honest := webtest.ServerOf(t, mux)
	var order []string
	for _, n := range honest.GetDoc("/x").All("link", "rel", "modulepreload") {
		order = append(order, n.Attr["href"])
		sum := sha512.Sum384([]byte(honest.GetDoc(n.Attr["href"]).Body))
		if n.Attr["integrity"] != "sha384-"+base64.StdEncoding.EncodeToString(sum[:]) {
			t.Errorf("%v does not match", n.Attr)
		}
	}
	if want := []string{site.Asset("deep.js"), site.Asset("middle.js")}; !slices.Equal(order, want) {
		t.Errorf("the page names %v, want %v", order, want)
	}
	altered := webtest.ServerOf(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != site.Asset("deep.js") {
			mux.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = w.Write([]byte(`export const b = "altered"`))
	}))
	tab := webtest.Browser(t)
	tab.Open(honest.URL+"/x", 390, 844)
	tab.WaitFor(`document.documentElement.dataset.ran === "honest"`)
	tab.Open(altered.URL+"/x", 390, 844) // until it is loaded, and with it every script that it will ever run
	if ran := webtest.Eval[string](tab, `document.documentElement.dataset.ran ?? ""`); ran != "" {
		t.Errorf("the script ran with what was %s", ran)
	}
}

func TestAssetsThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	circle := webtest.Site(t)
	if err := circle.AddAssets(fstest.MapFS{"a.js": {Data: []byte(`import "./b.js"`)}, "b.js": {Data: []byte(`import "./a.js"`)}}); err != nil {
		t.Fatal(err)
	}
	if got := circle.Asset("a.js"); got != "" {
		t.Errorf("a circle has the address %s", got)
	}
	tpl, err := circle.Templates(fstest.MapFS{"templates/x.html": {Data: []byte("<h1>x</h1>")}})
	if err != nil {
		t.Fatal(err)
	}
	client := webtest.Server(t, circle, []web.Route{{Pattern: "GET /x", Access: web.Public, Handler: func(w http.ResponseWriter, r *http.Request) error {
		return tpl.Public(w, r, 200, "x", web.View{Title: "x"})
	}}}, nil)
	if got := client.GetDoc("/x").Status; got != http.StatusInternalServerError {
		t.Errorf("a page without its style answers %d", got)
	}
	twice := webtest.Site(t)
	if err := twice.AddAssets(fstest.MapFS{"a/x.js": {Data: []byte("1")}, "b/x.js": {Data: []byte("2")}}); err == nil {
		t.Error("two assets share a name")
	}
}
