// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
)

// Why a sheet is to be replaced, besides the states that say so themselves.
const (
	reasonVersion = "version" // its notice has a newer one
	reasonCode    = "code"    // its code does not open the printed address
	reasonHeld    = "held"    // somebody doubts its code, which is on: a supervisor must look
)

// Reasons lists why tasks are opened.
func Reasons() []string {
	return []string{reasonVersion, string(Missing), string(Defaced), string(Stickered), reasonCode, reasonHeld}
}

// Task is a sheet to be replaced.
type Task struct {
	ID        store.ID
	Placement Placement
	Reason    string
	State     string // open, done, dropped
	OpenedAt  time.Time
	ClosedAt  time.Time
	ClosedBy  string
}

// TaskFilter narrows the list of tasks.
type TaskFilter struct {
	State, Reason string
	County        string
	Notice        string
	After         string
	Limit         int
}

// Tasks lists what is to be replaced, the longest waiting first.
func (s *Service) Tasks(ctx context.Context, m identity.Member, f TaskFilter) ([]Task, string, error) {
	if err := s.may(m, policy.ReadPlacements); err != nil {
		return nil, "", err
	}
	return taskList(ctx, s.DB, m.Program, f)
}

// renewRows is how many placements are looked at with one transaction.
const renewRows = 500

// renewJob looks whether placements carry an older version of their notice.
func (s *Service) renewJob(ctx context.Context, j jobs.Job) error {
	_, err := s.renew(ctx, j.Program, func() bool { return jobs.Late(ctx) })
	return err // what is left is found again within the hour
}

// Renew opens a task for every placement of a program that carries an older version
// of its notice than the pack has, and says how many were opened. A sheet that was
// not printed yet is planned in the new version instead.
func (s *Service) Renew(ctx context.Context, programID string) (int, error) {
	return s.renew(ctx, programID, func() bool { return ctx.Err() != nil })
}

func (s *Service) renew(ctx context.Context, programID string, over func() bool) (opened int, err error) {
	pack, err := s.pack(programID)
	if err != nil {
		return 0, err
	}
	versions := versionsOf(pack)
	if len(versions) == 0 {
		return 0, nil
	}
	for {
		var some, rows int
		err := s.DB.Write(ctx, func(tx *store.Tx) error {
			some = 0
			list, err := outdated(ctx, tx, programID, versions, renewRows)
			if err != nil {
				return err
			}
			rows = len(list)
			for _, p := range list {
				if p.State == Planned {
					p.Version = versions[p.Notice]
					err = updatePlacement(tx, p)
				} else {
					some++
					err = openTask(ctx, tx, p, reasonVersion, reasonVersion+":"+versions[p.Notice])
				}
				if err != nil {
					return err
				}
			}
			if rows > 0 {
				log(tx, programID, "placement.renewed", "notices", "system")
			}
			return nil
		})
		if err != nil {
			return opened, fault.Wrap(err, "looking for older versions of notices")
		}
		if opened += some; rows < renewRows || over() {
			return opened, nil
		}
	}
}

// versionsOf are the versions that the pack has of its notices.
func versionsOf(pack *program.Program) map[string]string {
	out := map[string]string{}
	for _, n := range pack.Notices {
		out[n.ID] = n.Version
	}
	return out
}
