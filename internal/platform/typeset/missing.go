// SPDX-License-Identifier: Apache-2.0

package typeset

import (
	"fmt"
	"strings"
	"unicode"
)

// Missing is a character that cannot be printed. Nothing is printed in its stead.
type Missing struct {
	Rune rune
	Lang string
	Line string // where it stands
	Why  string
}

func (m *Missing) Error() string {
	return fmt.Sprintf("the character %s in the text in %q %s: %q", CharacterName(m.Rune), m.Lang, m.Why, m.Line)
}

// CharacterName is a character as one can look it up, and itself where it can be seen.
func CharacterName(r rune) string {
	if unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.IsMark(r) {
		return fmt.Sprintf("U+%04X (%c)", r, r)
	}
	return fmt.Sprintf("U+%04X", r)
}

func (t Text) missing(r rune) *Missing {
	m := &Missing{Rune: r, Lang: t.Lang, Line: t.plain(), Why: "is in none of the fonts"}
	switch {
	case directs(r):
		m.Why = "is invisible and changes the order of others, which could turn a number around"
	case unicode.Is(unicode.Cc, r):
		m.Why = "is a control character"
	case r == unicode.ReplacementChar:
		m.Why = "stands for something that could not be read"
	}
	return m
}

// broken is a mark that hangs on no letter.
func (t Text) broken(r rune) *Missing {
	return &Missing{Rune: r, Lang: t.Lang, Line: t.plain(), Why: "is a mark without the letter that it belongs to"}
}

// plain is the text, short enough for a message.
func (t Text) plain() string {
	var out strings.Builder
	for _, s := range t.Spans {
		out.WriteString(s.Text)
	}
	runes := []rune(out.String())
	if len(runes) > 80 {
		return string(runes[:79]) + "…"
	}
	return string(runes)
}
