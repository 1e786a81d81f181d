// SPDX-License-Identifier: Apache-2.0

package web

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v3"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"

	"waylight/internal/platform/form"
)

// Catalog holds the words of all pages in all languages. Its files are flat:
//
//	inbox.title: Inbox
//	inbox.greeting: Hello {name}
//	inbox.waiting.one: One letter waits      # chosen by the number given as
//	inbox.waiting.other: "{count} letters wait"  # "count"
//
// Every key stands in every language with the same placeholders, or the
// catalog does not load.
type Catalog struct {
	langs []string
	words map[string]map[string]string // language -> key -> words
}

var (
	keyShape    = regexp.MustCompile(`^[a-z0-9_]+(\.[A-Za-z0-9_]+)+$`) // capitals are of codes that others gave, such as those of offenses
	placeholder = regexp.MustCompile(`\{([a-z_]+)\}`)
)

// LoadCatalog merges the files strings/<lang>.yaml of all file systems with
// those of the layout and of package form. A key that a language lacks, that
// stands twice or whose placeholders differ is an error; all are told.
func LoadCatalog(langs []string, fss ...fs.FS) (*Catalog, error) {
	c := &Catalog{langs: slices.Clone(langs), words: map[string]map[string]string{}}
	if len(langs) == 0 {
		return nil, errors.New("a catalog needs a language")
	}
	var errs []error
	for _, lang := range langs {
		c.words[lang] = map[string]string{}
		for _, fsys := range append([]fs.FS{files, form.FS}, fss...) {
			errs = append(errs, c.load(fsys, lang)...)
		}
	}
	errs = append(errs, c.compare()...)
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return c, nil
}

func (c *Catalog) load(fsys fs.FS, lang string) []error {
	if fsys == nil {
		return nil
	}
	name := "strings/" + lang + ".yaml"
	data, err := fs.ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // its keys, if other languages have them, are told as missing
	}
	if err != nil {
		return []error{err}
	}
	if !utf8.Valid(data) {
		return []error{fmt.Errorf("%s: is not UTF-8", name)}
	}
	var doc yaml.Node
	err = yaml.Unmarshal(data, &doc)
	switch {
	case err != nil:
		return []error{fmt.Errorf("%s: %w", name, err)}
	case len(doc.Content) == 0:
		return nil
	case doc.Content[0].Kind != yaml.MappingNode:
		return []error{fmt.Errorf("%s:1: expected keys with words", name)}
	}
	var errs []error
	for i, pairs := 0, doc.Content[0].Content; i+1 < len(pairs); i += 2 {
		problem := c.add(lang, pairs[i], pairs[i+1])
		if problem != "" {
			errs = append(errs, fmt.Errorf("%s:%d: %s", name, pairs[i].Line, problem))
		}
	}
	return errs
}

func (c *Catalog) add(lang string, key, value *yaml.Node) (problem string) {
	words := strings.TrimSpace(value.Value)
	switch {
	case value.Kind != yaml.ScalarNode:
		return fmt.Sprintf("%q holds more than words", key.Value)
	case value.Tag == "!!bool" || value.Tag == "!!null":
		return fmt.Sprintf("%q: YAML reads %q as something other than words; put it in quotes", key.Value, words)
	case !keyShape.MatchString(key.Value):
		return fmt.Sprintf("%q is not usable as a key", key.Value)
	case words == "":
		return fmt.Sprintf("%q has no words", key.Value)
	}
	if _, twice := c.words[lang][key.Value]; twice {
		return fmt.Sprintf("%q stands twice", key.Value)
	}
	c.words[lang][key.Value] = words
	return ""
}

