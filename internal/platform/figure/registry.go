// SPDX-License-Identifier: Apache-2.0

package figure

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"waylight/internal/platform/web"
)

// Registry is every measure of all rooms, by name.
type Registry struct {
	words   *web.Catalog
	byName  map[string]Measure
	names   []string
	strange []error
}

var nameShape = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// NewRegistry gathers the measures of the rooms and holds each to what its type
// promises: a name of its own, something that counts, and its words in every
// language. All that is wrong is told at once.
func NewRegistry(words *web.Catalog, rooms ...[]Measure) (*Registry, error) {
	r := &Registry{words: words, byName: map[string]Measure{}}
	for _, measures := range rooms {
		for _, m := range measures {
			r.add(m)
		}
	}
	slices.Sort(r.names)
	return r, errors.Join(r.strange...)
}

func (r *Registry) add(m Measure) {
	wrong := func(format string, args ...any) {
		r.strange = append(r.strange, fmt.Errorf("measure %s: %s", m.Name, fmt.Sprintf(format, args...)))
	}
	switch {
	case !nameShape.MatchString(m.Name):
		wrong("is not a usable name")
		return
	case r.byName[m.Name].Cells != nil:
		wrong("two rooms count under this name")
		return
	case m.Cells == nil:
		wrong("counts nothing")
		return
	case !slices.Contains([]Unit{Persons, Things, Cents, Milligrams, Microseconds}, m.Unit):
		wrong("has no unit")
	}
	for i, d := range m.Dimensions {
		twice := slices.ContainsFunc(m.Dimensions[:i], func(o Dimension) bool { return o.Name == d.Name })
		if !nameShape.MatchString(d.Name) || twice || slices.Contains([]string{"title", "definition", "dedup", "period"}, d.Name) {
			wrong("%q is not usable as the name of a dimension", d.Name)
		}
	}
	r.byName[m.Name] = m
	r.names = append(r.names, m.Name)
	for _, lang := range r.words.Langs() {
		for _, key := range m.keys() {
			if !r.words.Has(lang, key) {
				wrong("the catalog has no %s in %s", key, lang)
			}
		}
	}
}

// keys are the catalog's words that the measure needs.
func (m Measure) keys() []string {
	base := "figure." + m.Name + "."
	keys := []string{base + "title", base + "definition", base + "dedup", base + "period"}
	for _, d := range m.Dimensions {
		keys = append(keys, base+d.Name)
		for _, v := range d.Values {
			keys = append(keys, base+d.Name+"."+v)
		}
	}
	return keys
}

// Names lists the measures in order.
func (r *Registry) Names() []string { return slices.Clone(r.names) }

// Measure finds a measure by its name.
func (r *Registry) Measure(name string) (Measure, bool) {
	m, ok := r.byName[name]
	return m, ok
}

// Words are the words of the measures and of this package.
func (r *Registry) Words() *web.Catalog { return r.words }

// Dimension finds one of the measure's dimensions.
func (m Measure) Dimension(name string) (Dimension, bool) {
	i := slices.IndexFunc(m.Dimensions, func(d Dimension) bool { return d.Name == name })
	if i < 0 {
		return Dimension{}, false
	}
	return m.Dimensions[i], true
}

// title is a measure's name in words.
func (r *Registry) title(lang, name string) string { return r.words.T(lang, "figure."+name+".title") }

// Title is a measure's name in words, or the name itself where nobody counts it any more.
func (r *Registry) Title(lang, name string) string {
	if _, ok := r.byName[name]; !ok {
		return name
	}
	return r.title(lang, name)
}

// DimensionTitle is a dimension's name in words.
func (r *Registry) DimensionTitle(lang, measure, dimension string) string {
	return r.words.T(lang, "figure."+measure+"."+dimension)
}

// head names a value of a dimension in every language.
func (r *Registry) head(program string, m Measure, d Dimension, value string) Head {
	h := Head{Value: value, Words: map[string]string{}}
	for _, lang := range r.words.Langs() {
		key := "figure." + m.Name + "." + d.Name + "." + value
		switch {
		case len(d.Values) > 0:
			h.Words[lang] = r.words.T(lang, key)
		case value == Other && r.words.Has(lang, key):
			h.Words[lang] = r.words.T(lang, key)
		case value == Other:
			h.Words[lang] = r.words.T(lang, "figure.say.other")
		case d.Label != nil:
			h.Words[lang] = strings.TrimSpace(d.Label(program, value))
		default:
			h.Words[lang] = value
		}
		if h.Words[lang] == "" {
			h.Words[lang] = value
		}
	}
	return h
}
