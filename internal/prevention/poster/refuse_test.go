// SPDX-License-Identifier: Apache-2.0

package poster_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/web/webtest"
	"waylight/internal/prevention/poster"
)

// What must not hang on a wall is refused, each time for its own reason, in words
// that say what is wrong; and what was refused prints once that is put right.
func TestRefusals(t *testing.T) {
	t.Parallel()
	p := mississippi(t)
	for name, c := range map[string]struct {
		change func(s *poster.Sheet)
		want   error
		says   string
	}{
		"before the law":           {func(s *poster.Sheet) { s.Day = time.Date(2022, 12, 26, 0, 0, 0, 0, time.UTC) }, poster.ErrForce, "2022-12-27"},
		"after the law":            {func(s *poster.Sheet) { s.Notice.To = day.AddDate(0, 0, -2) }, poster.ErrForce, "to 2026-11-29"},
		"small paper":              {func(s *poster.Sheet) { s.Notice.Paper = program.Paper{Width: 612, Height: 1008} }, poster.ErrPaper, "8.5 x 14"},
		"a screen is no paper":     {func(s *poster.Sheet) { s.Notice.Spots, s.Size = []string{"restroom"}, size(t, "screen") }, poster.ErrPaper, "a screen is none"},
		"small letters":            {func(s *poster.Sheet) { s.Notice.LeastPoints = 90 }, poster.ErrLetters, "letters of 90 points"},
		"too many languages":       {func(s *poster.Sheet) { s.Notice.LeastPoints, s.Languages = 30, poster.Languages(s.Notice) }, poster.ErrLetters, "one sheet per language"},
		"a language of the law":    {func(s *poster.Sheet) { s.Languages = []string{"es"} }, poster.ErrLanguage, `"en" too`},
		"a language without words": {func(s *poster.Sheet) { s.Languages = []string{"en", "fr"} }, poster.ErrLanguage, `no words in "fr"`},
		"a language twice":         {func(s *poster.Sheet) { s.Languages = []string{"en", "en"} }, poster.ErrLanguage, "twice"},
		"nobody called":            {func(s *poster.Sheet) { s.Lines = poster.Unverified(p) }, poster.ErrChannel, "national-hotline"},
		"no such number":           {func(s *poster.Sheet) { s.Lines = nil }, poster.ErrChannel, "no such number"},
		"a code that is off":       {func(s *poster.Sheet) { s.CodeOn = false }, poster.ErrCode, "7K3F9 is switched off"},
		"another address":          {func(s *poster.Sheet) { s.Address = "tip.ms.gov/q/7K3F8" }, poster.ErrCode, "and it opens"},
		"another code":             {func(s *poster.Sheet) { s.Code = "7K3F8" }, poster.ErrCode, "does not end"},
		"a code without a link":    {func(s *poster.Sheet) { s.URL = "" }, poster.ErrCode, "no link"},
		"a link in small letters": {func(s *poster.Sheet) {
			s.URL, s.Address, s.Code = "https://tip.ms.gov/q?c=7K3F9", "tip.ms.gov/q?c=7K3F9", ""
		}, poster.ErrCode, "capitals"},
		"an address too long": {func(s *poster.Sheet) {
			s.Address = strings.Repeat("help.", 30) + "ms.gov/q/7K3F9"
			s.URL = "https://" + s.Address
		}, poster.ErrCode, "too long"},
		"a letter nobody has": {func(s *poster.Sheet) { s.Place = "Depot ☃" }, poster.ErrGlyph, "U+2603 (☃)"},
		"an order turned":     {func(s *poster.Sheet) { s.Place = "Depot \u202e7" }, poster.ErrGlyph, "U+202E"},
		"a place too long":    {func(s *poster.Sheet) { s.Place = strings.Repeat("Llanfair", 60) }, poster.ErrLetters, "too long"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sheet(t, p, "us-station", "letter", "en")
			press := poster.NewPress()
			if err := press.Check(s); err != nil {
				t.Fatalf("the sheet is refused before it is changed: %v", err)
			}
			c.change(&s)
			var out bytes.Buffer
			err := press.PDF(&out, s)
			if !errors.Is(err, c.want) || err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v; want %v, saying %q", err, c.want, c.says)
			}
			if out.Len() > 0 {
				t.Error("something was written")
			}
		})
	}
}

