// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/place"
	"waylight/internal/prevention/poster"
	"waylight/programs"
)

// Posters are the sheets of a notice for the train stations of a state, printed
// without a database: no placement has a code yet and no number was verified here, so
// every one of them is a specimen, and says so.
type Posters struct {
	Packs     fs.FS // nil: those of the program
	Notice    string
	Place     string   // a state's code, a station's, or US
	Size      string   // of [poster.Sizes]
	Languages []string // nil: all that the notice has words in
	Each      bool     // one sheet per language
	Out       string   // a file
	Zip       bool     // a document for each sheet, in an archive
	Part      int      // at most so many sheets in a file; 0: all in one
	Day       time.Time
	Progress  func(what string, done, total int64)
}

// Printed is what was made.
type Printed struct {
	Sheets, Kept int // kept: those in parts that were there already
	Files        []string
}

// specimenReason stands on every sheet that is made without a database.
const specimenReason = "printed without a database; its code opens nothing"

// Run prints them.
func (p Posters) Run(ctx context.Context) (Printed, error) {
	var done Printed
	sheets, err := p.Sheets()
	if err != nil {
		return done, err
	}
	press := poster.NewPress()
	parts := poster.Parts(len(sheets), p.Part)
	for i, part := range parts {
		file := p.Out
		if len(parts) > 1 {
			ext := filepath.Ext(p.Out)
			file = fmt.Sprintf("%s-%03d-of-%03d%s", strings.TrimSuffix(p.Out, ext), i+1, len(parts), ext)
		}
		kept, err := p.part(ctx, press, file, sheets[part[0]:part[1]], part[0], len(sheets))
		if err != nil {
			return done, err
		}
		done.Files, done.Sheets = append(done.Files, file), done.Sheets+part[1]-part[0]
		if kept {
			done.Kept += part[1] - part[0]
		}
	}
	return done, nil
}

// part prints one file, unless it is there already, whole and with the same sheets.
func (p Posters) part(ctx context.Context, press *poster.Press, file string, sheets []poster.Sheet, before, all int) (kept bool, err error) {
	get := func(i int) (poster.Sheet, error) { return sheets[i], nil }
	form := "pdf"
	if p.Zip {
		form = "zip"
	}
	remark, err := poster.Remark(form, len(sheets), get)
	if err != nil {
		return false, err
	}
	if there, err := poster.Finished(file, remark); err != nil || there {
		return there, err
	}
	b := poster.Batch{Count: len(sheets), Sheet: get, Remark: remark, Name: func(i int) string {
		s := sheets[i]
		return fmt.Sprintf("%04d-%s-%s.pdf", before+i+1, strings.ToLower(s.Code), strings.ToLower(strings.Join(s.Languages, "-")))
	}}
	if p.Progress != nil {
		b.Progress = func(done, _ int) { p.Progress("printing posters", int64(before+done), int64(all)) }
	}
	return false, whole(file, func(w io.Writer) error {
		if p.Zip {
			return b.Zip(ctx, w, press)
		}
		return b.PDF(ctx, w, press)
	})
}

// whole writes a file beside its place and moves it there when it is complete.
func whole(file string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".part-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", file, err)
	}
	err = write(f)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", file, err), os.Remove(f.Name()))
	}
	return nil
}

// Sheets are the sheets that Run prints.
func (p Posters) Sheets() ([]poster.Sheet, error) {
	stations, err := stationsOf(p.Place)
	if err != nil {
		return nil, err
	}
	size, ok := poster.SizeOf(p.Size)
	if !ok {
		var names []string
		for _, s := range poster.Sizes() {
			names = append(names, s.Name)
		}
		return nil, fmt.Errorf("there is no size %q; there are %s", p.Size, strings.Join(names, ", "))
	}
	pack, notice, err := p.notice(stations[0].State)
	if err != nil {
		return nil, err
	}
	langs := p.Languages
	if len(langs) == 0 {
		langs = poster.Languages(notice)
	}
	var out []poster.Sheet
	for _, station := range stations {
		code := specimenCode(len(out))
		s := poster.Sheet{Notice: notice, Languages: langs, Size: size, Place: station.Label() + ", " + station.State + " (" + station.Code + ")",
			Code: code, Address: "none.invalid/q/" + code, URL: "https://none.invalid/q/" + code, Lines: poster.Unverified(pack), Day: p.Day, Specimen: specimenReason}
		if p.Each {
			out = append(out, poster.Split(s)...)
		} else {
			out = append(out, s)
		}
	}
	return out, nil
}

// specimenCode is a code as placements have them. The host before it is none that
// can exist, so that it opens nothing.
func specimenCode(n int) string {
	const letters = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
	out := []byte("22222")
	for i := len(out) - 1; i >= 0 && n > 0; i-- {
		out[i] = letters[n%len(letters)]
		n /= len(letters)
	}
	return string(out)
}

// notice finds the notice in the program of a state, or in any where it has none.
func (p Posters) notice(state string) (*program.Program, program.Notice, error) {
	packs := p.Packs
	if packs == nil {
		packs = programs.FS
	}
	set, err := program.Load(packs)
	if err != nil {
		return nil, program.Notice{}, fmt.Errorf("reading packs: %w", err)
	}
	for _, id := range append([]string{strings.ToLower(state)}, set.IDs()...) {
		if pack, ok := set.Program(id); ok {
			if n, ok := pack.Notice(p.Notice); ok {
				return pack, n, nil
			}
		}
	}
	var known []string
	for _, id := range set.IDs() {
		if pack, ok := set.Program(id); ok {
			for _, n := range pack.Notices {
				if !slices.Contains(known, n.ID) {
					known = append(known, n.ID)
				}
			}
		}
	}
	return nil, program.Notice{}, fmt.Errorf("there is no notice %q; there are %s", p.Notice, strings.Join(known, ", "))
}

// stationsOf lists the train stations of a state, of the country, or one by its code.
func stationsOf(where string) ([]place.Station, error) {
	where = strings.ToUpper(where)
	out := slices.DeleteFunc(place.Stations(), func(s place.Station) bool { return where != "US" && s.State != where && s.Code != where })
	if len(out) == 0 {
		return nil, fmt.Errorf("no train station is known in %q: name a state (MS), a station (JAN) or US", where)
	}
	return out, nil
}
