// SPDX-License-Identifier: Apache-2.0

package paper

import (
	"bytes"
	"fmt"
	"strings"

	"waylight/internal/platform/pdf"
)

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
	var out bytes.Buffer
	f := pdf.New(&out)
	for range parentsAt {
		f.Reserve()
	}
	var faces [2]pdf.Ref
	for i, face := range s.fonts {
		at, err := carry(f, face, []string{"WLYGHT+NotoSans-Regular", "WLYGHT+NotoSans-Bold"}[i])
		if err != nil {
			return nil, err
		}
		faces[i] = at
	}
	var pageAt []pdf.Ref
	for i, p := range s.pages {
		content, err := f.Data("", []byte(p.drawing.String()))
		if err != nil {
			return nil, fmt.Errorf("paper: writing a page: %w", err)
		}
		pageAt = append(pageAt, f.Add(fmt.Sprintf("<</Type /Page /Parent %d 0 R /MediaBox [0 0 %s %s] /Contents %d 0 R /StructParents %d /Tabs /S /Resources <</Font <</F1 %d 0 R /F2 %d 0 R>>>>>>",
			pagesAt, num(width), num(height), content, i, faces[0], faces[1])))
	}
	s.structure(f, pageAt)
	var kids []string
	for _, at := range pageAt {
		kids = append(kids, fmt.Sprintf("%d 0 R", at))
	}
	stamp := s.at.Format("20060102150405")
	f.Set(pagesAt, fmt.Sprintf("<</Type /Pages /Count %d /Kids [%s]>>", len(kids), strings.Join(kids, " ")))
	f.Set(infoAt, fmt.Sprintf("<</Title %s /Producer (Waylight) /CreationDate (D:%sZ) /ModDate (D:%sZ)>>", pdf.Words(s.title), stamp, stamp))
	f.Set(catalogAt, fmt.Sprintf("<</Type /Catalog /Pages %d 0 R /Lang (%s) /MarkInfo <</Marked true>> /StructTreeRoot %d 0 R /ViewerPreferences <</DisplayDocTitle true>>>>",
		pagesAt, s.lang, treeAt))
	if err := f.Close(catalogAt, infoAt, ""); err != nil {
		return nil, fmt.Errorf("paper: writing: %w", err)
	}
	return out.Bytes(), nil
}

// structure writes what each part is, and which part of a page belongs to which.
func (s *Sheet) structure(f *pdf.File, pageAt []pdf.Ref) {
	numbers := map[*element]pdf.Ref{}
	var write func(e *element, parent pdf.Ref) pdf.Ref
	write = func(e *element, parent pdf.Ref) pdf.Ref {
		at := f.Reserve()
		numbers[e] = at
		more := ""
		if e.alt != "" {
			more += " /Alt " + pdf.Words(e.alt)
		}
		if e.scope != "" {
			more += " /A <</O /Table /Scope /" + e.scope + ">>"
		}
		if e.mark >= 0 {
			f.Set(at, fmt.Sprintf("<</Type /StructElem /S /%s /P %d 0 R /Pg %d 0 R /K %d%s>>", e.kind, parent, pageAt[e.page], e.mark, more))
			return at
		}
		var kids []string
		for _, kid := range e.kids {
			kids = append(kids, fmt.Sprintf("%d 0 R", write(kid, at)))
		}
		f.Set(at, fmt.Sprintf("<</Type /StructElem /S /%s /P %d 0 R /K [%s]%s>>", e.kind, parent, strings.Join(kids, " "), more))
		return at
	}
	var top []string
	for _, e := range s.root {
		top = append(top, fmt.Sprintf("%d 0 R", write(e, documentAt)))
	}
	f.Set(documentAt, fmt.Sprintf("<</Type /StructElem /S /Document /P %d 0 R /K [%s]>>", treeAt, strings.Join(top, " ")))
	var nums []string
	for i, p := range s.pages {
		var owners []string
		for _, e := range p.marked {
			owners = append(owners, fmt.Sprintf("%d 0 R", numbers[e]))
		}
		nums = append(nums, fmt.Sprintf("%d [%s]", i, strings.Join(owners, " ")))
	}
	f.Set(parentsAt, fmt.Sprintf("<</Nums [%s]>>", strings.Join(nums, " ")))
	f.Set(treeAt, fmt.Sprintf("<</Type /StructTreeRoot /K [%d 0 R] /ParentTree %d 0 R /ParentTreeNextKey %d>>", documentAt, parentsAt, len(s.pages)))
}

// carry writes a font, whole, and which letter each of its bytes is.
func carry(f *pdf.File, face *font, name string) (pdf.Ref, error) {
	at, err := f.Data(fmt.Sprintf(" /Length1 %d", len(face.data)), face.data)
	if err != nil {
		return 0, fmt.Errorf("paper: writing a font: %w", err)
	}
	descriptor := f.Add(fmt.Sprintf("<</Type /FontDescriptor /FontName /%s /Flags 32 /FontBBox [%d %d %d %d] /ItalicAngle 0 /Ascent %d /Descent %d /CapHeight %d /StemV 80 /FontFile2 %d 0 R>>",
		name, face.xMin, face.yMin, face.xMax, face.yMax, face.ascent, face.descent, face.ascent*3/4, at))
	var widths, letters []string
	for b := 32; b < 256; b++ {
		widths = append(widths, fmt.Sprint(face.widths[b]))
		if r := letterOf(byte(b)); r != none {
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
	unicode, err := f.Data("", []byte(cmap.String()))
	if err != nil {
		return 0, fmt.Errorf("paper: writing a font: %w", err)
	}
	return f.Add(fmt.Sprintf("<</Type /Font /Subtype /TrueType /BaseFont /%s /FirstChar 32 /LastChar 255 /Widths [%s] /Encoding /WinAnsiEncoding /FontDescriptor %d 0 R /ToUnicode %d 0 R>>",
		name, strings.Join(widths, " "), descriptor, unicode)), nil
}
