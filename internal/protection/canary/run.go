// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"context"
	"errors"
	"fmt"
	"time"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
)

// The states of a way.
const (
	stateSent   = "sent" // never through yet, or about to be tried again
	stateOK     = "ok"
	stateBroken = "broken"
)

// sent is a canary on its way.
type sent struct {
	program    string
	id         store.ID
	way        string
	lookup     [32]byte
	report     store.ID
	commitment [32]byte
	promised   time.Time
	tries      int
}

// round is the job that begins the others.
func (s *Service) round(ctx context.Context, j jobs.Job) error {
	if s.Line() == nil || s.desk(j.Program) == "" {
		return s.forget(ctx, j.Program, nil)
	}
	wanted, err := s.waysOf(ctx, j.Program)
	if err != nil {
		return err
	}
	if err := s.forget(ctx, j.Program, wanted); err != nil {
		return err
	}
	old, err := sentBefore(ctx, s.DB, j.Program, s.Now().Add(-time.Hour))
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		for i, way := range wanted {
			kind, at := KindWay, tx.Now().Add(time.Duration(i)*apart)
			if office(way) != "" {
				kind, at = KindMail, tx.Now()
			}
			if err := jobs.Enqueue(tx, jobs.Job{Program: j.Program, Kind: kind, Key: way, Payload: []byte(way), RunAt: at}); err != nil {
				return err
			}
		}
		for _, w := range old {
			if err := jobs.Enqueue(tx, jobs.Job{Program: j.Program, Kind: KindKept, Key: w.id.String(), Payload: []byte(w.id.String())}); err != nil {
				return err
			}
		}
		return nil
	})
}

// waysOf lists what is tested: the ways in that there are, then the test addresses.
func (s *Service) waysOf(ctx context.Context, programID string) ([]string, error) {
	var list []string
	for _, way := range ways {
		if way != WaySealed || len(s.Directory(programID)) > 0 {
			list = append(list, way)
		}
	}
	addresses, err := addressesOf(ctx, s.DB, programID, "")
	for _, a := range addresses {
		if a.counts() && s.Mail != nil {
			list = append(list, mailWay(a.Office))
		}
	}
	return list, err
}

// way is the job that sends one canary, and looks whether it arrived.
func (s *Service) way(ctx context.Context, j jobs.Job) error {
	p, ok := s.Programs.Program(j.Program)
	line := s.Line()
	if !ok || line == nil || s.desk(j.Program) == "" {
		return nil
	}
	c := sender{s, p, line}
	w := sent{program: j.Program, id: store.NewID(), way: string(j.Payload)}
	receipt, err := c.send(ctx, w.way)
	if err != nil {
		return s.failed(ctx, w, err)
	}
	w.lookup = receipt.Lookup()
	if err := s.remember(ctx, w); err != nil {
		return err
	}
	err = c.file(ctx, w.way, receipt)
	if err == nil {
		w, err = c.arrived(ctx, w, receipt)
	}
	if err != nil {
		return errors.Join(s.failed(ctx, w, err), s.clear(ctx, w, "canary.cleared", nil))
	}
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		if err := promise(tx, w); err != nil {
			return err
		}
		return enqueueKept(tx, w, w.promised.Add(soon))
	})
}

func enqueueKept(tx *store.Tx, w sent, at time.Time) error {
	return jobs.Enqueue(tx, jobs.Job{Program: w.program, Kind: KindKept, Key: w.id.String(), Payload: []byte(w.id.String()), RunAt: at})
}

func (s *Service) remember(ctx context.Context, w sent) error {
	return s.DB.Write(ctx, func(tx *store.Tx) error { return insertSent(tx, w) })
}

