// SPDX-License-Identifier: Apache-2.0

package typeset

import (
	"slices"

	"golang.org/x/text/unicode/bidi"
)

// level says how deep a character stands in text of the other direction: an even one
// runs from left to right, an odd one from right to left.
type level int8

// levels works out the level of each character by the rules of Unicode's
// bidirectional algorithm (UAX #9) for a paragraph of a fixed direction. isolate says
// in which isolate a character stands, from 1, and 0 in none; kind, of which sort that
// one is. There are no others: text that brings directions of its own is refused
// before. Libraries were tried; those of the Go world give runs of one direction and
// not levels, which puts a number behind a name in the wrong place.
func levels(runes []rune, isolate []int, kind []Kind, rtl bool) []level {
	base := level(0)
	if rtl {
		base = 1
	}
	out := make([]level, len(runes))
	var outer []int // characters, and -1-i for an isolate that begins at i
	for i := 0; i < len(runes); {
		if isolate[i] == 0 {
			outer = append(outer, i)
			i++
			continue
		}
		end := i
		for end < len(runes) && isolate[end] == isolate[i] {
			end++
		}
		outer = append(outer, -1-i)
		inner := make([]int, end-i)
		for k := range inner {
			inner[k] = i + k
		}
		resolve(runes, inner, within(base, kind[i] == Name && firstRTL(runes[i:end])), out)
		i = end
	}
	resolve(runes, outer, base, out)
	return out
}

// within is the next level of a direction.
func within(base level, rtl bool) level {
	next := base + 1
	if (next&1 == 1) != rtl {
		next++
	}
	return next
}

// firstRTL says whether the first letter with a direction runs from right to left
// (rules P2 and P3).
func firstRTL(runes []rune) bool {
	for _, r := range runes {
		switch class(r) {
		case bidi.L:
			return false
		case bidi.R, bidi.AL:
			return true
		}
	}
	return false
}

func class(r rune) bidi.Class {
	p, _ := bidi.LookupRune(r)
	return p.Class()
}

// sequence is one isolating run sequence while it is resolved.
type sequence struct {
	runes []rune
	first []bidi.Class // as the characters are
	c     []bidi.Class // as they are resolved
	e     bidi.Class   // of the level they stand in
}

// resolve gives the characters of one sequence their levels; its ends have the
// direction of the level itself.
func resolve(runes []rune, at []int, embed level, out []level) {
	s := sequence{e: bidi.L}
	if embed&1 == 1 {
		s.e = bidi.R
	}
	for _, i := range at {
		if i < 0 { // an isolate is to its surroundings as one neutral character
			s.runes, s.c = append(s.runes, 0xfffc), append(s.c, bidi.ON)
			continue
		}
		s.runes, s.c = append(s.runes, runes[i]), append(s.c, class(runes[i]))
	}
	s.first = slices.Clone(s.c)
	s.weak()
	s.brackets()
	s.neutral()
	for k, i := range at {
		if i < 0 {
			continue
		}
		l := embed
		switch {
		case embed&1 == 0 && s.c[k] == bidi.R, embed&1 == 1 && s.c[k] != bidi.R:
			l++
		case embed&1 == 0 && s.c[k] != bidi.L:
			l += 2
		}
		out[i] = l
	}
}

