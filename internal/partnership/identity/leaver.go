// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"errors"
	"slices"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/mail"
	"waylight/internal/platform/store"
)

// When somebody leaves, is kept out, or changes roles, those who answer for the office's accounts are told the same hour; a day is the limit (CJIS Security Policy AC-2-h).

const jobTellManagers = "identity.tell_managers"

// tellManagers has the job done with the change. A second change before it ran is told in the same mail.
func tellManagers(tx *store.Tx, m Member) error {
	return jobs.Enqueue(tx, jobs.Job{Program: m.Program, Kind: jobTellManagers, Key: m.ID.String(), Payload: []byte(m.ID.String())})
}

// managers lists who answers for the accounts of an office: its administrators and supervisors, and the program's administrators.
func (s *Service) managers(ctx context.Context, m Member) ([]Member, error) {
	var all []Member
	err := s.each(ctx, m.Program, Filter{}, func(v Member) error {
		local := v.Office == m.Office && v.Has(RoleAgencyAdmin, RoleSupervisor)
		if v.ID != m.ID && v.Email != "" && (local || v.Has(RoleProgramAdmin)) {
			all = append(all, v)
		}
		return nil
	})
	return all, err
}

// tellLeave mails the managers that there is something to look at, and says neither whom nor what it is about. It is tried again only when nobody could be mailed.
func (s *Service) tellLeave(ctx context.Context, j jobs.Job) error {
	id, err := store.ParseID(string(j.Payload))
	if err != nil {
		return nil // not ours
	}
	m, err := s.Member(ctx, j.Program, id)
	if err != nil {
		return err
	}
	to, err := s.managers(ctx, m)
	if err != nil {
		return err
	}
	event := "member.change_untold" // nobody to tell, or no way to: the log says so
	if s.mail != nil && len(to) > 0 {
		err = s.mailAll(ctx, to)
		if err != nil {
			return err
		}
		event = "member.change_told"
	}
	return s.db.Write(ctx, func(tx *store.Tx) error {
		tx.Log(custody.Entry{Program: j.Program, Event: event, Record: m.Actor(), Actor: "system"})
		return nil
	})
}

func (s *Service) mailAll(ctx context.Context, to []Member) error {
	var failures []error
	for _, v := range slices.Clone(to) {
		failures = append(failures, s.mail.Send(ctx, mail.Message{
			To: v.Email, Subject: "A change of staff",
			Text: "An account of a colleague was closed, suspended or given other roles.\n\nPlease sign in and look at the list of people: " + s.origin +
				"/staff/people?gone=1\n\nThis message holds no names on purpose.\n",
		}))
	}
	if !slices.Contains(failures, nil) {
		return fault.Wrap(errors.Join(failures...), "mailing a change of staff")
	}
	return nil
}
