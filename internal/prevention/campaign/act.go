// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/form"
	"waylight/internal/platform/store"
	"waylight/internal/prevention/code"
)

var (
	errSlug    = fault.New(fault.Invalid, "campaign.slug", "The address takes 3 to 40 small letters, digits and hyphens, and begins with a letter.").At("slug")
	errTopic   = fault.New(fault.Invalid, "campaign.topic", "The address stands in the history of whoever opens it, so it must not name the topic. Choose another one, such as january-signs.").At("slug")
	errTaken   = fault.New(fault.Conflict, "campaign.taken", "Another campaign has this address.").At("slug")
	errTitle   = fault.New(fault.Invalid, "campaign.title", "Give the campaign a title of 1 to 120 letters in English and in Spanish.").At("title_en")
	errText    = fault.New(fault.Invalid, "campaign.text", "Say in English and in Spanish what the campaign is, in 1 to 4,000 letters each.").At("text_en")
	errDays    = fault.New(fault.Invalid, "campaign.days", "A campaign has a first and a last day, in that order, and lasts three years at most.").At("last")
	errNotice  = fault.New(fault.Invalid, "campaign.notice", "Choose notices of this program.").At("notices")
	errLead    = fault.New(fault.Invalid, "campaign.lead", "Choose the office of this program that leads the campaign.").At("lead")
	errPartner = fault.New(fault.Invalid, "campaign.partner", "Choose an office of the program that does not take part yet, or give the name of somebody else, in 1 to 120 letters.").At("name")
	errWhat    = fault.New(fault.Invalid, "campaign.what", "Say what it is for in 1 to 200 letters.").At("what")
	errMoney   = fault.New(fault.Invalid, "campaign.money", "Give amounts as dollars and cents, such as 1,250.50.").At("planned")
	errEvent   = fault.New(fault.Invalid, "campaign.event", "Give a day and say in English and in Spanish what happens on it, in 1 to 200 letters.").At("day")
	errGone    = fault.New(fault.Conflict, "campaign.gone", "This part is not there any more.")
	errForward = fault.New(fault.Conflict, "campaign.forward", "This is not the next step for this campaign any more. Look again at where it stands.")
	errMany    = fault.New(fault.Conflict, "campaign.many", "A campaign holds 200 parts of a kind at most.")
)

const mostParts = 200

var slugShape = regexp.MustCompile(`^[a-z][a-z0-9-]{1,38}[a-z0-9]$`)

// topics are parts of words that no address may hold, since it stays in a history
// that others read. The same list stands in the tests of every public page.
var topics = []string{"traffick", "trata", "abus", "victim", "report", "denuncia", "polic", "sex", "slave", "escla", "rescue", "exploit", "explota"}

// line says whether a text is one line of some letters.
func line(text string, most int) bool {
	_, whole := form.Repair(text)
	n := utf8.RuneCountInString(text)
	return whole && n >= 1 && n <= most && !strings.ContainsAny(text, "\n\r\t") && strings.TrimSpace(text) == text
}

func inBoth(t form.Text, good func(string) bool) bool { return good(t["en"]) && good(t["es"]) }

func isDay(text string) bool {
	at, err := time.Parse(time.DateOnly, text)
	return err == nil && at.Format(time.DateOnly) == text
}

// check holds details to what they must be.
func (s *Service) check(programID string, d Details) error {
	p, ok := s.Programs.Program(programID)
	if !ok {
		return ErrNotFound
	}
	switch {
	case !slugShape.MatchString(d.Slug):
		return errSlug
	case slices.ContainsFunc(topics, func(t string) bool { return strings.Contains(strings.ReplaceAll(d.Slug, "-", ""), t) }):
		return errTopic
	case !inBoth(d.Title, func(t string) bool { return line(t, 120) }):
		return errTitle
	case !inBoth(d.Text, func(t string) bool { n := utf8.RuneCountInString(t); return strings.TrimSpace(t) != "" && n <= 4000 }):
		return errText
	case !isDay(d.First), !isDay(d.Last), d.Last < d.First:
		return errDays
	}
	first, _ := time.Parse(time.DateOnly, d.First) // isDay said that both are days
	last, _ := time.Parse(time.DateOnly, d.Last)
	if last.Sub(first) > 3*366*24*time.Hour {
		return errDays
	}
	for i, id := range d.Notices {
		if n, ok := p.Notice(id); !ok || !p.Concerns(n) || slices.Contains(d.Notices[:i], id) {
			return errNotice
		}
	}
	return s.public(programID, "slug", d.Slug, "title_en", d.Title["en"], "title_es", d.Title["es"], "text_en", d.Text["en"], "text_es", d.Text["es"])
}

