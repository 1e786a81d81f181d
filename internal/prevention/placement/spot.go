// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"fmt"
	"slices"
	"strings"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/bulk"
)

// Named is one of several of a spot that a place has: its restroom "men's".
type Named struct {
	Spot  string // of [program.NoticeSpots]
	Label string // as people read it
}

// The most that a place may have of them, and the longest that may be typed, in letters.
const (
	mostSeveral    = 40
	longestWhich   = 40
	longestSeveral = mostSeveral * (longestWhich + 16)
)

// spotName is a spot with which one of several it is, in words.
func spotName(spot, label string) string {
	if label == "" {
		return spotWords[spot]
	}
	return spotWords[spot] + ", " + label
}

// which reads the name of one of several. It stands on sheets, and so must not lead
// anybody elsewhere either.
func (r *placeReader) which(field, text string) string {
	one := placeReader{typed: Typed{field: text}}
	label := one.named(field, longestWhich)
	switch {
	case len(one.problems) > 0:
	case strings.Contains(label, ";"):
		one.wrong(field, "has a semicolon, which parts the names of several; take it out")
	case label != "" && folded(label) == "":
		one.wrong(field, "has no letter and no number")
	}
	if r.problems = append(r.problems, one.problems...); len(one.problems) > 0 {
		return ""
	}
	return label
}

// several reads which spots a place has more than once: "restroom: men's; restroom: women's".
func (r *placeReader) several(p *Place) {
	const field = "several"
	for part := range strings.SplitSeq(r.text(field, longestSeveral), ";") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		spot, text, _ := strings.Cut(part, ":")
		spot = strings.TrimSpace(spot)
		label := r.which(field, text)
		switch {
		case !slices.Contains(program.NoticeSpots(), spot):
			r.wrong(field, fmt.Sprintf("%q is none of: %s", bulk.Cut(spot, 40), strings.Join(program.NoticeSpots(), ", ")))
		case label == "" && r.fine(field):
			r.wrong(field, fmt.Sprintf("%q has no name; write each as in: restroom: men's; restroom: women's", bulk.Cut(part, 40)))
		case label == "":
		case p.named(spot, label) != "":
			r.wrong(field, fmt.Sprintf("%q stands there twice", bulk.Cut(part, 60)))
		case slices.Contains(p.Lacks, spot):
			r.wrong(field, fmt.Sprintf("%q is also among the spots that the place does not have", spot))
		default:
			p.Several = append(p.Several, Named{spot, label})
		}
	}
	if len(p.Several) > mostSeveral {
		r.wrong(field, fmt.Sprintf("are %d, and %d fit", len(p.Several), mostSeveral))
	}
}

// named is how a place writes the name of one of several, "" for one that it does not name.
func (p Place) named(spot, label string) string {
	for _, n := range p.Several {
		if n.Spot == spot && folded(n.Label) == folded(label) {
			return n.Label
		}
	}
	return ""
}

// labels are the names of a spot at a place: one without a name where it has the spot once.
func (p Place) labels(spot string) []string {
	var out []string
	for _, n := range p.Several {
		if n.Spot == spot {
			out = append(out, n.Label)
		}
	}
	if len(out) == 0 {
		return []string{""}
	}
	return out
}

// with is the place with one more of a spot, unless it names that one already, and how
// it is written there.
func (p Place) with(spot, label string) (Place, string, []Problem) {
	if known := p.named(spot, label); label == "" || known != "" {
		return p, known, nil
	}
	if len(p.Several) >= mostSeveral {
		return p, label, []Problem{{"label", fmt.Sprintf("is one more than the %d that a place can name", mostSeveral)}}
	}
	p.Several = append(slices.Clone(p.Several), Named{spot, label})
	return p, label, nil
}

// severalText is how the names are kept, shown in the form and written into files.
func severalText(list []Named) string {
	parts := make([]string, len(list))
	for i, n := range list {
		parts[i] = n.Spot + ": " + n.Label
	}
	return strings.Join(parts, "; ")
}

// severalOf reads what severalText wrote.
func severalOf(text string) []Named {
	if text == "" {
		return nil
	}
	var out []Named
	for part := range strings.SplitSeq(text, "; ") {
		spot, label, _ := strings.Cut(part, ": ")
		out = append(out, Named{spot, label})
	}
	return out
}
