// SPDX-License-Identifier: Apache-2.0

package conversation

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/protection/referral"
)

// Thread gives what the member's office and the sender wrote, one page of it
// after a time, oldest first. Before the office's first message it is empty.
func (s *Service) Thread(ctx context.Context, m identity.Member, report store.ID, after time.Time) (Thread, []Message, error) {
	if err := s.Referrals.Holds(ctx, m, report); err != nil {
		return Thread{}, nil, err
	}
	t, err := readThread(ctx, s.DB, m.Program, report, m.Office)
	if errors.Is(err, ErrNotFound) {
		return Thread{Program: m.Program, Report: report, Office: m.Office}, nil, nil
	}
	if err != nil {
		return Thread{}, nil, err
	}
	all, err := readMessages(ctx, s.DB, messageColumns, t, after)
	return t, all, err
}

// Write keeps a message of the member's office. The first one begins the thread:
// from then on the receipt names the office, so its member must have been told.
func (s *Service) Write(ctx context.Context, m identity.Member, report store.ID, d Draft) error {
	if err := s.mayWrite(ctx, s.DB, m, report); err != nil {
		return err
	}
	if s.Agencies.Keys(m.Program)[m.Office].ID != d.OfficeKey {
		return ErrKeys
	}
	d.SealedBy = SealedByBrowser
	msg, err := d.message(Thread{Program: m.Program, Report: report, Office: m.Office}, Office)
	if err != nil {
		return err
	}
	msg.Member = m.ID
	return again(func() error {
		return s.DB.Write(ctx, func(tx *store.Tx) error { return s.writeOne(ctx, tx, m, msg, d.Sure) })
	})
}

// mayWrite says whether the member may write to the sender of a report: before
// the shape of a message tells anything, and again when it is kept.
func (s *Service) mayWrite(ctx context.Context, q store.Reader, m identity.Member, report store.ID) error {
	if err := s.Referrals.HoldsIn(ctx, q, m, report); err != nil {
		return err
	}
	reply, err := s.Reports.ReplyIn(ctx, q, m.Program, report)
	if err == nil && reply.Closed {
		err = ErrClosed
	}
	return err
}

func (s *Service) writeOne(ctx context.Context, tx *store.Tx, m identity.Member, msg Message, sure bool) error {
	if err := s.mayWrite(ctx, tx, m, msg.Report); err != nil {
		return err
	}
	t, err := lockThread(ctx, tx, m.Program, msg.Report, m.Office)
	switch {
	case errors.Is(err, ErrNotFound) && !sure:
		return ErrFirst
	case errors.Is(err, ErrNotFound):
		t = Thread{Program: m.Program, Report: msg.Report, Office: m.Office, Began: tx.Now(), BeganBy: m.ID}
		if err := insertThread(tx, t); err != nil {
			return err
		}
	case err != nil:
		return err
	case msg.Kind == Release && !sure:
		return ErrOutcome
	}
	repeat, err := keep(ctx, tx, t, msg)
	if err != nil || repeat {
		return err
	}
	// What came while this was being written was not answered by it.
	if err := calmRead(ctx, tx, t, 0); err != nil && !errors.Is(err, ErrUnread) {
		return err
	}
	event := "message.sent"
	if msg.Kind == Release {
		event = "message.released"
	}
	s.entry(tx, m.Program, event, msg.Report, m.Actor())
	return nil
}

// Opening is the proof that a member opened one message.
type Opening struct {
	ID    store.ID
	Token [32]byte
}

// Read marks messages of the sender as read, on proof of opening. It gives those
// who now know of them more time to answer.
func (s *Service) Read(ctx context.Context, m identity.Member, report store.ID, proofs []Opening) error {
	if err := s.Referrals.Holds(ctx, m, report); err != nil {
		return err
	}
	return again(func() error {
		return s.DB.Write(ctx, func(tx *store.Tx) error { return s.readOnes(ctx, tx, m, report, proofs) })
	})
}

func (s *Service) readOnes(ctx context.Context, tx *store.Tx, m identity.Member, report store.ID, proofs []Opening) error {
	t, err := lockThread(ctx, tx, m.Program, report, m.Office)
	if err != nil {
		return err
	}
	changed := false
	for _, p := range proofs {
		msg, err := readMessage(ctx, tx, t, p.ID)
		sum := sha256.Sum256(p.Token[:])
		switch {
		case errors.Is(err, ErrNotFound):
			return ErrProof
		case err != nil:
			return err
		case subtle.ConstantTimeCompare(sum[:], msg.Token[:]) != 1:
			return ErrProof
		}
		marked, err := markRead(tx, msg, m.ID)
		if err != nil {
			return err
		}
		changed = changed || marked
	}
	if !changed {
		return nil
	}
	if err := s.lookedAt(ctx, tx, t); err != nil {
		return err
	}
	s.entry(tx, m.Program, "message.read", report, m.Actor())
	return nil
}

// lookedAt lets the ladder begin again from the bottom: somebody knows now.
func (s *Service) lookedAt(ctx context.Context, tx *store.Tx, t Thread) error {
	if t.Since.IsZero() {
		return nil
	}
	h, err := s.Referrals.Held(ctx, t.Program, t.Report, t.Office)
	if errors.Is(err, ErrNotFound) || fault.KindOf(err) == fault.NotFound {
		return calm(tx, t)
	}
	if err != nil {
		return err
	}
	now := t
	now.Since = tx.Now()
	if more := now.Since.Add(h.Grace()); now.Due.Before(more) {
		now.Due = more
	}
	now.begin(h)
	held, err := setClock(tx, t, now)
	if err == nil && !held {
		err = errMoved
	}
	return err
}

// Settle says that nothing needs an answer. Nobody can say so of what was not
// opened: ErrUnread. Shut are messages that the member tried to open and could
// not; that they were passed over is on record.
func (s *Service) Settle(ctx context.Context, m identity.Member, report store.ID, shut ...store.ID) error {
	if err := s.Referrals.Holds(ctx, m, report); err != nil {
		return err
	}
	return again(func() error {
		return s.DB.Write(ctx, func(tx *store.Tx) error {
			t, err := lockThread(ctx, tx, m.Program, report, m.Office)
			if err != nil || t.Since.IsZero() {
				return err
			}
			passed, err := unreadAmong(ctx, tx, t, shut)
			if err != nil {
				return err
			}
			if err := calmRead(ctx, tx, t, passed); err != nil {
				return err
			}
			event := "message.settled"
			if passed > 0 {
				event = "message.settled_shut"
			}
			s.entry(tx, m.Program, event, report, m.Actor())
			return nil
		})
	})
}

// unreadAmong counts those of the messages that the sender wrote and nobody opened.
func unreadAmong(ctx context.Context, tx *store.Tx, t Thread, ids []store.ID) (int, error) {
	seen := map[store.ID]bool{}
	for _, id := range ids {
		m, err := readMessage(ctx, tx, t, id)
		if err != nil {
			return 0, err
		}
		if m.Side == Sender && m.ReadAt.IsZero() {
			seen[id] = true
		}
	}
	return len(seen), nil
}

// Waiting lists what waits for an answer at an office, or at every office for "".
func (s *Service) Waiting(ctx context.Context, programID, office string) ([]referral.Letter, error) {
	all, err := readWaiting(ctx, s.DB, programID, office)
	if err != nil {
		return nil, err
	}
	out := make([]referral.Letter, 0, len(all))
	for _, w := range all {
		out = append(out, referral.Letter{Report: w.report, Office: w.office, New: w.unread, Late: !w.due.IsZero() && s.Now().After(w.due)})
	}
	return out, nil
}
