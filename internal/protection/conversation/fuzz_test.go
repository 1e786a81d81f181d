// SPDX-License-Identifier: Apache-2.0

package conversation

import (
	"encoding/json"
	"errors"
	"net/url"
	"testing"

	"waylight/internal/platform/fault"
)

// FuzzParseWords reads opened bytes, which a stranger sealed.
func FuzzParseWords(f *testing.F) {
	for _, seed := range []string{
		`{"v":1,"report":"a","office":"b","kind":"note","language":"en","text":"Hello"}`,
		`{"v":1,"report":"a","office":"b","kind":"contact","language":"en","contact":{"reach":["call"]}}`,
		`{"v":1,"kind":"contact"}`, `{"v":2}`, `{}`, `[]`, `{"v":1,"kind":"note","text":" "}`, `{"v":1,"kind":"note","text":"x"}{}`, "\x00",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		w, err := ParseWords(data)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid && !errors.Is(err, ErrLong) {
				t.Fatalf("an unexpected error: %v", err)
			}
			return
		}
		again, err := w.Marshal()
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if _, err := ParseWords(again); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
	})
}

// FuzzDraft reads a message as a page's script posts it.
func FuzzDraft(f *testing.F) {
	f.Add([]byte(`{"id":"aaaaaaaaaaaaaaaaaaaaaaaaaa","kind":"note","answers":"","body":"AAAA","key_id":"00000000000000000000000000000000","wrap":"AAAA","reply":null,"sure":true}`))
	f.Add([]byte(`{"id":"","kind":"x"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var p sealedMessage
		if json.Unmarshal(data, &p) != nil {
			return
		}
		d, err := p.draft()
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatalf("an unexpected error: %v", err)
			}
			return
		}
		if d.ID.String() != p.ID || d.SealedBy != SealedByBrowser {
			t.Fatalf("%+v was read as %+v", p, d)
		}
		for _, side := range []Side{Office, Sender} {
			if m, err := d.message(Thread{Program: "ms", Office: "x"}, side); err == nil && (m.Side != side || len(m.Body) > maxBody || side == Sender && m.WrapReceipt != nil) {
				t.Fatalf("%s: %+v", side, m)
			}
		}
	})
}

// FuzzPosted reads the fields of the page without scripts.
func FuzzPosted(f *testing.F) {
	f.Add("office=mdcps&text=Hello&answers=x", "en")
	f.Add("_what=contact&reach=call&reach=text&contact=555-0110&office=mdcps", "es")
	f.Add("_what=contact", "")
	f.Add("text=%ff%fe%00", "en")
	f.Fuzz(func(t *testing.T, query, lang string) {
		form, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		w := posted(form, lang)
		data, err := w.Marshal()
		if err != nil {
			return
		}
		got, err := ParseWords(data)
		if err != nil || got.Text != w.Text || got.Kind != w.Kind {
			t.Fatalf("%+v came back as %+v (%v)", w, got, err)
		}
	})
}
