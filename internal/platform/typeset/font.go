// SPDX-License-Identifier: Apache-2.0

package typeset

import (
	"bytes"
	"compress/zlib"
	"embed"
	"fmt"
	"io"
	"sync"

	"github.com/go-text/typesetting/font"
)

// The fonts lie compressed in the program, each with the letters that font/README.md
// tells, and are read when a text first needs one.
//
//go:embed font/*.z
var files embed.FS

// Font is one font of the house. It may be used by many at once.
type Font struct {
	Name   string // "NotoSansArabic-Bold"
	script string // of [scripts]
	font   *font.Font
	data   []byte

	mu       sync.Mutex
	outlines map[uint32]*Outline
}

// The scripts of the fonts, in the order in which they are asked for a letter that
// the language's own font does not have.
const (
	latin      = "latin"
	arabic     = "arabic"
	devanagari = "devanagari"
	han        = "han"
	hangul     = "hangul"
)

var scripts = []string{latin, arabic, devanagari, han, hangul}

// names are the fonts' own names.
var names = map[string]string{latin: "NotoSans", arabic: "NotoSansArabic", devanagari: "NotoSansDevanagari", han: "NotoSansCJKsc", hangul: "NotoSansCJKkr"}

type key struct {
	script string
	bold   bool
}

// shelf gives a font, read on first use.
var shelf = func() map[key]func() (*Font, error) {
	out := map[key]func() (*Font, error){}
	for _, script := range scripts {
		for _, bold := range []bool{false, true} {
			out[key{script, bold}] = sync.OnceValues(func() (*Font, error) { return readFont(script, bold) })
		}
	}
	return out
}()

func readFont(script string, bold bool) (*Font, error) {
	weight := "Regular"
	if bold {
		weight = "Bold"
	}
	name := names[script] + "-" + weight
	packed, err := files.ReadFile("font/" + name + ".z")
	if err != nil {
		return nil, fmt.Errorf("typeset: reading the font %s: %w", name, err)
	}
	z, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("typeset: unpacking the font %s: %w", name, err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		return nil, fmt.Errorf("typeset: unpacking the font %s: %w", name, err)
	}
	face, err := font.ParseTTF(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("typeset: reading the font %s: %w", name, err)
	}
	return &Font{Name: name, script: script, font: face.Font, data: data, outlines: map[uint32]*Outline{}}, nil
}

// has says whether a font has a letter.
func (f *Font) has(r rune) bool {
	id, ok := f.font.NominalGlyph(r)
	return ok && id != 0
}

// PerEm is how many of the units of its outlines make the font's size.
func (f *Font) PerEm() float64 { return float64(f.font.Upem()) }

// Latin is the file of a font with the letters of Western languages, for those who
// put it into a document whole.
func Latin(bold bool) ([]byte, error) {
	f, err := shelf[key{latin, bold}]()
	if err != nil {
		return nil, err
	}
	return f.data, nil
}

// own is the script that a language's own font has.
func own(lang string) string {
	switch {
	case RightToLeft(lang):
		return arabic
	case lang == "hi" || lang == "mr" || lang == "ne":
		return devanagari
	case lang == "zh" || len(lang) > 2 && lang[:3] == "zh-":
		return han
	case lang == "ko":
		return hangul
	}
	return latin
}
