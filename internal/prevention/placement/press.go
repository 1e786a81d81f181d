// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/prevention/code"
	"waylight/internal/prevention/poster"
)

// Printer is what this room needs to print its sheets.
type Printer struct {
	Press  *poster.Press
	Origin string // "https://tip.ms.gov"
	// Lines tells of a program's channels, and whether the public may be shown each.
	Lines func(program string) func(channel string) (program.Channel, bool)
	// Specimen says why sheets of a program are not for posting; "" when they are.
	Specimen func(program string) string
	// Reads says, by language, when a person reads what is sent; nil: sheets do not say it.
	Reads func(ctx context.Context, program string) (map[string]string, error)
}

// partSheets is how many sheets stand in one file. A file is made anew, byte for
// byte, each time it is asked for: who lost one takes that one again.
const partSheets = 200

var (
	errNoPress = fault.New(fault.NotFound, "placement.no_press", "This server does not print.")
	errScreen  = fault.New(fault.Invalid, "placement.print_screen", "Pictures for screens are downloaded one by one, from the page of each.")
	errPrint   = fault.New(fault.Conflict, "placement.print", "A sheet cannot be printed. Nothing was made.")
)

// poster is a placement's sheet as it is printed. Whether its code is on is asked
// of the codes, so that one that was switched off a moment ago is not printed.
func (s *Service) poster(ctx context.Context, pack *program.Program, sh Sheet) (poster.Sheet, error) {
	n, ok := pack.Notice(sh.Notice)
	n = n.At(sh.kind, sh.County)
	size, known := poster.SizeOf(sh.Paper)
	if !ok || !known {
		return poster.Sheet{}, fmt.Errorf("placement %s: notice or paper is not known", sh.Placement)
	}
	out := poster.Sheet{Notice: n, Languages: sh.Languages, Size: size, Place: sh.Place + ", " + sh.Spot, Lines: s.Printer.Lines(pack.ID), Day: s.today(pack),
		Specimen: s.Printer.Specimen(pack.ID)}
	var err error
	if out.Beside, err = s.beside(ctx, pack.ID, n, sh); err != nil || sh.Code == "" {
		return out, err
	}
	on, err := s.Codes.On(ctx, s.DB, pack.ID, sh.CodeID)
	if err != nil {
		return out, err
	}
	out.Code, out.CodeOn = sh.Code, on
	out.Address, out.URL = code.Address(s.Printer.Origin, sh.Code), code.Link(s.Printer.Origin, sh.Code)
	if s.Printer.Reads != nil {
		out.Reads, err = s.Printer.Reads(ctx, pack.ID)
	}
	return out, err
}

// beside are the languages that other sheets of the notice carry at the same spot, asked
// for where a sheet lacks one that the notice must be in.
func (s *Service) beside(ctx context.Context, programID string, n program.Notice, sh Sheet) ([]string, error) {
	if !slices.ContainsFunc(n.Languages, func(lang string) bool { return !slices.Contains(sh.Languages, lang) }) {
		return nil, nil
	}
	return languagesBeside(ctx, s.DB, programID, sh)
}

func (s *Service) today(pack *program.Program) time.Time {
	now := s.Now().In(pack.Zone)
	return time.Date(now.Year(), now.Month(), now.Day(), 12, 0, 0, 0, time.UTC)
}

// Part is one file of a printing.
type Part struct {
	Number, Sheets int
	After          store.ID // the sheet before its first
	Refused        []Refusal
	More           int // sheets that cannot be printed and are not among those
}

// mostRefusals is how many refusals a printing lists: when a number is not verified, all
// of its sheets have the same one.
const mostRefusals = 200

// Refusal is a sheet that cannot be printed, and why.
type Refusal struct {
	Placement store.ID
	Place     string
	Why       string
}

