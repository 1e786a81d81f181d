// SPDX-License-Identifier: Apache-2.0

package pdf_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"waylight/internal/platform/pdf"
)

// document writes pages with so many objects beside them that packs fill.
func document(t *testing.T, f *pdf.File, pages int) {
	t.Helper()
	root, tree, info := f.Reserve(), f.Reserve(), f.Reserve()
	font := f.Add("<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>")
	var kids strings.Builder
	for i := range pages {
		content, err := f.Data("", fmt.Appendf(nil, "BT /F 12 Tf 20 20 Td (page %d) Tj ET", i))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&kids, "%s ", f.Add(fmt.Sprintf("<</Type /Page /Parent %s /MediaBox [0 0 100 100] /Contents %s /Resources <</Font <</F %s>>>>>>", tree, content, font)))
	}
	f.Set(tree, fmt.Sprintf("<</Type /Pages /Count %d /Kids [%s]>>", pages, kids.String()))
	f.Set(info, "<</Title "+pdf.Words("Año 电")+">>")
	f.Set(root, fmt.Sprintf("<</Type /Catalog /Pages %s>>", tree))
	if err := f.Close(root, info, "remark"); err != nil {
		t.Fatal(err)
	}
}

// Another program finds every page of both kinds of files, and the same calls give the
// same bytes.
func TestAnotherProgramReadsIt(t *testing.T) {
	t.Parallel()
	const pages = 450
	for name, begin := range map[string]func(*bytes.Buffer) *pdf.File{
		"kept": func(b *bytes.Buffer) *pdf.File { return pdf.New(b) }, "as it comes": func(b *bytes.Buffer) *pdf.File { return pdf.Stream(b, &pdf.Deflater{}) },
	} {
		var out, again bytes.Buffer
		document(t, begin(&out), pages)
		document(t, begin(&again), pages)
		if !bytes.Equal(out.Bytes(), again.Bytes()) || !bytes.Contains(out.Bytes()[out.Len()-100:], []byte("%remark\n")) {
			t.Errorf("%s: other bytes, or no remark", name)
		}
		file := filepath.Join(t.TempDir(), "document.pdf")
		if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("pdftotext", file, "-")
		var wrong bytes.Buffer
		cmd.Stderr = &wrong
		text, err := cmd.Output()
		if err != nil || wrong.Len() > 0 {
			t.Fatalf("%s: pdftotext (apt-get install -y --no-install-recommends poppler-utils): %v: %s", name, err, wrong.String())
		}
		for i := range pages {
			if !strings.Contains(string(text), fmt.Sprintf("page %d\n", i)) {
				t.Errorf("%s: page %d is lost", name, i)
			}
		}
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{0: "0", 100: "100", 1.5: "1.5", -0.125: "-0.12", 12.004: "12", 10: "10"} {
		if got := pdf.Number(v); got != want {
			t.Errorf("%v is written %q, want %q", v, got, want)
		}
	}
	if got := string(pdf.AppendNumber([]byte("100 "), 7)); got != "100 7" {
		t.Errorf("%q", got)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

// A disk that is full is told at the end, and not lost.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	for _, f := range []*pdf.File{pdf.New(full{}), pdf.Stream(full{}, &pdf.Deflater{})} {
		if err := f.Close(f.Add("<<>>"), f.Add("<<>>"), ""); err == nil {
			t.Error("a disk that is full went unnoticed")
		}
	}
}