// compare holds every language to every other one's keys and placeholders.
// Forms of a plural may differ: languages have different ones.
func (c *Catalog) compare() []error {
	var errs []error
	first := map[string]string{} // key -> language that has it
	for _, lang := range c.langs {
		for key := range c.words[lang] {
			if _, ok := first[key]; !ok {
				first[key] = lang
			}
		}
	}
	keys := make([]string, 0, len(first))
	for key := range first {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	for _, key := range keys {
		base, form, isPlural := cutPlural(key)
		for _, lang := range c.langs {
			words, ok := c.words[lang][key]
			switch {
			case !ok && isPlural && form != "one" && form != "other":
			case !ok:
				errs = append(errs, fmt.Errorf("strings/%s.yaml: %q is missing (%s has it)", lang, key, first[key]))
			case isPlural && c.words[lang][base+".other"] == "":
				errs = append(errs, fmt.Errorf("strings/%s.yaml: %q needs %s.other", lang, key, base))
			case !isPlural && !slices.Equal(names(words), names(c.words[first[key]][key])):
				errs = append(errs, fmt.Errorf("strings/%s.yaml: %q has other placeholders than in %s", lang, key, first[key]))
			}
		}
	}
	return errs
}

var pluralForms = map[plural.Form]string{
	plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many", plural.Other: "other",
}

func cutPlural(key string) (base, form string, ok bool) {
	at := strings.LastIndexByte(key, '.')
	if at < 0 {
		return key, "", false
	}
	for _, name := range pluralForms {
		if key[at+1:] == name {
			return key[:at], name, true
		}
	}
	return key, "", false
}

func names(words string) []string {
	var out []string
	for _, m := range placeholder.FindAllStringSubmatch(words, -1) {
		if !slices.Contains(out, m[1]) {
			out = append(out, m[1])
		}
	}
	slices.Sort(out)
	return out
}

// Langs lists the languages, the first being the default.
func (c *Catalog) Langs() []string { return slices.Clone(c.langs) }

// Keys lists all keys, sorted.
func (c *Catalog) Keys() []string {
	var out []string
	for key := range c.words[c.langs[0]] {
		out = append(out, key)
	}
	sort.Strings(out)
	return out
}

// Has reports whether there are words for the key.
func (c *Catalog) Has(lang, key string) bool {
	_, ok := c.words[lang][key]
	return ok
}

// Raw gives the words of a key with their placeholders.
func (c *Catalog) Raw(lang, key string) string { return c.words[lang][key] }

// T gives the words of a key. Args are names and values of its placeholders.
// Words that cannot be given show as their key in brackets; templates use
// [Catalog.Find], which fails instead.
func (c *Catalog) T(lang, key string, args ...any) string {
	words, err := c.Find(lang, key, args...)
	if err != nil {
		return "[" + key + "]"
	}
	return words
}

// Find gives the words of a key, or an error where the key, its plural form or
// the value of a placeholder is missing. A language that is not in the catalog
// gets the default one's words.
func (c *Catalog) Find(lang, key string, args ...any) (string, error) {
	if len(args)%2 != 0 {
		return "", fmt.Errorf("words %q: names and values do not pair", key)
	}
	if c.words[lang] == nil {
		lang = c.langs[0]
	}
	values := make(map[string]string, len(args)/2)
	words, ok := c.words[lang][key]
	for i := 0; i < len(args); i += 2 {
		name, isName := args[i].(string)
		if !isName {
			return "", fmt.Errorf("words %q: argument %d is not a name", key, i)
		}
		values[name] = fmt.Sprint(args[i+1])
		if name == "count" && !ok {
			words, ok = c.plural(lang, key, values[name])
		}
	}
	if !ok {
		return "", fmt.Errorf("words %q: missing in %s", key, lang)
	}
	return fill(key, words, values)
}

func fill(key, words string, values map[string]string) (string, error) {
	if !strings.Contains(words, "{") {
		return words, nil
	}
	var missing string
	words = placeholder.ReplaceAllStringFunc(words, func(m string) string {
		value, ok := values[m[1:len(m)-1]]
		if !ok {
			missing = m
		}
		return value
	})
	if missing != "" {
		return "", fmt.Errorf("words %q: no value for %s", key, missing)
	}
	return words, nil
}

func (c *Catalog) plural(lang, key, count string) (string, bool) {
	form := "other"
	digits := strings.TrimPrefix(count, "-")
	if len(digits) < 18 && digits != "" && strings.Trim(digits, "0123456789") == "" {
		n := 0
		for _, d := range digits {
			n = n*10 + int(d-'0')
		}
		form = pluralForms[plural.Cardinal.MatchPlural(language.Make(lang), n, 0, 0, 0, 0)]
	}
	words, ok := c.words[lang][key+"."+form]
	if !ok {
		words, ok = c.words[lang][key+".other"]
	}
	return words, ok
}
