// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/web"
	"waylight/internal/platform/web/webtest"
)

func always(err error) web.Handler {
	return func(http.ResponseWriter, *http.Request) error { return err }
}

func ok(w http.ResponseWriter, _ *http.Request) error {
	_, err := io.WriteString(w, "ok")
	return err
}

// faulty is a site with a page and an API address for each kind of fault.
func faulty() map[string]struct {
	err    error
	status int
} {
	type c = struct {
		err    error
		status int
	}
	return map[string]c{
		"internal":    {errors.New("disk on fire at /secret/path"), 500},
		"invalid":     {fault.New(fault.Invalid, "bad_thing", "The thing is bad.").At("thing"), 400},
		"notfound":    {fault.New(fault.NotFound, "no_thing", "No such thing."), 404},
		"conflict":    {fault.New(fault.Conflict, "taken", "It is taken."), 409},
		"forbidden":   {fault.New(fault.Forbidden, "not_yours", "Not yours."), 403},
		"signin":      {fault.New(fault.SignIn, "who", "Who are you?"), 401},
		"toolarge":    {fault.New(fault.TooLarge, "big", "Too big."), 413},
		"overloaded":  {fault.New(fault.Overloaded, "busy", "Busy."), 503},
		"unavailable": {fault.Wrap(fault.New(fault.Unavailable, "away", "Away."), "asking"), 503},
		"unknown":     {fault.New(fault.Kind(99), "x", "Odd."), 500},
	}
}

func TestEveryErrorSaysWhatHappenedWhatWasKeptAndWhatToDo(t *testing.T) {
	t.Parallel()
	var logged bytes.Buffer
	site := webtest.Site(t)
	site.Log = slog.New(slog.NewTextHandler(&logged, nil))
	var routes []web.Route
	for name, c := range faulty() {
		routes = append(routes, web.Route{Pattern: "GET /" + name, Access: web.Public, Handler: always(c.err)},
			web.Route{Pattern: "GET /api/" + name, Access: web.Public, Handler: always(c.err)})
	}
	client := webtest.Server(t, site, routes, nil)
	for name, c := range faulty() {
		for _, lang := range []string{"en", "es"} {
			doc := client.GetDoc("/" + name + "?lang=" + lang)
			if doc.Status != c.status || doc.One("html").Attr["lang"] != lang {
				t.Errorf("%s in %s: %d", name, lang, doc.Status)
			}
			for _, problem := range webtest.Problems(doc) {
				t.Errorf("%s in %s: %s", name, lang, problem)
			}
			for _, key := range []string{"fault.kept", "fault.next"} {
				if !strings.Contains(doc.Main(), site.Catalog.T(lang, key)) {
					t.Errorf("%s in %s does not say %s: %s", name, lang, key, doc.Main())
				}
			}
			if strings.Contains(doc.Body, "secret") {
				t.Errorf("%s: the page gives the cause away", name)
			}
			reply := client.GetDoc("/api/" + name + "?lang=" + lang)
			var body struct {
				Error struct{ Code, Message, Field, Kept string }
			}
			if err := reply.JSON(&body); err != nil || reply.Status != c.status || reply.Header.Get("Content-Type") != "application/json" {
				t.Errorf("%s: %d %v %s", name, reply.Status, err, reply.Body)
			}
			if body.Error.Code == "" || body.Error.Message == "" || body.Error.Kept == "" || strings.Contains(reply.Body, "secret") {
				t.Errorf("%s: %s", name, reply.Body)
			}
			if (c.status == 503) != (reply.Header.Get("Retry-After") != "") {
				t.Errorf("%s: Retry-After %q", name, reply.Header.Get("Retry-After"))
			}
			if name == "invalid" && (body.Error.Field != "thing" || (lang == "en") != (body.Error.Message == "The thing is bad.")) {
				t.Errorf("%s in %s: %s", name, lang, reply.Body)
			}
		}
	}
	if n := strings.Count(logged.String(), "\n"); n != 8 || strings.Contains(logged.String(), "127.0.0.1") {
		t.Errorf("logged %d lines: %s", n, logged.String())
	}
}

