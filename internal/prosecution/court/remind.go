// SPDX-License-Identifier: Apache-2.0

package court

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/mail"
	"waylight/internal/platform/store"
)

// When an office is reminded of a deadline: in the week before, on the day before,
// and when it is over.
var reminders = []struct {
	told  int
	ahead int // days
}{{3, -1}, {2, 1}, {1, 7}}

const remindAtOnce = 200

// remind looks for deadlines that come near, and asks for a mail to everybody who
// works on the case. What was told is noted in the same transaction.
func (s *Service) remind(ctx context.Context, j jobs.Job) error {
	today := s.today(j.Program)
	for _, r := range reminders {
		for {
			due, err := dueBy(ctx, s.DB, j.Program, today.add(r.ahead), r.told, remindAtOnce)
			if err != nil {
				return err
			}
			for _, k := range due {
				if err := s.tell(ctx, j.Program, k, r.told); err != nil {
					return err
				}
			}
			if len(due) < remindAtOnce {
				break
			}
		}
	}
	return nil
}

func (s *Service) tell(ctx context.Context, programID string, k Clock, told int) error {
	offices, err := seats(ctx, s.DB, programID, k.Matter)
	if err != nil {
		return err
	}
	var who []identity.Member
	for _, office := range offices {
		members, err := s.People.Members(ctx, programID, office)
		if err != nil {
			return err
		}
		who = append(who, members...)
	}
	who = slices.DeleteFunc(who, func(m identity.Member) bool { return !works(m) })
	if len(who) == 0 { // nobody is there: those who answer for the program must know
		all, err := s.People.Members(ctx, programID, "")
		if err != nil {
			return err
		}
		who = slices.DeleteFunc(all, func(m identity.Member) bool { return !m.Active || !m.Has(identity.RoleProgramAdmin) })
	}
	day := s.today(programID).ISO()
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		noted, err := tellClock(tx, programID, k, told)
		if err != nil || !noted {
			return err
		}
		for _, m := range who {
			payload, err := json.Marshal(m.ID)
			if err != nil {
				return err
			}
			if err := jobs.Enqueue(tx, jobs.Job{Program: programID, Kind: KindMail, Key: m.ID.String() + day, Payload: payload}); err != nil {
				return err
			}
		}
		tx.Log(custody.Entry{Program: programID, Event: "court.clock_told", Record: "court:" + k.Matter.String(), Actor: "system"})
		return nil
	})
}

// works says whether a member works on cases.
func works(m identity.Member) bool {
	return m.Active && m.Has(identity.RoleMember, identity.RoleSupervisor, identity.RoleDesk)
}

// mailOne sends one reminder, which says where to look and nothing else.
func (s *Service) mailOne(ctx context.Context, j jobs.Job) error {
	var id store.ID
	if err := json.Unmarshal(j.Payload, &id); err != nil {
		return fmt.Errorf("reading whom to remind: %w", err)
	}
	m, err := s.People.Member(ctx, j.Program, id)
	if err != nil {
		return err
	}
	if !m.Active {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return s.Mail.Send(ctx, mail.Message{To: m.Email, Subject: "A date comes near", Text: fmt.Sprintf(
		"A date that your office keeps comes near or is over. Please sign in and look at it.\n\n%s/staff/court/clocks\n\nThis message holds no details on purpose. Please do not answer it.\n", s.Origin)})
}
