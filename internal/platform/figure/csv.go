// SPDX-License-Identifier: Apache-2.0

package figure

import "waylight/internal/platform/web"

// Header is the first line of figures as a file for spreadsheets.
func Header(c *web.Catalog, lang string) []string {
	var out []string
	for _, name := range []string{"measure", "from", "through", "row", "column", "value", "unit", "qualifier", "state"} {
		out = append(out, c.T(lang, "figure.csv."+name))
	}
	return out
}

// Lines writes a table's figures, one a line. What is not shown has no value.
func Lines(c *web.Catalog, lang, title string, t Table, yield func([]string) error) error {
	total := c.T(lang, "figure.say.total")
	name := func(heads []Head, i int, divided bool) string {
		switch {
		case !divided:
			return ""
		case i == len(heads):
			return total
		}
		return heads[i].Words[lang]
	}
	for i, row := range t.Entries {
		for j, e := range row {
			value, note, exact := Machine(t.Unit, e.Value), "", c.T(lang, "figure.exact.exact")
			switch {
			case e.State == Withheld || e.State == NoProof:
				value, exact, note = "", "", c.T(lang, "figure.say."+string(e.State))
			case e.State == Rounded:
				exact = c.T(lang, "figure.exact.about")
			case e.Qualifier != Exact:
				exact = c.T(lang, "figure.exact."+string(e.Qualifier))
			}
			line := []string{title, t.Spec.From, t.Spec.Through, name(t.Rows, i, t.Spec.Rows != ""), name(t.Columns, j, t.Spec.Columns != ""), value, MachineUnit(t.Unit), exact, note}
			if err := yield(line); err != nil {
				return err
			}
		}
	}
	return nil
}

// MachineUnit is the unit in which Machine writes.
func MachineUnit(u Unit) string {
	switch u {
	case Cents:
		return "USD"
	case Milligrams:
		return "kg"
	case Microseconds:
		return "s"
	}
	return string(u)
}
