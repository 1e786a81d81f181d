// SPDX-License-Identifier: Apache-2.0

// Package poster lays out a notice as a sheet for a wall, a card or a screen, and
// writes it as PDF or as a picture, one or a whole network of them.
//
// What it prints, it prints whole and legibly, or it refuses: below the paper or the
// letters that the notice asks for, without a language that it asks for, with a
// number that nobody verified, with a code that is switched off, with a letter that
// the fonts do not have. Each refusal is an error of its own, to be told apart with
// [errors.Is], and its message says what to do. Numbers and addresses read from left
// to right in every script. The same sheet gives the same bytes.
//
// A sheet that is a specimen may show what is not verified; it says across the whole
// sheet that it is not for posting, and why.
package poster

import (
	"errors"
	"maps"
	"slices"
	"time"

	"waylight/internal/partnership/program"
)

// Sheet is one sheet to be printed.
type Sheet struct {
	Notice    program.Notice
	Languages []string // in the order of the sheet, the first one largest; nil: those that the notice asks for
	Size      Size
	Place     string // where it will hang, in small print; "" for anywhere
	Code      string // of the placement, in small print
	CodeOn    bool   // the code is switched on
	Address   string // beside the code, as it is printed: "tip.ms.gov/q/7K3F9"
	URL       string // in the code: "https://tip.ms.gov/q/7K3F9"; "": the sheet has no code
	Distance  float64
	Lines     func(channel string) (program.Channel, bool) // and whether the public may be shown it
	Day       time.Time                                    // on which it is printed
	Specimen  string                                       // why the sheet is not for posting; "" for one that is
	Reads     map[string]string                            `json:",omitempty"` // by language: when a person reads what is sent, beside a code
	Beside    []string                                     // languages that other sheets of the notice carry, which hang beside this one

	part bool // other sheets carry the languages that this one does not
}

// Why a sheet is refused.
var (
	ErrForce    = errors.New("the notice is not in force")
	ErrPaper    = errors.New("the paper is smaller than the notice asks for")
	ErrLanguage = errors.New("a language is missing")
	ErrChannel  = errors.New("a number may not be shown")
	ErrCode     = errors.New("the code cannot be printed")
	ErrLetters  = errors.New("the letters would be smaller than the notice asks for")
	ErrGlyph    = errors.New("a character cannot be printed")
)

// Size is a kind of sheet.
type Size struct {
	Name          string
	Width, Height float64 // points, 72 to the inch
	Pixels        int     // of the width, where it is a picture for a screen; 0 for paper
	Distance      float64 // in centimeters: from how far away its code is to be read
}

// screenWidth is the width of the smallest screen that a picture is for, one of 24
// inches across, in points: what is least in print is measured as it looks there.
const screenWidth = 1506

// Sizes lists what sheets there are.
func Sizes() []Size {
	return []Size{
		{"letter", 612, 792, 0, 40},
		{"tabloid", 792, 1224, 0, 60},
		{"11x15", 792, 1080, 0, 60},
		{"a4", 595.28, 841.89, 0, 40},
		{"card", 252, 144, 0, 20},
		{"sticker", 288, 288, 0, 20},
		{"screen", screenWidth, screenWidth * 9.0 / 16, 1920, 100},
	}
}

// SizeOf finds a size by its name.
func SizeOf(name string) (Size, bool) {
	for _, s := range Sizes() {
		if s.Name == name {
			return s, true
		}
	}
	return Size{}, false
}

// Paper is a size as notices state theirs.
func (s Size) Paper() program.Paper { return program.Paper{Width: s.Width, Height: s.Height} }

// Split makes one sheet for each language of a sheet. Together they carry the
// languages that the notice asks for.
func Split(s Sheet) []Sheet {
	var out []Sheet
	for _, lang := range s.languages() {
		one := s
		one.Languages, one.part = []string{lang}, true
		out = append(out, one)
	}
	return out
}

// Languages lists the languages that a notice has words in: first those that it must
// be in, then the others.
func Languages(n program.Notice) []string {
	out := slices.Clone(n.Languages)
	for _, lang := range slices.Sorted(maps.Keys(n.Words)) {
		if !slices.Contains(out, lang) {
			out = append(out, lang)
		}
	}
	return out
}

func (s Sheet) languages() []string {
	if len(s.Languages) == 0 {
		return s.Notice.Languages
	}
	return s.Languages
}
