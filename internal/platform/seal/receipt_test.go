// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

func drawReceipt(t *rapid.T) Receipt {
	return Receipt(rapid.SliceOfN(rapid.Byte(), 10, 10).Draw(t, "receipt"))
}

var drawLang = rapid.SampledFrom([]string{"en", "es"})

func TestReceiptIsReadAsItIsShown(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := drawReceipt(t)
		shown := r.Words(drawLang.Draw(t, "lang"))
		if n := len(strings.Split(shown, "-")); n != 7 {
			t.Fatalf("%q has %d words", shown, n)
		}
		read, err := ParseReceipt(shown)
		if err != nil || read != r {
			t.Fatalf("%q: %v", shown, err)
		}
	})
}

// What people do to words that they copy from paper or hear read out.
func TestReceiptSurvivesHowItIsTyped(t *testing.T) {
	t.Parallel()
	separators := []string{" ", "-", ", ", "\n", "\r\n", " - ", "\t", "  ", ". ", "/", "\u00a0", "\u2011", "\u2013", " 3. ", "\u200b"}
	rapid.Check(t, func(t *rapid.T) {
		r := drawReceipt(t)
		var typed strings.Builder
		typed.WriteString(rapid.SampledFrom([]string{"", " ", "\n", "\ufeff", "\"", "1) "}).Draw(t, "before"))
		for i, word := range strings.Split(r.Words(drawLang.Draw(t, "lang")), "-") {
			if i > 0 {
				typed.WriteString(rapid.SampledFrom(separators).Draw(t, "separator"))
			}
			_, size := utf8.DecodeRuneInString(word)
			first, rest := word[:size], word[size:]
			switch rapid.IntRange(0, 6).Draw(t, "change") {
			case 0:
				word = strings.ToUpper(word)
			case 1:
				word = plainWord(word)
			case 2:
				word = norm.NFD.String(word)
			case 3:
				word = strings.ToUpper(first) + rest
			case 4:
				word = first + "\u00ad" + rest // soft hyphen
			case 5:
				word = first + "\u0301" + rest // an accent that does not belong there
			}
			typed.WriteString(word)
		}
		typed.WriteString(rapid.SampledFrom([]string{"", " ", ".", "\r\n", "!"}).Draw(t, "after"))
		read, err := ParseReceipt(typed.String())
		if err != nil || read != r {
			t.Fatalf("%q: %v", typed.String(), err)
		}
	})
}

// One wrong, missing, extra, or swapped letter in one word is always told with
// its place: it never passes and never blames another word.
func TestOneSlipIsAlwaysTold(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := drawReceipt(t)
		words := strings.Split(plainWord(r.Words(drawLang.Draw(t, "lang"))), "-")
		place := rapid.IntRange(0, 6).Draw(t, "place")
		word := []byte(words[place])
		at := rapid.IntRange(0, len(word)-1).Draw(t, "at")
		letter := byte(rapid.IntRange('a', 'z').Draw(t, "letter"))
		switch rapid.IntRange(0, 3).Draw(t, "slip") {
		case 0:
			word[at] = letter
		case 1:
			word = slices.Delete(word, at, at+1)
		case 2:
			word = slices.Insert(word, at, letter)
		case 3:
			word[at], word[max(at-1, 0)] = word[max(at-1, 0)], word[at]
		}
		if string(word) == words[place] {
			return
		}
		words[place] = string(word)
		_, err := ParseReceipt(strings.Join(words, " "))
		var wrong *WordError
		if !errors.As(err, &wrong) || wrong.Position != place+1 || wrong.Word != string(word) {
			t.Fatalf("%q: %v", words, err)
		}
	})
}

// Another word of the list in one place is noticed, but for one in about 2,048.
func TestAnotherWordIsNoticed(t *testing.T) {
	t.Parallel()
	r := ReceiptFrom(make([]byte, 16), [32]byte{})
	words := strings.Split(r.Words("en"), "-")
	for place := range words {
		passed := 0
		for _, other := range lists()[0].shown {
			changed := slices.Clone(words)
			changed[place] = other
			read, err := ParseReceipt(strings.Join(changed, "-"))
			switch {
			case other == words[place]:
				if err != nil || read != r {
					t.Errorf("the right word: %v", err)
				}
			case err == nil:
				passed++
			case !errors.Is(err, ErrChecksum):
				t.Errorf("%s: %v", other, err)
			}
		}
		if passed > 20 {
			t.Errorf("place %d: %d of 8191 wrong words pass", place+1, passed)
		}
	}
}

