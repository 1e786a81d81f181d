// SPDX-License-Identifier: Apache-2.0

package webtest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"waylight/internal/platform/web"
)

// Sample is a page to try a template with.
type Sample struct {
	Name  string // of the template
	Staff bool
	View  web.View
	Path  string // default "/"
}

// CheckTemplates executes templates with sample data, public ones in every
// language, and checks what comes out with [Problems]. A field or a catalogue
// key that does not exist fails the test.
func CheckTemplates(t *testing.T, site *web.Site, tpl *web.Templates, samples ...Sample) {
	t.Helper()
	for _, s := range samples {
		langs := site.Catalog.Langs()
		if s.Staff {
			langs = langs[:1]
		}
		if s.Path == "" {
			s.Path = "/"
		}
		for _, lang := range langs {
			v := s.View
			v.Lang = lang
			w := httptest.NewRecorder()
			write := tpl.Public
			if s.Staff {
				write = tpl.Staff
			}
			err := write(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, s.Path, nil), http.StatusOK, s.Name, v)
			if err != nil {
				t.Errorf("%s in %s: %v", s.Name, lang, err)
				continue
			}
			root, err := parse(w.Body.Bytes())
			if err != nil {
				t.Errorf("%s in %s: %v", s.Name, lang, err)
				continue
			}
			doc := &Doc{Status: w.Code, Header: w.Header(), Body: w.Body.String(), Root: root}
			for _, problem := range Problems(doc) {
				t.Errorf("%s in %s: %s", s.Name, lang, problem)
			}
		}
	}
}

var missingWords = regexp.MustCompile(`\[[a-z0-9_]+(\.[a-z0-9_]+)+\]`)

// Problems lists what keeps a page from working for everybody: missing labels
// and names, broken references, headings out of order, inline scripts and
// styles (the policy blocks them), and anything that comes from another site.
func Problems(d *Doc) []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	ids := map[string]bool{}
	for _, n := range d.All("", "id", "*") {
		if ids[n.Attr["id"]] {
			add("the id %q stands twice", n.Attr["id"])
		}
		ids[n.Attr["id"]] = true
	}
	if n := len(d.All("h1")); n != 1 {
		add("the page has %d first headings", n)
	}
	if d.Title() == "" {
		add("the page has no title")
	}
	if found := missingWords.FindString(d.Root.Text()); found != "" {
		add("words are missing: %s", found)
	}
	labelled := map[string]bool{}
	for _, n := range d.All("label", "for", "*") {
		labelled[n.Attr["for"]] = true
		if !ids[n.Attr["for"]] {
			add("a label is for %q, which is not there", n.Attr["for"])
		}
	}
	level := 0
	for _, n := range d.All("") {
		checkElement(n, ids, labelled, add)
		if len(n.Tag) == 2 && n.Tag[0] == 'h' && n.Tag[1] >= '1' && n.Tag[1] <= '6' {
			now := int(n.Tag[1] - '0')
			if now > level+1 {
				add("heading %q skips a level", n.Text())
			}
			level = now
		}
	}
	return out
}

func checkElement(n *Node, ids, labelled map[string]bool, add func(string, ...any)) {
	for name, value := range n.Attr {
		switch name {
		case "style":
			add("<%s> has an inline style", n.Tag)
		case "aria-describedby", "aria-labelledby", "list", "aria-controls":
			for _, id := range strings.Fields(value) {
				if !ids[id] {
					add("<%s> refers to %q, which is not there", n.Tag, id)
				}
			}
		default:
			if strings.HasPrefix(name, "on") {
				add("<%s> has an inline script", n.Tag)
			}
		}
	}
	named := n.Text() != "" || n.Attr["aria-label"] != "" || n.Attr["aria-labelledby"] != ""
	switch n.Tag {
	case "style":
		add("the page has an inline style sheet")
	case "script":
		if n.Attr["src"] == "" {
			add("the page has an inline script")
		}
	case "input", "select", "textarea":
		kind := n.Attr["type"]
		if kind != "hidden" && kind != "submit" && !labelled[n.Attr["id"]] && n.Attr["aria-label"] == "" && n.Attr["aria-labelledby"] == "" {
			add("<%s name=%q> has no label", n.Tag, n.Attr["name"])
		}
	case "fieldset":
		if len(n.All("legend")) == 0 {
			add("a fieldset has no legend")
		}
	case "a", "button", "th":
		if !named {
			add("a <%s> has no words", n.Tag)
		}
		if to := n.Attr["href"]; strings.HasPrefix(to, "#") && !ids[to[1:]] {
			add("a link leads to %q, which is not there", to)
		}
	case "img":
		if _, ok := n.Attr["alt"]; !ok {
			add("an image has no alternative")
		}
	}
	for _, name := range []string{"src", "action", "formaction"} {
		foreign(n, name, add)
	}
	if n.Tag == "link" {
		foreign(n, "href", add)
	}
}

func foreign(n *Node, attr string, add func(string, ...any)) {
	if value := n.Attr[attr]; strings.Contains(value, "//") {
		add("<%s %s> reaches another site: %s", n.Tag, attr, value)
	}
}
