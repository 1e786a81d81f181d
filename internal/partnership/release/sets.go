// SPDX-License-Identifier: Apache-2.0

package release

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"

	"go.yaml.in/yaml/v3"

	"waylight/internal/platform/figure"
)

//go:embed sets/*.yaml
var setFiles embed.FS

// Set is a list of indicators that somebody must report: which measure fills each,
// or plainly that nobody here collects it.
type Set struct {
	ID         string            `yaml:"id"`
	Title      map[string]string `yaml:"title"`
	About      map[string]string `yaml:"about"` // who asks for it, and under which law
	Source     string            `yaml:"source"`
	Status     string            `yaml:"status"` // unverified, until a person has compared it with the source
	Indicators []Indicator       `yaml:"indicators"`
}

// Indicator is one line of a set.
type Indicator struct {
	ID      string            `yaml:"id"`
	Section string            `yaml:"section"` // activity, effort or impact
	Title   map[string]string `yaml:"title"`
	Measure string            `yaml:"measure"` // "" where it is not collected
	Rows    string            `yaml:"rows"`
	Columns string            `yaml:"columns"`
	Where   map[string]string `yaml:"where"`
	Not     map[string]string `yaml:"not_collected"` // why not, in words
}

// The sections of a report, in the order of Miss. Code 97-3-54.9.
var sections = []string{"activity", "effort", "impact"}

func loadSets() ([]Set, error) {
	names, err := fs.Glob(setFiles, "sets/*.yaml")
	if err != nil {
		return nil, err
	}
	var out []Set
	for _, name := range names {
		data, err := setFiles.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading the sets of indicators: %w", err)
		}
		var s Set
		if err := yaml.Unmarshal(data, &s); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if err := s.check(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, s)
	}
	return out, nil
}

func (s Set) check() error {
	inBoth := func(words map[string]string) bool { return words["en"] != "" && words["es"] != "" }
	if s.ID == "" || !inBoth(s.Title) || !inBoth(s.About) || s.Source == "" || s.Status == "" || len(s.Indicators) == 0 {
		return fmt.Errorf("a set needs an id, a title and an about in every language, a source, a status and indicators")
	}
	for _, i := range s.Indicators {
		if i.ID == "" || !inBoth(i.Title) || !slices.Contains(sections, i.Section) {
			return fmt.Errorf("indicator %q needs an id, a title in every language and a section", i.ID)
		}
		if (i.Measure == "") != inBoth(i.Not) {
			return fmt.Errorf("indicator %q names a measure or says why it is not collected, and not both", i.ID)
		}
	}
	return nil
}

// Sets lists the sets of indicators.
func (s *Service) Sets() []Set { return slices.Clone(s.sets) }

// Set finds one.
func (s *Service) Set(id string) (Set, bool) {
	i := slices.IndexFunc(s.sets, func(x Set) bool { return x.ID == id })
	if i < 0 {
		return Set{}, false
	}
	return s.sets[i], true
}

// spec is the table that fills an indicator; false where nobody here counts it.
func (i Indicator) spec(r *figure.Registry, from, through string) (figure.Spec, bool) {
	spec := figure.Spec{Measure: i.Measure, From: from, Through: through, Rows: i.Rows, Columns: i.Columns, Where: i.Where}
	if i.Measure == "" {
		return spec, false
	}
	_, err := r.Check(spec, true)
	return spec, err == nil
}

// specs are the tables that fill a set, each once.
func (s Set) specs(r *figure.Registry, from, through string) []figure.Spec {
	var out []figure.Spec
	for _, i := range s.Indicators {
		spec, ok := i.spec(r, from, through)
		if ok && !slices.ContainsFunc(out, spec.Same) {
			out = append(out, spec)
		}
	}
	return out
}
