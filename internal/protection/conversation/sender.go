// SPDX-License-Identifier: Apache-2.0

package conversation

import (
	"context"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
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
		page, err := readMessages(ctx, s.DB, t, after)
		if err != nil {
			return Shown{}, err
		}
		for _, m := range page {
			if m.Side == Sender {
				m.Body, m.WrapOffice = nil, nil
			}
			x.Messages = append(x.Messages, m)
		}
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
	h, err := s.Referrals.Held(ctx, t.Program, t.Report, t.Office)
	if err != nil && fault.KindOf(err) == fault.NotFound {
		return ErrEnded
	}
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
		return s.DB.Accept(ctx, func(tx *store.Tx) error { return s.answerOne(ctx, tx, h, t, msg) })
	})
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
	d, err := sealFor(found.Program, w.Office, messageID(nonce, plain), plain, key.Public)
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