// A sheet that lacks a language prints where others beside it carry that one, and not where
// they carry another.
func TestLanguagesBeside(t *testing.T) {
	t.Parallel()
	p := mississippi(t)
	s := sheet(t, p, "us-station", "letter", "es")
	s.Notice.Languages = []string{"en", "es", "vi"}
	press := poster.NewPress()
	for _, c := range []struct {
		beside []string
		want   error
	}{{nil, poster.ErrLanguage}, {[]string{"en"}, poster.ErrLanguage}, {[]string{"en", "ar"}, poster.ErrLanguage}, {[]string{"en", "vi"}, nil}, {[]string{"vi", "ar", "en"}, nil}} {
		s.Beside = c.beside
		if err := press.Check(s); !errors.Is(err, c.want) {
			t.Errorf("beside sheets in %v: %v, want %v", c.beside, err, c.want)
		}
	}
}

// A specimen may show what nobody has verified, and says across and on top of the
// sheet that it is none to post.
func TestSpecimen(t *testing.T) {
	t.Parallel()
	p := mississippi(t)
	s := sheet(t, p, "us-station", "letter", "en")
	real := said(t, printed(t, s))
	s.Lines, s.CodeOn, s.Specimen = poster.Unverified(p), false, "a test"
	got := said(t, printed(t, s))
	if strings.Contains(real, "SPECIMEN") || !strings.Contains(got, "SPECIMEN. NOT FOR POSTING: a test") {
		t.Errorf("a sheet says %q, a specimen %q", real, got)
	}
	a, b := pictures(t, printed(t, s), "36"), pictures(t, printed(t, sheet(t, p, "us-station", "letter", "en")), "36")
	differ := 0
	with, without := look(t, a[0]), look(t, b[0])
	for i := range with.Pix {
		if with.Pix[i] != without.Pix[i] {
			differ++
		}
	}
	if differ < len(with.Pix)/20 {
		t.Errorf("the mark changes %d dots of %d", differ, len(with.Pix))
	}
	if got := scanned(t, pictures(t, printed(t, s), "72")[0]); got != "HTTPS://TIP.MS.GOV/Q/7K3F9" {
		t.Errorf("the mark covers the code: %q", got)
	}
}

// said is what a reader finds in a document.
func said(t *testing.T, document []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "sheet.pdf")
	if err := os.WriteFile(file, document, 0o600); err != nil {
		t.Fatal(err)
	}
	return string(webtest.Tool(t, "poppler-utils", "pdftotext", "-enc", "UTF-8", file, "-"))
}

// What a screen reader or a search is given is what was written, and each language
// is marked as what it is.
func TestTextLayer(t *testing.T) {
	t.Parallel()
	p := mississippi(t)
	n, _ := p.Notice("us-station")
	for _, s := range poster.Split(sheet(t, p, "us-station", "letter", poster.Languages(n)...)) {
		lang := s.Languages[0]
		data := printed(t, s)
		got := strings.Join(strings.Fields(said(t, data)), " ")
		for _, want := range []string{"1-888-373-7888", "233733", "911", "tip.ms.gov/q/7K3F9", "Jackson, MS (JAN)"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: there is no %q in %q", lang, want, got)
			}
		}
		words := strings.Fields(n.Words[lang].Heading)
		for _, word := range words {
			if !strings.Contains(strings.ReplaceAll(got, " ", ""), strings.Trim(word, "?؟")) {
				t.Errorf("%s: there is no %q in %q", lang, word, got)
			}
		}
	}
}

