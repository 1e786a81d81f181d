// SPDX-License-Identifier: Apache-2.0

package posters

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"github.com/signintech/gopdf"
	"rsc.io/qr"

	"waylight/internal/partnership/program"
	"waylight/internal/prevention/poster"
	"waylight/programs"
)

// The languages that all three can set with the fonts at hand: both libraries want
// TrueType, which the Chinese and Korean fonts are not.
var langs = []string{"en", "es", "ar", "hi", "vi"}

const link = "HTTPS://TIP.MS.GOV/Q/7K3F9"

// sheet is the station's notice, and the same words as plain lines.
func sheet(t testing.TB) (poster.Sheet, map[string][]string) {
	t.Helper()
	set, err := program.Load(programs.FS)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := set.Program("ms")
	n, ok := p.Notice("us-station")
	if !ok {
		t.Fatal("there is no notice us-station")
	}
	letter, _ := poster.SizeOf("letter")
	lines := map[string][]string{}
	for _, lang := range langs {
		w := n.Words[lang]
		for _, line := range append(append([]string{w.Heading}, w.Body...), append(w.Call, w.Scan)...) {
			lines[lang] = append(lines[lang], program.Fill(line, func(means, id string) string {
				if means == "sms" {
					return p.Channels[id].Text
				}
				return p.Channels[id].Phone
			}))
		}
	}
	return poster.Sheet{Notice: n, Languages: langs, Size: letter, Place: "Jackson, MS (JAN)", Code: "7K3F9", CodeOn: true, Address: "tip.ms.gov/q/7K3F9", URL: "https://tip.ms.gov/q/7K3F9",
		Lines: func(id string) (program.Channel, bool) { c, ok := p.Channels[id]; return c, ok }, Day: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)}, lines
}

// fontFiles are the fonts that both libraries are given: the same as ours.
func fontFiles(t testing.TB) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for name, file := range map[string]string{"latin": "NotoSans-Regular.ttf", "arabic": "NotoSansArabic-Regular.ttf", "devanagari": "NotoSansDevanagari-Regular.ttf"} {
		data, err := os.ReadFile(filepath.Join("/usr/share/fonts/truetype/noto", file))
		if err != nil {
			t.Fatalf("%v: apt-get install -y --no-install-recommends fonts-noto-core", err)
		}
		out[name] = data
	}
	return out
}

func fontOf(lang string) string {
	switch lang {
	case "ar":
		return "arabic"
	case "hi":
		return "devanagari"
	}
	return "latin"
}

func code(t testing.TB) []byte {
	t.Helper()
	c, err := qr.Encode(link, qr.Q)
	if err != nil {
		t.Fatal(err)
	}
	picture := image.NewGray(image.Rect(0, 0, c.Size, c.Size))
	for y := range c.Size {
		for x := range c.Size {
			if !c.Black(x, y) {
				picture.SetGray(x, y, color.Gray{255})
			}
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func withGopdf(t testing.TB, w io.Writer, lines map[string][]string, fonts map[string][]byte, code []byte) {
	var doc gopdf.GoPdf
	doc.Start(gopdf.Config{PageSize: *gopdf.PageSizeLetter})
	for name, data := range fonts {
		if err := doc.AddTTFFontData(name, data); err != nil {
			t.Fatal(err)
		}
	}
	doc.AddPage()
	y := 36.0
	for _, lang := range langs {
		for _, line := range lines[lang] {
			if err := doc.SetFont(fontOf(lang), "", 11); err != nil {
				t.Fatal(err)
			}
			doc.SetXY(36, y)
			if err := doc.Cell(nil, line); err != nil {
				t.Fatal(err)
			}
			y += 15
		}
	}
	holder, err := gopdf.ImageHolderByBytes(code)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.ImageByHolder(holder, 36, 640, &gopdf.Rect{W: 113, H: 113}); err != nil {
		t.Fatal(err)
	}
	if _, err := doc.WriteTo(w); err != nil {
		t.Fatal(err)
	}
}

func withFpdf(t testing.TB, w io.Writer, lines map[string][]string, fonts map[string][]byte, code []byte) {
	doc := fpdf.New("P", "pt", "Letter", "")
	for name, data := range fonts {
		doc.AddUTF8FontFromBytes(name, "", data)
	}
	doc.AddPage()
	y := 36.0
	for _, lang := range langs {
		for _, line := range lines[lang] {
			doc.SetFont(fontOf(lang), "", 11)
			if lang == "ar" {
				doc.RTL()
			} else {
				doc.LTR()
			}
			doc.SetXY(36, y)
			doc.CellFormat(540, 15, line, "", 0, map[bool]string{true: "R", false: "L"}[lang == "ar"], false, 0, "")
			y += 15
		}
	}
	doc.RegisterImageOptionsReader("code", fpdf.ImageOptions{ImageType: "PNG"}, bytes.NewReader(code))
	doc.ImageOptions("code", 36, 640, 113, 113, false, fpdf.ImageOptions{ImageType: "PNG"}, 0, "")
	if err := doc.Output(w); err != nil {
		t.Fatal(err)
	}
}

type way struct {
	name  string
	print func(w io.Writer)
}

func ways(t testing.TB) []way {
	s, lines := sheet(t)
	fonts, code := fontFiles(t), code(t)
	press := poster.NewPress()
	return []way{
		{"waylight", func(w io.Writer) {
			if err := press.PDF(w, s); err != nil {
				t.Fatal(err)
			}
		}},
		{"gopdf", func(w io.Writer) { withGopdf(t, w, lines, fonts, code) }},
		{"fpdf", func(w io.Writer) { withFpdf(t, w, lines, fonts, code) }},
	}
}

// BenchmarkSheet prints one letter sheet after another, each a document of its own.
func BenchmarkSheet(b *testing.B) {
	for _, way := range ways(b) {
		b.Run(way.name, func(b *testing.B) {
			var size int
			b.ReportAllocs()
			for b.Loop() {
				var out bytes.Buffer
				way.print(&out)
				size = out.Len()
			}
			b.ReportMetric(float64(size)/1000, "KB/sheet")
		})
	}
}

// Each sheet is drawn by another program and its code is read. What the letters look
// like a person has to see: POSTERS_KEEP=FOLDER keeps the sheets.
func TestWhatEachPrints(t *testing.T) {
	dir := t.TempDir()
	for _, way := range ways(t) {
		var out bytes.Buffer
		way.print(&out)
		file := filepath.Join(dir, way.name+".pdf")
		if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		if data, err := exec.Command("pdftoppm", "-r", "100", "-gray", "-singlefile", file, filepath.Join(dir, way.name)).CombinedOutput(); err != nil {
			t.Fatalf("pdftoppm (apt-get install poppler-utils): %v: %s", err, data)
		}
		got, err := exec.Command("zbarimg", "-q", "--raw", "-Sdisable", "-Sqrcode.enable", filepath.Join(dir, way.name+".pgm")).Output()
		if err != nil || string(bytes.TrimSpace(got)) != link {
			t.Errorf("%s: the code reads %q: %v (zbarimg: apt-get install zbar-tools)", way.name, got, err)
		}
	}
	if keep := os.Getenv("POSTERS_KEEP"); keep != "" {
		for _, way := range ways(t) {
			var out bytes.Buffer
			way.print(&out)
			if err := os.WriteFile(filepath.Join(keep, way.name+".pdf"), out.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
