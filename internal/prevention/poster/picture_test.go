// SPDX-License-Identifier: Apache-2.0

package poster_test

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/web/webtest"
	"waylight/internal/prevention/poster"
)

// every is each notice of the packs on each size that it may be on, with all its
// languages on a sheet where they fit, and with one on each.
func every(t *testing.T, p *program.Program, take func(s poster.Sheet)) {
	t.Helper()
	press := poster.NewPress()
	for _, n := range p.Notices {
		fits := false
		for _, size := range poster.Sizes() {
			s := sheet(t, p, n.ID, size.Name, poster.Languages(n)...)
			all := append([]poster.Sheet{s}, poster.Split(s)...)
			for _, one := range all {
				err := press.Check(one)
				if err == nil {
					fits = true
					take(one)
				} else if !errors.Is(err, poster.ErrPaper) && !errors.Is(err, poster.ErrLetters) {
					t.Errorf("%s %s %v: %v", n.ID, size.Name, one.Languages, err)
				}
			}
		}
		if !fits {
			t.Errorf("%s fits on nothing", n.ID)
		}
	}
}

// Every notice in every language and size that it fits is drawn by another program,
// and the code in it is read by another: at 72 dots to the inch, which is less than
// any screen or printer has.
func TestEveryNoticeIsDrawnAndItsCodeIsRead(t *testing.T) {
	t.Parallel()
	p := mississippi(t)
	var sheets []poster.Sheet
	every(t, p, func(s poster.Sheet) { sheets = append(sheets, s) })
	if len(sheets) < 60 {
		t.Errorf("only %d sheets", len(sheets))
	}
	files := pictures(t, batch(t, sheets), "72")
	if len(files) != len(sheets) {
		t.Fatalf("%d pages of %d", len(files), len(sheets))
	}
	args := append([]string{"--quiet", "--raw", "-Sdisable", "-Sqrcode.enable"}, files...)
	found := strings.Fields(string(webtest.Tool(t, "zbar-tools", "zbarimg", args...)))
	if len(found) == len(sheets) {
		for i, text := range found {
			if text != "HTTPS://TIP.MS.GOV/Q/7K3F9" {
				t.Errorf("%s %s %v: read %q", sheets[i].Notice.ID, sheets[i].Size.Name, sheets[i].Languages, text)
			}
		}
		return
	}
	for i, file := range files {
		if out, err := exec.Command("zbarimg", "--quiet", "--raw", file).Output(); err != nil || len(bytes.TrimSpace(out)) == 0 {
			t.Errorf("%s %s %v: its code is not read", sheets[i].Notice.ID, sheets[i].Size.Name, sheets[i].Languages)
		}
	}
}

// The same at the size that printers print, and straight from our own painter.
func TestCodeIsReadAtPrintedSizeAndOnAScreen(t *testing.T) {
	t.Parallel()
	p := mississippi(t)
	for _, paper := range []string{"letter", "card", "sticker"} {
		for _, file := range pictures(t, printed(t, sheet(t, p, "us-station", paper, "en")), "300") {
			if got := scanned(t, file); got != "HTTPS://TIP.MS.GOV/Q/7K3F9" {
				t.Errorf("%s: read %q", paper, got)
			}
		}
	}
	file := filepath.Join(t.TempDir(), "screen.png")
	var out bytes.Buffer
	if err := poster.NewPress().PNG(&out, sheet(t, p, "us-station", "screen", "en", "ar", "hi"), 0); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := scanned(t, file); got != "HTTPS://TIP.MS.GOV/Q/7K3F9" {
		t.Errorf("screen: read %q", got)
	}
	if c, err := png.DecodeConfig(&out); err != nil || c.Width != 1920 || c.Height != 1080 {
		t.Errorf("the screen is %+v: %v", c, err)
	}
}

// The document and the picture are one layout: drawn with as many dots they are
// alike, but for the edges of letters.
func TestPictureAndDocumentAgree(t *testing.T) {
	t.Parallel()
	p := mississippi(t)
	s := sheet(t, p, "us-station", "letter", "en", "ar", "zh-Hans", "hi", "ko", "vi", "es")
	s.URL, s.Address, s.Code = "", "", "" // the modules of a code are whole dots in one of them only
	theirs := look(t, pictures(t, printed(t, s), "72")[0])
	var out bytes.Buffer
	if err := poster.NewPress().PNG(&out, s, 72); err != nil {
		t.Fatal(err)
	}
	ours, err := png.Decode(&out)
	if err != nil {
		t.Fatal(err)
	}
	if ours.Bounds() != theirs.Bounds() {
		t.Fatalf("%v and %v", ours.Bounds(), theirs.Bounds())
	}
	// blocks of 6 x 6 dots, so that half a dot at an edge does not count
	const block = 6
	far := 0
	for y := 0; y+block <= ours.Bounds().Dy(); y += block {
		for x := 0; x+block <= ours.Bounds().Dx(); x += block {
			if a, b := shade(ours, x, y, block), shade(theirs, x, y, block); a-b > 70 || b-a > 70 {
				far++
			}
		}
	}
	if far > 30 { // of 13,464
		t.Errorf("%d blocks differ", far)
	}
}

// shade is how light a part of a picture is, to 255.
func shade(p image.Image, x, y, size int) int {
	sum := 0
	for dy := range size {
		for dx := range size {
			sum += gray(p, x+dx, y+dy)
		}
	}
	return sum / (size * size)
}

func gray(p image.Image, x, y int) int {
	r, g, b, _ := p.At(x, y).RGBA()
	return int(r+g+b) / 3 >> 8
}
