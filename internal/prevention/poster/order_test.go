// SPDX-License-Identifier: Apache-2.0

package poster_test

import (
	"image"
	"testing"

	"waylight/internal/partnership/program"
	"waylight/internal/prevention/poster"
)

const number = "1-888-373-7888"

// wall is a notice with one line in each language, a number among the words.
func wall(call map[string]string) program.Notice {
	n := program.Notice{ID: "wall", Version: "1", Paper: program.Paper{Width: 100, Height: 100}, LeastPoints: 10, Words: map[string]program.NoticeWords{}}
	for lang, line := range call {
		n.Words[lang] = program.NoticeWords{Heading: "1", Body: []string{"1"}, Call: []string{line}, Scan: "1"}
		n.Languages = append(n.Languages, lang)
	}
	return n
}

func line(n program.Notice, lang, phone string) poster.Sheet {
	return poster.Split(poster.Sheet{Notice: n, Languages: []string{lang}, Size: poster.Size{Name: "wall", Width: 1190, Height: 1200},
		Lines: func(string) (program.Channel, bool) { return program.Channel{Phone: phone}, true }, Day: day})[0]
}

// A number reads in the same order in every script. The test looks for the picture of
// the number, as it is drawn alone, in the picture of each line: what a text layer
// says of it does not matter to who reads a wall. That a number turned around would be
// seen is tested with it.
func TestNumbersReadInVisualOrderInEveryScript(t *testing.T) {
	t.Parallel()
	n := wall(map[string]string{"en": "Call {phone:x}", "es": "{phone:x} ya", "zh-Hans": "请拨打 {phone:x}", "ar": "اتصل {phone:x}", "fa": "{phone:x} بزن", "hi": "{phone:x} पर", "ko": "전화 {phone:x}", "vi": "Gọi {phone:x}"})
	alone := wall(map[string]string{"en": "{phone:x}"})
	draw := func(n program.Notice, lang, phone string) *image.Gray {
		s := line(n, lang, phone)
		return callLine(t, look(t, pictures(t, printed(t, s), "36")[0]))
	}
	right := crop(draw(alone, "en", number))
	around := crop(draw(alone, "en", "8887-373-888-1"))
	for lang := range n.Words {
		drawn := draw(n, lang, number)
		good, bad := nearest(drawn, right), nearest(drawn, around)
		if good > 18 || bad < 2*good+10 {
			t.Errorf("%s: the number is %d off, and turned around %d", lang, good, bad)
		}
	}
	if at := nearest(draw(n, "ar", "8887-373-888-1"), right); at < 28 {
		t.Errorf("a number that is turned around passes for the right one: %d", at)
	}
}

// callLine is the part of a sheet where the number's line is: the lowest of the large
// letters.
func callLine(t *testing.T, p image.Image) *image.Gray {
	t.Helper()
	b := p.Bounds()
	out := image.NewGray(b)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			out.Pix[out.PixOffset(x, y)] = uint8(gray(p, x, y))
		}
	}
	// bands of rows with ink, from below; the small print is the first of them
	var bands [][2]int
	for y := b.Max.Y - 1; y >= 0; y-- {
		if !inked(out, y) {
			continue
		}
		end := y + 1
		for y >= 0 && inked(out, y) {
			y--
		}
		if end-y > 12 {
			bands = append(bands, [2]int{y + 1, end})
		}
	}
	if len(bands) < 2 {
		t.Fatalf("%d lines", len(bands))
	}
	return out.SubImage(image.Rect(0, bands[0][0], b.Max.X, bands[0][1])).(*image.Gray)
}

func inked(p *image.Gray, y int) bool {
	for x := p.Rect.Min.X; x < p.Rect.Max.X; x++ {
		if p.GrayAt(x, y).Y < 128 {
			return true
		}
	}
	return false
}

// crop leaves what has ink.
func crop(p *image.Gray) *image.Gray {
	r := image.Rectangle{}
	for y := p.Rect.Min.Y; y < p.Rect.Max.Y; y++ {
		for x := p.Rect.Min.X; x < p.Rect.Max.X; x++ {
			if p.GrayAt(x, y).Y < 128 {
				r = r.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return p.SubImage(r).(*image.Gray)
}

// nearest is how far a small picture is from the place in a large one where it fits
// best: the mean difference of dots.
func nearest(large, small *image.Gray) int {
	best := 255
	w, h := small.Rect.Dx(), small.Rect.Dy()
	for y := large.Rect.Min.Y; y+h <= large.Rect.Max.Y; y++ {
		for x := large.Rect.Min.X; x+w <= large.Rect.Max.X; x++ {
			sum, limit := 0, best*w*h
			for dy := 0; dy < h && sum < limit; dy++ {
				from, to := small.PixOffset(small.Rect.Min.X, small.Rect.Min.Y+dy), large.PixOffset(x, y+dy)
				for dx := range w {
					d := int(small.Pix[from+dx]) - int(large.Pix[to+dx])
					sum += max(d, -d)
				}
			}
			best = min(best, sum/(w*h))
		}
	}
	return best
}
