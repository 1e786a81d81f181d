// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A changed word would turn receipts that people hold into other receipts.
func TestListsNeverChange(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, sum string }{
		"en": {wordList("en"), "2105bcbc6aac3e1c54ed4479b398fe528b3d78b77443118357a9fdab97b3711a"},
		"es": {wordList("es"), "5aff64c32d167d02e98a53c0fc7da61c96004080559a63b968bf92666ab4c1fb"},
	} {
		sum := sha256.Sum256([]byte(c.text))
		if got := hex.EncodeToString(sum[:]); got != c.sum {
			t.Errorf("%s.txt has SHA-256 %s, not %s", name, got, c.sum)
		}
	}
}

func TestEveryListHasAllNumbers(t *testing.T) {
	t.Parallel()
	for _, l := range lists() {
		if len(l.shown) != listSize || len(l.index) != listSize {
			t.Errorf("%s: %d words, %d different", l.lang, len(l.shown), len(l.index))
		}
		for i, word := range l.typed {
			if l.index[word] != i {
				t.Errorf("%s: %q has two numbers", l.lang, word)
			}
		}
	}
}

func TestWordsCanBeTyped(t *testing.T) {
	t.Parallel()
	for _, l := range lists() {
		for i, word := range l.shown {
			typed := l.typed[i]
			if strings.Trim(typed, "abcdefghijklmnopqrstuvwxyz") != "" || len(typed) < 3 || len(typed) > 9 {
				t.Errorf("%s: %q is typed %q", l.lang, word, typed)
			}
			if !norm.NFC.IsNormalString(word) || utf8.RuneCountInString(word) != len(typed) {
				t.Errorf("%s: %q is not in NFC", l.lang, word)
			}
			if l.lang == "en" && word != typed {
				t.Errorf("en: %q is not plain ASCII", word)
			}
		}
	}
}

// One slip of a finger or one misheard letter must not make another word of
// the list: a letter too many, too few, wrong, or swapped with its neighbor.
func TestNoTwoWordsAreOneSlipApart(t *testing.T) {
	t.Parallel()
	for _, l := range lists() {
		near := map[string][]string{} // word without one letter -> words
		for _, word := range l.typed {
			for _, key := range withoutOne(word) {
				for _, other := range near[key] {
					if word != other && editDistance(word, other, 1) <= 1 {
						t.Errorf("%s: %s and %s", l.lang, word, other)
					}
				}
				near[key] = append(near[key], word)
			}
		}
	}
}

// withoutOne is the word and the word without each of its letters: words one
// slip apart share one of these.
func withoutOne(word string) []string {
	keys := []string{word}
	for i := range word {
		keys = append(keys, word[:i]+word[i+1:])
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func TestPluralsDoNotStandBesideTheirSingular(t *testing.T) {
	t.Parallel()
	for _, l := range lists() {
		for _, word := range l.typed {
			for _, plural := range []string{word + "s", word + "es", swapEnd(word, "y", "ies"), swapEnd(word, "z", "ces")} {
				if _, ok := l.index[plural]; ok && plural != word {
					t.Errorf("%s: %s and %s", l.lang, word, plural)
				}
			}
		}
	}
}

// Then a text is in one language without anybody saying which.
func TestNoWordIsInTwoLanguages(t *testing.T) {
	t.Parallel()
	english, spanish := lists()[0], lists()[1]
	for _, word := range english.typed {
		if _, ok := spanish.index[word]; ok {
			t.Errorf("%q is in both lists", word)
		}
	}
}

// A receipt may lie on a table where anybody reads it.
func TestWordsAreFitToBeSeen(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/unfit.txt")
	if err != nil {
		t.Fatal(err)
	}
	var unfit []string
	for line := range strings.Lines(string(data)) {
		if !strings.HasPrefix(line, "#") {
			unfit = append(unfit, strings.Fields(line)...)
		}
	}
	if len(unfit) < 100 {
		t.Fatalf("only %d beginnings to look for", len(unfit))
	}
	for _, l := range lists() {
		for _, word := range l.typed {
			for _, bad := range unfit {
				whole, ok := strings.CutSuffix(bad, ".")
				if ok && word == whole || !ok && strings.HasPrefix(word, bad) {
					t.Errorf("%s: %s (%s)", l.lang, word, bad)
				}
			}
		}
	}
}

func TestEditDistance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"harbor", "harbor", 0}, {"harbr", "harbor", 1}, {"harbour", "harbor", 1}, {"harbot", "harbor", 1},
		{"hrabor", "harbor", 1}, {"hrabot", "harbor", 2}, {"", "abc", 3}, {"abc", "", 3}, {"abcdef", "uvwxyz", 4},
	} {
		if got := editDistance(c.a, c.b, 3); got != c.want {
			t.Errorf("%q to %q: %d, not %d", c.a, c.b, got, c.want)
		}
	}
}

func swapEnd(word, end, with string) string {
	if stem, ok := strings.CutSuffix(word, end); ok {
		return stem + with
	}
	return word
}
