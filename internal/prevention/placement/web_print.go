// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"fmt"
	"io"
	"net/http"
	"net/url"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/bulk"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

type printLine struct {
	Name, PDF, Zip string
	Refused        []Refusal
	More           int
}

type printData struct {
	Notices, Kinds, Counties, States []web.Choice
	Parts                            []printLine
	Sheets, Refused                  int
	Specimen                         string // why none of it is for posting
	Many                             string // address of the page that marks them as printed
}

// printingOf is what the address asks for.
func printingOf(r *http.Request) Printing {
	v := r.URL.Query()
	f := Printing{Notice: v.Get("notice"), County: v.Get("county"), Kind: v.Get("kind"), State: State(v.Get("state"))}
	if f.State == "" {
		f.State = Planned
	}
	return f
}

func (f Printing) query() url.Values {
	return url.Values{"notice": {f.Notice}, "county": {f.County}, "kind": {f.Kind}, "state": {string(f.State)}}
}

// printPage shows of which files a printing is made.
func (s *Service) printPage(w http.ResponseWriter, r *http.Request) error {
	m, pack, err := s.here(r)
	if err != nil {
		return err
	}
	f := printingOf(r)
	parts, err := s.Parts(r.Context(), m, f)
	if err != nil {
		return err
	}
	data := printData{Notices: s.notices(pack, f.Notice), Kinds: web.Choices(f.Kind, program.NoticePlaces(), wordOf(kindWords)), Counties: whereabouts(pack.State, f.County),
		Many: "/staff/placements/batches", Specimen: s.Printer.Specimen(pack.ID)}
	for _, st := range []State{Planned, Printed, Up} {
		data.States = append(data.States, web.Choice{Value: string(st), Label: stateWords[st], On: st == f.State})
	}
	first := 1
	for _, p := range parts {
		q := f.query()
		q.Set("after", p.After.String())
		q.Set("part", fmt.Sprint(p.Number))
		data.Parts = append(data.Parts, printLine{Name: fmt.Sprintf("Sheets %d to %d", first, first+p.Sheets-1), PDF: "/staff/placements/print.pdf?" + q.Encode(),
			Zip: "/staff/placements/print.zip?" + q.Encode(), Refused: p.Refused, More: p.More})
		first += p.Sheets
		data.Refused += len(p.Refused) + p.More
	}
	data.Sheets = first - 1
	return s.pages.Staff(w, r, http.StatusOK, "placement.print", web.View{Title: "Print", Data: data})
}

// printFile sends one part.
func (s *Service) printFile(zip bool) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		m, err := identity.Asking(r)
		if err != nil {
			return err
		}
		q := r.URL.Query()
		after, err := store.ParseID(q.Get("after"))
		if err != nil {
			return ErrEmpty
		}
		kind, ext := "application/pdf", "pdf"
		if zip {
			kind, ext = "application/zip", "zip"
		}
		name := "sheets-" + number(q.Get("part")) + "." + ext
		if err := s.exported(r.Context(), m, "print"); err != nil {
			return err
		}
		err = s.Print(r.Context(), m, printingOf(r), after, zip, func() io.Writer {
			attach(w, kind, name)
			return w
		})
		return fault.Wrap(err, "printing sheets")
	}
}

// number keeps the name of a file to digits.
func number(text string) string {
	for _, c := range text {
		if c < '0' || c > '9' {
			return "1"
		}
	}
	return bulk.Cut(text, 6)
}

// sheetFile sends one placement's sheet.
func (s *Service) sheetFile(w http.ResponseWriter, r *http.Request) error {
	m, id, err := identity.Asked(r, "placement", ErrNone)
	if err != nil {
		return err
	}
	return s.PrintOne(r.Context(), m, id, func(kind string) io.Writer {
		ext := map[string]string{"image/png": "png"}[kind]
		if ext == "" {
			ext = "pdf"
		}
		attach(w, kind, "sheet."+ext)
		return w
	})
}

func attach(w http.ResponseWriter, kind, name string) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Cache-Control", "no-store")
}
