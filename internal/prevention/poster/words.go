// SPDX-License-Identifier: Apache-2.0

package poster

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/typeset"
)

// saying is a notice in one language with its numbers filled in.
type saying struct {
	lang       string
	heading    typeset.Text
	body, call []typeset.Text
	scan       typeset.Text
	reads      typeset.Text // when a person reads what is sent; empty where there is no code
}

// sayings are the words of a sheet, language by language.
func (s Sheet) sayings() ([]saying, error) {
	var out []saying
	for _, lang := range s.languages() {
		w := s.Notice.Words[lang]
		one := saying{lang: lang}
		var err error
		if one.heading, err = s.text(lang, w.Heading, true); err != nil {
			return nil, err
		}
		for _, line := range w.Body {
			t, err := s.text(lang, line, s.Notice.Bold)
			if err != nil {
				return nil, err
			}
			one.body = append(one.body, t)
		}
		for _, line := range w.Call {
			t, err := s.text(lang, line, true)
			if err != nil {
				return nil, err
			}
			one.call = append(one.call, t)
		}
		if one.scan, err = s.text(lang, w.Scan, s.Notice.Bold); err != nil {
			return nil, err
		}
		if s.URL != "" && s.Reads[lang] != "" {
			one.reads = typeset.Text{Lang: lang, Bold: s.Notice.Bold, Spans: []typeset.Span{{Text: s.Reads[lang]}}}
		}
		out = append(out, one)
	}
	return out, nil
}

// seam parts a line where a number begins and ends; no line holds it otherwise,
// because control characters are refused.
const seam = "\x00"

// text fills a line, and sets its numbers apart.
func (s Sheet) text(lang, line string, bold bool) (typeset.Text, error) {
	t := typeset.Text{Lang: lang, Bold: bold}
	var wrong error
	line = program.Fill(strings.ReplaceAll(line, seam, "\ufffd"), func(means, id string) string {
		number, err := s.number(means, id)
		wrong = errors.Join(wrong, err)
		return seam + number + seam
	})
	if wrong != nil {
		return t, wrong
	}
	for i, piece := range strings.Split(line, seam) {
		kind := typeset.Plain
		if i%2 == 1 {
			kind = typeset.Apart
		}
		if piece != "" {
			t.Spans = append(t.Spans, typeset.Span{Text: piece, Kind: kind})
		}
	}
	return t, nil
}

// key is everything that the words of a sheet say, to know others with the same.
func (s Sheet) key(said []saying, modules int) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s|%s|%s|%v|%v|%d|%q|%v|%v", s.Notice.ID, s.Notice.Version, s.Size.Name, s.Size.Width, s.Size.Height, modules, s.Specimen, s.Notice.LeastPoints, s.distance())
	for _, one := range said {
		for _, t := range one.all() {
			fmt.Fprintf(&out, "|%s%v", t.Lang, t.Bold)
			for _, span := range t.Spans {
				fmt.Fprintf(&out, "%d%q", span.Kind, span.Text)
			}
		}
	}
	return out.String()
}

// Says is a hash of all that sheets say to whoever reads them: the words of the notice
// in every language and the numbers in them, on which size. Where they hang, their codes
// and the day are not part of it: sheets of which one hash differs from the other's are
// not the same any more.
func Says(sheets []Sheet) ([]byte, error) {
	h := sha256.New()
	for _, s := range sheets {
		said, err := s.sayings()
		if err != nil {
			return nil, err
		}
		s.Specimen = ""
		fmt.Fprintf(h, "%q\n", s.key(said, 0))
	}
	return h.Sum(nil), nil
}

func (o saying) all() []typeset.Text {
	out := []typeset.Text{o.heading}
	out = append(out, o.body...)
	out = append(out, o.call...)
	out = append(out, o.scan)
	if len(o.reads.Spans) > 0 {
		out = append(out, o.reads)
	}
	return out
}

// glyphs tells an error of setting text as one of this package.
func glyphs(err error) error {
	var missing *typeset.Missing
	if errors.As(err, &missing) {
		return fmt.Errorf("%w: %w", ErrGlyph, err)
	}
	return err
}
