// SPDX-License-Identifier: Apache-2.0

package typeset_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"waylight/internal/platform/typeset"
)

var languages = []string{"en", "es", "vi", "ar", "fa", "hi", "zh-Hans", "ko"}

// seen is a line as it is seen, cluster by cluster from the left.
func seen(l typeset.Line) string {
	var out strings.Builder
	for _, g := range l.Glyphs {
		out.WriteString(g.Text)
	}
	return out.String()
}

func set(t *testing.T, text typeset.Text, width float64) []typeset.Line {
	t.Helper()
	p, err := typeset.NewSetter().Shape(text)
	if err != nil {
		t.Fatal(err)
	}
	lines, ok := p.Wrap(width)
	if !ok {
		t.Fatalf("%v does not fit in %g", text, width)
	}
	return lines
}

func around(lang, before, number, after string, kind typeset.Kind) typeset.Text {
	return typeset.Text{Lang: lang, Spans: []typeset.Span{{Text: before}, {Text: number, Kind: kind}, {Text: after}}}
}

// A number that stands apart keeps its order; the same number in plain text is what
// the rules of Unicode make of it, which is why the mark is needed.
func TestOrder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text typeset.Text
		want string
	}{
		{around("en", "Call ", "1-888-373-7888", " now", typeset.Apart), "Call 1-888-373-7888 now"},
		{around("ar", "اتصل ", "1-888-373-7888", "", typeset.Apart), "1-888-373-7888 لصتا"},
		{around("ar", "اتصل ", "1-888-373-7888", " الآن", typeset.Apart), "نلآا 1-888-373-7888 لصتا"},
		{around("ar", "اتصل ", "1-888-373-7888", "", typeset.Plain), "7888-373-888-1 لصتا"},
		{around("ar", "", "tip.ms.gov/q/7K3F9", "", typeset.Apart), "tip.ms.gov/q/7K3F9"},
		{around("en", "", "محطة", " 7 x", typeset.Name), "ةطحم 7 x"},
		{around("en", "", "محطة", " 7 x", typeset.Plain), "7 ةطحم x"},
		{around("hi", "", "911", " पर", typeset.Apart), "911 पर"},
	} {
		lines := set(t, c.text, 100)
		if len(lines) != 1 || seen(lines[0]) != c.want {
			t.Errorf("%v: %q, want %q", c.text, seen(lines[0]), c.want)
		}
	}
}

// What stands apart is never broken; a line ends where the script lets it.
func TestLines(t *testing.T) {
	t.Parallel()
	lines := set(t, around("en", "Write to us at ", "tip.ms.gov/q/7K3F9-1-888-373-7888", " today", typeset.Apart), 19)
	if len(lines) != 3 || seen(lines[1]) != "tip.ms.gov/q/7K3F9-1-888-373-7888" {
		t.Errorf("%d lines, %q", len(lines), seen(lines[1]))
	}
	if lines := set(t, typeset.Text{Lang: "zh-Hans", Spans: []typeset.Span{{Text: "帮助是免费的。您不必说出姓名。"}}}, 7); len(lines) != 3 || strings.HasPrefix(seen(lines[1]), "。") || strings.HasPrefix(seen(lines[2]), "。") {
		t.Errorf("Chinese: %d lines", len(lines))
	}
	p, err := typeset.NewSetter().Shape(around("en", "", strings.Repeat("long", 20), "", typeset.Plain))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := p.Wrap(5); ok {
		t.Error("a word that is wider than a line was cut")
	}
}

// A letter that cannot be printed is named, and where it stands.
func TestMissing(t *testing.T) {
	t.Parallel()
	for text, r := range map[string]rune{"Depot ☃": '☃', "ᏣᎳᎩ": 'Ꮳ', "1\u202e2": '\u202e', "a\x00b": 0, "漢\U00020000": '漢', "\u093f": '\u093f', "x\ufffd": '\ufffd', "🚆": '🚆', "a\ufe0f": '\ufe0f'} {
		_, err := typeset.NewSetter().Shape(typeset.Text{Lang: "en", Spans: []typeset.Span{{Text: text}}})
		var missing *typeset.Missing
		if !errors.As(err, &missing) || missing.Rune != r || !strings.Contains(err.Error(), typeset.CharacterName(r)) || !strings.Contains(err.Error(), `"en"`) {
			t.Errorf("%q: %v, want %s by name", text, err, typeset.CharacterName(r))
		}
	}
}

