// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"strings"
)

// Clauses builds a condition: each clause adds its values and gives their marks.
type Clauses struct {
	text []string
	Args []any
}

// Mark adds a value, and gives the mark that stands for it.
func (c *Clauses) Mark(value any) string {
	c.Args = append(c.Args, value)
	return fmt.Sprintf("$%d", len(c.Args))
}

// And adds a clause whose %s are the values' marks.
func (c *Clauses) And(format string, values ...any) {
	marks := make([]any, len(values))
	for i, v := range values {
		marks[i] = c.Mark(v)
	}
	c.text = append(c.text, fmt.Sprintf(format, marks...))
}

// Add adds clauses as they stand.
func (c *Clauses) Add(clauses ...string) { c.text = append(c.text, clauses...) }

// All is the condition: every clause holds.
func (c *Clauses) All() string { return strings.Join(c.text, " and ") }

// Like is the pattern of texts in lower case that hold a text, whatever its case. It
// goes with: escape '\'.
func Like(text string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(text)) + "%"
}

// Flag is a yes or no as it stands in a column.
func Flag(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}
