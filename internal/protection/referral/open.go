// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"slices"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// OpenedStatement is what a member's browser signs after it has opened a report:
// which body, for which office, and who. Server and browser write it alike.
func OpenedStatement(programID string, id store.ID, hash [32]byte, office string, member store.ID) string {
	return fmt.Sprintf("waylight/opened/v1\nprogram %s\nreport %s\nbody %s\noffice %s\nmember %s\n",
		programID, id, hex.EncodeToString(hash[:]), office, member)
}

// Open records that the member opened a report, on proof: the opening token,
// which only who opened the body can know, and the member's signature over
// OpenedStatement. The office's first opening is its delivery; a later one is
// recorded as read. Each leaves its proof on record.
func (s *Service) Open(ctx context.Context, m identity.Member, id store.ID, token [32]byte, signature []byte) error {
	if _, err := s.mine(ctx, s.db, m, id); err != nil {
		return err
	}
	body, err := s.reports.Body(ctx, m.Program, id, m.Office)
	if err != nil {
		return fault.Wrap(err, "reading the opened report")
	}
	sum := sha256.Sum256(token[:])
	if subtle.ConstantTimeCompare(sum[:], body.Token[:]) != 1 {
		return ErrProof
	}
	if !s.people.VerifySignature(m, OpenedStatement(m.Program, id, body.Hash, m.Office, m.ID), signature) {
		return ErrProof
	}
	return s.change(ctx, m, id, func(tx *store.Tx, mine []Referral) (bool, error) {
		for _, r := range mine {
			if err := s.openOne(ctx, tx, m, r, body.Envelope, signature); err != nil {
				return false, err
			}
		}
		return true, nil
	})
}

// openOne records an opening on one referral.
func (s *Service) openOne(ctx context.Context, tx *store.Tx, m identity.Member, r Referral, e program.Envelope, signature []byte) error {
	act := ActOpen
	after, err := r.next(act)
	if err != nil {
		act, after = ActRead, r.State
	}
	if err := insertEvidence(tx, r, Evidence{Member: m.ID, Office: m.Office, Kind: proofOpened, Signature: signature}); err != nil {
		return err
	}
	if act == ActRead && !r.OpenedAt.IsZero() {
		return s.step(tx, r, m.Actor(), m.Office, act, after, "", 0)
	}
	opened := r
	opened.State, opened.OpenedAt, opened.OpenedBy = after, tx.Now(), m.ID
	if !r.Relay {
		l := s.ladder(r)
		opened.onRung(l, 0)
		opened.NextAt = opened.rungTime(l, 1)
	}
	owner := m.ID
	if !r.Owner.IsZero() || r.Relay {
		owner = r.Owner
	}
	err = must(tx, r, "state = $3, opened_at = $4, opened_by = $5, level = $6, told = $7, next_at = $8, owner = $9",
		string(after), micros(opened.OpenedAt), m.ID, int64(opened.Level), text(opened.Told), micros(opened.NextAt), idOrNull(owner))
	if err != nil {
		return err
	}
	if err := s.step(tx, r, m.Actor(), m.Office, act, after, "", 0); err != nil {
		return err
	}
	if r.Relay {
		return nil
	}
	return s.startClocks(ctx, tx, opened, e, program.Event{Kind: program.Delivered, Office: r.Recipient})
}

// proofOpened is the kind of an opening's proof.
const proofOpened = "opened"

// Evidence lists the proofs about a report that are the member's office's own.
func (s *Service) Evidence(ctx context.Context, m identity.Member, id store.ID) ([]Evidence, error) {
	if _, err := s.mine(ctx, s.db, m, id); err != nil {
		return nil, err
	}
	all, err := evidenceOf(ctx, s.db, m.Program, id)
	return slices.DeleteFunc(all, func(e Evidence) bool { return e.Office != m.Office }), fault.Wrap(err, "listing proofs")
}

