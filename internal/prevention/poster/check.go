// SPDX-License-Identifier: Apache-2.0

package poster

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"waylight/internal/partnership/program"
)

// check refuses what may not be printed whatever it looks like.
func (s Sheet) check() error {
	n := s.Notice
	day := s.Day
	if !s.Day.IsZero() {
		day = time.Date(day.Year(), day.Month(), day.Day(), 12, 0, 0, 0, time.UTC)
	}
	if !n.InForce(day) {
		return fmt.Errorf("%w: %s is to be posted from %s%s, and the sheet is for %s", ErrForce, n.ID, n.From.Format(time.DateOnly), until(n.To), day.Format(time.DateOnly))
	}
	if !n.Paper.Fits(s.Size.Paper()) {
		return fmt.Errorf("%w: %s asks for at least %s inches, and %s has %s", ErrPaper, n.ID, inches(n.Paper), s.Size.Name, inches(s.Size.Paper()))
	}
	if s.Size.Pixels > 0 && n.Required && !slices.Contains(n.Spots, "screen") {
		return fmt.Errorf("%w: %s asks for paper, and a screen is none", ErrPaper, n.ID)
	}
	if err := s.checkLanguages(); err != nil {
		return err
	}
	return s.checkCode()
}

func until(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return " to " + t.Format(time.DateOnly)
}

func inches(p program.Paper) string { return fmt.Sprintf("%.3g x %.3g", p.Width/72, p.Height/72) }

func (s Sheet) checkLanguages() error {
	langs := s.languages()
	if len(langs) == 0 {
		return fmt.Errorf("%w: the sheet has none", ErrLanguage)
	}
	for i, lang := range langs {
		if _, ok := s.Notice.Words[lang]; !ok {
			return fmt.Errorf("%w: %s has no words in %q", ErrLanguage, s.Notice.ID, lang)
		}
		if slices.Contains(langs[:i], lang) {
			return fmt.Errorf("%w: %q stands twice", ErrLanguage, lang)
		}
	}
	for _, lang := range s.Notice.Languages {
		if !s.part && !slices.Contains(langs, lang) && !slices.Contains(s.Beside, lang) {
			return fmt.Errorf("%w: %s must be in %q too, on this sheet or on one beside it", ErrLanguage, s.Notice.ID, lang)
		}
	}
	return nil
}

// checkCode asks that what is printed beside the code is what the code opens, and
// that somebody answers there.
func (s Sheet) checkCode() error {
	if s.URL == "" {
		if s.Address != "" || s.Code != "" {
			return fmt.Errorf("%w: there is a code or an address, and no link to put into the picture", ErrCode)
		}
		return nil
	}
	switch {
	case !strings.EqualFold(s.URL, "https://"+s.Address) && (s.Specimen == "" || !strings.EqualFold(s.URL, "http://"+s.Address)):
		return fmt.Errorf("%w: beside it stands %q, and it opens %q", ErrCode, s.Address, s.URL)
	case s.Code != "" && !strings.HasSuffix(strings.ToUpper(s.URL), "/"+strings.ToUpper(s.Code)):
		return fmt.Errorf("%w: %q does not end with the code %q", ErrCode, s.URL, s.Code)
	case !s.CodeOn && s.Specimen == "":
		return fmt.Errorf("%w: the code %s is switched off", ErrCode, s.Code)
	}
	return nil
}

// number gives what a mark in the words stands for.
func (s Sheet) number(means, id string) (string, error) {
	channel, showable := program.Channel{}, false
	if s.Lines != nil {
		channel, showable = s.Lines(id)
	}
	number := channel.Phone
	if means == "sms" {
		number = channel.Text
	}
	switch {
	case number == "":
		return "", fmt.Errorf("%w: %s names the channel %q, which has no such number", ErrChannel, s.Notice.ID, id)
	case !showable && s.Specimen == "":
		return "", fmt.Errorf("%w: nobody has verified the channel %q; call it and record that, or print a specimen", ErrChannel, id)
	}
	return number, nil
}
