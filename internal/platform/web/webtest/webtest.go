// SPDX-License-Identifier: Apache-2.0

// Package webtest holds what rooms need to test their pages: a site and a
// client that reads pages as a person would, a check that every template works
// in every language and can be used by everybody, and a measure of how hard
// words are to read.
package webtest

import (
	"bytes"
	"encoding/json"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"waylight/internal/platform/seal"
	"waylight/internal/platform/web"
)

// Site makes a site in English and Spanish with the words of these rooms, and
// the scripts that rooms share. What it logs goes to the test's output.
func Site(t testing.TB, fss ...fs.FS) *web.Site {
	t.Helper()
	catalog, err := web.LoadCatalog([]string{"en", "es"}, fss...)
	if err != nil {
		t.Fatal(err)
	}
	site := &web.Site{Catalog: catalog, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	err = site.AddAssets(seal.Assets())
	if err != nil {
		t.Fatal(err)
	}
	return site
}

// Templates parses a room's templates, or fails the test.
func Templates(t testing.TB, site *web.Site, fsys fs.FS, globs ...string) *web.Templates {
	t.Helper()
	tpl, err := site.Templates(fsys, globs...)
	if err != nil {
		t.Fatal(err)
	}
	return tpl
}

// Client asks a site for pages. It follows no redirects, so that tests see them.
type Client struct {
	URL    string
	HTTP   *http.Client
	Header http.Header // sent with every request
	t      testing.TB
}

// Server serves routes until the test ends.
func Server(t testing.TB, site *web.Site, routes []web.Route, guard func(web.Access, web.Handler) web.Handler) *Client {
	t.Helper()
	mux := http.NewServeMux()
	site.Mount(mux, routes, guard)
	return ServerOf(t, mux)
}

// ServerOf serves a handler until the test ends.
func ServerOf(t testing.TB, h http.Handler) *Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	client := server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{URL: server.URL, HTTP: client, Header: http.Header{}, t: t}
}

// Do sends one request and reads its answer.
func (c *Client) Do(method, path, contentType string, body io.Reader) *Doc {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.URL+path, body)
	if err != nil {
		c.t.Fatal(err)
	}
	for name, values := range c.Header {
		req.Header[name] = values
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	doc := &Doc{Status: resp.StatusCode, Header: resp.Header, Body: string(data)}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
		doc.Root, err = parse(data)
		if err != nil {
			c.t.Fatalf("%s %s: %v", method, path, err)
		}
	}
	return doc
}

// GetDoc asks for a page.
func (c *Client) GetDoc(path string) *Doc {
	c.t.Helper()
	return c.Do(http.MethodGet, path, "", nil)
}

// Look fetches a page that must hold to what pages must, and say something.
func (c *Client) Look(path string, says ...string) *Doc {
	c.t.Helper()
	doc := c.GetDoc(path)
	for _, p := range Problems(doc) {
		c.t.Errorf("%s: %s", path, p)
	}
	for _, s := range says {
		if !strings.Contains(doc.Main(), s) {
			c.t.Errorf("%s does not say %q: %s", path, s, doc.Main())
		}
	}
	return doc
}

// PostForm posts values as a page's form does.
func (c *Client) PostForm(path string, values url.Values) *Doc {
	c.t.Helper()
	return c.Do(http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(values.Encode()))
}

// PostJSON posts a value as JSON.
func (c *Client) PostJSON(path string, value any) *Doc {
	c.t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.Do(http.MethodPost, path, "application/json", bytes.NewReader(data))
}