// Acknowledge says that the member takes an opened report on for the office.
func (s *Service) Acknowledge(ctx context.Context, m identity.Member, id store.ID) error {
	e, err := s.envelope(ctx, m, id)
	if err != nil {
		return err
	}
	drill := false
	err = s.change(ctx, m, id, func(tx *store.Tx, mine []Referral) (bool, error) {
		changed := false
		for _, r := range mine {
			after, err := r.next(ActAcknowledge)
			if err != nil {
				changed = changed || r.State == Acknowledged && r.Owner == m.ID // a second click
				continue
			}
			err = must(tx, r, "state = $3, acknowledged_at = $4, owner = $5, next_at = null", string(after), store.Micros(tx.Now()), m.ID)
			if err != nil {
				return false, err
			}
			if err := s.step(tx, r, m.Actor(), m.Office, ActAcknowledge, after, "", 0); err != nil {
				return false, err
			}
			if err := s.startClocks(ctx, tx, r, e, program.Event{Kind: program.Acknowledged, Office: r.Recipient}); err != nil {
				return false, err
			}
			changed, drill = true, drill || r.Test
		}
		return changed, nil
	})
	if err != nil || !drill || !s.isDesk(m) {
		return err
	}
	who := agency.Actor{Program: m.Program, Member: m.ID, Office: m.Office, Roles: m.Roles}
	return fault.Wrap(s.agencies.RecordDrill(ctx, who, "report"), "recording that the test came through")
}

// RecordOutcome says what came of it. An outcome may be corrected; the history
// keeps each. OutcomeIdentified starts the clocks that wait for it.
func (s *Service) RecordOutcome(ctx context.Context, m identity.Member, id store.ID, o Outcome) error {
	if !slices.Contains(Outcomes(), o) {
		return ErrOutcome
	}
	e, err := s.envelope(ctx, m, id)
	if err != nil {
		return err
	}
	return s.change(ctx, m, id, func(tx *store.Tx, mine []Referral) (bool, error) {
		changed := false
		for _, r := range mine {
			after, err := r.next(ActOutcome)
			if err != nil {
				continue
			}
			changed = true
			held, err := set(tx, r, "state = $3, outcome = $4, next_at = null", "outcome = $5", string(after), string(o), string(r.Outcome))
			if err != nil {
				return false, err
			}
			if !held {
				return false, errMoved
			}
			if err := s.step(tx, r, m.Actor(), m.Office, ActOutcome, after, string(o), 0); err != nil {
				return false, err
			}
			if o != OutcomeIdentified {
				continue
			}
			if err := s.startClocks(ctx, tx, r, e, program.Event{Kind: program.Identified, Office: r.Recipient}); err != nil {
				return false, err
			}
		}
		return changed, nil
	})
}

// Assign makes a colleague the owner. Everybody may take a report over; to give
// it to somebody else is a supervisor's.
func (s *Service) Assign(ctx context.Context, m identity.Member, id store.ID, to store.ID) error {
	if _, err := s.mine(ctx, s.db, m, id); err != nil {
		return err
	}
	if to != m.ID && !s.may(m, policy.HandOver) {
		return ErrForbidden
	}
	colleague, err := s.people.Member(ctx, m.Program, to)
	if err != nil {
		return fault.Wrap(err, "finding the colleague")
	}
	if _, err := s.mine(ctx, s.db, colleague, id); err != nil || colleague.Office != m.Office {
		return ErrForbidden
	}
	return s.change(ctx, m, id, func(tx *store.Tx, mine []Referral) (changed bool, err error) {
		for _, r := range mine {
			if r.Relay {
				continue
			}
			if err := must(tx, r, "owner = $3", to); err != nil {
				return false, err
			}
			if err := s.step(tx, r, m.Actor(), m.Office, ActAssign, r.State, "", 0); err != nil {
				return false, err
			}
			changed = true
		}
		return changed, nil
	})
}

// envelope reads the envelope of a report that the member may see.
func (s *Service) envelope(ctx context.Context, m identity.Member, id store.ID) (program.Envelope, error) {
	if _, err := s.mine(ctx, s.db, m, id); err != nil {
		return program.Envelope{}, err
	}
	body, err := s.reports.Body(ctx, m.Program, id, m.Office)
	return body.Envelope, fault.Wrap(err, "reading the envelope")
}
