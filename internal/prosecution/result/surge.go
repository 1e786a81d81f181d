// SPDX-License-Identifier: Apache-2.0

package result

import (
	"context"
	"maps"
	"slices"
	"strings"

	"waylight/internal/platform/figure"
	"waylight/internal/platform/store"
)

// surge is the dimension of what came of operations of one surge. The sums of days
// hold the operation; to which surge that belongs the room of operations says, and
// only once the surge is over.
const surge = "surge"

// surges gives the surge of each operation of one that is over; nil where nobody asks.
type surges map[string]string

// surges reads them for a query that is divided by surge, or filtered to one.
func (s *Service) surges(ctx context.Context, q store.Reader, ask figure.Query) (surges, error) {
	_, one := ask.Where[surge]
	if s.Operations == nil || !one && !slices.Contains(ask.By, surge) {
		return nil, nil
	}
	return s.Operations.Surges(ctx, q, ask.Program)
}

// shown is how a figure calls the value of a dimension.
func (s surges) shown(dimension, value string) string {
	if dimension == surge {
		value = s[value]
	}
	return shown(value)
}

// only narrows a list to the rows of one surge, or to those of none.
func (s surges) only(c *store.Clauses, wanted string) {
	var marks []string
	for _, operation := range slices.Sorted(maps.Keys(s)) {
		if wanted == figure.Other || s[operation] == wanted {
			marks = append(marks, c.Mark(operation))
		}
	}
	switch in := "r.operation in (" + strings.Join(marks, ", ") + ")"; {
	case len(marks) == 0 && wanted != figure.Other:
		c.Add("1 = 0")
	case wanted == figure.Other && len(marks) > 0:
		c.Add("not " + in)
	case len(marks) > 0:
		c.Add(in)
	}
}