// kept is the job that compares a canary with the public log when its promise is
// due. What held is deleted; what did not is looked at again, and then broken.
func (s *Service) kept(ctx context.Context, j jobs.Job) error {
	p, ok := s.Programs.Program(j.Program)
	line := s.Line()
	if !ok || line == nil {
		return nil
	}
	w, err := readSent(ctx, s.DB, j.Program, string(j.Payload))
	if errors.Is(err, errNotCanary) {
		return nil // compared already
	}
	if err != nil {
		return err
	}
	if w.promised.IsZero() { // what sent it ended before it knew what was promised
		return s.clear(ctx, w, "canary.cleared", nil)
	}
	if w.report, err = s.reportOf(ctx, w); err != nil {
		return errors.Join(s.failed(ctx, w, err), s.clear(ctx, w, "canary.cleared", nil))
	}
	c := sender{s, p, line}
	if err := c.keptPromise(ctx, w); err == nil {
		return errors.Join(s.clear(ctx, w, "canary.passed", func(tx *store.Tx) error { return passWay(tx, w.program, w.way) }), s.Settle(ctx, w.program))
	} else if w.tries+1 < patience {
		return s.DB.Write(ctx, func(tx *store.Tx) error {
			if err := triedSent(tx, w); err != nil {
				return err
			}
			return enqueueKept(tx, w, tx.Now().Add(soon))
		})
	} else {
		return errors.Join(s.broken(ctx, w, err), s.clear(ctx, w, "canary.cleared", nil))
	}
}

func (s *Service) reportOf(ctx context.Context, w sent) (store.ID, error) {
	to, err := s.Reports.Find(ctx, w.program, w.lookup)
	if err != nil {
		return store.ID{}, fmt.Errorf("the report is not there any more: %w", err)
	}
	return to.Report, nil
}

// clear deletes what there is of a canary, in one step of the log.
func (s *Service) clear(ctx context.Context, w sent, event string, also func(tx *store.Tx) error) error {
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		id, err := s.Reports.ClearCanary(ctx, tx, w.program, w.lookup)
		if err != nil {
			return err
		}
		if err := s.Referrals.ClearCanary(ctx, tx, w.program, id); err != nil {
			return err
		}
		if err := s.Files.ClearCanary(ctx, tx, w.program, id); err != nil {
			return err
		}
		if err := deleteSent(tx, w); err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: w.program, Event: event, Record: "canary:" + w.way, Actor: "system"})
		if also != nil {
			return also(tx)
		}
		return nil
	})
}

// failed notes that a way did not work. It is tried again soon; after some tries
// it is broken.
func (s *Service) failed(ctx context.Context, w sent, why error) error {
	st, err := readWay(ctx, s.DB, w.program, w.way)
	if err != nil {
		return err
	}
	if st.State == stateBroken || st.Tries+1 >= patience {
		return s.broken(ctx, w, why)
	}
	s.Log.Warn("a test report did not get through and is tried again", "program", w.program, "way", w.way, "error", why.Error())
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		if err := tryWay(tx, w.program, w.way, st.Tries+1, why); err != nil {
			return err
		}
		kind := KindWay
		if office(w.way) != "" {
			kind = KindMail
		}
		return jobs.Enqueue(tx, jobs.Job{Program: w.program, Kind: kind, Key: "again/" + w.way, Payload: []byte(w.way), RunAt: tx.Now().Add(soon)})
	})
}

// broken says that a way does not work: in the log, on the page of the work, and
// by an alarm.
func (s *Service) broken(ctx context.Context, w sent, why error) error {
	s.Log.Error("a way in is broken", "program", w.program, "way", w.way, "error", why.Error())
	err := s.DB.Write(ctx, func(tx *store.Tx) error {
		tx.Log(custody.Entry{Program: w.program, Event: "canary.failed", Record: "canary:" + w.way, Actor: "system"})
		return breakWay(tx, w.program, w.way, why)
	})
	return errors.Join(fault.Wrap(err, "noting a broken way"), s.Settle(ctx, w.program))
}

// forget drops the states of ways that there are no more.
func (s *Service) forget(ctx context.Context, programID string, wanted []string) error {
	dropped, err := s.dropWays(ctx, programID, wanted)
	if err != nil || !dropped {
		return err
	}
	return s.Settle(ctx, programID)
}
