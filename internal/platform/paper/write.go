// SPDX-License-Identifier: Apache-2.0

package paper

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"strings"
	"unicode/utf16"

	"golang.org/x/text/encoding/charmap"
)

// file is a PDF that is being put together: numbered objects, from 1.
type file struct {
	objects []string
}

// add appends an object and gives its number.
func (f *file) add(body string) int {
	f.objects = append(f.objects, body)
	return len(f.objects)
}

// stream is an object with data.
func stream(dict string, data []byte) (string, error) {
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	if _, err := w.Write(data); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return fmt.Sprintf("<<%s /Filter /FlateDecode /Length %d>>\nstream\n%s\nendstream", dict, z.Len(), z.String()), nil
}

// words are a text in a dictionary, in the form that holds every letter.
func words(text string) string {
	var out strings.Builder
	out.WriteString("<FEFF")
	for _, u := range utf16.Encode([]rune(text)) {
		fmt.Fprintf(&out, "%04X", u)
	}
	out.WriteString(">")
	return out.String()
}

// The objects that stand at fixed numbers.
const (
	catalogAt  = 1
	pagesAt    = 2
	infoAt     = 3
	treeAt     = 4
	documentAt = 5
	parentsAt  = 6
)

// Bytes writes the document.
func (s *Sheet) Bytes() ([]byte, error) {
	f := &file{objects: make([]string, parentsAt)}
	var faces [2]int
	for i, face := range s.fonts {
		at, err := f.font(face, []string{"WLYGHT+GoRegular", "WLYGHT+GoBold"}[i])
		if err != nil {
			return nil, err
		}
		faces[i] = at
	}
	var pageAt []int
	for i, p := range s.pages {
		body, err := stream("", []byte(p.drawing.String()))
		if err != nil {
			return nil, fmt.Errorf("paper: writing a page: %w", err)
		}
		content := f.add(body)
		pageAt = append(pageAt, f.add(fmt.Sprintf("<</Type /Page /Parent %d 0 R /MediaBox [0 0 %s %s] /Contents %d 0 R /StructParents %d /Tabs /S /Resources <</Font <</F1 %d 0 R /F2 %d 0 R>>>>>>",
			pagesAt, num(width), num(height), content, i, faces[0], faces[1])))
	}
	s.structure(f, pageAt)
	var kids []string
	for _, at := range pageAt {
		kids = append(kids, fmt.Sprintf("%d 0 R", at))
	}
	stamp := s.at.Format("20060102150405")
	f.objects[pagesAt-1] = fmt.Sprintf("<</Type /Pages /Count %d /Kids [%s]>>", len(kids), strings.Join(kids, " "))
	f.objects[infoAt-1] = fmt.Sprintf("<</Title %s /Producer (Waylight) /CreationDate (D:%sZ) /ModDate (D:%sZ)>>", words(s.title), stamp, stamp)
	f.objects[catalogAt-1] = fmt.Sprintf("<</Type /Catalog /Pages %d 0 R /Lang (%s) /MarkInfo <</Marked true>> /StructTreeRoot %d 0 R /ViewerPreferences <</DisplayDocTitle true>>>>",
		pagesAt, s.lang, treeAt)
	return f.bytes(), nil
}

