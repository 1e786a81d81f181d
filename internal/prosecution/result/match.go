// SPDX-License-Identifier: Apache-2.0

package result

import (
	"context"
	"errors"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
)

// The states of a pair of arrests that may be one person.
const (
	Proposed  = "proposed"
	Same      = "same"      // both sides said so: the older one counts
	Different = "different" // one side said so
)

// Match is such a pair.
type Match struct {
	Program                  string
	ID, Older, Newer         store.ID
	Number                   string // which of the compared numbers is the same: booking, state_id
	State                    string
	At                       int64
	OlderOffice, NewerOffice string
	OlderSaid, NewerSaid     string
	OlderBy, NewerBy         store.ID
}

// mine says which sides of the pair are the office's.
func (m Match) mine(office string) (older, newer bool) {
	return m.OlderOffice == office, m.NewerOffice == office
}

// proposeAfter proposes pairs of a row that was changed.
func proposeAfter(ctx context.Context, tx *store.Tx, a actor, r Result) error {
	before, err := matchesOf(ctx, tx, r.Program, r.ID)
	if err != nil {
		return err
	}
	if err := propose(ctx, tx, []Result{r}); err != nil {
		return err
	}
	after, err := matchesOf(ctx, tx, r.Program, r.ID)
	if err != nil || len(after) == len(before) {
		return err
	}
	tx.Log(custody.Entry{Program: r.Program, Event: "result.match_proposed", Record: "result:" + r.ID.String(), Actor: a.Actor()})
	return nil
}

// propose finds arrests that agencies gave the same number, and puts each pair
// before both sides. It joins nothing. The caller logs.
func propose(ctx context.Context, tx *store.Tx, rows []Result) error {
	pairs, err := sameNumbers(ctx, tx, rows)
	if err != nil {
		return err
	}
	return insertMatches(tx, pairs)
}

// Say is one side's word about a pair: Same or Different. When both sides say
// that it is the same person, the newer arrest counts with the older. Where both
// are one office's, one of its people says it for both.
func (s *Service) Say(ctx context.Context, m identity.Member, id store.ID, word string) error {
	if word != Same && word != Different {
		return ErrState
	}
	a := s.actor(m)
	b, err := s.box(m.Program)
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		pair, older, newer, err := s.pair(ctx, tx, a, b, id)
		if err != nil {
			return err
		}
		mine, yours := pair.mine(m.Office)
		if pair.State == Same || pair.State == Different && word == Different {
			return ErrState
		}
		if mine {
			pair.OlderSaid, pair.OlderBy = word, m.ID
		}
		if yours {
			pair.NewerSaid, pair.NewerBy = word, m.ID
		}
		pair.State = Proposed
		switch {
		case pair.OlderSaid == Different || pair.NewerSaid == Different:
			pair.State = Different
		case pair.OlderSaid == Same && pair.NewerSaid == Same:
			pair.State = Same
			if err := join(ctx, tx, b, a, older, newer); err != nil {
				return err
			}
		}
		if err := updateMatch(tx, pair); err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: m.Program, Event: "result.match_said", Record: "result_match:" + id.String(), Actor: m.Actor()})
		return nil
	})
}

// Unsay takes one side's word back. Two arrests that were joined count apart again.
func (s *Service) Unsay(ctx context.Context, m identity.Member, id store.ID) error {
	a := s.actor(m)
	b, err := s.box(m.Program)
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		pair, _, newer, err := s.pair(ctx, tx, a, b, id)
		if err != nil {
			return err
		}
		mine, yours := pair.mine(m.Office)
		if !(mine && pair.OlderSaid != "" || yours && pair.NewerSaid != "") {
			return ErrNothing
		}
		if pair.State == Same {
			next := newer
			next.SameAs = store.ID{}
			if err := changed(tx, b, a, newer, next, "parted", ""); err != nil {
				return err
			}
		}
		if mine {
			pair.OlderSaid, pair.OlderBy = "", store.ID{}
		}
		if yours {
			pair.NewerSaid, pair.NewerBy = "", store.ID{}
		}
		pair.State = Proposed
		if pair.OlderSaid == Different || pair.NewerSaid == Different {
			pair.State = Different
		}
		if err := updateMatch(tx, pair); err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: m.Program, Event: "result.match_taken_back", Record: "result_match:" + id.String(), Actor: m.Actor()})
		return nil
	})
}

// pair finds a pair of which a side is the actor's.
func (s *Service) pair(ctx context.Context, q store.Reader, a actor, b box, id store.ID) (pair Match, older, newer Result, err error) {
	pair, err = matchByID(ctx, q, a.Program, id)
	if err != nil {
		return pair, older, newer, err
	}
	mine, yours := pair.mine(a.Office)
	if !mine && !yours {
		return pair, older, newer, ErrMatch
	}
	if err = a.may(policy.ChangeResults, a.Office, store.ID{}); err != nil {
		return pair, older, newer, err
	}
	older, err = byID(ctx, q, b, a.Program, pair.Older)
	if err == nil {
		newer, err = byID(ctx, q, b, a.Program, pair.Newer)
	}
	if errors.Is(err, ErrNone) { // of a file that is not imported yet
		err = ErrMatch
	}
	return pair, older, newer, err
}

// join lets the newer arrest count with the older, or with the one that the older
// already counts with. What counted with the newer one counts there too.
func join(ctx context.Context, tx *store.Tx, b box, a actor, older, newer Result) error {
	if older.State == Withdrawn || newer.State == Withdrawn || older.Role == PersonSold || newer.Role == PersonSold || !newer.SameAs.IsZero() {
		return ErrState
	}
	if !older.SameAs.IsZero() {
		root, err := byID(ctx, tx, b, older.Program, older.SameAs)
		if err != nil {
			return err
		}
		older = root
	}
	if older.ID == newer.ID || older.State == Withdrawn {
		return ErrState
	}
	if err := standsFor(ctx, tx, newer); err != nil {
		return err
	}
	if err := bump(tx, older); err != nil { // whoever withdraws it at this moment must see this
		return err
	}
	next := newer
	next.SameAs = older.ID
	return changed(tx, b, a, newer, next, "joined", "")
}

// standsFor refuses to take away an arrest with which others count: a person must
// part them first, so that nobody drops out of a figure unseen.
func standsFor(ctx context.Context, tx *store.Tx, r Result) error {
	if r.Kind != Arrest {
		return nil
	}
	n, err := countSame(ctx, tx, r.Program, r.ID)
	if err == nil && n > 0 {
		return ErrCounts
	}
	return err
}

// Matches lists the pairs that a row of the member's own office is in.
func (s *Service) Matches(ctx context.Context, m identity.Member, id store.ID) ([]Match, error) {
	if _, _, err := s.Get(ctx, m, id); err != nil {
		return nil, err
	}
	return matchesOf(ctx, s.DB, m.Program, id)
}
