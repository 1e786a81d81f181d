// SPDX-License-Identifier: Apache-2.0

package poster

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"waylight/internal/platform/pdf"
)

// printed is a plate as it stands in a document of one sheet: its content, compressed,
// and the letters that it needs.
type printed struct {
	once    sync.Once
	content []byte
	leaves  []leaf
	letters *letters
	err     error
}

// document is a PDF of sheets that is being written.
type document struct {
	press                   *Press
	file                    *pdf.File
	z                       *pdf.Deflater
	letters                 *letters
	plates                  map[string]plated
	catalog, info, pages    pdf.Ref
	resources               pdf.Ref
	tree, whole, parents    pdf.Ref
	kids, sections, parting []byte
	count                   int
	first                   Sheet
	buffer                  []byte
}

// plated is a plate in the document: where its content is, for all its sheets.
type plated struct {
	content pdf.Ref
	leaves  []leaf
}

func newDocument(p *Press, w io.Writer) *document {
	z := p.deflater()
	f := pdf.Stream(w, z)
	d := &document{press: p, file: f, z: z, letters: &letters{}, plates: map[string]plated{}}
	for _, r := range []*pdf.Ref{&d.catalog, &d.info, &d.pages, &d.resources, &d.tree, &d.whole, &d.parents} {
		*r = f.Reserve()
	}
	return d
}

// plate writes the common content of sheets, once.
func (d *document) plate(l *laid) (plated, error) {
	if found, ok := d.plates[l.plate.key]; ok {
		return found, nil
	}
	high := l.sheet.Size.Height
	var done plated
	if len(d.letters.list) == 0 {
		p := &l.plate.printed
		p.once.Do(func() {
			p.letters = &letters{}
			b, leaves := content(nil, &l.plate.common, p.letters, high, 0)
			p.leaves = leaves
			p.content, p.err = d.file.Deflate(b)
		})
		if p.err != nil {
			return done, fmt.Errorf("poster: writing a sheet: %w", p.err)
		}
		d.letters = p.letters.copy()
		done = plated{content: d.file.Deflated("", p.content), leaves: p.leaves}
	} else {
		b, leaves := content(nil, &l.plate.common, d.letters, high, 0)
		ref, err := d.file.Data("", b)
		if err != nil {
			return done, fmt.Errorf("poster: writing a sheet: %w", err)
		}
		done = plated{content: ref, leaves: leaves}
	}
	d.plates[l.plate.key] = done
	return done, nil
}

// add writes one sheet as a page.
func (d *document) add(l *laid) error {
	common, err := d.plate(l)
	if err != nil {
		return err
	}
	if d.count == 0 {
		d.first = l.sheet
	}
	b, leaves := content(d.buffer[:0], l.own, d.letters, l.sheet.Size.Height, len(common.leaves))
	d.buffer = b
	mine, err := d.file.Data("", b)
	if err != nil {
		return fmt.Errorf("poster: writing a sheet: %w", err)
	}
	page := d.file.Reserve()
	d.file.Set(page, fmt.Sprintf("<</Type /Page /Parent %s /MediaBox [0 0 %s %s] /Contents [%s %s] /Resources %s /StructParents %d /Tabs /S>>",
		d.pages, pdf.Number(l.sheet.Size.Width), pdf.Number(l.sheet.Size.Height), common.content, mine, d.resources, d.count))
	d.tags(page, l.sheet, common.leaves, leaves)
	d.kids = fmt.Appendf(d.kids, "%s ", page)
	d.count++
	return nil
}

// tags says what each part of a page is.
func (d *document) tags(page pdf.Ref, s Sheet, lists ...[]leaf) {
	section := d.file.Reserve()
	var refs []byte
	n := 0
	for _, list := range lists {
		for _, one := range list {
			more := ""
			if one.alt != "" {
				a := one.area
				more = fmt.Sprintf(" /Alt %s /A <</O /Layout /Placement /Block /BBox [%s %s %s %s]>>", pdf.Words(one.alt), pdf.Number(a.x), pdf.Number(a.y), pdf.Number(a.w), pdf.Number(a.h))
			}
			ref := d.file.Add(fmt.Sprintf("<</Type /StructElem /S /%s /P %s /Pg %s /K %d /Lang (%s)%s>>", one.tag, section, page, n, one.lang, more))
			refs = append(append(refs, ref.String()...), ' ')
			n++
		}
	}
	d.file.Set(section, fmt.Sprintf("<</Type /StructElem /S /Sect /P %s /Lang (%s) /K [%s]>>", d.whole, s.languages()[0], refs))
	parents := d.file.Add("[" + string(refs) + "]")
	d.sections = fmt.Appendf(d.sections, "%s ", section)
	d.parting = fmt.Appendf(d.parting, "%d %s ", d.count, parents)
}

// end writes what all pages share. remark stands near the end of the file.
func (d *document) end(remark string) error {
	fonts, err := d.letters.write(d.file, d.press)
	if err != nil {
		return err
	}
	f, s := d.file, d.first
	f.Set(d.resources, "<</Font <<"+fonts+">>>>")
	f.Set(d.pages, fmt.Sprintf("<</Type /Pages /Count %d /Kids [%s]>>", d.count, d.kids))
	f.Set(d.whole, fmt.Sprintf("<</Type /StructElem /S /Document /P %s /K [%s]>>", d.tree, d.sections))
	f.Set(d.parents, fmt.Sprintf("<</Nums [%s]>>", d.parting))
	f.Set(d.tree, fmt.Sprintf("<</Type /StructTreeRoot /K [%s] /ParentTree %s /ParentTreeNextKey %d>>", d.whole, d.parents, d.count))
	lang := "en"
	title := "Waylight"
	if langs := s.languages(); len(langs) > 0 {
		lang, title = langs[0], s.Notice.Words[langs[0]].Heading
	}
	stamp := s.Day.UTC().Format("20060102150405")
	f.Set(d.info, fmt.Sprintf("<</Title %s /Producer (Waylight) /CreationDate (D:%sZ) /ModDate (D:%sZ)>>", pdf.Words(strings.TrimSpace(title)), stamp, stamp))
	f.Set(d.catalog, fmt.Sprintf("<</Type /Catalog /Pages %s /Lang (%s) /MarkInfo <</Marked true>> /StructTreeRoot %s /ViewerPreferences <</DisplayDocTitle true>>>>", d.pages, lang, d.tree))
	if err := f.Close(d.catalog, d.info, remark); err != nil {
		return fmt.Errorf("poster: writing: %w", err)
	}
	d.press.mu.Lock()
	defer d.press.mu.Unlock()
	d.press.spare = append(d.press.spare, d.z) // of a document that was not ended it is not used again
	return nil
}

// PDF writes one sheet as a document.
func (p *Press) PDF(w io.Writer, s Sheet) error {
	l, err := p.lay(s)
	if err != nil {
		return err
	}
	return p.single(w, l)
}

func (p *Press) single(w io.Writer, l *laid) error {
	d := newDocument(p, w)
	if err := d.add(l); err != nil {
		return err
	}
	return d.end("")
}