// structure writes what each part is, and which part of a page belongs to which.
func (s *Sheet) structure(f *file, pageAt []int) {
	numbers := map[*element]int{}
	var write func(e *element, parent int) int
	write = func(e *element, parent int) int {
		at := f.add("")
		numbers[e] = at
		more := ""
		if e.alt != "" {
			more += " /Alt " + words(e.alt)
		}
		if e.scope != "" {
			more += " /A <</O /Table /Scope /" + e.scope + ">>"
		}
		if e.mark >= 0 {
			f.objects[at-1] = fmt.Sprintf("<</Type /StructElem /S /%s /P %d 0 R /Pg %d 0 R /K %d%s>>", e.kind, parent, pageAt[e.page], e.mark, more)
			return at
		}
		var kids []string
		for _, kid := range e.kids {
			kids = append(kids, fmt.Sprintf("%d 0 R", write(kid, at)))
		}
		f.objects[at-1] = fmt.Sprintf("<</Type /StructElem /S /%s /P %d 0 R /K [%s]%s>>", e.kind, parent, strings.Join(kids, " "), more)
		return at
	}
	var top []string
	for _, e := range s.root {
		top = append(top, fmt.Sprintf("%d 0 R", write(e, documentAt)))
	}
	f.objects[documentAt-1] = fmt.Sprintf("<</Type /StructElem /S /Document /P %d 0 R /K [%s]>>", treeAt, strings.Join(top, " "))
	var nums []string
	for i, p := range s.pages {
		var owners []string
		for _, e := range p.marked {
			owners = append(owners, fmt.Sprintf("%d 0 R", numbers[e]))
		}
		nums = append(nums, fmt.Sprintf("%d [%s]", i, strings.Join(owners, " ")))
	}
	f.objects[parentsAt-1] = fmt.Sprintf("<</Nums [%s]>>", strings.Join(nums, " "))
	f.objects[treeAt-1] = fmt.Sprintf("<</Type /StructTreeRoot /K [%d 0 R] /ParentTree %d 0 R /ParentTreeNextKey %d>>", documentAt, parentsAt, len(s.pages))
}

// font writes a font, whole, and which letter each of its bytes is.
func (f *file) font(face *font, name string) (int, error) {
	data, err := stream(fmt.Sprintf(" /Length1 %d", len(face.data)), face.data)
	if err != nil {
		return 0, fmt.Errorf("paper: writing a font: %w", err)
	}
	at := f.add(data)
	descriptor := f.add(fmt.Sprintf("<</Type /FontDescriptor /FontName /%s /Flags 32 /FontBBox [%d %d %d %d] /ItalicAngle 0 /Ascent %d /Descent %d /CapHeight %d /StemV 80 /FontFile2 %d 0 R>>",
		name, face.xMin, face.yMin, face.xMax, face.yMax, face.ascent, face.descent, face.ascent*3/4, at))
	var widths, letters []string
	for b := 32; b < 256; b++ {
		widths = append(widths, fmt.Sprint(face.widths[b]))
		if r := charmap.Windows1252.DecodeByte(byte(b)); r != 0xFFFD {
			letters = append(letters, fmt.Sprintf("<%02X> <%04X>", b, r))
		}
	}
	var cmap strings.Builder
	cmap.WriteString("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<00> <FF>\nendcodespacerange\n")
	for len(letters) > 0 {
		n := min(len(letters), 100)
		fmt.Fprintf(&cmap, "%d beginbfchar\n%s\nendbfchar\n", n, strings.Join(letters[:n], "\n"))
		letters = letters[n:]
	}
	cmap.WriteString("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend")
	text, err := stream("", []byte(cmap.String()))
	if err != nil {
		return 0, fmt.Errorf("paper: writing a font: %w", err)
	}
	unicode := f.add(text)
	return f.add(fmt.Sprintf("<</Type /Font /Subtype /TrueType /BaseFont /%s /FirstChar 32 /LastChar 255 /Widths [%s] /Encoding /WinAnsiEncoding /FontDescriptor %d 0 R /ToUnicode %d 0 R>>",
		name, strings.Join(widths, " "), descriptor, unicode)), nil
}

// bytes puts the objects one behind the other, with the list of where each begins.
func (f *file) bytes() []byte {
	var out bytes.Buffer
	out.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	var at []int
	for i, body := range f.objects {
		at = append(at, out.Len())
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, body)
	}
	start := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, n := range at {
		fmt.Fprintf(&out, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&out, "trailer\n<</Size %d /Root %d 0 R /Info %d 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, catalogAt, infoAt, start)
	return out.Bytes()
}
