// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"waylight/internal/platform/store"
)

func FuzzUnpadNote(f *testing.F) {
	f.Add(padNote("seen"))
	f.Add(padNote(strings.Repeat("x", 255)))
	f.Add([]byte{})
	f.Add(make([]byte, 256))
	f.Add(bytes.Repeat([]byte{0x80}, 512))
	f.Fuzz(func(t *testing.T, padded []byte) {
		text, err := unpadNote(padded)
		if err == nil && !bytes.Equal(padNote(text), padded) {
			t.Errorf("%x reads as %q, which is another note", padded, text)
		}
	})
}

func FuzzCleanEmail(f *testing.F) {
	for _, s := range []string{"ann@agency.test", " Ann@Agency.Test ", "a b@c.test", "\"quoted name\"@c.test", "x@y\r\nBcc: z@w", "<a@b.test>", "a@b.test,c@d.test", "@", "ä@b.test"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		email, err := cleanEmail(text)
		if err != nil {
			return
		}
		again, err := cleanEmail(email)
		if err != nil || again != email || strings.ContainsFunc(email, unicode.IsControl) || len(email) > maxEmail || !strings.Contains(email, "@") {
			t.Errorf("%q was cleaned to %q, then %q, %v", text, email, again, err)
		}
	})
}

func FuzzCleanName(f *testing.F) {
	for _, s := range []string{"Ann Ex", "  Ann \t Ex ", "Zoë", "a\u200bb", "\u202eabc", "a\x00b", strings.Repeat("é", 101), "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		name, err := cleanName(text)
		if err != nil {
			return
		}
		again, err := cleanName(name)
		if err != nil || again != name || !utf8.ValidString(name) || strings.ContainsFunc(name, hidden) || utf8.RuneCountInString(name) > maxName {
			t.Errorf("%q was cleaned to %q, then %q, %v", text, name, again, err)
		}
	})
}

// Whatever comes back in the place of a checked passkey: nothing counts but what this server sealed, for the same member, place and purpose.
func FuzzMadePasskey(f *testing.F) {
	s := &Service{pepper: make([]byte, 32), now: func() time.Time { return time.Unix(1_800_000_000, 0) }}
	m := Member{Program: ms, ID: store.NewID()}
	id := store.NewID()
	text := `{"Program":"ms","Purpose":"enroll","Member":"` + m.ID.String() + `","ID":"` + id.String() + `","Credential":"AQ==","Public":"AQ==","AAGUID":"","Counter":1,"Ends":1900000000000000}`
	good := append(s.keyed("passkey-made", text), text...)
	f.Add(good, id.String())
	f.Add(good[:40], id.String())
	f.Add([]byte(text), "")
	f.Fuzz(func(t *testing.T, made []byte, place string) {
		at, err := store.ParseID(place)
		if err != nil {
			at = id
		}
		p, err := s.openMade(m, NewWay{ID: at, Made: made}, forEnrolment)
		if err == nil && (string(made) != string(good) || p.id != id || p.member != m.ID) {
			t.Errorf("%q counts", made)
		}
		if _, err := s.openMade(m, NewWay{ID: at, Made: made}, forAdding); err == nil {
			t.Errorf("%q counts for another purpose", made)
		}
	})
}
