// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/mail"
	"waylight/internal/platform/store"
)

// The results of a notice.
const (
	noticeSent    = "sent"
	noticeCovered = "covered" // an earlier mail went out after this report came in, and says the same
	noticeAway    = "away"    // the mail server could not be reached, or said "later"
	noticeRefused = "refused" // the mail server will not take it
)

// The words of every mail of this room. They name no report, no topic and no number.
const (
	subjectNew    = "Something new is waiting for you"
	subjectLate   = "Something is still waiting for you"
	subjectOthers = "A reminder is waiting for you"
)

// notify is the job that mails whoever is on a rung: at first the members on
// duty of every holder, later whom the ladder names. It sees to its own retries
// and does not fail: work that is given up is listed to people who must not
// learn that somebody asked for help. What went wrong stands in referral_notice.
func (s *Service) notify(ctx context.Context, j jobs.Job) error {
	var n notice
	if json.Unmarshal(j.Payload, &n) != nil {
		return nil // not ours; the ladder tells people in any case
	}
	if s.notifyAll(ctx, j.Program, n) == nil {
		return nil
	}
	return s.db.Write(ctx, func(tx *store.Tx) error {
		n.Tries++
		return enqueueNotice(tx, j.Program, n, tx.Now().Add(noticePause(n.Tries)))
	})
}

func (s *Service) notifyAll(ctx context.Context, programID string, n notice) error {
	targets, err := s.noticeTargets(ctx, programID, n)
	if err != nil {
		return err
	}
	var failed error
	for _, r := range targets {
		failed = errors.Join(failed, s.notifyOne(ctx, r, n))
	}
	return failed
}

// noticePause grows from a quarter of a minute to an hour. Retries end when
// nobody waits any more: see noticeTargets.
func noticePause(tries int) time.Duration {
	if tries > 8 {
		return time.Hour
	}
	return 15 * time.Second << (tries - 1)
}

// noticeTargets are the referrals a job speaks of that still wait: one per
// holder for the first notice, so that nobody is mailed twice about one report.
func (s *Service) noticeTargets(ctx context.Context, programID string, n notice) ([]Referral, error) {
	if !n.Referral.IsZero() {
		r, err := referralByID(ctx, s.db, programID, n.Referral)
		if err != nil || !(r.Open() || r.State == Running || n.Away && r.State == Acknowledged) {
			return nil, err
		}
		return []Referral{r}, nil
	}
	all, err := referralsOf(ctx, s.db, programID, n.Report)
	if err != nil {
		return nil, err
	}
	var holders []string
	return slices.DeleteFunc(all, func(r Referral) bool {
		if r.Origin == OriginReminder || !(r.State == Waiting || r.State == CannotOpen) || slices.Contains(holders, r.Holder) {
			return true
		}
		holders = append(holders, r.Holder)
		return false
	}), nil
}

// notifyOne mails one rung of one referral. When nobody stands on it, the first
// one above it that has somebody is mailed at once.
func (s *Service) notifyOne(ctx context.Context, r Referral, n notice) error {
	now, l, rung := s.now(), s.ladder(r), n.Level
	who, err := s.reach(ctx, r, n.tells(l), now)
	if err != nil {
		return err
	}
	unmanned := len(who) == 0
	if unmanned && r.Origin != OriginReminder {
		if rung, err = s.manned(ctx, r, rung+1, now); err != nil {
			return err
		}
		if who, err = s.reach(ctx, r, l.Tells(rung), now); err != nil {
			return err
		}
	}
	if r.State == CannotOpen && n.Level == 0 && !n.Away {
		more, err := s.whoUnsticks(ctx, r, unmanned, now)
		if err != nil {
			return err
		}
		who = append(who, more...)
	}
	var failed error
	for _, m := range who {
		failed = errors.Join(failed, s.mailOne(ctx, r, m, rung, store.Time(n.Since)))
	}
	return failed
}

// tells is whom the notice is for. A job that was queued before notices said so
// has the number that a rung had then.
func (n notice) tells(l program.Ladder) []string {
	switch old := strings.Split(firstRungs, ","); {
	case len(n.Tell) > 0:
		return n.Tell
	case n.Level > 0:
		return old[min(n.Level, len(old))-1:][:1]
	}
	return l.First
}

// whoUnsticks lists who hears at once of a report that its holder cannot open:
// another desk, and the named persons where nobody is at the holder.
func (s *Service) whoUnsticks(ctx context.Context, r Referral, unmanned bool, now time.Time) ([]identity.Member, error) {
	desk, err := s.reach(ctx, r, []string{program.TheDesk}, now)
	if err != nil || !unmanned {
		return desk, err
	}
	named, err := s.reach(ctx, r, []string{program.TheNamed}, now)
	return append(desk, named...), err
}

// mailOne sends one mail and records the attempt, whatever became of it. Who
// was mailed since the job was made is not mailed again when it is repeated.
func (s *Service) mailOne(ctx context.Context, r Referral, m identity.Member, rung int, since time.Time) error {
	sent, err := noticeSentAt(ctx, s.db, r, m.ID, rung)
	if err != nil || !sent.IsZero() && !sent.Before(since) {
		return err
	}
	result, sendErr := noticeSent, error(nil)
	covered, err := mailedSince(ctx, s.db, r.Program, m.ID, later(r.Accepted, since))
	switch {
	case err != nil:
		return err
	case covered && rung == 0 && !r.Danger:
		result = noticeCovered
	default:
		if sendErr = s.mail.Send(ctx, s.message(r, m, rung)); sendErr != nil {
			result = noticeAway
			if fault.KindOf(sendErr) == fault.Invalid {
				result = noticeRefused
			}
		}
	}
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		if err := writeNotice(tx, r, m.ID, rung, result); err != nil {
			return err
		}
		event := "referral.notice_" + result
		if sendErr != nil {
			event = "referral.notice_failed"
		}
		tx.Log(custody.Entry{Program: r.Program, Event: event, Record: "report:" + r.Report.String(), Actor: system, Rule: s.version(r.Program)})
		return nil
	})
	return errors.Join(err, fault.Wrap(sendErr, "mailing a notice"))
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// message is the same for every report: it says only that something waits and
// where to sign in.
func (s *Service) message(r Referral, m identity.Member, rung int) mail.Message {
	subject, line := subjectNew, "Something new is waiting for you. Please sign in and look at it."
	switch {
	case r.Origin == OriginReminder:
		subject, line = subjectOthers, "A reminder is waiting for you. Please sign in and look at it."
	case rung > 0:
		subject, line = subjectLate, "Something is still waiting, and its time is short or over. Please sign in and look at it now."
	}
	return mail.Message{To: m.Email, Subject: subject, Text: fmt.Sprintf(
		"%s\n\n%s/staff\n\nThis message holds no details on purpose. Please do not answer it.\n", line, s.base)}
}
