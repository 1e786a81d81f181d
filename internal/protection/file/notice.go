// SPDX-License-Identifier: Apache-2.0

package file

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
)

const (
	patience = 24 * time.Hour     // how long an upload waits for its sender to come back
	together = 15 * time.Minute   // files that come within this time are one notice
	persist  = 7 * 24 * time.Hour // how long a notice is tried again
)

// announce lets those on duty know that a file came, once for files that come
// together.
func (s *Service) announce(ctx context.Context, tx *store.Tx, f File) error {
	last, err := lastArrived(ctx, tx, f.Program, f.Report)
	since := tx.Now().Sub(store.Time(last)) // below zero: the clock has been set back
	if err != nil || since >= 0 && since < together {
		return err
	}
	return enqueueNotice(tx, f.Program, notice{Report: f.Report, Since: store.Micros(tx.Now())}, tx.Now())
}

// notice is the payload of a notice job: an id and no more.
type notice struct {
	Report store.ID `json:"report"`
	Since  int64    `json:"since"` // microseconds; an earlier mail does not count
	Tries  int      `json:"tries,omitempty"`
}

// The results of a notice.
const (
	noticeSent    = "sent"
	noticeAway    = "away"    // the mail server could not be reached, or said "later"
	noticeRefused = "refused" // the mail server will not take it
)

func enqueueNotice(tx *store.Tx, programID string, n notice, at time.Time) error {
	payload, err := json.Marshal(n)
	if err != nil {
		return fault.Wrap(err, "writing a notice job")
	}
	j := jobs.Job{Program: programID, Kind: KindNotice, Key: n.Report.String(), Payload: payload, RunAt: at}
	if n.Tries > 0 { // one retry at a time, however long the mail server is away
		j.Key = "again/" + j.Key
	}
	return fault.Wrap(jobs.Enqueue(tx, j), "queuing a notice")
}

// notify tells whoever is on duty at each office that holds the report. The mail
// is the one of every notice: no content, no topic, no number. It sees to its own
// retries and never fails: a list of failed work would tell people who must not
// know that somebody asked for help.
func (s *Service) notify(ctx context.Context, j jobs.Job) error {
	var n notice
	if json.Unmarshal(j.Payload, &n) != nil {
		return nil // not ours
	}
	err := s.notifyAll(ctx, j.Program, n)
	if err == nil || s.Now().Sub(store.Time(n.Since)) > persist {
		return nil
	}
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		n.Tries++
		return enqueueNotice(tx, j.Program, n, tx.Now().Add(pause(n.Tries)))
	})
}

// pause grows from a quarter of a minute to an hour.
func pause(tries int) time.Duration {
	if tries > 8 {
		return time.Hour
	}
	return 15 * time.Second << (tries - 1)
}

func (s *Service) notifyAll(ctx context.Context, programID string, n notice) error {
	holders, err := s.holders(ctx, programID, n.Report)
	if err != nil {
		return err
	}
	var failed error
	for _, office := range holders {
		failed = errors.Join(failed, s.notifyOffice(ctx, programID, n, office))
	}
	return failed
}

func (s *Service) notifyOffice(ctx context.Context, programID string, n notice, office string) error {
	held, err := s.Holders.Held(ctx, programID, n.Report, office)
	if fault.KindOf(err) == fault.NotFound {
		return nil // it holds the report no more
	}
	if err != nil {
		return fault.Wrap(err, "asking who holds a report")
	}
	if held.Canary {
		return nil // nobody is told of what the program sends itself
	}
	rung, who, err := s.Holders.OnDuty(ctx, held, s.Now())
	if err != nil {
		return fault.Wrap(err, "asking who is on duty")
	}
	var failed error
	for _, m := range who {
		failed = errors.Join(failed, s.mailOne(ctx, programID, n, m, office, rung))
	}
	return failed
}

// mailOne sends one mail and records the attempt. Who was mailed since the job
// was made is not mailed again when it is repeated; a mailbox that refuses is not
// asked again.
func (s *Service) mailOne(ctx context.Context, programID string, n notice, m identity.Member, office string, rung int) error {
	sent, err := noticeSentAt(ctx, s.DB, programID, n.Report, office, m.ID)
	if err != nil || !sent.IsZero() && !sent.Before(store.Time(n.Since)) {
		return err
	}
	result, event := noticeSent, "file.notice_sent"
	sendErr := s.Holders.Tell(ctx, m, rung)
	switch {
	case fault.KindOf(sendErr) == fault.Invalid:
		result, event, sendErr = noticeRefused, "file.notice_failed", nil
	case sendErr != nil:
		result, event = noticeAway, "file.notice_failed"
	}
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		err := writeNotice(tx, programID, n.Report, office, m.ID, result)
		tx.Log(custody.Entry{Program: programID, Event: event, Record: reportName(n.Report), Actor: "system"})
		return err
	})
	return errors.Join(err, sendErr)
}

// sweep ends uploads that nothing came for in a day. What arrived is kept.
func (s *Service) sweep(ctx context.Context, j jobs.Job) error {
	stale, err := staleUploads(ctx, s.DB, j.Program, store.Micros(s.Now().Add(-patience)))
	if err != nil {
		return err
	}
	for _, u := range stale {
		f, err := readFile(ctx, s.DB, j.Program, u.File)
		if err != nil {
			return err
		}
		if err := s.end(ctx, f, u, Broken, ReasonCut); err != nil {
			return fault.Wrap(err, "ending an upload that nothing came for")
		}
	}
	return nil
}
