// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"context"
	"slices"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

// SameMatter marks two reports of the member's office as one matter. The mark
// belongs to the office: no other office learns of it. Both must be visible to
// the member; one that is not is the same as one that does not exist.
func (s *Service) SameMatter(ctx context.Context, m identity.Member, id, other store.ID) error {
	if id == other {
		return ErrMatter
	}
	return s.change(ctx, m, id, func(tx *store.Tx, mine []Referral) (bool, error) {
		theirs, err := s.mine(ctx, tx, m, other)
		if err != nil {
			return false, ErrMatter
		}
		matter, old := mine[0].Matter, theirs[0].Matter
		switch {
		case !matter.IsZero() && matter == old:
			return true, nil
		case matter.IsZero() && !old.IsZero():
			matter, old = old, matter
		case matter.IsZero():
			matter = store.NewID()
		}
		joined := append(mine, theirs...)
		if !old.IsZero() {
			more, err := referrals(ctx, tx, m.Program, "holder = $2 and matter = $3 and report not in ($4, $5) and origin not in ('reminder', 'canary')", m.Office, old, id, other)
			if err != nil {
				return false, err
			}
			joined = append(joined, more...)
		}
		return true, s.setMatter(tx, m, joined, matter, ActMatter)
	})
}

// Separate takes a report out of its matter.
func (s *Service) Separate(ctx context.Context, m identity.Member, id store.ID) error {
	return s.change(ctx, m, id, func(tx *store.Tx, mine []Referral) (bool, error) {
		return !mine[0].Matter.IsZero(), s.setMatter(tx, m, mine, store.ID{}, ActSeparate)
	})
}

func (s *Service) setMatter(tx *store.Tx, m identity.Member, all []Referral, matter store.ID, act Act) error {
	for _, r := range all {
		if r.Matter == matter {
			continue
		}
		if err := must(tx, r, "matter = $3", idOrNull(matter)); err != nil {
			return err
		}
		if err := s.step(tx, r, m.Actor(), m.Office, act, r.State, "", 0); err != nil {
			return err
		}
	}
	return nil
}

// maxNote is the size of a sealed note: 20,000 characters and what sealing adds.
const maxNote = 96 << 10

// AddNote keeps a note that the member's browser sealed to the office's own
// key. Only members of the office who may see the report can read it.
func (s *Service) AddNote(ctx context.Context, m identity.Member, id store.ID, keyID [16]byte, sealed []byte) error {
	if len(sealed) < seal.SealToExtra+1 || len(sealed) > maxNote {
		return ErrNote
	}
	if s.agencies.Keys(m.Program)[m.Office].ID != keyID {
		return ErrKey
	}
	return s.change(ctx, m, id, func(tx *store.Tx, mine []Referral) (bool, error) {
		n := Note{ID: store.NewID(), Member: m.ID, KeyID: keyID[:], Body: sealed}
		if err := insertNote(tx, m.Program, id, m.Office, n); err != nil {
			return false, err
		}
		return true, s.step(tx, mine[0], m.Actor(), m.Office, ActNote, mine[0].State, "", 0)
	})
}

// Notes lists the sealed notes of the member's office about a report.
func (s *Service) Notes(ctx context.Context, m identity.Member, id store.ID) ([]Note, error) {
	if _, err := s.mine(ctx, s.db, m, id); err != nil {
		return nil, err
	}
	notes, err := notesOf(ctx, s.db, m.Program, id, m.Office)
	return notes, fault.Wrap(err, "listing notes")
}

// findReport reads a report's number, whole or its first eight letters, among
// what the member may see. What is not there, not the member's, or not clear is
// ErrMatter alike.
func (s *Service) findReport(ctx context.Context, m identity.Member, number string) (store.ID, error) {
	if id, err := store.ParseID(number); err == nil {
		return id, nil
	}
	low, high, ok := shortRange(number)
	if !ok {
		return store.ID{}, ErrMatter
	}
	p, _, err := s.office(m)
	if err != nil {
		return store.ID{}, err
	}
	q := scope(p, m, ListInbox, s.now())
	q.add("report >= ?", low)
	q.add("report <= ?", high)
	found, err := referralsFrom(ctx, s.db, nearPart(len(q.args)+2), p.ID, q.where()+" order by id limit 50", append(q.args, low, high)...)
	if err != nil {
		return store.ID{}, err
	}
	if len(found) == 0 || slices.ContainsFunc(found, func(r Referral) bool { return r.Report != found[0].Report }) {
		return store.ID{}, ErrMatter
	}
	return found[0].Report, nil
}
