// SPDX-License-Identifier: Apache-2.0

package webtest

import (
	"regexp"
	"strings"
	"testing"
	"unicode"

	"waylight/internal/platform/web"
)

var (
	sentenceEnd = regexp.MustCompile(`[.!?:;\n]+`)
	holder      = regexp.MustCompile(`\{[a-z_]+\}`)
)

// ReadingGrade is the school grade in which most people can read an English
// text, by the formula of Flesch and Kincaid. It means little for a few words.
func ReadingGrade(text string) float64 {
	text = holder.ReplaceAllString(text, "one")
	sentences, words, syllables := 0, 0, 0
	for _, part := range sentenceEnd.Split(text, -1) {
		had := words
		for _, word := range strings.FieldsFunc(part, func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' && r != '’' }) {
			if n := syllablesOf(word); n > 0 {
				words++
				syllables += n
			}
		}
		if words > had {
			sentences++
		}
	}
	if words == 0 {
		return 0
	}
	return 0.39*float64(words)/float64(sentences) + 11.8*float64(syllables)/float64(words) - 15.59
}

// syllablesOf counts groups of vowels, without the silent ones at the end.
func syllablesOf(word string) int {
	word = strings.ToLower(strings.Trim(word, "'’"))
	count, before := 0, false
	for _, r := range word {
		vowel := strings.ContainsRune("aeiouyáéíóúü", r)
		if vowel && !before {
			count++
		}
		before = vowel
	}
	silent := strings.HasSuffix(word, "e") && !strings.HasSuffix(word, "le") ||
		strings.HasSuffix(word, "ed") && !strings.HasSuffix(word, "ted") && !strings.HasSuffix(word, "ded") ||
		strings.HasSuffix(word, "es") && !strings.HasSuffix(word, "ses") && !strings.HasSuffix(word, "ces") && !strings.HasSuffix(word, "zes")
	if silent && count > 1 {
		count--
	}
	if count == 0 && word != "" {
		return 1
	}
	return count
}

// CheckReading fails the test where English words of a catalogue whose keys
// begin so are harder than the grade. Strings of fewer than ten words are
// measured together with those that share the first part of their key.
func CheckReading(t testing.TB, c *web.Catalog, grade float64, prefixes ...string) {
	t.Helper()
	together := map[string]string{}
	for _, key := range c.Keys() {
		wanted := len(prefixes) == 0
		for _, p := range prefixes {
			wanted = wanted || strings.HasPrefix(key, p)
		}
		if !wanted {
			continue
		}
		words := c.Raw("en", key)
		if len(strings.Fields(words)) >= 10 {
			if g := ReadingGrade(words); g > grade {
				t.Errorf("%s reads at grade %.1f, over %.0f: %s", key, g, grade, words)
			}
			continue
		}
		group, _, _ := strings.Cut(key, ".")
		together[group] += words + ".\n"
	}
	for group, words := range together {
		if g := ReadingGrade(words); g > grade {
			t.Errorf("the short words of %s read at grade %.1f, over %.0f", group, g, grade)
		}
	}
}
