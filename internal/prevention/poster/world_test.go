// SPDX-License-Identifier: Apache-2.0

package poster_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/web/webtest"
	"waylight/internal/prevention/poster"
	"waylight/programs"
)

var day = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)

// pictures draws each page of a document, in a program that is not ours.
func pictures(t *testing.T, document []byte, dpi string) []string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "sheet.pdf")
	if err := os.WriteFile(file, document, 0o600); err != nil {
		t.Fatal(err)
	}
	webtest.Tool(t, "poppler-utils", "pdftoppm", "-r", dpi, "-gray", file, filepath.Join(dir, "page"))
	found, err := filepath.Glob(filepath.Join(dir, "page*.pgm"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no page was drawn: %v", err)
	}
	slices.Sort(found)
	return found
}

// look reads a picture that pdftoppm made.
func look(t *testing.T, file string) *image.Gray {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var w, h, most int
	if _, err := fmt.Sscanf(string(data[:min(len(data), 32)]), "P5\n%d %d\n%d\n", &w, &h, &most); err != nil || most != 255 || len(data) < w*h {
		t.Fatalf("%s is no picture: %v", file, err)
	}
	return &image.Gray{Pix: data[len(data)-w*h:], Stride: w, Rect: image.Rect(0, 0, w, h)}
}

// scanned is what a reader of codes finds in a picture.
func scanned(t *testing.T, file string) string {
	t.Helper()
	return strings.TrimSpace(string(webtest.Tool(t, "zbar-tools", "zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", file)))
}

func mississippi(t *testing.T) *program.Program {
	t.Helper()
	set, err := program.Load(programs.FS)
	if err != nil {
		t.Fatal(err)
	}
	p, ok := set.Program("ms")
	if !ok {
		t.Fatal("there is no program ms")
	}
	return p
}

// verified shows every channel as if somebody had called it.
func verified(p *program.Program) func(string) (program.Channel, bool) {
	return func(id string) (program.Channel, bool) {
		c, ok := p.Channels[id]
		return c, ok
	}
}

func size(t *testing.T, name string) poster.Size {
	t.Helper()
	s, ok := poster.SizeOf(name)
	if !ok {
		t.Fatalf("there is no size %q", name)
	}
	return s
}

// sheet is a sheet of a notice that may be printed.
func sheet(t *testing.T, p *program.Program, notice, paper string, langs ...string) poster.Sheet {
	t.Helper()
	n, ok := p.Notice(notice)
	if !ok {
		t.Fatalf("there is no notice %q", notice)
	}
	return poster.Sheet{Notice: n, Languages: langs, Size: size(t, paper), Place: "Jackson, MS (JAN)", Code: "7K3F9", CodeOn: true,
		Address: "tip.ms.gov/q/7K3F9", URL: "https://tip.ms.gov/q/7K3F9", Lines: verified(p), Day: day}
}

func printed(t *testing.T, s poster.Sheet) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := poster.NewPress().PDF(&out, s); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func batch(t *testing.T, sheets []poster.Sheet) []byte {
	t.Helper()
	var out bytes.Buffer
	b := poster.Batch{Count: len(sheets), Sheet: func(i int) (poster.Sheet, error) { return sheets[i], nil }}
	if err := b.PDF(context.Background(), &out, poster.NewPress()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
