// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/mail"
	"waylight/internal/platform/store"
)

// KindNotice is the job that mails who leads an operation.
const KindNotice = "operation.notice"

// The words are those of every other notice: a mail that is read over a shoulder, or by another office, tells nothing, not even that there is an operation.
const (
	noticeSubject = "Something new is waiting for you"
	noticeText    = "Something new is waiting for you. Please sign in and look at it.\n\n%s/staff\n\nThis message holds no details on purpose. Please do not answer it.\n"
)

// notice is what a job knows.
type notice struct {
	Operation store.ID
	Tries     int
}

// maxTries is when a notice that no server takes is given up: two days later. That somebody is to be called stands on the pages all the time.
const maxTries = 50

// tell has those who lead an operation mailed. While one mail waits to be sent, a second one would say the same; what comes after a minute is a mail of its own.
func (s *Service) tell(tx *store.Tx, programID string, operation store.ID) error {
	return s.tellLater(tx, programID, notice{Operation: operation}, time.Time{})
}

func (s *Service) tellLater(tx *store.Tx, programID string, n notice, at time.Time) error {
	payload, err := json.Marshal(n)
	if err != nil {
		return fault.Wrap(err, "writing a notice")
	}
	key := fmt.Sprintf("%s/%d/%d", n.Operation, n.Tries, tx.Now().Unix()/60)
	return jobs.Enqueue(tx, jobs.Job{Program: programID, Kind: KindNotice, Key: key, Payload: payload, RunAt: at})
}

// notify mails who leads an operation: its planner and the supervisors. It sees to its own retries and does not fail: work that is given up is listed to people who must not
// learn that there is an operation.
func (s *Service) notify(ctx context.Context, j jobs.Job) error {
	var n notice
	if json.Unmarshal(j.Payload, &n) != nil {
		return nil // not ours; the pages tell in any case
	}
	o, err := s.byID(ctx, s.DB, j.Program, n.Operation)
	if fault.KindOf(err) == fault.NotFound && err != nil || err == nil && !o.State.ahead() {
		return nil
	}
	if err != nil {
		return err
	}
	who, err := s.reach(ctx, o)
	if err != nil {
		return err
	}
	var failed error
	for _, m := range who {
		failed = errors.Join(failed, s.Mail.Send(ctx, mail.Message{To: m.Email, Subject: noticeSubject, Text: fmt.Sprintf(noticeText, strings.TrimSuffix(s.Origin, "/"))}))
	}
	event := "notice_sent"
	if failed != nil {
		event = "notice_failed"
	}
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		tx.Log(custody.Entry{Program: o.Program, Event: "operation." + event, Record: o.record(), Actor: "system"})
		if n.Tries++; failed == nil || n.Tries >= maxTries {
			return nil
		}
		return s.tellLater(tx, j.Program, n, tx.Now().Add(pause(n.Tries)))
	})
}

// pause grows from a quarter of a minute to an hour.
func pause(tries int) time.Duration {
	if tries > 8 {
		return time.Hour
	}
	return 15 * time.Second << (tries - 1)
}

// reach lists who is mailed: active members of the office that leads.
func (s *Service) reach(ctx context.Context, o Operation) ([]identity.Member, error) {
	all, err := s.People.Members(ctx, o.Program, o.Lead)
	if err != nil {
		return nil, fault.Wrap(err, "listing members")
	}
	var out []identity.Member
	for _, m := range all {
		if m.Active && m.Email != "" && (m.Actor() == o.PlannedBy || m.Has(identity.RoleSupervisor)) {
			out = append(out, m)
		}
	}
	return out, nil
}