func TestUnknownWordIsToldWithWordsLikeIt(t *testing.T) {
	t.Parallel()
	for _, l := range lists() {
		words := strings.Split(ReceiptFrom(make([]byte, 16), [32]byte{}).Words(l.lang), "-")
		for place, word := range words {
			slip := plainWord(word)
			slip = slip[:2] + "q" + slip[3:]
			changed := slices.Clone(words)
			changed[place] = slip
			_, err := ParseReceipt(strings.Join(changed, "-"))
			var wrong *WordError
			if !errors.As(err, &wrong) || wrong.Position != place+1 {
				t.Fatalf("%s: %v", slip, err)
			}
			if len(wrong.Suggestions) > 3 || !slices.Contains(wrong.Suggestions, word) {
				t.Errorf("%s for %s: suggests %q", slip, word, wrong.Suggestions)
			}
			if strings.Contains(err.Error(), slip) {
				t.Errorf("the error repeats what was typed: %v", err)
			}
		}
	}
}

func TestWrongNumberOfWordsIsTold(t *testing.T) {
	t.Parallel()
	words := strings.Split(ReceiptFrom(make([]byte, 16), [32]byte{}).Words("es"), "-")
	for _, c := range []struct {
		text string
		have int
	}{
		{"", 0}, {" -, 12 \n", 0}, {words[0], 1}, {strings.Join(words[:6], " "), 6},
		{strings.Join(append(words, words[0]), " "), 8}, {strings.Repeat("qqq ", 5000), 5000},
	} {
		_, err := ParseReceipt(c.text)
		var count *CountError
		if !errors.As(err, &count) || count.Have != c.have || count.Want != 7 {
			t.Errorf("%d words: %v", c.have, err)
		}
	}
}

// A page must be able to show the word that was typed, whatever it was.
func TestTypedWordIsGivenBackShortAndWhole(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"very long": strings.Repeat("x", 100_000), "accents only": "\u0301\u0301 \u0301", "not UTF-8": "\xff\xfexx\xff",
		"other script": "помощь", "emoji": "🙂🙂", "tag": "<script>", "null": "a\x00b",
	} {
		_, err := ParseReceipt(text)
		var wrong *WordError
		var count *CountError
		if !errors.As(err, &wrong) && !errors.As(err, &count) {
			t.Errorf("%s: %v", name, err)
		}
		if wrong != nil && (len([]rune(wrong.Word)) > maxTyped || !strings.ContainsFunc(wrong.Word, unicode.IsLetter)) {
			t.Errorf("%s: gives back %q", name, wrong.Word)
		}
	}
}

func TestOneSlipIntoTheOtherLanguageIsTold(t *testing.T) {
	t.Parallel()
	r := ReceiptFrom(make([]byte, 16), [32]byte{})
	english, spanish := strings.Split(r.Words("en"), "-"), strings.Split(r.Words("es"), "-")
	mixed := slices.Clone(english)
	mixed[4] = spanish[4]
	_, err := ParseReceipt(strings.Join(mixed, " "))
	var wrong *WordError
	if !errors.As(err, &wrong) || wrong.Position != 5 {
		t.Errorf("a Spanish word in an English receipt: %v", err)
	}
}

// A person who presses "send" twice gets one receipt; who sends something else
// under the same key gets another one.
func TestReceiptFromIsTheSameOnlyForTheSame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "key")
		digest := [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "digest"))
		r := ReceiptFrom(key, digest)
		if r != ReceiptFrom(bytes.Clone(key), digest) {
			t.Fatal("the same submission has two receipts")
		}
		digest[0] ^= 1
		if r == ReceiptFrom(key, digest) {
			t.Fatal("another body has the same receipt")
		}
		digest[0] ^= 1
		if r == ReceiptFrom(append(key, 0), digest) {
			t.Fatal("another key has the same receipt")
		}
	})
}

// Whoever sees the database sees the stored hash; whoever runs the server sees
// the lookup secret. Neither may lead to the seed or the words.
func TestWhatIsMadeOfAReceiptIsApart(t *testing.T) {
	t.Parallel()
	r := ReceiptFrom(make([]byte, 16), [32]byte{})
	other := r
	other[9] ^= 1
	if r.Lookup() == r.Seed() {
		t.Error("the lookup secret is the seed")
	}
	if r.Lookup() == other.Lookup() || r.Seed() == other.Seed() {
		t.Error("two receipts make the same secrets")
	}
	pepper, lookup := bytes.Repeat([]byte{7}, 32), r.Lookup()
	if LookupHash(pepper, lookup) == LookupHash(bytes.Repeat([]byte{8}, 32), lookup) {
		t.Error("the pepper does not count")
	}
	seed := r.Seed()
	if _, err := PrivateFromSeed(seed[:]); err != nil {
		t.Errorf("the seed makes no key: %v", err)
	}
}

func TestAnUnknownLanguageShowsEnglish(t *testing.T) {
	t.Parallel()
	r := ReceiptFrom(make([]byte, 16), [32]byte{})
	if r.Words("vi") != r.Words("en") || r.Words("en") == r.Words("es") {
		t.Error("wrong language shown")
	}
}
