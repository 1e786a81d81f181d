// SPDX-License-Identifier: Apache-2.0

package figure

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"waylight/internal/platform/disclosure"
)

// Format names the form of [Document]; docs/spec/figures.md describes it.
const Format = "waylight-figures/1"

// Document is a release as it is published: whatever a reader needs to understand
// and to check its figures, and nothing that is not for everybody.
type Document struct {
	Format          string            `json:"format"`
	Program         string            `json:"program"`
	Number          int64             `json:"number"`
	Headline        map[string]string `json:"headline"`
	From            string            `json:"from"`
	Through         string            `json:"through"`
	Set             string            `json:"set,omitempty"` // the set of indicators that it fills
	Computed        string            `json:"computed"`      // RFC 3339, UTC
	Log             Log               `json:"log"`
	Rule            disclosure.Rule   `json:"rule"` // what is too small to be shown of people
	DefinitionsHash string            `json:"definitions_sha256"`
	Definitions     []Definition      `json:"definitions"`
	Tables          []Published       `json:"tables"`
	Restates        *Restated         `json:"restates,omitempty"`
}

// Log says where the custody log stood when the figures were computed: no row that
// they count is older in the log than its last public checkpoint says.
type Log struct {
	Origin     string `json:"origin"`
	Size       int64  `json:"size"`
	Root       string `json:"root"` // base64
	Checkpoint string `json:"checkpoint"`
}

// Definition is what a measure means, in every language.
type Definition struct {
	Measure string                     `json:"measure"`
	Unit    Unit                       `json:"unit"`
	People  bool                       `json:"people"`
	Words   map[string]DefinitionWords `json:"words"`
}

// DefinitionWords are a definition in one language.
type DefinitionWords struct {
	Title      string            `json:"title"`
	Definition string            `json:"definition"`
	Dedup      string            `json:"dedup"`
	Period     string            `json:"period"`
	Dimensions map[string]string `json:"dimensions,omitempty"`
}

// Published is a table of a document.
type Published struct {
	Measure     string             `json:"measure"`
	Unit        Unit               `json:"unit"`
	People      bool               `json:"people"`
	From        string             `json:"from"`
	Through     string             `json:"through"`
	Rows        string             `json:"rows"`
	Columns     string             `json:"columns"`
	Where       map[string]string  `json:"where,omitempty"`
	RowHeads    []Head             `json:"row_heads"`
	ColumnHeads []Head             `json:"column_heads"`
	Entries     [][]PublishedEntry `json:"entries"`
	Unconfirmed bool               `json:"unconfirmed"`
}

// PublishedEntry is a figure of a document. A number that is not shown is null.
type PublishedEntry struct {
	Value     *int64    `json:"value"`
	Qualifier Qualifier `json:"qualifier,omitempty"`
	State     State     `json:"state,omitempty"`
}

// Restated says which release this one takes the place of, what became different, and why.
type Restated struct {
	Number  int64             `json:"number"`
	Why     map[string]string `json:"why"`
	Changes []Change          `json:"changes"`
}

// Change is a figure that became another. Row and Column are values, "" for totals.
type Change struct {
	Table  int            `json:"table"`
	Row    string         `json:"row"`
	Column string         `json:"column"`
	Old    PublishedEntry `json:"old"`
	New    PublishedEntry `json:"new"`
}

// Publish makes a table into what a document holds of it.
func (t Table) Publish() Published {
	p := Published{Measure: t.Spec.Measure, Unit: t.Unit, People: t.People, From: t.Spec.From, Through: t.Spec.Through, Rows: t.Spec.Rows,
		Columns: t.Spec.Columns, Where: t.Spec.Where, RowHeads: t.Rows, ColumnHeads: t.Columns, Unconfirmed: t.Unconfirmed()}
	for _, row := range t.Public().Entries {
		line := make([]PublishedEntry, len(row))
		for j, e := range row {
			line[j] = PublishedEntry{Qualifier: e.Qualifier, State: e.State}
			if e.State == Shown || e.State == Rounded {
				v := e.Value
				line[j].Value = &v
			}
		}
		p.Entries = append(p.Entries, line)
	}
	return p
}

// Table is the published table again, for showing it.
func (p Published) Table() Table {
	t := Table{Spec: Spec{Measure: p.Measure, From: p.From, Through: p.Through, Rows: p.Rows, Columns: p.Columns, Where: p.Where},
		Unit: p.Unit, People: p.People, Rows: p.RowHeads, Columns: p.ColumnHeads}
	for _, row := range p.Entries {
		line := make([]Entry, len(row))
		for j, e := range row {
			line[j] = Entry{Qualifier: e.Qualifier, State: e.State}
			if e.Value != nil {
				line[j].Value = *e.Value
			}
		}
		t.Entries = append(t.Entries, line)
	}
	return t
}

