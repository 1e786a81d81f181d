// SPDX-License-Identifier: Apache-2.0

package conversation

import (
	"context"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/protection/referral"
	"waylight/internal/protection/report"
)

// Shown is one thread as a receipt shows it. Of the sender's own messages it
// holds when they were kept, and no words.
type Shown struct {
	Thread
	Ended    bool // the office can get no more messages
	Messages []Message
}

// Look gives the threads of a receipt. Nothing is recorded.
func (s *Service) Look(ctx context.Context, found report.Found) ([]Shown, error) {
	began, err := threads(ctx, s.DB, found.Program, "report = $2 order by began, office", found.Report)
	if err != nil {
		return nil, err
	}
	out := make([]Shown, 0, len(began))
	for _, t := range began {
		x, err := s.shown(ctx, t)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

func (s *Service) shown(ctx context.Context, t Thread) (Shown, error) {
	x := Shown{Thread: t}
	_, err := s.Referrals.Held(ctx, t.Program, t.Report, t.Office)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return Shown{}, err
	}
	x.Ended = err != nil || s.Agencies.Keys(t.Program)[t.Office].Public == nil
	for after := (time.Time{}); ; {
		page, err := readMessages(ctx, s.DB, receiptColumns, t, after)
		if err != nil {
			return Shown{}, err
		}
		x.Messages = append(x.Messages, page...)
		if len(page) < perPage {
			return x, nil
		}
		after = page[len(page)-1].At
	}
}

// Answer keeps what the sender wrote to an office that wrote first. Like a report
// it is never shed, whatever else the store has to do.
func (s *Service) Answer(ctx context.Context, found report.Found, office string, d Draft) error {
	t, err := readThread(ctx, s.DB, found.Program, found.Report, office)
	if err != nil {
		return err
	}
	msg, err := d.message(t, Sender)
	if err != nil {
		return err
	}
	if s.Agencies.Keys(t.Program)[office].ID != d.OfficeKey {
		return ErrKeys
	}
	ctx = context.WithoutCancel(ctx)
	return again(func() error {
		return s.DB.Accept(ctx, func(tx *store.Tx) error { return s.answerOne(ctx, tx, t, msg) })
	})
}

// stillOpen says, when a message is about to be kept, that its receipt was not
// closed meanwhile and its office holds the report as before.
func (s *Service) stillOpen(ctx context.Context, tx *store.Tx, t Thread) (referral.Held, error) {
	reply, err := s.Reports.ReplyIn(ctx, tx, t.Program, t.Report)
	if err != nil {
		return referral.Held{}, err
	}
	if reply.Closed {
		return referral.Held{}, report.ErrReceipt
	}
	h, err := s.Referrals.HeldIn(ctx, tx, t.Program, t.Report, t.Office)
	if err != nil && fault.KindOf(err) == fault.NotFound {
		err = ErrEnded
	}
	return h, err
}

// room says whether one more message may come.
func (c sentCount) room() error {
	switch {
	case c.all >= MaxSent:
		return ErrFull
	case c.day >= MaxDaily:
		return ErrDaily
	}
	return nil
}

// AnswerWords is Answer for a page without scripts: the words are sealed here,
// in memory. The nonce makes a repeat the same message.
func (s *Service) AnswerWords(ctx context.Context, found report.Found, nonce []byte, w Words) error {
	key := s.Agencies.Keys(found.Program)[w.Office]
	if key.Public == nil {
		return ErrEnded
	}
	w.Report, w.From = found.Report.String(), keyName(found.ReplyKey)
	plain, err := w.Marshal()
	if err != nil {
		return err
	}
	id := messageID(nonce, plain)
	if found.Receipt != (seal.Receipt{}) { // where the words did not come here nobody can sign; the office's page says so
		plain = Sign(found.Receipt.SignSeed(), found.Program, w.Office, id, plain)
	}
	d, err := sealFor(found.Program, w.Office, id, plain, key.Public)
	if err != nil {
		return fault.Wrap(err, "sealing a message")
	}
	d.Kind = w.Kind
	if w.Answers != "" {
		if d.Answers, err = store.ParseID(w.Answers); err != nil {
			return ErrMessage
		}
	}
	return s.Answer(ctx, found, w.Office, d)
}