// Parts says of which files a printing is made, and which sheets cannot be printed.
// Sheets for screens are in none of them.
func (s *Service) Parts(ctx context.Context, m identity.Member, f Printing) ([]Part, error) {
	pack, err := s.printing(m, &f)
	if err != nil {
		return nil, err
	}
	var parts []Part
	var before store.ID
	listed := 0
	for sh, err := range s.ToPrint(ctx, f, store.ID{}) {
		if err == nil {
			err = ctx.Err() // nobody waits for the answer any more
		}
		if err != nil {
			return nil, err
		}
		if sh.Paper == paperScreen {
			continue
		}
		if len(parts) == 0 || parts[len(parts)-1].Sheets == partSheets {
			parts = append(parts, Part{Number: len(parts) + 1, After: before})
		}
		last := &parts[len(parts)-1]
		last.Sheets++
		before = sh.Placement
		switch why := s.refusal(ctx, pack, sh); {
		case why == "":
		case listed == mostRefusals:
			last.More++
		default:
			listed++
			last.Refused = append(last.Refused, Refusal{sh.Placement, sh.Place + ", " + sh.Spot, why})
		}
	}
	return parts, nil
}

const paperScreen = "screen"

func (s *Service) printing(m identity.Member, f *Printing) (*program.Program, error) {
	if s.Printer == nil {
		return nil, errNoPress
	}
	if err := s.may(m, policy.ReadPlacements); err != nil {
		return nil, err
	}
	f.Program = m.Program
	return s.pack(m.Program)
}

// refusal says why a sheet cannot be printed; "" when it can.
func (s *Service) refusal(ctx context.Context, pack *program.Program, sh Sheet) string {
	made, err := s.poster(ctx, pack, sh)
	if err == nil {
		err = s.Printer.Press.Check(made)
	}
	if err == nil {
		return ""
	}
	return err.Error()
}

// Print writes one part, as pages of one document or as an archive of documents. It
// is refused as a whole, before its first byte, when one of its sheets cannot be
// printed.
func (s *Service) Print(ctx context.Context, m identity.Member, f Printing, after store.ID, zip bool, w func() io.Writer) error {
	pack, err := s.printing(m, &f)
	if err != nil {
		return err
	}
	var sheets []poster.Sheet
	for sh, err := range s.ToPrint(ctx, f, after) {
		if err != nil {
			return err
		}
		if sh.Paper == paperScreen {
			continue
		}
		one, err := s.poster(ctx, pack, sh)
		if err == nil {
			err = s.Printer.Press.Check(one)
		}
		if err != nil {
			return errPrint.With(fmt.Errorf("%s: %w", sh.Placement, err))
		}
		if sheets = append(sheets, one); len(sheets) == partSheets {
			break
		}
	}
	if len(sheets) == 0 {
		return ErrEmpty
	}
	b := poster.Batch{Count: len(sheets), Sheet: func(i int) (poster.Sheet, error) { return sheets[i], nil }, Name: func(i int) string { return fileName(i+1, sheets[i]) }}
	if zip {
		return b.Zip(ctx, w(), s.Printer.Press)
	}
	return b.PDF(ctx, w(), s.Printer.Press)
}

func fileName(n int, sh poster.Sheet) string {
	parts := []string{fmt.Sprintf("%04d", n), sh.Notice.ID}
	if sh.Code != "" {
		parts = append(parts, strings.ToLower(sh.Code))
	}
	return strings.Join(append(parts, strings.ToLower(strings.Join(sh.Languages, "-"))), "-") + ".pdf"
}

// PrintOne writes one placement's sheet: a document, or for a screen a picture.
func (s *Service) PrintOne(ctx context.Context, m identity.Member, id store.ID, w func(kind string) io.Writer) error {
	f := Printing{Only: []store.ID{id}}
	pack, err := s.printing(m, &f)
	if err != nil {
		return err
	}
	for sh, err := range s.ToPrint(ctx, f, store.ID{}) {
		if err != nil {
			return err
		}
		one, err := s.poster(ctx, pack, sh)
		if err == nil {
			err = s.Printer.Press.Check(one)
		}
		switch {
		case errors.Is(err, context.Canceled):
			return err
		case err != nil:
			return errPrint.With(fmt.Errorf("%s: %w", sh.Placement, err))
		case sh.Paper == paperScreen:
			return s.Printer.Press.PNG(w("image/png"), one, 0)
		}
		return s.Printer.Press.PDF(w("application/pdf"), one)
	}
	return ErrNone
}
