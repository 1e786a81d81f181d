// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/web"
)

// id is a value as rooms have them: bytes for the database.
type id [4]byte

func (i id) Value() (driver.Value, error) { return i[:], nil }

func (i *id) Scan(v any) error {
	b, ok := v.([]byte)
	if !ok || len(b) != len(i) {
		return errors.New("not an id")
	}
	copy(i[:], b)
	return nil
}

func TestCursorsComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n, s, b := rapid.Int64().Draw(t, "n"), rapid.String().Draw(t, "s"), rapid.SliceOf(rapid.Byte()).Draw(t, "b")
		i := id(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "i"))
		cursor := web.EncodeCursor(n, s, b, i)
		var n2 int64
		var s2 string
		var b2 []byte
		var i2 id
		err := web.DecodeCursor(cursor, &n2, &s2, &b2, &i2)
		if len(cursor) > 1024 {
			if err == nil {
				t.Fatal("an endless cursor is taken")
			}
			return
		}
		if err != nil || n2 != n || s2 != s || string(b2) != string(b) || i2 != i {
			t.Fatalf("%v %q %v %v: %v", n2, s2, b2, i2, err)
		}
	})
}

func TestCursorsOfSomebodyElseAreRefused(t *testing.T) {
	t.Parallel()
	for _, cursor := range []string{"x", "!!", web.EncodeCursor(), web.EncodeCursor("a", id{1}), web.EncodeCursor(1), web.EncodeCursor(1, []byte{1, 2}), web.EncodeCursor(1, id{}, 3), strings.Repeat("A", 2000)} {
		var n int64
		var i id
		err := web.DecodeCursor(cursor, &n, &i)
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", cursor, err)
		}
	}
	n := int64(7)
	if err := web.DecodeCursor("", &n); err != nil || n != 7 {
		t.Errorf("the empty cursor: %v %d", err, n)
	}
}

func FuzzDecodeCursor(f *testing.F) {
	f.Add(web.EncodeCursor(int64(1), "a", id{1, 2, 3, 4}))
	f.Add("W10")
	f.Add("WzEsMl0")
	f.Fuzz(func(t *testing.T, cursor string) {
		var n int64
		var s string
		var i id
		err := web.DecodeCursor(cursor, &n, &s, &i)
		if err != nil && fault.KindOf(err) != fault.Invalid {
			t.Fatalf("%v", err)
		}
	})
}

func TestDownloadsAreHarmlessInASpreadsheet(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	err := web.CSV(w, "reports \"of\"\r\n2026.csv", []string{"=head", "name"}, func(yield func([]string) error) error {
		for _, row := range [][]string{
			{"=1+1", "@SUM(A1)"}, {"+1 555 0100", "-2"}, {"-2+3", "\tx"}, {" =1", "＝1"}, {"-1.5", "+"}, {"José, \"the\" one", "line\nbreak"}, {"", "'ok"}, {"-inf", "1e5"},
		} {
			err := yield(row)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := "\ufeff'=head,name\r\n'=1+1,'@SUM(A1)\r\n'+1 555 0100,-2\r\n'-2+3,'\tx\r\n' =1,'＝1\r\n-1.5,'+\r\n\"José, \"\"the\"\" one\",\"line\r\nbreak\"\r\n,'ok\r\n'-inf,1e5\r\n"
	if got := w.Body.String(); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got := w.Header().Get("Content-Disposition"); got != `attachment; filename="reports-of-2026.csv"` {
		t.Errorf("%s", got)
	}
}

func TestLocalPath(t *testing.T) {
	t.Parallel()
	for next, want := range map[string]string{
		"/staff/inbox?q=1": "/staff/inbox?q=1", "": "/", "/": "/", "//evil.example": "/", `/\evil.example`: "/", "https://evil.example": "/",
		"/a\r\nSet-Cookie: x": "/", "javascript:x": "/", "/a\tb": "/", "/ñ": "/", "/" + strings.Repeat("a", 600): "/",
	} {
		if got := web.LocalPath(next, "/"); got != want {
			t.Errorf("%q: %q", next, got)
		}
	}
}

func ExampleCatalog_T() {
	c, err := web.LoadCatalog([]string{"en", "es"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.T("es", "form.limit", "n", "2,000"))
	// Output: Puede escribir hasta 2,000 letras y espacios.
}
