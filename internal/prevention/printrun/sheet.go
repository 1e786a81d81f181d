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
	"waylight/internal/platform/fault"
	"waylight/internal/prevention/code"
	"waylight/internal/prevention/poster"
)

// nowhere is what the codes of specimens open where the site's own address is not known.
const nowhere = "https://none.invalid"

// sheets are a run's sheets as they would be printed now, one of each kind: one, or one
// for each language; and a hash of what they say. Those that cannot be printed are
// ErrRefused, any other error is the server's own.
func (s *Service) sheets(ctx context.Context, pack *program.Program, r Run, on bool) ([]poster.Sheet, []byte, error) {
	n, known := pack.Notice(r.Notice)
	size, fits := poster.SizeOf(r.Paper)
	if !known || !fits {
		return nil, nil, refused(fmt.Errorf("the notice %q or the size %q is not known any more", r.Notice, r.Paper))
	}
	one, err := s.Sheet(ctx, pack.ID, n)
	if err != nil {
		return nil, nil, err
	}
	origin := s.Origin
	switch {
	case origin == "" && one.Specimen == "":
		return nil, nil, refused(errors.New("the public address of this site is not known, so there is nothing for the code to open; start the server with it"))
	case origin == "":
		origin = nowhere
	}
	one.Languages, one.Size = r.languages(n), size
	one.Place = fmt.Sprintf("%s, print run, %s", r.Place, one.Day.Format(time.DateOnly))
	one.Code, one.CodeOn, one.Address, one.URL = r.Text, on, code.Address(origin, r.Text), code.Link(origin, r.Text)
	out := []poster.Sheet{one}
	if r.Each {
		out = poster.Split(one)
	}
	says, err := s.check(n, out)
	if err != nil {
		return nil, nil, refused(err)
	}
	return out, says, nil
}

// languages are those of a run's sheets: the chosen ones, or those that the notice must be in
// on the day that somebody asks.
func (d Draft) languages(n program.Notice) []string {
	if len(d.Languages) > 0 {
		return d.Languages
	}
	return n.Languages
}

// check says why a run's sheets cannot be printed; of those that can, it gives a hash of
// what they say. That sheets of single languages together carry all that the notice must
// be in is asked here, since the press sees one at a time.
func (s *Service) check(n program.Notice, sheets []poster.Sheet) ([]byte, error) {
	var langs []string
	for _, one := range sheets {
		langs = append(langs, one.Languages...)
	}
	for _, must := range n.Languages {
		if !slices.Contains(langs, must) {
			return nil, fmt.Errorf("%w: %s must be in %q too", poster.ErrLanguage, n.ID, must)
		}
	}
	for _, one := range sheets {
		if err := s.Press.Check(one); err != nil {
			return nil, err
		}
	}
	return poster.Says(sheets)
}

// state compares what was printed with what would be printed now; why says in the
// words of the press what keeps it from being printed. A code that is switched off is
// told of by itself and keeps nothing from being compared.
func (s *Service) state(ctx context.Context, pack *program.Program, r Run) (st State, why string, err error) {
	sheets, says, err := s.sheets(ctx, pack, r, true)
	if f, ok := fault.As(err); ok && f.Is(ErrRefused) {
		return Refused, f.Err.Error(), nil
	}
	if err != nil {
		return "", "", err
	}
	n := sheets[0].Notice
	switch {
	case r.Latest.Number == 0:
		st = Never
	case n.Version != r.Latest.Version:
		st = Older
	case !bytes.Equal(says, r.Latest.Says):
		st = Changed
	case n.Stale(s.today(pack)):
		st = Stale
	default:
		st = Current
	}
	return st, "", nil
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