// public holds to what the public may read the texts of some fields: field, text, field, text.
func (s *Service) public(programID string, fields ...string) error {
	for pair := range slices.Chunk(fields, 2) {
		err := s.Codes.Words(programID, pair[1])
		if f, ok := fault.As(err); ok {
			return f.At(pair[0])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Make makes a campaign, with a short address of its own that leads to the form.
func (s *Service) Make(ctx context.Context, m identity.Member, lead string, d Details) (Campaign, error) {
	c := Campaign{Program: m.Program, ID: store.NewID(), Lead: lead, State: Planned, Version: 1, Details: d, MadeBy: m.Actor(), ChangedBy: m.Actor()}
	if err := s.may(policy.MakeCampaign, m, policy.Object{Program: m.Program}); err != nil {
		return c, err
	}
	if p, ok := s.Programs.Program(m.Program); !ok || p.Offices[lead].ID == "" {
		return c, errLead
	}
	if err := s.check(m.Program, d); err != nil {
		return c, err
	}
	err := s.DB.Write(ctx, func(tx *store.Tx) error {
		c.Made, c.Changed = tx.Now(), tx.Now()
		if err := free(ctx, tx, c); err != nil {
			return err
		}
		if err := insertCampaign(tx, c); err != nil {
			return err
		}
		if _, err := s.Codes.Issue(tx, code.Draft{Program: c.Program, Kind: code.Campaign, Subject: c.ID, Place: c.Title["en"], By: m.Actor()}); err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: c.Program, Event: "campaign.made", Record: c.record(), Actor: m.Actor()})
		return nil
	})
	if errors.Is(err, store.ErrExists) {
		err = errTaken
	}
	return c, err
}

// free says whether no other campaign has this one's address.
func free(ctx context.Context, r store.Reader, c Campaign) error {
	other, err := bySlug(ctx, r, c.Program, c.Slug)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil
	case err == nil && other.ID != c.ID:
		return errTaken
	}
	return err
}

// change does something to a campaign in one transaction, if the member may.
func (s *Service) change(ctx context.Context, m identity.Member, id store.ID, event string, do func(tx *store.Tx, c Campaign) error) error {
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		c, err := s.mine(ctx, tx, m, id, policy.ChangeCampaign)
		if err != nil {
			return err
		}
		if err := do(tx, c); err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: c.Program, Event: "campaign." + event, Record: c.record(), Actor: m.Actor()})
		return nil
	})
}

// mine reads a campaign that the member may do something to.
func (s *Service) mine(ctx context.Context, r store.Reader, m identity.Member, id store.ID, a policy.Action) (Campaign, error) {
	c, err := byID(ctx, r, m.Program, id)
	if err != nil {
		return c, err
	}
	partners, err := partnersOf(ctx, r, m.Program, id)
	if err != nil {
		return c, err
	}
	o := c.object(m.Office, partners)
	if err := s.may(policy.ReadCampaign, m, o); err != nil {
		return c, err
	}
	return c, s.may(a, m, o)
}

// Change writes new details over the version that the member read.
func (s *Service) Change(ctx context.Context, m identity.Member, id store.ID, version int, d Details) error {
	return s.change(ctx, m, id, "changed", func(tx *store.Tx, c Campaign) error {
		if err := s.check(c.Program, d); err != nil {
			return err
		}
		c.Details, c.Version = d, version
		if err := free(ctx, tx, c); err != nil {
			return err
		}
		return updateCampaign(tx, c, m.Actor())
	})
}

