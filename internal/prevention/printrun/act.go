// SPDX-License-Identifier: Apache-2.0

package printrun

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/form"
	"waylight/internal/platform/place"
	"waylight/internal/platform/store"
	"waylight/internal/prevention/code"
	"waylight/internal/prevention/poster"
)

var (
	errPlace     = fault.New(fault.Invalid, "printrun.place", "Say where the sheets will hang in the words that a sender is to read, in one line of 1 to 200 letters, such as: a truck stop in Hinds County.").At("place")
	errCounty    = fault.New(fault.Invalid, "printrun.county", "Choose a county of this state, or none.").At("county")
	errNotice    = fault.New(fault.Invalid, "printrun.notice", "Choose a notice of this program.").At("notice")
	errLanguages = fault.New(fault.Invalid, "printrun.languages", "Choose languages that the notice has words in.").At("languages")
	errPaper     = fault.New(fault.Invalid, "printrun.paper", "Choose a size from the list.").At("paper")
	errCopies    = fault.New(fault.Invalid, "printrun.copies", "Give a number of copies from 1 to 1,000. For more, let a print shop multiply one copy.").At("copies")
	errPartner   = fault.New(fault.Invalid, "printrun.partner", "Name whom the sheets are for in one line of 120 letters at most.").At("partner")
	errCampaign  = fault.New(fault.Invalid, "printrun.campaign", "Choose a campaign from the list, or none.").At("campaign")
)

const (
	mostCopies     = 1000
	longestPlace   = 200 // letters
	longestPartner = 120
)

// line says whether a text is one line of at most so many letters, with nothing before
// or behind it.
func line(text string, most int) bool {
	_, whole := form.Repair(text)
	return whole && utf8.RuneCountInString(text) <= most && !strings.ContainsAny(text, "\n\r\t") && strings.TrimSpace(text) == text
}

// settle holds a draft to what it must be. Languages that nobody chose stay unchosen: the
// law may ask for more of them before the run is printed again.
func (s *Service) settle(ctx context.Context, m identity.Member, pack *program.Program, d Draft) error {
	n, known := pack.Notice(d.Notice)
	county, there := place.CountyByFIPS(d.County)
	switch {
	case d.Place == "" || !line(d.Place, longestPlace):
		return errPlace
	case d.County != "" && (!there || county.State().Code != pack.State):
		return errCounty
	case !known || !pack.Concerns(n):
		return errNotice
	case !slices.Contains(Papers(), d.Paper):
		return errPaper
	case d.Copies < 1 || d.Copies > mostCopies:
		return errCopies
	case !line(d.Partner, longestPartner):
		return errPartner
	}
	for i, lang := range d.Languages {
		if _, ok := n.Words[lang]; !ok || slices.Contains(d.Languages[:i], lang) {
			return errLanguages
		}
	}
	err := s.Codes.Words(m.Program, d.Place)
	if f, ok := fault.As(err); ok {
		return f.At("place")
	}
	if err != nil || d.Campaign.IsZero() {
		return err
	}
	mine, err := s.Campaigns.Readable(ctx, m)
	if err != nil {
		return err
	}
	if _, ok := mine[d.Campaign]; !ok {
		return errCampaign
	}
	return nil
}

// sample stands for a code that is not made yet: every code takes the same room.
const sample = "22222"

// Make makes a run with a code of its own, switched on. Nothing is made when its sheets
// could not be printed now.
func (s *Service) Make(ctx context.Context, m identity.Member, d Draft) (Run, error) {
	if err := s.may(m, policy.ChangeRuns); err != nil {
		return Run{}, err
	}
	pack, err := s.pack(m.Program)
	if err != nil {
		return Run{}, err
	}
	if err := s.settle(ctx, m, pack, d); err != nil {
		return Run{}, err
	}
	r := Run{Program: m.Program, ID: store.NewID(), Text: sample, Draft: d, MadeBy: m.Actor()}
	if _, _, err := s.sheets(ctx, pack, r, true); err != nil {
		return Run{}, err
	}
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		k, err := s.Codes.Issue(tx, code.Draft{Program: r.Program, Kind: code.Batch, Subject: r.ID, County: d.County, Place: d.Place, Small: d.Small, By: m.Actor()})
		if err != nil {
			return err
		}
		r.Code, r.Text, r.Made = k.ID, k.Text, tx.Now()
		if err := insertRun(tx, r); err != nil {
			return err
		}
		r.log(tx, "print_run.made", m.Actor())
		return nil
	})
	return r, err
}

// Print notes that sheets of a run are printed, and then writes them as one document,
// each as often as asked for. It is refused before anything is noted or written when one
// of them cannot be printed.
func (s *Service) Print(ctx context.Context, m identity.Member, id store.ID, copies int, w func(r Run) io.Writer) error {
	if err := s.may(m, policy.ChangeRuns); err != nil {
		return err
	}
	pack, err := s.pack(m.Program)
	if err != nil {
		return err
	}
	r, err := byID(ctx, s.DB, m.Program, id)
	if err != nil {
		return err
	}
	if copies < 1 || copies > mostCopies {
		return errCopies
	}
	k, err := s.Codes.Get(ctx, s.DB, r.Program, r.Code)
	if err != nil {
		return err
	}
	sheets, says, err := s.sheets(ctx, pack, r, k.On)
	if err != nil {
		return err
	}
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		p := Print{Copies: copies, Version: sheets[0].Notice.Version, Says: says, At: tx.Now(), By: m.Actor()}
		if err := addPrint(ctx, tx, r, p); err != nil {
			return err
		}
		r.log(tx, "print_run.printed", m.Actor())
		return nil
	})
	if err != nil {
		return err
	}
	b := poster.Batch{Count: len(sheets) * copies, Sheet: func(i int) (poster.Sheet, error) { return sheets[i/copies], nil }}
	return fault.Wrap(b.PDF(ctx, w(r), s.Press), fmt.Sprintf("printing the run %s", r.ID))
}

// Switch switches the code of a run off or on.
func (s *Service) Switch(ctx context.Context, m identity.Member, id store.ID, on bool) error {
	if err := s.may(m, policy.ChangeRuns); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		r, err := byID(ctx, tx, m.Program, id)
		if err != nil {
			return err
		}
		changed, err := s.Codes.Switch(tx, r.Program, r.Code, on, m.Actor())
		if err != nil || !changed {
			return err
		}
		event := "print_run.switched_off"
		if on {
			event = "print_run.switched_on"
		}
		r.log(tx, event, m.Actor())
		return nil
	})
}
