// SPDX-License-Identifier: Apache-2.0

package poster_test

import (
	"bytes"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"waylight/internal/partnership/program"
	"waylight/internal/prevention/poster"
)

// Whatever a notice and a place say, in whatever script: the sheet is refused for a
// reason that has a name and nothing is written, or all of it is printed with letters
// no smaller than the notice asks for.
func TestAnySheetPrintsOrIsRefused(t *testing.T) {
	t.Parallel()
	press := poster.NewPress()
	words := func(t *rapid.T, what string) string {
		letters := rapid.SampledFrom([]string{"abc Ñéñ-1,.", "ابت ثجح،", "कखग ािी।", "帮助免费，。", "누가일을 ", "☃\u202e🚆"}).Draw(t, what+" script")
		return string(rapid.SliceOfN(rapid.SampledFrom([]rune(letters)), 1, 60).Draw(t, what))
	}
	printed, refused := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		n := program.Notice{ID: "any", Version: "1", LeastPoints: rapid.Float64Range(6, 40).Draw(t, "points"), Words: map[string]program.NoticeWords{}}
		for _, lang := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"en", "es", "ar", "hi", "zh-Hans", "ko", "vi"}), 1, 4, rapid.ID).Draw(t, "languages") {
			n.Languages = append(n.Languages, lang)
			n.Words[lang] = program.NoticeWords{Heading: words(t, "heading"), Body: []string{words(t, "body")}, Call: []string{words(t, "call") + " {phone:x}"}, Scan: words(t, "scan")}
		}
		s := poster.Sheet{Notice: n, Size: rapid.SampledFrom(poster.Sizes()).Draw(t, "size"), Place: words(t, "place"), Day: day,
			Lines: func(string) (program.Channel, bool) { return program.Channel{Phone: "1-888-555-0100"}, true }}
		if rapid.Bool().Draw(t, "code") {
			s.Code, s.CodeOn, s.Address, s.URL = "7K3F9", true, "tip.ms.gov/q/7K3F9", "https://tip.ms.gov/q/7K3F9"
		}
		var out bytes.Buffer
		err := press.PDF(&out, s)
		if err != nil {
			refused++
			narrow := s.Code != "" && errors.Is(err, poster.ErrCode) // the address beside the code is wider than its column
			if !narrow && !errors.Is(err, poster.ErrGlyph) && !errors.Is(err, poster.ErrLetters) || out.Len() > 0 {
				t.Errorf("%v, and %d bytes", err, out.Len())
			}
			return
		}
		printed++
		if points, err := press.Points(s); err != nil || points < n.LeastPoints {
			t.Errorf("letters of %g points, and %g are the least: %v", points, n.LeastPoints, err)
		}
	})
	if printed == 0 || refused == 0 {
		t.Errorf("%d printed and %d refused", printed, refused)
	}
}
