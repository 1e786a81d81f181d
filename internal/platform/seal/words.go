// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

const (
	wordBits = 13
	listSize = 1 << wordBits
	maxTyped = 40 // runes of one typed word that are looked at
)

// list is one language's words: shown as they are written, found as they are
// typed (lower case, no accents).
type list struct {
	lang  string
	shown []string
	typed []string
	index map[string]int
}

// lists are the languages, English first. The same index is the same number in
// each; no word stands in two of them.
var lists = sync.OnceValue(func() []*list {
	return []*list{newList("en", wordList("en")), newList("es", wordList("es"))}
})

func newList(lang, text string) *list {
	l := &list{lang: lang, shown: strings.Fields(text), index: make(map[string]int, listSize)}
	for i, word := range l.shown {
		typed := plainWord(word)
		l.typed = append(l.typed, typed)
		l.index[typed] = i
	}
	return l
}

// WordError says which word of a receipt or share is not in the list, counted
// from 1, and up to three words that it may have been meant to be, nearest
// first. Error does not repeat the word, so that it can be logged.
type WordError struct {
	Position    int
	Word        string
	Suggestions []string
}

func (e *WordError) Error() string {
	return fmt.Sprintf("seal: word %d is not in the list", e.Position)
}

// CountError says that there were too few or too many words.
type CountError struct{ Have, Want int }

func (e *CountError) Error() string {
	return fmt.Sprintf("seal: %d words where %d belong", e.Have, e.Want)
}

// showWords returns the words of a language, English where it has no list.
func showWords(lang string, found []int) []string {
	from := lists()[0]
	for _, l := range lists() {
		if l.lang == lang {
			from = l
		}
	}
	out := make([]string, len(found))
	for i, index := range found {
		out[i] = from.shown[index]
	}
	return out
}

// parseWords finds words in the language that knows most of them: a whole text
// is in one language, so that a slip into the other's list is told as well.
func parseWords(text string, want int) ([]int, error) {
	words := splitWords(text)
	if len(words) > 2*want {
		return nil, &CountError{Have: len(words), Want: want}
	}
	var best *list
	var found []int // index of each word, -1 where unknown
	most := -1
	for _, l := range lists() {
		indexes, known := l.find(words)
		if known > most {
			best, found, most = l, indexes, known
		}
	}
	if i := slices.Index(found, -1); i >= 0 {
		return nil, &WordError{Position: i + 1, Word: words[i], Suggestions: best.suggest(plainWord(words[i]))}
	}
	if len(found) != want {
		return nil, &CountError{Have: len(found), Want: want}
	}
	return found, nil
}

func (l *list) find(words []string) (indexes []int, known int) {
	for _, word := range words {
		index, ok := l.index[plainWord(word)]
		if ok {
			known++
		} else {
			index = -1
		}
		indexes = append(indexes, index)
	}
	return indexes, known
}

// suggest returns up to three words that differ little; of those that differ
// as much, first the ones that begin alike.
func (l *list) suggest(word string) []string {
	limit := 3
	switch {
	case len(word) <= 3:
		limit = 1
	case len(word) <= 6:
		limit = 2
	}
	type near struct{ index, distance, head int }
	var all []near
	for i, typed := range l.typed {
		if d := editDistance(word, typed, limit); d <= limit {
			head := 1
			if typed[0] == word[0] {
				head = 0
			}
			all = append(all, near{i, d, head})
		}
	}
	slices.SortStableFunc(all, func(a, b near) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.head, b.head))
	})
	var out []string
	for _, n := range all[:min(3, len(all))] {
		out = append(out, l.shown[n.index])
	}
	return out
}

// splitWords cuts a text at everything but letters and their accents. What a
// copied text hides inside words (soft hyphens, direction marks) is dropped.
func splitWords(text string) []string {
	const zeroWidthSpace = '\u200b' // is meant to part words
	text = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) && r != zeroWidthSpace {
			return -1
		}
		return r
	}, norm.NFC.String(strings.ToValidUTF8(text, " ")))
	words := strings.FieldsFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.Is(unicode.Mn, r)
	})
	words = slices.DeleteFunc(words, func(w string) bool { return plainWord(w) == "" })
	for i, word := range words {
		if runes := []rune(word); len(runes) > maxTyped {
			words[i] = string(runes[:maxTyped])
		}
	}
	return words
}

// plainWord is a word as it is typed: lower case, without accents.
func plainWord(word string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(word))
}

// editDistance counts the letters to insert, drop, replace, or swap with their
// neighbor to make b of a. It stops counting above limit.
func editDistance(a, b string, limit int) int {
	const most = 15 // more than the longest word of a list
	if len(a)-len(b) > limit || len(b)-len(a) > limit || len(b) > most {
		return limit + 1
	}
	var rows [3][most + 1]int // the row before the last, the last, and this one
	before, above, row := &rows[0], &rows[1], &rows[2]
	for j := range len(b) + 1 {
		above[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		smallest := i
		for j := 1; j <= len(b); j++ {
			change := above[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(change, above[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			smallest = min(smallest, row[j])
		}
		if smallest > limit {
			return limit + 1
		}
		before, above, row = above, row, before
	}
	return above[len(b)]
}
