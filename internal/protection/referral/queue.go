// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"context"
	"slices"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// List gives one page of a list that the member may see. It records nothing;
// pages that show a list record the view themselves.
func (s *Service) List(ctx context.Context, m identity.Member, f Filter) (Page, error) {
	page, _, err := s.lists(ctx, m, f)
	return page, err
}

// lists gives one page of a list, and how many entries others have, all of one
// moment.
func (s *Service) lists(ctx context.Context, m identity.Member, f Filter, others ...Filter) (page Page, counts []int, err error) {
	p, _, err := s.office(m)
	if err != nil {
		return Page{}, nil, err
	}
	if f, err = s.permitted(ctx, m, f); err != nil {
		return Page{}, nil, err
	}
	for i := range others {
		if others[i], err = s.permitted(ctx, m, others[i]); err != nil {
			return Page{}, nil, err
		}
	}
	now := s.now()
	err = s.db.Reading(ctx, func(r store.Reader) error {
		if page, err = list(ctx, r, p, m, f, now); err != nil {
			return err
		}
		for _, other := range others {
			n := page.Total
			if !f.begins(other) {
				if n, err = size(ctx, r, p, m, other, now); err != nil {
					return err
				}
			}
			counts = append(counts, n)
		}
		return nil
	})
	return page, counts, fault.Wrap(err, "reading a list")
}

// permitted is the filter of a list that the member may see, with the messages that
// it asks for.
func (s *Service) permitted(ctx context.Context, m identity.Member, f Filter) (Filter, error) {
	if f.List == "" {
		f.List = ListInbox
	}
	if !slices.Contains([]string{ListInbox, ListTasks, ListLate, ListStuck, ListLetters}, f.List) || f.List != ListInbox && !s.isDesk(m) {
		return f, ErrNotFound
	}
	f.mask = s.mask
	var err error
	if f.Letters || f.List == ListLetters {
		f.letters, err = s.waitingFor(ctx, m, f.List == ListLetters)
	}
	return f, err
}

// Waiting counts what is new for a member: reports in the office's inbox that
// nobody opened, and tasks of the desk that nobody took. For the navigation.
func (s *Service) Waiting(ctx context.Context, m identity.Member) (inbox, tasks int, err error) {
	page, err := s.List(ctx, m, Filter{State: string(Waiting), Limit: 1})
	if err != nil {
		return 0, 0, err
	}
	if !s.isDesk(m) {
		return page.Total, 0, nil
	}
	open, err := s.List(ctx, m, Filter{List: ListTasks, State: string(Waiting), Limit: 1})
	return page.Total, open.Total, err
}

// unmailed counts the people whom no mail reached about what a desk's member may
// know of: a broken mailbox must come to light, but not tell of help reports.
func (s *Service) unmailed(ctx context.Context, m identity.Member) (int, error) {
	p, _, err := s.office(m)
	if err != nil {
		return 0, err
	}
	q := scope(p, m, listAny, s.now())
	return unmailed(ctx, s.db, p.ID, q.where(), q.args...)
}

// looking begins to record that a member looks at something, while the page about
// it is made. What it gives waits for that: nothing is shown that was not recorded.
func (s *Service) looking(ctx context.Context, m identity.Member, event, record string) (recorded func() error) {
	done := make(chan error, 1)
	go func() { done <- s.looked(ctx, m, event, record) }()
	return func() error { return <-done }
}

// looked records that a member looked at something. It comes before the page:
// nothing is shown that was not recorded.
func (s *Service) looked(ctx context.Context, m identity.Member, event, record string) error {
	return s.db.Write(ctx, func(tx *store.Tx) error {
		tx.Log(custody.Entry{Program: m.Program, Event: event, Record: record, Actor: m.Actor(), Rule: s.version(m.Program)})
		return nil
	})
}
