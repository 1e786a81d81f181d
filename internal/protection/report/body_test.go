// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"waylight/internal/platform/fault"
)

func anyAnswers() *rapid.Generator[map[string][]string] {
	return rapid.MapOf(rapid.StringMatching(`[a-z_]{1,8}`), rapid.SliceOfN(rapid.String(), 0, 3))
}

// TestBodyHasOneSpelling: what is sealed can be read back whole, leaving a
// question out and leaving it empty are the same, and other words are other bytes.
func TestBodyHasOneSpelling(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := Body{Version: bodyVersion, Form: "ms@1", Language: "en", Answers: anyAnswers().Draw(t, "answers")}
		out, err := b.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseBody(out)
		if err != nil {
			t.Fatal(err)
		}
		want := answered(b.Answers)
		if len(got.Answers) != len(want) || len(want) > 0 && !reflect.DeepEqual(got.Answers, want) {
			t.Fatalf("read back %q, was %q", got.Answers, want)
		}
		padded := maps.Clone(b.Answers)
		padded["left_empty"] = nil
		b.Answers = padded
		again, err := b.Marshal()
		if err != nil || !bytes.Equal(out, again) {
			t.Fatalf("an empty answer changes the body (%v)", err)
		}
	})
}

// Reports from before the keys of the receipt were sealed with the words still open.
func TestBodyWithoutReplyKeys(t *testing.T) {
	t.Parallel()
	old := `{"v":1,"form":"ms@1","language":"en","answers":{"story":["x"]}}`
	b, err := ParseBody([]byte(old))
	if err != nil || b.Reply != nil || b.Answers["story"][0] != "x" {
		t.Fatalf("%+v, %v", b, err)
	}
	if out, err := b.Marshal(); err != nil || string(out) != old {
		t.Errorf("%s, %v", out, err)
	}
}

func TestDigestTellsSubmissionsApart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyAnswers().Draw(t, "a"), anyAnswers().Draw(t, "b")
		x, err := digest("ms", "en", a)
		if err != nil {
			t.Fatal(err)
		}
		y, err := digest("ms", "en", b)
		if err != nil {
			t.Fatal(err)
		}
		if same := reflect.DeepEqual(answered(a), answered(b)); same != (x == y) {
			t.Fatalf("same answers: %v, same digest: %v", same, x == y)
		}
		z, err := digest("ms", "es", a)
		if err != nil || x == z {
			t.Fatalf("the language is not part of the digest (%v)", err)
		}
	})
}

func TestKeysThatCouldBeGuessed(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]bool{
		"0123456789abcdef0123456789abcdef":     true,  // 128 bits, hexadecimal
		"0123456789ABCDEF0123456789ABCDE":      false, // 124
		"3f2b8c1e-9d47-4a6b-8f10-5c7e2d9a4b63": true,  // UUID
		"dGhpcyBpcyAxNiBieXRlcw":               true,  // 22 of base64url
		"dGhpcyBpcyAxNiBieXRlc":                false,
		"":                                     false,
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": false,
		"has spaces in it, and is very long":   false,
		"contains-a-letter-ñ-outside-ascii":    false,
		strings.Repeat("abcdefghij", 26):       false, // longer than any key
	} {
		if got := strongKey([]byte(key)); got != want {
			t.Errorf("strongKey(%q) is %v", key, got)
		}
	}
}

// FuzzDecodeRequest: whatever arrives, it is either read without losing a field
// or refused with a fault that repeats none of it.
func FuzzDecodeRequest(f *testing.F) {
	for _, seed := range []string{
		`{"program":"ms","language":"en","mode":"tip","answers":{"age":"adult","story":"words"}}`,
		`{"program":"ms","answers":{"happened":{"state":"MS","county":"DeSoto"},"kind":["sex"],"danger":true,"people":null}}`,
		`{}`, `[]`, `null`, `{"answers":{"story":"a","story":"b"}}`, `{"program":"ms"} {}`, "{\"mode\":\"\xff\"}", `{"answers":{"story":"\ud800"}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		q, err := decodeRequest(bytes.NewReader(data))
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatalf("refused with %v", err)
			}
			var syntax *json.SyntaxError
			if errors.As(err, &syntax) {
				t.Fatal("the cause travels with the fault")
			}
			return
		}
		var loose struct {
			Program, Language, Mode string
			Answers                 map[string]json.RawMessage
		}
		if err := json.Unmarshal(data, &loose); err != nil {
			t.Fatalf("accepted what is not JSON: %v", err)
		}
		if q.Program != loose.Program || q.Language != loose.Language || q.Mode != loose.Mode || len(q.Answers) != len(loose.Answers) {
			t.Fatalf("read %+v, meant %+v", q, loose)
		}
	})
}

// FuzzDecodeReceipt: a receipt's request is read or refused, never half read.
func FuzzDecodeReceipt(f *testing.F) {
	for _, seed := range []string{`{"receipt":"a-b-c-d-e-f-g"}`, `{"receipt":""}`, `{"receipt":["a"]}`, `{"receipt":"a","receipt":"b"}`, `{`, `{"receipt":"a"}x`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		words, err := decodeReceipt(bytes.NewReader(data))
		if err == nil && (words == "" || !json.Valid(data)) {
			t.Fatal("accepted a request without a receipt")
		}
		if err != nil && fault.KindOf(err) != fault.Invalid {
			t.Fatalf("refused with %v", err)
		}
	})
}
