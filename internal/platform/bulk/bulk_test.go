// SPDX-License-Identifier: Apache-2.0

package bulk_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"waylight/internal/platform/bulk"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// What a person can put right is told; what broke is an error; the digest is of what came.
func TestReadTellsRefusedFromBroken(t *testing.T) {
	t.Parallel()
	broken := errors.New("the line is dead")
	for _, c := range []struct {
		name    string
		err     error
		refused string
		broke   error
	}{
		{"whole", nil, "", nil},
		{"too long", fault.New(fault.TooLarge, "x", "Divide it."), "Divide it.", nil},
		{"not right", fault.New(fault.Invalid, "x", "No header."), "No header.", nil},
		{"shed", fault.New(fault.Overloaded, "x", "Busy."), "the file broke off while it arrived", fault.New(fault.Overloaded, "x", "Busy.")},
		{"broken", broken, "the file broke off while it arrived", broken},
	} {
		digest, refused, broke := bulk.Read(strings.NewReader("abcdef"), func(r io.Reader) error {
			if _, err := io.ReadFull(r, make([]byte, 3)); err != nil {
				t.Error(err)
			}
			return c.err
		})
		want := sha256.Sum256([]byte("abc"))
		if refused != c.refused || (broke == nil) != (c.broke == nil) || c.broke != nil && !errors.Is(broke, c.broke) || !bytes.Equal(digest, want[:]) {
			t.Errorf("%s: %q, %v, digest right: %v", c.name, refused, broke, bytes.Equal(digest, want[:]))
		}
	}
}

func TestTextDropsTheMark(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"\xef\xbb\xbfkind": "kind", "kind": "kind", "": "", "\xef\xbb": "\xef\xbb", "ki\xef\xbb\xbfnd": "ki\xef\xbb\xbfnd"} {
		got, err := io.ReadAll(bulk.Text(strings.NewReader(in)))
		if err != nil || string(got) != want {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}

// Rows of one file stand side by side, in the order of the file, and no two share an id.
func TestRowsOfAFileStandSideBySide(t *testing.T) {
	t.Parallel()
	file, other := store.NewID(), store.NewID()
	before := bulk.RowID(file, 0)
	for row := int64(1); row < 1000; row++ {
		id := bulk.RowID(file, row)
		if bytes.Compare(before[:], id[:]) >= 0 || !bytes.Equal(id[:8], file[:8]) || id == bulk.RowID(other, row) {
			t.Fatalf("row %d: %s after %s", row, id, before)
		}
		before = id
	}
}

func TestFirstProblems(t *testing.T) {
	t.Parallel()
	parts := [][]bulk.Problem{{{Line: 1}, {Line: 2}}, {{Line: 3}}, {{Line: 4}, {Line: 5}}}
	p := bulk.Problems(func(_ context.Context, part int64) ([]bulk.Problem, error) {
		if int(part) >= len(parts) {
			return nil, nil
		}
		return parts[part], nil
	})
	for most, want := range map[int]int{0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 99: 5} {
		got, err := p.First(t.Context(), most)
		if err != nil || len(got) != want || want > 0 && got[want-1].Line != want {
			t.Errorf("the first %d: %v, %v", most, got, err)
		}
	}
	w := httptest.NewRecorder()
	if err := p.CSV(w, httptest.NewRequest(http.MethodGet, "/", nil)); err != nil || strings.Count(w.Body.String(), "\r\n") != 6 {
		t.Errorf("the download: %q, %v", w.Body, err)
	}
}

// The file of a form is found among its other parts, by its bare name; a form without
// one says so.
func TestReceive(t *testing.T) {
	t.Parallel()
	ask := func(parts ...[2]string) *http.Request {
		var body bytes.Buffer
		m := multipart.NewWriter(&body)
		for _, p := range parts {
			w, err := m.CreateFormFile(p[0], p[1])
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(w, p[0]); err != nil {
				t.Fatal(err)
			}
		}
		m.Close()
		r := httptest.NewRequest(http.MethodPost, "/", &body)
		r.Header.Set("Content-Type", m.FormDataContentType())
		return r
	}
	name, file, err := bulk.Receive(httptest.NewRecorder(), ask([2]string{"other", "a.csv"}, [2]string{"file", `C:\places\b.csv`}))
	if err != nil || name != "b.csv" {
		t.Fatalf("%q, %v", name, err)
	}
	if text, err := io.ReadAll(file); err != nil || string(text) != "file" {
		t.Errorf("%q, %v", text, err)
	}
	for what, r := range map[string]*http.Request{"no file": ask([2]string{"other", "a.csv"}), "no name": ask([2]string{"file", ""}), "no form": httptest.NewRequest(http.MethodPost, "/", strings.NewReader("x"))} {
		if _, _, err := bulk.Receive(httptest.NewRecorder(), r); !errors.Is(err, bulk.ErrNoFile) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
