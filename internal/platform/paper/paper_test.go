// SPDX-License-Identifier: Apache-2.0

package paper_test

import (
	"bytes"
	"compress/zlib"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"waylight/internal/platform/paper"
)

var at = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

func write(t *testing.T, fill func(s *paper.Sheet)) []byte {
	t.Helper()
	s, err := paper.New("es", "Niños: (cifras) \\ año", at)
	if err != nil {
		t.Fatal(err)
	}
	fill(s)
	data, err := s.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// drawn gives everything that was compressed, in order.
func drawn(t *testing.T, data []byte) string {
	t.Helper()
	var out strings.Builder
	for _, m := range regexp.MustCompile(`/Length (\d+)>>\nstream\n`).FindAllSubmatchIndex(data, -1) {
		n, err := strconv.Atoi(string(data[m[2]:m[3]]))
		if err != nil {
			t.Fatal(err)
		}
		z, err := zlib.NewReader(bytes.NewReader(data[m[1] : m[1]+n]))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(text)
	}
	return out.String()
}

// The list of objects leads to each of them, and the same contents give the same bytes.
func TestObjectsStandWhereTheListSays(t *testing.T) {
	t.Parallel()
	fill := func(s *paper.Sheet) {
		s.Heading(1, "At least 100 arrests")
		s.Table([]string{"Group", "People"}, [][]string{{"Other or unknown", "272"}})
	}
	data := write(t, fill)
	if !bytes.Equal(data, write(t, fill)) {
		t.Error("two of the same differ")
	}
	start := regexp.MustCompile(`startxref\n(\d+)\n`).FindSubmatch(data)
	from, err := strconv.Atoi(string(start[1]))
	if err != nil || !bytes.HasPrefix(data[from:], []byte("xref\n0 ")) {
		t.Fatalf("the list of objects is not at %d", from)
	}
	for i, m := range regexp.MustCompile(`(?m)^(\d{10}) 00000 n `).FindAllSubmatch(data[from:], -1) {
		at, _ := strconv.Atoi(string(m[1]))
		if want := strconv.Itoa(i+1) + " 0 obj\n"; !bytes.HasPrefix(data[at:], []byte(want)) {
			t.Errorf("object %d is not at %d", i+1, at)
		}
	}
}

// A screen reader is told the language, headings, tables with headings of rows and
// columns, and what a picture shows; everything drawn is part of that or marked as
// decoration.
func TestTagged(t *testing.T) {
	t.Parallel()
	data := write(t, func(s *paper.Sheet) {
		s.Heading(1, "Título")
		s.Text("Letras: áéíóúüñ ¿¡ “…”")
		s.Bars("Dos barras", []paper.Bar{{Label: "A", Said: "3", Value: 3}, {Label: "B", Said: "1", Value: 1}})
		s.Table([]string{"Grupo", "Personas"}, [][]string{{"Otro", "11"}, {"Total", "11"}})
	})
	for _, want := range []string{"/Lang (es)", "/MarkInfo <</Marked true>>", "/S /H1", "/S /P ", "/S /Figure", "/Alt <FEFF", "/S /Table", "/S /TR", "/Scope /Column", "/Scope /Row", "/S /TD", "/ToUnicode", "/FontFile2", "/DisplayDocTitle true"} {
		if !bytes.Contains(data, []byte(want)) {
			t.Errorf("there is no %s", want)
		}
	}
	page := drawn(t, data)
	if strings.Count(page, " BDC\n")+strings.Count(page, " BMC\n") != strings.Count(page, "EMC\n") {
		t.Error("a marked part has no end")
	}
	if !strings.Contains(page, `(Letras: \341\351\355\363\372\374\361 \277\241 \223\205\224) Tj`) {
		t.Error("the letters of Spanish are not written as they are")
	}
}

// What is long goes on to the next page, whole rows at a time, and nothing is lost.
func TestLongGoesOn(t *testing.T) {
	t.Parallel()
	var rows [][]string
	for i := range 200 {
		rows = append(rows, []string{"Row " + strconv.Itoa(i), strings.Repeat("9", 60)})
	}
	pages := 0
	data := write(t, func(s *paper.Sheet) {
		s.Text(strings.Repeat("many words ", 1500) + strings.Repeat("x", 400))
		s.Table([]string{"What", "How many"}, rows)
		pages = s.Pages()
	})
	if pages < 5 || bytes.Count(data, []byte("/Type /Page ")) != pages {
		t.Errorf("%d pages", pages)
	}
	page := drawn(t, data)
	for _, want := range []string{"(Row 0)", "(Row 199)"} {
		if !strings.Contains(page, want) {
			t.Errorf("%s is lost", want)
		}
	}
	if n := strings.Count(page, "many"); n != 1501 { // one heads the table
		t.Errorf("%d words of 1501", n)
	}
}
