// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzParseReceipt: whatever is typed is read or refused with an error that a
// page can show; what is read shows and reads as the same.
func FuzzParseReceipt(f *testing.F) {
	r := ReceiptFrom(make([]byte, 16), [32]byte{})
	for _, text := range []string{"", r.Words("en"), r.Words("es"), strings.ToUpper(r.Words("es")), "1. " + r.Words("en") + ".", "x\u0301\u00ad-\u200b\xff", "ǅ ﬁ ß İ"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseReceipt(text)
		if err != nil {
			checkWordsError(t, err, 7)
			return
		}
		for _, lang := range []string{"en", "es"} {
			if again, err := ParseReceipt(r.Words(lang)); err != nil || again != r {
				t.Errorf("read, but not again in %s: %v", lang, err)
			}
		}
	})
}

// FuzzParseShare: as FuzzParseReceipt.
func FuzzParseShare(f *testing.F) {
	for _, s := range splitWith(make([]byte, 32), make([]byte, 64), 3, 3) {
		f.Add(s.Words("en"))
		f.Add(s.Words("es"))
	}
	f.Add(showShare([5 + SeedSize]byte{0xff}, "en"))
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseShare(text)
		if errors.Is(err, ErrShareVersion) || errors.Is(err, ErrMalformed) {
			return
		}
		if err != nil {
			checkWordsError(t, err, 25)
			return
		}
		if again, err := ParseShare(s.Words("es")); err != nil || again != s {
			t.Errorf("read, but not again: %v", err)
		}
	})
}

func checkWordsError(t *testing.T, err error, want int) {
	var wrong *WordError
	var count *CountError
	switch {
	case errors.Is(err, ErrChecksum):
	case errors.As(err, &wrong):
		if wrong.Position < 1 || wrong.Position > 2*want || len(wrong.Suggestions) > 3 || wrong.Word == "" {
			t.Errorf("not a word error to show: %+v", wrong)
		}
	case errors.As(err, &count):
		if count.Have == count.Want || count.Want != want {
			t.Errorf("not a count error to show: %+v", count)
		}
	default:
		t.Errorf("an error that no page knows: %v", err)
	}
}

// vectorFile reads vectors for a fuzz target, which needs the same sealed bytes
// in every process.
func vectorFile(f *testing.F, name string, v any) {
	f.Helper()
	data, err := os.ReadFile(filepath.Join(vectorFolder, name+".json"))
	if err != nil {
		f.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		f.Fatal(err)
	}
}

// FuzzOpenWrap: nothing but the wrap itself opens.
func FuzzOpenWrap(f *testing.F) {
	var cases []wrapVector
	vectorFile(f, "wraps", &cases)
	good, k := cases[0], fixedKey("office")
	rec := Record{Program: good.Program, ID: [16]byte(good.Record)}
	f.Add([]byte(good.Wrap))
	f.Add([]byte(good.Wrap[:WrapSize-1]))
	f.Add(append(bytes.Clone(good.Wrap), 0))
	f.Add([]byte{formatVersion})
	f.Fuzz(func(t *testing.T, wrap []byte) {
		c, err := OpenWrap(k, wrap, rec, [32]byte(good.BodySHA256), good.Recipient)
		if err == nil != bytes.Equal(wrap, good.Wrap) {
			t.Errorf("%d bytes: %v", len(wrap), err)
		}
		if err == nil && !bytes.Equal(c.secret[:], good.ContentKey) {
			t.Error("another content key")
		}
		if err != nil && !errors.Is(err, ErrOpen) && !errors.Is(err, ErrMalformed) {
			t.Errorf("an error that no caller knows: %v", err)
		}
		if _, err := OpenFrom(k, wrap, "info"); err == nil {
			t.Error("opened as a small sealed thing")
		}
	})
}

// FuzzOpenBody: nothing but the body itself opens.
func FuzzOpenBody(f *testing.F) {
	var cases []bodyVector
	vectorFile(f, "bodies", &cases)
	good := cases[0]
	c := &ContentKey{secret: [32]byte(good.ContentKey)}
	rec := Record{Program: good.Program, ID: [16]byte(good.Record)}
	f.Add([]byte(good.Body))
	f.Add([]byte(good.Body[:headerSize]))
	f.Add(append(bytes.Clone(good.Body[:headerSize]), make([]byte, chunkSize+chunkExtra)...))
	f.Add([]byte(bodyMagic))
	f.Fuzz(func(t *testing.T, body []byte) {
		plaintext, err := c.Open(body, rec)
		if err == nil != bytes.Equal(body, good.Body) {
			t.Errorf("%d bytes: %v", len(body), err)
		}
		if err == nil && string(plaintext) != good.Plaintext {
			t.Errorf("opened as %q", plaintext)
		}
		if err != nil && !errors.Is(err, ErrOpen) && !errors.Is(err, ErrMalformed) {
			t.Errorf("an error that no caller knows: %v", err)
		}
		if _, shape := Inspect(body); shape != nil && err == nil {
			t.Error("opened although it has no shape")
		}
	})
}
