// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"waylight/internal/platform/web"
	"waylight/internal/platform/web/webtest"
)

func words(en, es string) fstest.MapFS {
	return fstest.MapFS{"strings/en.yaml": {Data: []byte(en)}, "strings/es.yaml": {Data: []byte(es)}}
}

func TestCatalogRefusesWhatWouldShowOnlyToSomebody(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ en, es, want string }{
		"missing in one language": {"a.b: Hello", "a.c: Hola", `strings/es.yaml: "a.b" is missing (en has it)`},
		"missing in the other":    {"", "a.c: Hola", `strings/en.yaml: "a.c" is missing (es has it)`},
		"other placeholders":      {"a.b: Hello {name}", "a.b: Hola {nombre}", `"a.b" has other placeholders`},
		"doubled":                 {"a.b: x\na.b: y", "a.b: z", `strings/en.yaml:2: "a.b" stands twice`},
		"doubled in two rooms":    {"site.name: x", "site.name: y", `"site.name" stands twice`},
		"nested":                  {"a:\n  b: x", "a.b: z", `holds more than words`},
		"read as a flag":          {"a.b: yes\na.c: true", "a.b: sí\na.c: z", `put it in quotes`},
		"empty":                   {"a.b: ''", "a.b: z", `"a.b" has no words`},
		"odd key":                 {"A: x", "A: y", `"A" is not usable as a key`},
		"half a plural":           {"a.b.one: One", "a.b.one: Uno", `"a.b.one" needs a.b.other`},
		"not YAML":                {"a.b: [", "a.b: x", `strings/en.yaml: `},
		"a list":                  {"- a", "- b", `expected keys with words`},
		"not UTF-8":               {"a.b: \xff", "a.b: x", `is not UTF-8`},
	} {
		_, err := web.LoadCatalog([]string{"en", "es"}, words(c.en, c.es))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := web.LoadCatalog(nil)
	if err == nil {
		t.Error("a catalog without a language loads")
	}
}

func TestCatalogGivesWords(t *testing.T) {
	t.Parallel()
	c, err := web.LoadCatalog([]string{"en", "es"}, words(
		"a.hello: Hello {name}\na.n.one: One waits\na.n.other: '{count} wait'",
		"a.hello: Hola, {name}\na.n.one: Una espera\na.n.other: 'Esperan {count}'"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		lang, key string
		args      []any
		want      string
	}{
		{"en", "a.hello", []any{"name", "Ana"}, "Hello Ana"},
		{"es", "a.hello", []any{"name", "{count}"}, "Hola, {count}"}, // values are not read again
		{"fr", "a.hello", []any{"name", "Ana"}, "Hello Ana"},
		{"en", "a.n", []any{"count", 1}, "One waits"},
		{"en", "a.n", []any{"count", 0}, "0 wait"},
		{"es", "a.n", []any{"count", int64(1)}, "Una espera"},
		{"es", "a.n", []any{"count", 2000000}, "Esperan 2000000"},
		{"es", "a.n", []any{"count", "1,200"}, "Esperan 1,200"},
		{"en", "a.hello", nil, "[a.hello]"},
		{"en", "a.hello", []any{"name"}, "[a.hello]"},
		{"en", "a.n", nil, "[a.n]"},
		{"en", "a.nothing", nil, "[a.nothing]"},
	} {
		if got := c.T(x.lang, x.key, x.args...); got != x.want {
			t.Errorf("%s %s %v: %q, want %q", x.lang, x.key, x.args, got, x.want)
		}
	}
}

func TestOwnWordsAreEasyToRead(t *testing.T) {
	t.Parallel()
	webtest.CheckReading(t, webtest.Site(t).Catalog, 8)
}
