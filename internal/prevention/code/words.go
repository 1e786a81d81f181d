// SPDX-License-Identifier: Apache-2.0

package code

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"waylight/internal/platform/fault"
)

// Faults of words for the public.
var (
	errNumber = fault.New(fault.Invalid, "code.number", "A telephone number may stand in words for the public only while it is one of this program's lines that may be shown now: somebody could call a number that nobody has tried. Take it out. Amounts may stand with commas, as $1,250,000. Nothing was saved.")
	errSite   = fault.New(fault.Invalid, "code.site", "The address of a website may not stand in words for the public: it says where people are to go, and may name the topic. Take it out. Nothing was saved.")
	errHidden = fault.New(fault.Invalid, "code.hidden", "The text holds characters that cannot be seen and turn the order of the letters around. Type it anew. Nothing was saved.")
)

// fewDigits is how many digits in a row are no telephone number yet.
const fewDigits = 6

// Words holds to what it may be a text that somebody types and the public reads: with
// no telephone number but those of lines that may be shown to the public now, no
// address of a website, and nothing that turns letters around. Years, dates and
// amounts may stand in it.
func (s *Service) Words(programID, text string) error {
	low := strings.ToLower(text)
	switch {
	case strings.ContainsFunc(text, isTurn):
		return errHidden
	case strings.Contains(low, "://"), strings.Contains(low, "www."):
		return errSite
	}
	var lines map[string]bool // asked for when there is something to look up
	for _, run := range runs(text) {
		if harmless(run) {
			continue
		}
		if lines == nil {
			lines = s.numbers(programID)
		}
		if !known(run, lines) {
			return errNumber
		}
	}
	return nil
}

// isTurn says whether a character turns the letters around it.
func isTurn(c rune) bool {
	return c >= 0x202A && c <= 0x202E || c >= 0x2066 && c <= 0x2069 || c == 0x200E || c == 0x200F || c == 0x061C
}

// numbers are the digits of the lines that may be shown now, with the country and without.
func (s *Service) numbers(programID string) map[string]bool {
	out := map[string]bool{}
	for _, l := range s.Lines(programID, "en") {
		scheme, rest, _ := strings.Cut(string(l.Href), ":")
		if scheme != "tel" && scheme != "sms" {
			continue
		}
		digits := strings.Map(func(c rune) rune {
			if digit(c) {
				return c
			}
			return -1
		}, rest)
		if len(digits) == 11 {
			digits = strings.TrimPrefix(digits, "1")
		}
		out[digits] = true
		if len(digits) == 10 {
			out["1"+digits] = true
		}
	}
	return out
}

// amount is a number whose thousands are parted by commas; zip a long postal code.
var (
	amount = regexp.MustCompile(`(^|[^\d,])\d{1,3}(,\d{3})+(\.\d\d)?([^\d,]|,\D|,?$)`)
	zip    = regexp.MustCompile(`(^|\D\D)\d{5}-\d{4}(\D|$)`)
)

// runs are the runs of digits in a text, each as its groups: digits with nothing
// between them but what people put into a telephone number.
func runs(text string) [][]string {
	text = latin(text)
	for _, plain := range []*regexp.Regexp{amount, zip} {
		text = plain.ReplaceAllStringFunc(text, func(found string) string {
			return strings.Map(func(c rune) rune {
				if digit(c) || c == ',' {
					return 'x'
				}
				return c
			}, found)
		})
	}
	var out [][]string
	var run []string
	apart := false // something stands between the last digit and the next
	letters := []rune(text)
	for i, c := range letters {
		switch {
		case digit(c) && len(run) > 0 && !apart:
			run[len(run)-1] += string(c)
		case digit(c):
			run, apart = append(run, string(c)), false
		case parts(c), c == ',' && i > 0 && i+1 < len(letters) && digit(letters[i-1]) && digit(letters[i+1]):
			apart = true
		default:
			out, run, apart = append(out, run), nil, false
		}
	}
	return append(out, run)
}

// latin writes the digits of every other script as nines: how many there are counts,
// and none of them is a year or a line of ours.
func latin(text string) string {
	return strings.Map(func(c rune) rune {
		if c >= 0x80 && unicode.IsNumber(c) {
			return '9'
		}
		return c
	}, text)
}

func digit(c rune) bool { return c >= '0' && c <= '9' }

// parts says whether people put a character between the digits of one number.
func parts(c rune) bool {
	return strings.ContainsRune("-.()/+·•*_\u2212\t", c) || unicode.In(c, unicode.Zs, unicode.Pd, unicode.Cf)
}

// harmless says whether a run is too short for a telephone number, or holds years and
// days alone.
func harmless(run []string) bool {
	digits, years, days := 0, 0, 0
	for _, group := range run {
		digits += len(group)
		n, err := strconv.Atoi(group)
		switch {
		case err != nil: // longer than any
		case len(group) == 4 && n >= 1900 && n < 2100:
			years++
		case len(group) <= 2 && n <= 31:
			days++
		}
	}
	return digits <= fewDigits || years+days == len(run) && years > 0 && days <= 2*years
}

// known says whether nothing is left of a run that could be a telephone number
// without the numbers of lines in it.
func known(run []string, lines map[string]bool) bool {
	for i := range run {
		number := ""
		for j := i; j < len(run) && len(number) <= 15; j++ {
			number += run[j]
			if len(number) > fewDigits && lines[number] {
				return rest(run[:i], lines) && rest(run[j+1:], lines)
			}
		}
	}
	return false
}

func rest(run []string, lines map[string]bool) bool { return harmless(run) || known(run, lines) }
