// SPDX-License-Identifier: Apache-2.0

package program_test

import (
	"strings"
	"testing"
)

// What a sheet says of the hours is what the desk keeps, in each language that has words
// for it; what is no pattern promises nothing.
func TestReadingSaysTheHours(t *testing.T) {
	t.Parallel()
	p := mississippi(t)
	for _, c := range []struct{ lang, week, want string }{
		{"en", "always", "A person reads it at all hours."},
		{"en", "", "The page says when a person reads it."},
		{"en", "mon-fri 08:00-17:00", "A person reads it Mon–Fri 8 AM–5 PM, not on legal holidays."},
		{"en", "mon 12:00-00:30; tue-wed 22:00-06:00; sat 00:00-24:00; holidays 09:30-12:00", "A person reads it Mon 12 PM–12:30 AM, Tue–Wed 10 PM–6 AM, Sat all day, legal holidays 9:30 AM–12 PM."},
		{"en", "fri-mon 08:00-24:00; holidays 00:00-24:00", "A person reads it Fri–Mon 8 AM–12 AM, legal holidays all day."},
		{"es", "mon-fri 08:00-17:00; sat 09:00-12:00", "Una persona lo lee: lun a vie de 08:00 a 17:00, sáb de 09:00 a 12:00, no en días feriados."},
		{"ko", "mon-sun 08:00-20:00", "사람이 확인하는 시간: 월–일 08:00–20:00, 공휴일 제외."},
		{"zh-Hans", "mon-fri 08:00-17:00", "网站会说明什么时间有人看。"},
		{"en", "someday 08:00-17:00", "The page says when a person reads it."},
		{"en", "mon-someday 08:00-17:00", "The page says when a person reads it."},
		{"en", "mon", "The page says when a person reads it."},
	} {
		if got := strings.ReplaceAll(p.Reading[c.lang].Say(c.week), "\u00a0", " "); got != c.want {
			t.Errorf("%s, %q: %q, want %q", c.lang, c.week, got, c.want)
		}
	}
}

// Every language of a notice that concerns a program has words for when a person reads,
// and says that nobody has checked them.
func TestReadingInEveryLanguageOfItsNotices(t *testing.T) {
	t.Parallel()
	p := mississippi(t)
	for _, n := range p.Notices {
		if !p.Concerns(n) {
			continue
		}
		for lang := range n.Words {
			if w := p.Reading[lang]; w.Always == "" || w.Status != "unverified" || w.By == "" {
				t.Errorf("%s: %+v", lang, w)
			}
		}
	}
}