// weak resolves marks, numbers and what stands in them (rules W1 to W7).
func (s *sequence) weak() {
	before, strong := s.e, s.e
	for i, c := range s.c { // W1, W2, W3
		switch {
		case c == bidi.NSM:
			c = before
		case c == bidi.EN && strong == bidi.AL:
			c = bidi.AN
		}
		if c == bidi.L || c == bidi.R || c == bidi.AL {
			strong = c
		}
		s.c[i], before = c, c
	}
	for i, c := range s.c {
		if c == bidi.AL {
			s.c[i] = bidi.R
		}
	}
	for i := 1; i+1 < len(s.c); i++ { // W4
		a, b := s.c[i-1], s.c[i+1]
		if a == b && (a == bidi.EN && (s.c[i] == bidi.ES || s.c[i] == bidi.CS) || a == bidi.AN && s.c[i] == bidi.CS) {
			s.c[i] = a
		}
	}
	for i := 0; i < len(s.c); i++ { // W5
		if s.c[i] != bidi.ET {
			continue
		}
		end := i
		for end < len(s.c) && s.c[end] == bidi.ET {
			end++
		}
		if i > 0 && s.c[i-1] == bidi.EN || end < len(s.c) && s.c[end] == bidi.EN {
			for k := i; k < end; k++ {
				s.c[k] = bidi.EN
			}
		}
		i = end - 1
	}
	strong = s.e
	for i, c := range s.c { // W6, W7
		switch c {
		case bidi.ET, bidi.ES, bidi.CS:
			s.c[i] = bidi.ON
		case bidi.L, bidi.R:
			strong = c
		case bidi.EN:
			if strong == bidi.L {
				s.c[i] = bidi.L
			}
		}
	}
}

// as is the direction that a resolved character counts for among neutral ones; ON for
// those themselves.
func as(c bidi.Class) bidi.Class {
	switch c {
	case bidi.L:
		return bidi.L
	case bidi.R, bidi.EN, bidi.AN:
		return bidi.R
	}
	return bidi.ON
}

var pairs = map[rune]rune{'(': ')', '[': ']', '{': '}', '（': '）', '〈': '〉', '《': '》', '「': '」', '『': '』', '【': '】', '⁅': '⁆'}

// brackets gives a pair of brackets the direction of what it holds (rule N0).
func (s *sequence) brackets() {
	type open struct {
		close rune
		at    int
	}
	var stack []open
	var found [][2]int
	for i, r := range s.runes {
		if s.c[i] != bidi.ON {
			continue
		}
		if closing, ok := pairs[r]; ok {
			if len(stack) == 63 {
				break
			}
			stack = append(stack, open{closing, i})
			continue
		}
		for k := len(stack) - 1; k >= 0; k-- {
			if stack[k].close == r {
				found = append(found, [2]int{stack[k].at, i})
				stack = stack[:k]
				break
			}
		}
	}
	slices.SortFunc(found, func(a, b [2]int) int { return a[0] - b[0] })
	for _, pair := range found {
		s.bracket(pair[0], pair[1])
	}
}

func (s *sequence) bracket(from, to int) {
	other := false
	for _, c := range s.c[from+1 : to] {
		switch as(c) {
		case s.e:
			s.pair(from, to, s.e)
			return
		case bidi.L, bidi.R:
			other = true
		}
	}
	if !other {
		return
	}
	before := s.e
	for _, c := range s.c[:from] {
		if d := as(c); d != bidi.ON {
			before = d
		}
	}
	s.pair(from, to, before) // the other direction if it stands before them too, else their own
}

// pair sets both brackets, and the marks that hang on them.
func (s *sequence) pair(from, to int, c bidi.Class) {
	for _, at := range []int{from, to} {
		s.c[at] = c
		for k := at + 1; k < len(s.c) && s.first[k] == bidi.NSM; k++ {
			s.c[k] = c
		}
	}
}

// neutral gives neutral characters the direction of both their sides, or else that of
// the level (rules N1 and N2).
func (s *sequence) neutral() {
	for i := 0; i < len(s.c); i++ {
		if as(s.c[i]) != bidi.ON {
			continue
		}
		end := i
		for end < len(s.c) && as(s.c[end]) == bidi.ON {
			end++
		}
		before, after := s.e, s.e
		if i > 0 {
			before = as(s.c[i-1])
		}
		if end < len(s.c) {
			after = as(s.c[end])
		}
		to := s.e
		if before == after {
			to = before
		}
		for k := i; k < end; k++ {
			s.c[k] = to
		}
		i = end
	}
}
