// SPDX-License-Identifier: Apache-2.0

package printrun

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"waylight/internal/partnership/program"
	"waylight/internal/prevention/code"
	"waylight/internal/prevention/poster"
)

// nowhere is what the codes of specimens open where the site's own address is not known.
const nowhere = "https://none.invalid"

// sheets are a run's sheets as they would be printed now, one of each kind: one, or one
// for each language.
func (s *Service) sheets(ctx context.Context, pack *program.Program, r Run, on bool) ([]poster.Sheet, error) {
	n, known := pack.Notice(r.Notice)
	size, fits := poster.SizeOf(r.Paper)
	if !known || !fits {
		return nil, fmt.Errorf("the notice %q or the paper %q is not known any more", r.Notice, r.Paper)
	}
	langs := r.languages(n)
	for _, must := range n.Languages {
		if !slices.Contains(langs, must) {
			return nil, fmt.Errorf("%w: %s must be in %q too", poster.ErrLanguage, n.ID, must)
		}
	}
	one := s.Sheet(ctx, pack.ID, n)
	one.Languages, one.Size = langs, size
	one.Place = fmt.Sprintf("%s, print run, %s", r.Place, one.Day.Format(time.DateOnly))
	origin := s.Origin
	switch {
	case origin == "" && one.Specimen == "":
		return nil, errors.New("the public address of this site is not known, so there is nothing for the code to open; start the server with it")
	case origin == "":
		origin = nowhere
	}
	one.Code, one.CodeOn, one.Address, one.URL = r.Text, on, code.Address(origin, r.Text), code.Link(origin, r.Text)
	if r.Each {
		return poster.Split(one), nil
	}
	return []poster.Sheet{one}, nil
}

func (d Draft) languages(n program.Notice) []string {
	if len(d.Languages) > 0 {
		return d.Languages
	}
	return n.Languages
}

// check says why a run's sheets cannot be printed.
func (s *Service) check(sheets []poster.Sheet) error {
	for _, one := range sheets {
		if err := s.Press.Check(one); err != nil {
			return err
		}
	}
	return nil
}

// state compares what was printed with what would be printed now; why says in the
// words of the press what keeps it from being printed. A code that is switched off is
// told of by itself and keeps nothing from being compared.
func (s *Service) state(ctx context.Context, pack *program.Program, r Run) (st State, why string) {
	sheets, err := s.sheets(ctx, pack, r, true)
	if err == nil {
		err = s.check(sheets)
	}
	var says []byte
	if err == nil {
		says, err = poster.Says(sheets)
	}
	n, _ := pack.Notice(r.Notice)
	switch {
	case r.Latest.Number == 0 && err == nil:
		return Never, ""
	case err != nil:
		return Refused, err.Error()
	case n.Version != r.Latest.Version:
		return Older, ""
	case !bytes.Equal(says, r.Latest.Says):
		return Changed, ""
	case n.Stale(s.today(pack)):
		return Stale, ""
	}
	return Current, ""
}

func (s *Service) today(pack *program.Program) time.Time {
	now := s.Now().In(pack.Zone)
	return time.Date(now.Year(), now.Month(), now.Day(), 12, 0, 0, 0, time.UTC)
}

// refused is what somebody is told whose sheets cannot be printed: why, in the words of
// the press.
func refused(err error) error {
	f := ErrRefused.With(err)
	f.Message += ": " + err.Error() + ". Nothing was printed."
	if errors.Is(err, poster.ErrCode) {
		f.Message += " A code that is switched off leads to the lines to call, and not to the form: switch it on first, or make another run."
	}
	return f
}