// Names of people and places with every accent that Latin letters have.
func TestAccents(t *testing.T) {
	t.Parallel()
	for r := rune(0xc0); r < 0x250; r++ {
		if unicode.IsLetter(r) {
			if _, err := typeset.NewSetter().Shape(typeset.Text{Lang: "en", Bold: r%2 == 0, Spans: []typeset.Span{{Text: string(r)}}}); err != nil {
				t.Error(err)
			}
		}
	}
	set(t, typeset.Text{Lang: "vi", Spans: []typeset.Span{{Text: "ẠẢẤẦẨẪẬẮẰẲẴẶẸẺẼẾỀỂỄỆỈỊỌỎỐỒỔỖỘỚỜỞỠỢỤỦỨỪỬỮỰỲỴỶỸ Nguyễn"}}}, 100)
}

// inside holds a text to what the package promises: it is refused by name, or every
// letter of it is on a line, none of them wider than it may be, none twice.
func inside(t interface {
	Errorf(string, ...any)
}, text typeset.Text, width float64) {
	p, err := typeset.NewSetter().Shape(text)
	if err != nil {
		var missing *typeset.Missing
		if !errors.As(err, &missing) {
			t.Errorf("%+q: %v", plain(text), err)
		}
		return
	}
	n, ascent, descent, ok := p.Lines(width)
	lines, wrapped := p.Wrap(width)
	if ok != wrapped || ok && n != len(lines) {
		t.Errorf("%+q: %d lines counted and %d made, %v and %v", plain(text), n, len(lines), ok, wrapped)
	}
	if !ok {
		if p.Width() <= width {
			t.Errorf("%+q: fits in %g and is refused", plain(text), width)
		}
		return
	}
	letters := map[rune]int{}
	for _, l := range lines {
		pen := 0.0
		for _, g := range l.Glyphs {
			o := g.Font.Outline(g.ID)
			top, low := g.Y+o.YMax/g.Font.PerEm(), g.Y+o.YMin/g.Font.PerEm()
			if g.ID == 0 || len(o.Steps) > 0 && (top > ascent+0.01 || -low > descent+0.01) {
				t.Errorf("%+q: a letter reaches from %g to %g, over %g and %g, or is a box", plain(text), low, top, ascent, descent)
			}
			pen += g.Advance
			for _, r := range g.Text {
				letters[r]++
			}
		}
		if l.Width > width || math.Abs(pen-l.Width) > 1e-6 {
			t.Errorf("%+q: a line of %g, which is said to be %g, in %g", plain(text), pen, l.Width, width)
		}
	}
	for _, span := range text.Spans {
		for _, r := range span.Text {
			if unicode.IsDigit(r) && r < 0x80 {
				letters[r]--
			}
		}
	}
	for r := '0'; r <= '9'; r++ {
		if letters[r] != 0 {
			t.Errorf("%+q: %c is lost or doubled", plain(text), r)
		}
	}
}

var alphabets = [][]rune{
	[]rune("abcXYZ éñđầ.,?!-/()'"), []rune("0123456789-+() "), []rune("ابتثجلمنهوي لاأ؟،ًّ"), []rune("कखगचजटतनपमरल ािीुेै़्ं।"),
	[]rune("帮助是免费的有人您，。？"), []rune("누군가일을강요 하"), []rune("☃\u202e\u2067\u200d\ufe0f \t\n"),
}

func TestEveryTextFitsOrIsRefusedByName(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := typeset.Text{Lang: rapid.SampledFrom(languages).Draw(t, "lang"), Bold: rapid.Bool().Draw(t, "bold")}
		for range rapid.IntRange(0, 5).Draw(t, "spans") {
			kinds := len(alphabets)
			if rapid.IntRange(0, 3).Draw(t, "odd") > 0 {
				kinds--
			}
			letters := alphabets[rapid.IntRange(0, kinds-1).Draw(t, "script")]
			runes := rapid.SliceOfN(rapid.SampledFrom(letters), 0, 24).Draw(t, "text")
			text.Spans = append(text.Spans, typeset.Span{Text: string(runes), Kind: typeset.Kind(rapid.IntRange(0, 2).Draw(t, "kind"))})
		}
		inside(t, text, rapid.Float64Range(0.5, 40).Draw(t, "width"))
	})
}

func FuzzShape(f *testing.F) {
	f.Add("Call ", "1-888-373-7888", 0, 8.0)
	f.Add("اتصل بالرقم", "911", 3, 5.0)
	f.Add("क्षत्रिय र्क", "क़", 5, 2.0)
	f.Fuzz(func(t *testing.T, before, number string, lang int, width float64) {
		if math.IsNaN(width) || width < 0.1 || width > 1000 || len(before)+len(number) > 400 {
			return
		}
		inside(t, around(languages[(lang%len(languages)+len(languages))%len(languages)], before, number, before, typeset.Apart), width)
	})
}

func plain(t typeset.Text) string {
	var out strings.Builder
	for _, s := range t.Spans {
		out.WriteString(s.Text + "|")
	}
	return out.String()
}