// Advance moves a campaign to the next state, which must be the one that is named.
func (s *Service) Advance(ctx context.Context, m identity.Member, id store.ID, to State) error {
	return s.change(ctx, m, id, "advanced", func(tx *store.Tx, c Campaign) error {
		if to == "" || c.State.next() != to {
			return errForward
		}
		c.State = to
		return updateCampaign(tx, c, m.Actor())
	})
}

// add puts a part into a campaign that has room for it.
func (s *Service) add(ctx context.Context, m identity.Member, id store.ID, insert func(tx *store.Tx, c Campaign, have parts) error) error {
	return s.change(ctx, m, id, "part_added", func(tx *store.Tx, c Campaign) error {
		have, err := partsOf(ctx, tx, c.Program, c.ID)
		if err != nil {
			return err
		}
		if max(len(have.Partners), len(have.Lines), len(have.Events), len(have.Pieces)) >= mostParts {
			return errMany
		}
		return insert(tx, c, have)
	})
}

// AddPartner lets somebody take part: an office of the program, or, without one, a name.
func (s *Service) AddPartner(ctx context.Context, m identity.Member, id store.ID, office, name string) error {
	return s.add(ctx, m, id, func(tx *store.Tx, c Campaign, have parts) error {
		p, _ := s.Programs.Program(c.Program)
		row := store.Row{"office": nil, "name": nil}
		switch {
		case office != "":
			in := office == c.Lead || slices.ContainsFunc(have.Partners, func(o Partner) bool { return o.Office == office })
			if p == nil || p.Offices[office].ID == "" || in {
				return errPartner
			}
			row["office"] = office
		case !line(name, 120):
			return errPartner
		default:
			if err := s.public(c.Program, "name", name); err != nil {
				return err
			}
			row["name"] = name
		}
		return tx.Insert("campaign_partner", added(c, store.NewID(), row, tx, m.Actor()))
	})
}

// AddLine adds a line to the budget.
func (s *Service) AddLine(ctx context.Context, m identity.Member, id store.ID, l Line) error {
	return s.add(ctx, m, id, func(tx *store.Tx, c Campaign, _ parts) error {
		if !line(l.What, 200) {
			return errWhat
		}
		if l.Planned < 0 || l.Spent < 0 {
			return errMoney
		}
		return tx.Insert("campaign_line", added(c, store.NewID(), store.Row{"what": l.What, "planned_cents": l.Planned, "spent_cents": l.Spent}, tx, m.Actor()))
	})
}

// SetMoney says anew what a line of the budget plans and has spent.
func (s *Service) SetMoney(ctx context.Context, m identity.Member, id store.ID, l Line) error {
	return s.change(ctx, m, id, "money_changed", func(tx *store.Tx, c Campaign) error {
		if l.Planned < 0 || l.Spent < 0 {
			return errMoney
		}
		return setMoney(tx, c, l)
	})
}

// AddEvent adds a day.
func (s *Service) AddEvent(ctx context.Context, m identity.Member, id store.ID, e Event) error {
	return s.add(ctx, m, id, func(tx *store.Tx, c Campaign, _ parts) error {
		if !isDay(e.Day) || !inBoth(e.What, func(t string) bool { return line(t, 200) }) {
			return errEvent
		}
		if err := s.public(c.Program, "what_en", e.What["en"], "what_es", e.What["es"]); err != nil {
			return err
		}
		return tx.Insert("campaign_event", added(c, store.NewID(), store.Row{"day": e.Day, "what_en": e.What["en"], "what_es": e.What["es"]}, tx, m.Actor()))
	})
}

// Remove takes a part away: "partner", "line", "event" or "piece". The code of a piece is
// switched off with it.
func (s *Service) Remove(ctx context.Context, m identity.Member, id store.ID, kind string, part store.ID) error {
	return s.change(ctx, m, id, "part_removed", func(tx *store.Tx, c Campaign) error {
		if kind == "piece" {
			codes, err := s.Codes.Of(ctx, tx, c.Program, part)
			if err != nil {
				return err
			}
			for _, k := range codes {
				if _, err := s.Codes.Switch(tx, c.Program, k.ID, false, m.Actor()); err != nil {
					return err
				}
			}
		}
		return remove(tx, c, kind, part, m.Actor())
	})
}
