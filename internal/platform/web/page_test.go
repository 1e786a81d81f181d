// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

	"waylight/internal/platform/form"
	"waylight/internal/platform/web"
	"waylight/internal/platform/web/webtest"
)

func TestTheGalleryWorksInEveryLanguage(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	sheet, err := g.site.Sheet("en", g.form, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	wrong, problems := g.form.DecodeValues(url.Values{
		"what": {"house"}, "place": {"MS"}, "place.county": {"Desotto"}, "risk": {"yes"}, "more": {strings.Repeat("x", 2001)}, "gone": {"kept words"},
	})
	refused, err := g.site.Sheet("es", g.form, wrong, problems)
	if err != nil {
		t.Fatal(err)
	}
	webtest.CheckTemplates(t, g.site, g.tpl,
		webtest.Sample{Name: "ask", View: web.View{Title: "Ask", Data: sheet}},
		webtest.Sample{Name: "ask", View: web.View{Title: "Ask", Data: refused, Problems: problems}},
		webtest.Sample{Name: "done", View: web.View{Title: "Done", Data: "a-b-c"}},
		webtest.Sample{Name: "list", Staff: true, View: web.View{Title: "List", Data: sampleList()}},
		webtest.Sample{Name: "list", Staff: true, View: web.View{Title: "List", Data: galleryList{}}},
	)
}

// The check itself must find what it is there for.
func TestCheckTemplatesFindsMistakes(t *testing.T) {
	t.Parallel()
	site := webtest.Site(t)
	for name, c := range map[string]struct{ body, want string }{
		"no heading":          {`<p>x</p>`, "0 first headings"},
		"two headings":        {`<h1>a</h1><h1>b</h1>`, "2 first headings"},
		"doubled id":          {`<h1>a</h1><p id="x">a</p><p id="x">b</p>`, `"x" stands twice`},
		"no label":            {`<h1>a</h1><input name="q">`, "has no label"},
		"label for nothing":   {`<h1>a</h1><label for="q">Q</label>`, "which is not there"},
		"description missing": {`<h1>a</h1><input aria-label="q" aria-describedby="none">`, `refers to "none"`},
		"skipped level":       {`<h1>a</h1><h3>b</h3>`, "skips a level"},
		"inline style":        {`<h1 style="color:red">a</h1>`, "inline style"},
		"inline handler":      {`<h1>a</h1><button onclick="x()">b</button>`, "inline script"},
		"another site":        {`<h1>a</h1><img alt="" src="https://other.example/x.png">`, "another site"},
		"empty link":          {`<h1>a</h1><a href="/x"></a>`, "has no words"},
		"link to nothing":     {`<h1>a</h1><a href="#none">x</a>`, "which is not there"},
		"no legend":           {`<h1>a</h1><fieldset><p>x</p></fieldset>`, "no legend"},
		"missing words":       {`<h1>[a.b]</h1>`, "words are missing"},
	} {
		tpl := webtest.Templates(t, site, fstest.MapFS{"templates/x.html": {Data: []byte(c.body)}})
		client := webtest.Server(t, site, []web.Route{{Pattern: "GET /x", Access: web.Public, Handler: func(w http.ResponseWriter, r *http.Request) error {
			return tpl.Public(w, r, 200, "x", web.View{Title: "x"})
		}}}, nil)
		found := strings.Join(webtest.Problems(client.GetDoc("/x")), "\n")
		if !strings.Contains(found, c.want) {
			t.Errorf("%s: found %q", name, found)
		}
	}
}

func TestATemplateThatFailsIsAnErrorPage(t *testing.T) {
	t.Parallel()
	site := webtest.Site(t)
	for name, body := range map[string]string{
		"field": `<h1>a</h1>{{.Data.Nothing}}`, "words": `<h1>{{.T "no.such_key"}}</h1>`, "asset": `<h1>a</h1><img alt="" src="{{asset "none.svg"}}">`,
		"placeholder": `<h1>{{.T "form.limit"}}</h1>`,
	} {
		tpl := webtest.Templates(t, site, fstest.MapFS{"templates/x.html": {Data: []byte(body)}})
		client := webtest.Server(t, site, []web.Route{{Pattern: "GET /x", Access: web.Public, Handler: func(w http.ResponseWriter, r *http.Request) error {
			return tpl.Public(w, r, 200, "x", web.View{Title: "x", Data: galleryRow{}})
		}}}, nil)
		if doc := client.GetDoc("/x"); doc.Status != 500 || strings.Contains(doc.Main(), "a ") && len(doc.All("h1")) != 1 {
			t.Errorf("%s: %d %s", name, doc.Status, doc.Main())
		}
	}
	_, err := site.Templates(fstest.MapFS{"templates/x.html": {Data: []byte(`{{if}}`)}})
	if err == nil {
		t.Error("a template that cannot be read is taken")
	}
}

// What must have happened before a page is shown keeps it back when it did not.
func TestAPageWaitsForWhatComesBeforeIt(t *testing.T) {
	t.Parallel()
	site := webtest.Site(t)
	tpl := webtest.Templates(t, site, fstest.MapFS{"templates/x.html": {Data: []byte(`<h1>a</h1><p>what was asked for</p>`)}})
	for _, c := range []struct {
		before error
		status int
		shown  bool
	}{{nil, 200, true}, {errors.New("it was not recorded"), 500, false}} {
		asked := 0
		client := webtest.Server(t, site, []web.Route{{Pattern: "GET /x", Access: web.Public, Handler: func(w http.ResponseWriter, r *http.Request) error {
			return tpl.Public(w, r, 200, "x", web.View{Title: "x", Data: galleryRow{}, Before: func() error { asked++; return c.before }})
		}}}, nil)
		doc := client.GetDoc("/x")
		if doc.Status != c.status || strings.Contains(doc.Body, "what was asked for") != c.shown || asked != 1 {
			t.Errorf("before: %v: %d, asked %d times: %s", c.before, doc.Status, asked, doc.Main())
		}
	}
}

func TestARefusedFormGivesBackEveryWord(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	client := webtest.Server(t, g.site, g.routes, g.guard)
	story := "<b>\"quoted\" & 'more'</b>\n\n  spaces ñ\n" + strings.Repeat("x", 2000)
	sent := url.Values{
		"lang": {"es"}, "what": {"light"}, "lamp": {`12 "b" <i>`}, "place": {"MS"}, "place.county": {"Nowhere & Co"}, "risk": {"no"},
		"when": {"day", "night"}, "more": {story}, "old_question": {"words for a question that is gone"},
	}
	doc := client.PostForm("/ask", sent)
	if doc.Status != http.StatusBadRequest || doc.One("html").Attr["lang"] != "es" {
		t.Fatalf("%d %s", doc.Status, doc.Body)
	}
	got := doc.Values("/ask")
	for name, values := range sent {
		if name == "old_question" {
			continue
		}
		for i, v := range values {
			if len(got[name]) <= i || got[name][i] != v {
				t.Errorf("%s came back as %q", name, got[name])
			}
		}
	}
	summary := doc.One("div", "class", "summary")
	if !strings.Contains(summary.Text(), "words for a question that is gone") {
		t.Errorf("the summary: %s", summary.Text())
	}
	for _, target := range []string{"#q-more", "#q-place"} {
		link := doc.One("a", "href", target)
		if link == nil || doc.One("", "id", target[1:]) == nil {
			t.Errorf("no link leads to %s", target)
		}
	}
	more := doc.One("textarea")
	if more.Attr["aria-invalid"] != "true" || !strings.Contains(more.Attr["aria-describedby"], "q-more-error") || doc.One("", "id", "q-more-error") == nil {
		t.Errorf("the field does not say what is wrong: %v", more.Attr)
	}
	if !strings.HasPrefix(doc.Title(), g.site.Catalog.T("es", "site.problem")) {
		t.Errorf("the title is %q", doc.Title())
	}
	if len(doc.All("nav", "class", "langs")) != 0 {
		t.Error("a link to the other language would lose the words")
	}
	sent.Set("more", "short")
	sent.Set("place.county", "DeSoto County")
	sent.Del("old_question")
	if doc = client.PostForm("/ask", sent); doc.Status != 200 || !strings.Contains(doc.Main(), "lantern-river") {
		t.Errorf("%d %s", doc.Status, doc.Main())
	}
}

func TestWordsAreNeverMarkup(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	client := webtest.Server(t, g.site, g.routes, g.guard)
	attack := `"></textarea><script>alert(1)</script><img src=x onerror=alert(1)>{{.T "x"}}`
	doc := client.PostForm("/ask", url.Values{"what": {attack}, "lamp": {attack}, "place": {attack}, "place.county": {attack}, "more": {attack}, attack: {attack}})
	if n := len(doc.All("script")); n != 1 {
		t.Errorf("%d scripts", n)
	}
	if n := len(doc.All("img")); n != 0 {
		t.Errorf("%d images", n)
	}
	for _, problem := range webtest.Problems(doc) {
		t.Error(problem)
	}
}

func TestPublicPagesCanBeLeft(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	g.site.ExitURL = "https://weather.example/"
	client := webtest.Server(t, g.site, g.routes, g.guard)
	for _, path := range []string{"/ask", "/ask/es", "/nowhere"} {
		doc := client.GetDoc(path)
		exit := doc.One("a", "class", "exit")
		if exit == nil || exit.Attr["href"] != "/exit" || exit.Attr["data-exit"] != "https://weather.example/" {
			t.Errorf("%s: %v", path, exit)
		}
	}
	h := client.GetDoc("/exit")
	if h.Status != 303 || h.Header.Get("Location") != "https://weather.example/" || h.Header.Get("Cache-Control") != "no-store" ||
		h.Header.Get("Referrer-Policy") != "no-referrer" || h.Header.Get("Clear-Site-Data") != `"storage"` || h.Body != "" {
		t.Errorf("%d %v", h.Status, h.Header)
	}
	plain := webtest.Server(t, webtest.Site(t), nil, nil)
	if got := plain.GetDoc("/exit").Header.Get("Location"); got != web.DefaultExit {
		t.Errorf("leads to %s", got)
	}
}

func TestADemonstrationSaysSoEverywhere(t *testing.T) {
	t.Parallel()
	for _, demo := range []bool{true, false} {
		g := newGallery(t)
		g.site.Demo = demo
		client := webtest.Server(t, g.site, g.routes, g.guard)
		for _, path := range []string{"/ask", "/ask/es", "/list", "/broken", "/nowhere"} {
			doc := client.GetDoc(path)
			if got := doc.One("p", "class", "demo") != nil; got != demo {
				t.Errorf("%s: demo %v, says so %v", path, demo, got)
			}
		}
	}
}

func TestLanguagesOfAPage(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	client := webtest.Server(t, g.site, g.routes, g.guard)
	for path, c := range map[string]struct{ accept, lang string }{
		"/ask": {"", "en"}, "/ask?lang=es": {"", "es"}, "/ask/es": {"en", "es"}, "/ask/es?lang=en": {"", "es"}, "/ask/xx": {"es-MX,es;q=0.9,en;q=0.8", "es"},
		"/ask?lang=xx": {"fr, es;q=0.5, en;q=0.2", "es"}, "/ask?x=1": {"zz, en", "en"}, "/ask?x=2": {strings.Repeat("es,", 100), "en"}, "/ask?x=3": {";;;=", "en"},
		"/nowhere": {"es", "es"},
	} {
		client.Header.Set("Accept-Language", c.accept)
		doc := client.GetDoc(path)
		if got := doc.One("html").Attr["lang"]; got != c.lang {
			t.Errorf("%s with %q: %s", path, c.accept, got)
		}
	}
	client.Header.Del("Accept-Language")
	link := client.GetDoc("/ask").One("nav", "class", "langs").All("a")
	if len(link) != 1 || link[0].Attr["href"] != "/ask?lang=es" || link[0].Attr["lang"] != "es" || link[0].Text() != "Español" {
		t.Errorf("%v", link)
	}
}

func TestDirections(t *testing.T) {
	t.Parallel()
	for lang, want := range map[string]string{"en": "ltr", "es": "ltr", "ar": "rtl", "he": "rtl", "fa": "rtl", "ur": "rtl", "zh": "ltr", "": "ltr", "nonsense!": "ltr"} {
		if got := web.Dir(lang); got != want {
			t.Errorf("%s: %s", lang, got)
		}
	}
}

// raw asks without the client's own decompression.
func raw(t *testing.T, client *webtest.Client, path, accept string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, client.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", accept)
	resp, err := client.HTTP.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, body
}

func TestOnlyPagesWithoutSecretsAreCompressed(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	g.routes = append(g.routes, web.Route{Pattern: "GET /secret", Access: web.Public, Handler: func(w http.ResponseWriter, r *http.Request) error {
		return g.tpl.Public(w, r, 200, "done", web.View{Title: "x", Data: "seven words", Secret: true})
	}})
	client := webtest.Server(t, g.site, g.routes, g.guard)
	for path, want := range map[string]bool{"/ask": true, "/secret": false, "/list": false, "/nowhere": false} {
		resp, body := raw(t, client, path, "gzip, br")
		if got := resp.Header.Get("Content-Encoding") == "gzip"; got != want {
			t.Errorf("%s: compressed %v", path, got)
		}
		if want {
			zr, err := gzip.NewReader(bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			page, err := io.ReadAll(zr)
			if err != nil || !bytes.Contains(page, []byte("</html>")) {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
	for accept, want := range map[string]string{"": "", "identity": "", "gzip;q=0": "", "gzip;q=0.0, br": "", "*": "gzip", "br, gzip;q=0.5": "gzip"} {
		resp, _ := raw(t, client, "/ask", accept)
		if got := resp.Header.Get("Content-Encoding"); got != want {
			t.Errorf("%q: %q", accept, got)
		}
	}
}

// What a page and its looks cost on a slow line: the layout with its style and
// script leave more than half of 14 KB to the page's own words.
func TestWhatThePageCosts(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	client := webtest.Server(t, g.site, g.routes, g.guard)
	_, page := raw(t, client, "/ask", "gzip")
	_, css := raw(t, client, g.site.Asset("site.css"), "gzip")
	_, js := raw(t, client, g.site.Asset("site.js"), "gzip")
	t.Logf("page %d, style %d, script %d bytes", len(page), len(css), len(js))
	if len(css) > 6<<10 || len(js) > 3<<10 || len(page)+len(css) > 10<<10 {
		t.Error("too large")
	}
}

func TestAFormWithoutAnswersAsksEverything(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	client := webtest.Server(t, g.site, g.routes, g.guard)
	doc := client.GetDoc("/ask")
	names := map[string]bool{}
	for _, tag := range []string{"input", "select", "textarea"} {
		for _, n := range doc.All(tag, "name", "*") {
			names[n.Attr["name"]] = true
			if n.Attr["type"] != "hidden" && n.Attr["autocomplete"] != "off" {
				t.Errorf("%s may be remembered by the browser", n.Attr["name"])
			}
		}
	}
	for _, q := range g.form.Questions {
		if !names[q.ID] {
			t.Errorf("%s is not asked", q.ID)
		}
	}
	if n := doc.One("textarea"); n.Attr["spellcheck"] != "false" {
		t.Error("words may be sent to a spelling service")
	}
	if got := doc.One("div", "data-show-when", "what=light"); got == nil {
		t.Error("the condition is missing")
	}
	if got := len(doc.All("datalist")); got != 2 {
		t.Errorf("%d lists of counties", got)
	}
	sheet, err := g.site.Sheet("en", g.form, form.Answers{"place": {"MS-28033"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	place, err := sheet.Field("place")
	if err != nil || place.Value != "MS" || place.County != "DeSoto County" {
		t.Errorf("%+v %v", place, err)
	}
	_, err = sheet.Field("nothing")
	if err == nil {
		t.Error("a question that is not there is drawn")
	}
}

func FuzzLang(f *testing.F) {
	f.Add("es-MX,es;q=0.9", "lang=es")
	f.Add(";;q=,*", "lang=%ff")
	f.Add("en-US-u-co-phonebk-x-a-b;q=1.5", "lang=en&lang=es")
	f.Fuzz(func(t *testing.T, accept, query string) {
		r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/", RawQuery: query}, Header: http.Header{"Accept-Language": {accept}}}
		if lang := web.Lang(r); lang != "en" && lang != "es" {
			t.Fatalf("%q", lang)
		}
	})
}
