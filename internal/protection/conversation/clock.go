// SPDX-License-Identifier: Apache-2.0

package conversation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
	"waylight/internal/protection/referral"
)

// KindNotice and KindClock are the room's jobs.
const (
	KindNotice = "conversation.notice"
	KindClock  = "conversation.clock"
)

// The results of a notice.
const (
	noticeSent    = "sent"
	noticeAway    = "away"    // the mail server could not be reached, or said "later"
	noticeRefused = "refused" // the mail server will not take it
)

// answerOne keeps a sender's message, starts the clock where none runs, and has
// the people on duty told, unless they were and nobody has looked since.
func (s *Service) answerOne(ctx context.Context, tx *store.Tx, t Thread, msg Message) error {
	t, err := lockThread(ctx, tx, t.Program, t.Report, t.Office)
	if err != nil {
		return err
	}
	h, err := s.stillOpen(ctx, tx, t)
	if err != nil {
		return err
	}
	sent, err := countSent(ctx, tx, t, tx.Now())
	if err != nil {
		return err
	}
	repeat, err := keep(ctx, tx, t, msg)
	if err != nil || repeat {
		return err
	}
	if err := sent.room(); err != nil {
		return err
	}
	starts := t.Since.IsZero()
	if starts {
		now := t
		now.Since, now.Due = tx.Now(), tx.Now().Add(h.Limit)
		now.begin(h)
		if held, err := setClock(tx, t, now); err != nil || !held {
			return errors.Join(err, errMoved)
		}
	}
	if starts || sent.unread == 0 {
		if err := enqueueNotice(tx, t.Program, notice{Report: t.Report, Office: t.Office, Since: store.Micros(tx.Now())}, tx.Now()); err != nil {
			return err
		}
	}
	s.entry(tx, t.Program, "message.received", t.Report, sender)
	return nil
}

// tick is the clock's job: it climbs every ladder whose time has come.
func (s *Service) tick(ctx context.Context, j jobs.Job) error {
	now := s.Now()
	if err := s.rewind(ctx, j.Program, now); err != nil {
		return err
	}
	due, err := threads(ctx, s.DB, j.Program, "next_at <= $2 order by next_at, report, office limit 500", store.Micros(now))
	if err != nil {
		return err
	}
	for _, t := range due {
		if err := s.climb(ctx, t, now); err != nil {
			return err
		}
	}
	return nil
}

// climb takes a thread up to the next rung that has somebody on it. Where the
// office holds the report no more its clock ends: nobody there may look, and the
// report's own ladder sees to another holder.
func (s *Service) climb(ctx context.Context, t Thread, at time.Time) error {
	h, err := s.Referrals.Held(ctx, t.Program, t.Report, t.Office)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	now, event := t, "message.escalated"
	if err != nil {
		now.Since, now.Due, now.Level, now.Told, now.NextAt = time.Time{}, time.Time{}, 0, "", time.Time{}
		event = "message.unheld"
	} else {
		rung, _, err := s.Referrals.Climb(ctx, h, h.Stands(t.Told, t.Level)+1, at)
		if err != nil {
			return err
		}
		now.Level, now.Told, now.NextAt = rung, h.Upto(rung), h.Next(rung, t.Since, t.Due, at)
	}
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		moved, err := setClock(tx, t, now)
		if err != nil || !moved {
			return err
		}
		s.entry(tx, t.Program, event, t.Report, system)
		if now.Since.IsZero() {
			return nil
		}
		return enqueueNotice(tx, t.Program, notice{Report: t.Report, Office: t.Office, Level: now.Level, Since: store.Micros(at)}, tx.Now())
	})
}

// begin starts the ladder from the bottom.
func (t *Thread) begin(h referral.Held) {
	t.Level, t.Told, t.NextAt = 0, "", h.Begin(t.Since, t.Due)
}

// notice is the payload of a notice job: ids only.
type notice struct {
	Report store.ID `json:"report"`
	Office string   `json:"office"`
	Level  int      `json:"level"`
	Since  int64    `json:"since"` // microseconds; an earlier mail does not count
	Tries  int      `json:"tries,omitempty"`
}

func enqueueNotice(tx *store.Tx, programID string, n notice, at time.Time) error {
	payload, err := json.Marshal(n)
	if err != nil {
		return fault.Wrap(err, "writing a notice job")
	}
	j := jobs.Job{Program: programID, Kind: KindNotice, Payload: payload, RunAt: at}
	if n.Tries > 0 { // one retry at a time, however long the mail server is away
		j.Key = fmt.Sprintf("again/%s/%s/%d", n.Report, n.Office, n.Level)
	}
	return fault.Wrap(jobs.Enqueue(tx, j), "queuing a notice")
}

// notify is the job that mails whoever is on a rung. Like the notices of
// reports it sees to its own retries and never fails: a list of failed work
// would tell people who must not know that somebody asked for help.
func (s *Service) notify(ctx context.Context, j jobs.Job) error {
	var n notice
	if json.Unmarshal(j.Payload, &n) != nil {
		return nil // not ours; the ladder tells people in any case
	}
	if s.notifyAll(ctx, j.Program, n) == nil {
		return nil
	}
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		n.Tries++
		return enqueueNotice(tx, j.Program, n, tx.Now().Add(pause(n.Tries)))
	})
}

// pause grows from a quarter of a minute to an hour. Retries end when nothing
// waits any more.
func pause(tries int) time.Duration {
	if tries > 8 {
		return time.Hour
	}
	return 15 * time.Second << (tries - 1)
}

func (s *Service) notifyAll(ctx context.Context, programID string, n notice) error {
	t, err := readThread(ctx, s.DB, programID, n.Report, n.Office)
	if err != nil || t.Since.IsZero() {
		return dropNotFound(err)
	}
	h, err := s.Referrals.Held(ctx, programID, n.Report, n.Office)
	if err != nil {
		return dropNotFound(err)
	}
	rung, who, err := s.Referrals.Climb(ctx, h, n.Level, s.Now())
	if err != nil {
		return err
	}
	var failed error
	for _, m := range who {
		failed = errors.Join(failed, s.mailOne(ctx, t, m, rung, store.Time(n.Since)))
	}
	return failed
}

// dropNotFound forgets that something is gone: then nobody needs to be told.
func dropNotFound(err error) error {
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	return err
}

// mailOne sends one mail and records the attempt. Who was mailed since the job
// was made is not mailed again when it is repeated.
func (s *Service) mailOne(ctx context.Context, t Thread, m identity.Member, rung int, since time.Time) error {
	sent, err := noticeSentAt(ctx, s.DB, t, rung, m.ID)
	if err != nil || !sent.IsZero() && !sent.Before(since) {
		return err
	}
	result := noticeSent
	sendErr := s.Referrals.Tell(ctx, m, rung)
	if sendErr != nil {
		result = noticeAway
		if fault.KindOf(sendErr) == fault.Invalid {
			result = noticeRefused
		}
	}
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		if err := writeNotice(tx, t, rung, m.ID, result); err != nil {
			return err
		}
		event := "message.notice_sent"
		if sendErr != nil {
			event = "message.notice_failed"
		}
		s.entry(tx, t.Program, event, t.Report, system)
		return nil
	})
	return errors.Join(err, sendErr)
}
