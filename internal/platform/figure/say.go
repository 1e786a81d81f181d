// SPDX-License-Identifier: Apache-2.0

package figure

import (
	"embed"
	"io/fs"
	"strconv"
	"strings"

	"waylight/internal/platform/web"
)

//go:embed strings/*.yaml
var words embed.FS

// Strings are the package's words, for the catalog.
func Strings() fs.FS { return words }

// Number writes an amount for people, exactly.
func Number(u Unit, v int64) string {
	sign := ""
	if v < 0 {
		sign = "-"
	}
	switch u {
	case Cents:
		whole, rest := parts(v, 100)
		if rest == 0 {
			return sign + "$" + grouped(whole)
		}
		return sign + "$" + grouped(whole) + "." + padded(rest, 2)
	case Milligrams:
		whole, rest := parts(v, 1_000_000)
		out := sign + grouped(whole)
		if rest != 0 {
			out += "." + strings.TrimRight(padded(rest, 6), "0")
		}
		return out + " kg"
	case Microseconds:
		return sign + lasting(v)
	}
	whole, _ := parts(v, 1)
	return sign + grouped(whole)
}

// Machine writes an amount for programs: a plain decimal in the unit that it is
// published in.
func Machine(u Unit, v int64) string {
	sign := ""
	if v < 0 {
		sign = "-"
	}
	step, digits := int64(1), 0
	switch u {
	case Cents:
		step, digits = 100, 2
	case Milligrams, Microseconds:
		step, digits = 1_000_000, 6
	}
	whole, rest := parts(v, step)
	out := sign + strconv.FormatUint(whole, 10)
	if digits > 0 && (u == Cents || rest != 0) {
		out += "." + padded(rest, digits)
	}
	return out
}

func parts(v, step int64) (whole, rest uint64) {
	n := uint64(v)
	if v < 0 {
		n = -n
	}
	return n / uint64(step), n % uint64(step)
}

func padded(n uint64, digits int) string {
	s := strconv.FormatUint(n, 10)
	return strings.Repeat("0", max(digits-len(s), 0)) + s
}

func grouped(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// lasting writes a length of time to the minute.
func lasting(micros int64) string {
	whole, _ := parts(micros, 60_000_000)
	days, hours, minutes := whole/1440, whole/60%24, whole%60
	var out []string
	if days > 0 {
		out = append(out, strconv.FormatUint(days, 10)+" d")
	}
	if hours > 0 {
		out = append(out, strconv.FormatUint(hours, 10)+" h")
	}
	if minutes > 0 && days == 0 || len(out) == 0 {
		out = append(out, strconv.FormatUint(minutes, 10)+" min")
	}
	return strings.Join(out, " ")
}

// Say writes an entry in words: its number with what is known of it, or why there is none.
func Say(c *web.Catalog, lang string, u Unit, e Entry) string {
	switch e.State {
	case Withheld, NoProof:
		return c.T(lang, "figure.say."+string(e.State))
	case Rounded:
		return c.T(lang, "figure.say.about", "number", Number(u, e.Value))
	}
	if e.Qualifier == Exact {
		return Number(u, e.Value)
	}
	return c.T(lang, "figure.say."+string(e.Qualifier), "number", Number(u, e.Value))
}

// UnitName is what a column of this unit holds, in words.
func UnitName(c *web.Catalog, lang string, u Unit) string { return c.T(lang, "figure.unit."+string(u)) }
