// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"strings"
	"testing"

	"waylight/internal/platform/store"
)

// FuzzShortRange: whatever reads as a short number picks exactly the reports
// whose number begins with it.
func FuzzShortRange(f *testing.F) {
	for _, s := range []string{"", "abcdefgh", "22222222", "children", "ABCDEFGH", "abcdefg1", "abcdefghi"} {
		f.Add(s, []byte("0123456789abcdef"))
	}
	f.Fuzz(func(t *testing.T, word string, raw []byte) {
		low, high, ok := shortRange(word)
		if !ok {
			return
		}
		var id store.ID
		copy(id[:], raw)
		inside := string(low) <= string(id[:]) && string(id[:]) <= string(high)
		if inside != (Short(id) == word) {
			t.Errorf("%q: %s is inside: %v", word, id, inside)
		}
		if Short(store.ID(low)) != word || Short(store.ID(high)) != word {
			t.Errorf("%q: the ends do not begin with it", word)
		}
	})
}

// FuzzEvent: an event survives its column.
func FuzzEvent(f *testing.F) {
	for _, s := range []string{"accepted", "delivered:ms-cps", "identified:x", "", ":"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e := parseEvent(s)
		if again := parseEvent(eventText(e)); again != e {
			t.Errorf("%q: %+v becomes %+v", s, e, again)
		}
	})
}

// FuzzCode: what passes as a confirmation code has a digit, is short in parts
// and holds nothing that a page or a spreadsheet could take for more.
func FuzzCode(f *testing.F) {
	for _, s := range []string{"123456", "MS-2026-00418", "HC 88121", "they said 7", "=1+1", "<b>1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !code.MatchString(s) {
			return
		}
		if !strings.ContainsAny(s, "0123456789") || strings.ContainsAny(s, "<>=+\"'\n\r\t@;") {
			t.Errorf("%q passes as a code", s)
		}
		words := 0
		for _, part := range strings.Fields(s) {
			if strings.Trim(part, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" {
				words++
			}
		}
		if words > 5 {
			t.Errorf("%q passes as a code and is a sentence", s)
		}
	})
}