// Definitions gives what these measures mean, each once and in order, and the hash
// of that.
func (r *Registry) Definitions(specs []Spec) ([]Definition, string, error) {
	var names []string
	for _, s := range specs {
		if !slices.Contains(names, s.Measure) {
			names = append(names, s.Measure)
		}
	}
	slices.Sort(names)
	out := []Definition{}
	for _, name := range names {
		m, ok := r.byName[name]
		if !ok {
			return nil, "", ErrMeasure.At(name)
		}
		out = append(out, r.Define(m))
	}
	hash, err := HashOf(out)
	return out, hash, err
}

// Define gives what a measure means.
func (r *Registry) Define(m Measure) Definition {
	d := Definition{Measure: m.Name, Unit: m.Unit, People: m.People, Words: map[string]DefinitionWords{}}
	for _, lang := range r.words.Langs() {
		base := "figure." + m.Name + "."
		w := DefinitionWords{Title: r.words.T(lang, base+"title"), Definition: r.words.T(lang, base+"definition"),
			Dedup: r.words.T(lang, base+"dedup"), Period: r.words.T(lang, base+"period"), Dimensions: map[string]string{}}
		for _, dim := range m.Dimensions {
			w.Dimensions[dim.Name] = r.words.T(lang, base+dim.Name)
		}
		d.Words[lang] = w
	}
	return d
}

// HashOf is the SHA-256, in hexadecimal, of a value's JSON.
func HashOf(v any) (string, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("hashing definitions: %w", err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// ParseDocument reads a published document.
func ParseDocument(data []byte) (Document, error) {
	var d Document
	if err := json.Unmarshal(data, &d); err != nil {
		return d, fmt.Errorf("reading published figures: %w", err)
	}
	if d.Format != Format {
		return d, fmt.Errorf("reading published figures: the format is %.40q, not %s", d.Format, Format)
	}
	for i, t := range d.Tables {
		if len(t.Entries) != len(t.RowHeads)+1 {
			return d, fmt.Errorf("reading published figures: table %d has %d rows for %d heads", i+1, len(t.Entries), len(t.RowHeads))
		}
		for _, row := range t.Entries {
			if len(row) != len(t.ColumnHeads)+1 {
				return d, fmt.Errorf("reading published figures: table %d has %d columns for %d heads", i+1, len(row), len(t.ColumnHeads))
			}
		}
	}
	return d, nil
}

// Equal says whether two published figures say the same.
func (e PublishedEntry) Equal(o PublishedEntry) bool {
	same := e.Value == nil && o.Value == nil || e.Value != nil && o.Value != nil && *e.Value == *o.Value
	return same && e.Qualifier == o.Qualifier && e.State == o.State
}

// Entry is the figure as tables have it.
func (e PublishedEntry) Entry() Entry {
	out := Entry{Qualifier: e.Qualifier, State: e.State}
	if e.Value != nil {
		out.Value = *e.Value
	}
	return out
}

// Changes compares two editions of the same table.
func (p Published) Changes(old Published, at int) []Change {
	none := PublishedEntry{State: "absent"}
	have, had, order := map[[2]string]PublishedEntry{}, map[[2]string]PublishedEntry{}, [][2]string{}
	for _, edition := range []struct {
		p    Published
		into map[[2]string]PublishedEntry
	}{{old, had}, {p, have}} {
		for i, row := range edition.p.Entries {
			for j, e := range row {
				key := [2]string{valueAt(edition.p.RowHeads, i), valueAt(edition.p.ColumnHeads, j)}
				if _, seen := had[key]; !seen {
					if _, seen := have[key]; !seen {
						order = append(order, key)
					}
				}
				edition.into[key] = e
			}
		}
	}
	var out []Change
	for _, key := range order {
		before, ok := had[key]
		if !ok {
			before = none
		}
		after, ok := have[key]
		if !ok {
			after = none
		}
		if !before.Equal(after) {
			out = append(out, Change{Table: at, Row: key[0], Column: key[1], Old: before, New: after})
		}
	}
	return out
}

func valueAt(heads []Head, i int) string {
	if i == len(heads) {
		return ""
	}
	return heads[i].Value
}