// The same sheets give the same bytes, on one processor and on several, and a batch
// keeps their order.
func TestSameBytes(t *testing.T) {
	t.Parallel()
	p := mississippi(t)
	var sheets []poster.Sheet
	for i := range 40 {
		s := sheet(t, p, "us-station", []string{"letter", "card"}[i%2], "en")
		s.Place = "Stop " + string(rune('A'+i%26))
		sheets = append(sheets, s)
	}
	print := func(workers int, zipped bool) []byte {
		var out bytes.Buffer
		seen := 0
		b := poster.Batch{Count: len(sheets), Workers: workers, Sheet: func(i int) (poster.Sheet, error) { return sheets[i], nil },
			Name: func(i int) string { return string(rune('a'+i)) + ".pdf" }, Remark: "waylight-sheets x", Progress: func(done, total int) {
				if seen++; done != seen || total != len(sheets) {
					t.Errorf("told %d of %d as number %d", done, total, seen)
				}
			}}
		write := b.PDF
		if zipped {
			write = b.Zip
		}
		if err := write(context.Background(), &out, poster.NewPress()); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	one := print(1, false)
	if !bytes.Equal(one, print(8, false)) || !bytes.Equal(print(1, true), print(8, true)) {
		t.Error("the same sheets give other bytes")
	}
	var at []int
	text := said(t, one)
	for i := range 26 {
		at = append(at, strings.Index(text, "Stop "+string(rune('A'+i))))
	}
	if slices.Min(at) < 0 || !slices.IsSorted(at) {
		t.Errorf("the pages stand in another order: %v", at)
	}
}

// A batch stops when it is told to, or at the first sheet that is refused, and names it.
func TestBatchStops(t *testing.T) {
	t.Parallel()
	p := mississippi(t)
	good, bad := sheet(t, p, "us-station", "letter", "en"), sheet(t, p, "us-station", "letter", "en")
	bad.CodeOn = false
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var out bytes.Buffer
	b := poster.Batch{Count: 1000, Sheet: func(int) (poster.Sheet, error) { return good, nil }, Progress: func(done, _ int) {
		if done == 3 {
			cancel()
		}
	}}
	if err := b.PDF(ctx, &out, poster.NewPress()); !errors.Is(err, context.Canceled) {
		t.Errorf("told to stop: %v", err)
	}
	b = poster.Batch{Count: 9, Sheet: func(i int) (poster.Sheet, error) {
		if i == 6 {
			return bad, nil
		}
		return good, nil
	}}
	if err := b.PDF(context.Background(), &out, poster.NewPress()); !errors.Is(err, poster.ErrCode) || !strings.Contains(err.Error(), "sheet 7 of 9") {
		t.Errorf("a sheet that is refused: %v", err)
	}
}

// A part is known by what its sheets say, the numbers on them included.
func TestRemark(t *testing.T) {
	t.Parallel()
	p := mississippi(t)
	s := sheet(t, p, "us-station", "letter", "en")
	remark := func(s poster.Sheet) string {
		r, err := poster.Remark("pdf", 1, func(int) (poster.Sheet, error) { return s, nil })
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	first := remark(s)
	if first != remark(s) {
		t.Error("the same sheet has two remarks")
	}
	for name, change := range map[string]func(s *poster.Sheet){
		"place": func(s *poster.Sheet) { s.Place = "x" },
		"code":  func(s *poster.Sheet) { s.Code = "AAAAA" },
		"size":  func(s *poster.Sheet) { s.Size.Width++ },
		"number": func(s *poster.Sheet) {
			s.Lines = func(string) (program.Channel, bool) { return program.Channel{Phone: "1", Text: "2"}, true }
		},
	} {
		other := s
		change(&other)
		if remark(other) == first {
			t.Errorf("another %s has the same remark", name)
		}
	}
	file := filepath.Join(t.TempDir(), "part.pdf")
	if there, err := poster.Finished(file, first); there || err != nil {
		t.Errorf("a part that is not there: %v, %v", there, err)
	}
	var out bytes.Buffer
	b := poster.Batch{Count: 1, Sheet: func(int) (poster.Sheet, error) { return s, nil }, Remark: first}
	if err := b.PDF(context.Background(), &out, poster.NewPress()); err != nil {
		t.Fatal(err)
	}
	for _, cut := range []int{0, 200} {
		if err := os.WriteFile(file, out.Bytes()[:out.Len()-cut], 0o600); err != nil {
			t.Fatal(err)
		}
		if there, err := poster.Finished(file, first); there != (cut == 0) || err != nil {
			t.Errorf("a part that lacks %d bytes: %v, %v", cut, there, err)
		}
	}
}
