// SPDX-License-Identifier: Apache-2.0

package release

import (
	"context"
	"fmt"
	"slices"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/disclosure"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/figure"
)

// ruleOf is what is too small to be shown: what the pack says, and never less than a
// release before it hid.
func ruleOf(p *program.Program, earlier []figure.Document) disclosure.Rule {
	rule := disclosure.Rule{Min: p.Figures.Least}
	if p.Figures.Round > 1 {
		rule.Base = p.Figures.Round
	}
	for _, d := range earlier {
		rule.Min = max(rule.Min, d.Rule.Min)
	}
	return rule
}

// protect hides what would let somebody be found in the tables about people. Where
// hiding cannot help, given all that was published before, it shows nothing of them
// and says why in words.
func protect(ctx context.Context, rule disclosure.Rule, number int64, exact []figure.Table, earlier []figure.Document) ([]figure.Table, []Finding, error) {
	safe := clone(exact)
	var counts []disclosure.Counts
	var at []int
	for i, t := range safe {
		switch {
		case t.Guarded():
			counts, at = append(counts, t.Counts(figure.TableName(number, i, t.Spec.Measure), number)), append(at, i)
		case t.People:
			safe[i].WithholdFew(rule.Min)
		}
	}
	if len(counts) == 0 {
		return safe, nil, nil
	}
	var before []disclosure.Table
	for _, d := range earlier {
		before = append(before, d.Disclosed()...)
	}
	protected, err := disclosure.Protect(ctx, rule, counts, before)
	if f, ok := fault.As(err); ok && (f.Kind == fault.Invalid || f.Kind == fault.Conflict || f.Kind == fault.TooLarge) {
		for _, i := range at {
			safe[i].Withhold()
		}
		return safe, []Finding{{Stops: true, Words: f.Message}}, nil
	}
	if err != nil {
		return nil, nil, fault.Wrap(err, "hiding what is small")
	}
	for k, t := range protected.Tables {
		if err := safe[at[k]].Guard(t); err != nil {
			return nil, nil, err
		}
	}
	var found []Finding
	if n := protected.Moved; n > 0 {
		found = append(found, Finding{Words: fmt.Sprintf("%d figures are hidden because an earlier release shows them with a few people more or fewer: both together would tell of these few.", n)})
	}
	if n := protected.Primary + protected.Added; n > 0 {
		found = append(found, Finding{Words: fmt.Sprintf("%d figures are hidden because they are below %d, and %d so that nobody can work those out from totals or from earlier releases.", protected.Primary, rule.Min, protected.Added)})
	}
	return safe, found, nil
}

// clone copies tables as deep as hiding changes them.
func clone(tables []figure.Table) []figure.Table {
	out := slices.Clone(tables)
	for i := range out {
		out[i].Entries = slices.Clone(out[i].Entries)
		for j := range out[i].Entries {
			out[i].Entries[j] = slices.Clone(out[i].Entries[j])
		}
	}
	return out
}