func TestWordsOfACodeReplaceThoseOfItsKind(t *testing.T) {
	t.Parallel()
	site := webtest.Site(t, words("error.taken: It is gone.\nerror.taken.kept: Your words are here.", "error.taken: Ya no está.\nerror.taken.kept: Sus palabras están aquí."))
	client := webtest.Server(t, site, []web.Route{{Pattern: "GET /x", Access: web.Public, Handler: always(fault.New(fault.Conflict, "taken", "It is taken."))}}, nil)
	for lang, want := range map[string][]string{"en": {"It is gone.", "Your words are here."}, "es": {"Ya no está.", "Sus palabras están aquí."}} {
		main := client.GetDoc("/x?lang=" + lang).Main()
		for _, w := range want {
			if !strings.Contains(main, w) {
				t.Errorf("%s: %q is not in %s", lang, w, main)
			}
		}
	}
}

func TestEveryAnswerIsGuarded(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	g.site.HTTPS = true
	client := webtest.Server(t, g.site, g.routes, g.guard)
	for _, path := range []string{"/ask", "/list", "/nowhere", "/api/nowhere", "/exit"} {
		h := client.GetDoc(path).Header
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Cross-Origin-Opener-Policy": "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		policy := h.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: the policy lacks %s", path, want)
			}
		}
		for _, never := range []string{"unsafe", "http:", "https:", "*", "data:"} {
			if strings.Contains(policy, never) {
				t.Errorf("%s: the policy has %s", path, never)
			}
		}
		if !strings.HasPrefix(h.Get("Strict-Transport-Security"), "max-age=63072000") || h.Get("Permissions-Policy") == "" || h.Get("Set-Cookie") != "" {
			t.Errorf("%s: %v", path, h)
		}
	}
	plain := webtest.Server(t, webtest.Site(t), nil, nil)
	if got := plain.GetDoc("/exit").Header.Get("Strict-Transport-Security"); got != "" {
		t.Errorf("without TLS the site promises it: %s", got)
	}
}

