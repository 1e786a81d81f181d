// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
)

// ApplyDestructions ends every way in, and every member, whose share the keyring's log says is destroyed. A database that was restored from a backup knows them as
// they were when it was made; the keyring knows what happened since. So it does of links that were used or taken back; and once anything shows that a backup was
// restored, every open link is taken back: nobody can say which were open when it happened. It is called before anything is served.
func (s *Service) ApplyDestructions(ctx context.Context) error {
	log, err := s.ring.Destroyed()
	if err != nil {
		return errNoRing.With(err)
	}
	gone := map[store.ID]bool{}
	for _, d := range log {
		id, err := store.ParseID(d.Member)
		if err == nil {
			gone[id] = true
		}
	}
	if len(gone) == 0 {
		return nil
	}
	for _, programID := range s.programs.IDs() {
		if s.db.MovedTo(programID) != "" {
			continue // it went elsewhere with everybody in it
		}
		err = s.applyDestructions(ctx, programID, gone)
		if err != nil {
			return fmt.Errorf("applying the keyring's destructions: %w", err)
		}
	}
	return s.agencies.Refresh(ctx)
}

func (s *Service) applyDestructions(ctx context.Context, programID string, gone map[store.ID]bool) error {
	var members []Member
	err := s.each(ctx, programID, Filter{Gone: true}, func(m Member) error {
		if m.Active || m.Suspended {
			members = append(members, m)
		}
		return nil
	})
	if err != nil {
		return err
	}
	restored := false
	for _, m := range members {
		did := true
		if gone[m.ID] {
			err = s.leftBefore(ctx, m)
		} else {
			did, err = s.lostBefore(ctx, m, gone)
		}
		if err != nil {
			return err
		}
		restored = restored || did
	}
	return s.db.Write(ctx, func(tx *store.Tx) error {
		links, err := s.openLinks(ctx, tx, programID)
		if err != nil {
			return err
		}
		all := restored || slices.ContainsFunc(links, func(id store.ID) bool { return gone[spent(id)] })
		return s.withdrawLinks(ctx, tx, programID, func(store.ID, string) bool { return all })
	})
}

// leftBefore ends a member who had left when the backup was restored.
func (s *Service) leftBefore(ctx context.Context, m Member) error {
	return s.db.Write(ctx, func(tx *store.Tx) error {
		_, err := s.endAllWays(ctx, tx, m)
		if err != nil {
			return err
		}
		err = s.leaveDevices(tx, m, nil)
		if err != nil {
			return err
		}
		err = endMember(tx, m.Program, m.ID)
		if err != nil {
			return err
		}
		err = s.agencies.DropWraps(tx, m.Program, m.Office, m.Actor())
		if err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: m.Program, Event: "restored.member_ended", Record: m.Actor(), Actor: "system"})
		return nil
	})
}

// lostBefore ends the ways in of a member that had been ended, and says whether there were any. Where none is left that opens the member's keys, neither does any wrap of the office's.
func (s *Service) lostBefore(ctx context.Context, m Member, gone map[store.ID]bool) (bool, error) {
	ways, err := s.Ways(ctx, m)
	if err != nil {
		return false, err
	}
	var ended, left []Way
	for _, w := range ways {
		if gone[w.ID] {
			ended = append(ended, w)
		} else {
			left = append(left, w)
		}
	}
	if len(ended) == 0 {
		return false, nil
	}
	return true, s.db.Write(ctx, func(tx *store.Tx) error {
		for _, w := range ended {
			err := endWayRows(tx, m.Program, w)
			if err != nil {
				return err
			}
		}
		err := s.leaveDevices(tx, m, nil)
		if err != nil {
			return err
		}
		if !opensAny(left) {
			err = s.agencies.DropWraps(tx, m.Program, m.Office, m.Actor())
			if err != nil {
				return err
			}
		}
		tx.Log(custody.Entry{Program: m.Program, Event: "restored.way_ended", Record: m.Actor(), Actor: "system"})
		return nil
	})
}

func endWayRows(tx *store.Tx, programID string, w Way) error {
	if w.Kind == KindPasskey {
		err := endPasskey(tx, programID, w.ID)
		if err != nil && !errors.Is(err, errChanged) {
			return err
		}
	}
	err := endUnlocker(tx, programID, w.ID)
	if err != nil && !errors.Is(err, errChanged) { // a passkey that opens no keys has none
		return err
	}
	return nil
}

func opensAny(ways []Way) bool {
	for _, w := range ways {
		if w.Opens {
			return true
		}
	}
	return false
}