func TestOtherSitesCannotSendForSomebody(t *testing.T) {
	t.Parallel()
	site := webtest.Site(t)
	signedIn := func(_ web.Access, h web.Handler) web.Handler { return h }
	routes := []web.Route{{Pattern: "POST /open", Access: web.Public, Handler: ok}, {Pattern: "POST /staff", Handler: ok}, {Pattern: "POST /staff/sign-in", Access: web.Public, Handler: ok}}
	for name, c := range map[string]struct {
		header        map[string]string
		open, private int
	}{
		"a program":                    {nil, 200, 200},
		"this site":                    {map[string]string{"Sec-Fetch-Site": "same-origin"}, 200, 200},
		"another site":                 {map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://other.example"}, 403, 403},
		"a sibling":                    {map[string]string{"Sec-Fetch-Site": "same-site"}, 200, 403},
		"another site, with a cookie":  {map[string]string{"Sec-Fetch-Site": "cross-site", "Cookie": "state=1"}, 403, 403},
		"a proxy that changes Host":    {map[string]string{"Origin": "https://other.example", "Cookie": "state=1"}, 200, 403},
		"an old browser, hiding":       {map[string]string{"Origin": "null"}, 200, 403},
		"an old browser with a cookie": {map[string]string{"Origin": "null", "Cookie": "state=1"}, 200, 403},
	} {
		client := webtest.Server(t, site, routes, signedIn)
		for key, value := range c.header {
			client.Header.Set(key, value)
		}
		if got := client.PostForm("/open", nil).Status; got != c.open {
			t.Errorf("%s: public %d, want %d", name, got, c.open)
		}
		for _, path := range []string{"/staff", "/staff/sign-in"} {
			if got := client.PostForm(path, nil).Status; got != c.private {
				t.Errorf("%s: %s %d, want %d", name, path, got, c.private)
			}
		}
	}
}

func TestBodiesAreLimited(t *testing.T) {
	t.Parallel()
	read := func(w http.ResponseWriter, r *http.Request) error {
		err := web.ParseForm(r)
		if err != nil {
			return err
		}
		return ok(w, r)
	}
	client := webtest.Server(t, webtest.Site(t), []web.Route{
		{Pattern: "POST /x", Access: web.Public, Handler: read}, {Pattern: "POST /small", Access: web.Public, Handler: read, MaxBody: 100},
	}, nil)
	for path, sizes := range map[string][2]int{"/x": {1<<20 - 10, 1 << 20}, "/small": {90, 100}} {
		for i, want := range []int{200, 413} {
			doc := client.PostForm(path, url.Values{"a": {strings.Repeat("x", sizes[i])}})
			if doc.Status != want {
				t.Errorf("%s with %d bytes: %d", path, sizes[i], doc.Status)
			}
		}
	}
	if doc := client.Do("POST", "/x", "application/x-www-form-urlencoded", strings.NewReader("a=%zz")); doc.Status != 400 {
		t.Errorf("a form that cannot be read: %d", doc.Status)
	}
}

func TestAPanicIsOneErrorPageAndTellsNoWords(t *testing.T) {
	t.Parallel()
	var logged bytes.Buffer
	site := webtest.Site(t)
	site.Log = slog.New(slog.NewTextHandler(&logged, nil))
	client := webtest.Server(t, site, []web.Route{{Pattern: "POST /x", Access: web.Public, Handler: func(_ http.ResponseWriter, r *http.Request) error {
		panic(fmt.Sprint("words of the sender: ", r.FormValue("story")))
	}}, {Pattern: "GET /y/{n}", Access: web.Public, Handler: func(_ http.ResponseWriter, r *http.Request) error {
		var none []int
		return fmt.Errorf("%d", none[len(r.PathValue("n"))])
	}}}, nil)
	client.Header.Set("User-Agent", "a-telephone")
	doc := client.PostForm("/x", url.Values{"story": {"my-secret-words"}})
	if doc.Status != 500 || doc.One("h1") == nil {
		t.Errorf("%d %s", doc.Status, doc.Body)
	}
	if doc = client.GetDoc("/y/secret-id"); doc.Status != 500 {
		t.Errorf("%d", doc.Status)
	}
	text := logged.String()
	if !strings.Contains(text, "route=\"POST /x\"") || !strings.Contains(text, "mount_test.go") || !strings.Contains(text, "index out of range") {
		t.Errorf("the log does not help: %s", text)
	}
	for _, never := range []string{"my-secret-words", "secret-id", "127.0.0.1", "a-telephone"} {
		if strings.Contains(text, never) {
			t.Errorf("the log holds %q", never)
		}
	}
}

func TestNothingIsLoggedOfWhoCame(t *testing.T) {
	t.Parallel()
	var logged bytes.Buffer
	g := newGallery(t)
	g.site.Log = slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	client := webtest.Server(t, g.site, g.routes, g.guard)
	client.GetDoc("/ask")
	client.GetDoc("/nowhere")
	client.GetDoc("/broken")
	client.PostForm("/ask", url.Values{"more": {"words"}})
	if logged.Len() > 0 {
		t.Errorf("logged: %s", logged.String())
	}
}

// Who counts answers is told a route's pattern and never what was asked.
func TestAnswersAreToldByTheirRoute(t *testing.T) {
	t.Parallel()
	told := make(chan string, 10)
	site := webtest.Site(t)
	site.Served = func(pattern string, status int, took time.Duration) {
		told <- fmt.Sprint(pattern, " ", status, " ", took >= 0)
	}
	client := webtest.Server(t, site, []web.Route{
		{Pattern: "GET /page/{id}", Access: web.Public, Handler: ok},
		{Pattern: "GET /begun", Access: web.Public, Handler: func(w http.ResponseWriter, r *http.Request) error {
			w.Write([]byte("half"))
			return errors.New("broken off")
		}},
	}, nil)
	client.GetDoc("/page/somebody")
	client.Do("GET", "/nobody", "", nil)
	for _, want := range []string{"GET /page/{id} 200 true", "/ 404 true"} {
		if got := <-told; got != want {
			t.Errorf("told %q, want %q", got, want)
		}
	}
	if _, err := http.Get(client.URL + "/begun"); err == nil {
		t.Error("an answer that was broken off looks whole")
	}
	if got := <-told; got != "GET /begun 500 true" {
		t.Errorf("told %q", got)
	}
}

func TestAddressesThatAreNotThere(t *testing.T) {
	t.Parallel()
	client := webtest.Server(t, webtest.Site(t), []web.Route{
		{Pattern: "POST /api/v1/things", Access: web.Public, Handler: ok}, {Pattern: "GET /page/{id}", Access: web.Public, Handler: ok},
	}, nil)
	for path, want := range map[string]struct {
		method string
		status int
		allow  string
	}{
		"/nowhere": {"GET", 404, ""}, "/page/1": {"POST", 405, "GET"}, "/api/v1/things": {"GET", 405, "POST"}, "/assets/none.css": {"GET", 404, ""},
		"/exit": {"POST", 405, "GET"}, "/": {"DELETE", 404, ""},
	} {
		doc := client.Do(want.method, path, "", nil)
		if doc.Status != want.status || doc.Header.Get("Allow") != want.allow {
			t.Errorf("%s %s: %d, Allow %q", want.method, path, doc.Status, doc.Header.Get("Allow"))
		}
	}
}

func TestTheGuardDecidesForStaffPagesOnly(t *testing.T) {
	t.Parallel()
	var asked []string
	guard := func(a web.Access, h web.Handler) web.Handler {
		return func(w http.ResponseWriter, r *http.Request) error {
			asked = append(asked, r.URL.Path+" "+a.Action)
			if r.Header.Get("Cookie") == "" {
				return fault.New(fault.SignIn, "sign_in", "Please sign in first.")
			}
			return h(w, r)
		}
	}
	site := webtest.Site(t)
	site.SignIn = "/staff/sign-in"
	routes := []web.Route{
		{Pattern: "GET /open", Access: web.Public, Handler: ok}, {Pattern: "GET /staff/a", Access: web.Access{Action: "desk.read"}, Handler: ok},
		{Pattern: "POST /staff/a", Handler: ok},
	}
	client := webtest.Server(t, site, routes, guard)
	client.GetDoc("/open")
	if len(asked) != 0 {
		t.Errorf("the guard was asked about a public page: %v", asked)
	}
	doc := client.GetDoc("/staff/a?q=1")
	if doc.Status != 303 || doc.Header.Get("Location") != "/staff/sign-in?next=%2Fstaff%2Fa%3Fq%3D1" || asked[0] != "/staff/a desk.read" {
		t.Errorf("%d %s %v", doc.Status, doc.Header.Get("Location"), asked)
	}
	doc = client.PostForm("/staff/a", url.Values{"note": {"x"}})
	if doc.Status != 401 || doc.One("a", "href", "/staff/sign-in", "target", "_blank") == nil {
		t.Errorf("what was posted is lost: %d %s", doc.Status, doc.Body)
	}
	closed := webtest.Server(t, webtest.Site(t), routes, nil)
	if got := closed.GetDoc("/staff/a").Status; got != 401 {
		t.Errorf("without a guard a staff page answers %d", got)
	}
}

func TestStaffSeeTheirOwnErrorPage(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	client := webtest.Server(t, g.site, g.routes, g.guard)
	doc := client.GetDoc("/broken")
	if doc.Status != 403 || !strings.Contains(doc.One("header").Text(), "Ana Example") || !strings.Contains(doc.Main(), "This belongs to another office.") {
		t.Errorf("%d %s", doc.Status, doc.Body)
	}
}

// An answer that has begun must not end as if it were whole.
func TestABrokenAnswerIsNotTakenForAWholeOne(t *testing.T) {
	t.Parallel()
	client := webtest.Server(t, webtest.Site(t), []web.Route{{Pattern: "GET /x.csv", Access: web.Public, Handler: func(w http.ResponseWriter, r *http.Request) error {
		return web.CSV(w, "x.csv", []string{"n"}, func(yield func([]string) error) error {
			for range 20000 {
				err := yield([]string{"a row of some length"})
				if err != nil {
					return err
				}
			}
			return errors.New("the rest cannot be read")
		})
	}}, {Pattern: "GET /y.csv", Access: web.Public, Handler: func(w http.ResponseWriter, r *http.Request) error {
		return web.CSV(w, "y.csv", []string{"n"}, func(func([]string) error) error { return errors.New("nothing can be read") })
	}}}, nil)
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, client.URL+"/x.csv", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.HTTP.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	_, err = io.ReadAll(resp.Body)
	if err == nil {
		t.Error("half a download reads as a whole one")
	}
	doc := client.GetDoc("/y.csv")
	if doc.Status != 500 || doc.Header.Get("Content-Disposition") != "" || doc.One("h1") == nil {
		t.Errorf("an early failure: %d %v", doc.Status, doc.Header)
	}
}
