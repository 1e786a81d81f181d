// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"errors"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/keyring"
	"waylight/internal/platform/store"
)

// enough says whether a member can still sign in and open their keys.
func enough(ways []Way) bool {
	opens, signsIn := false, false
	for _, w := range ways {
		opens, signsIn = opens || w.Opens, signsIn || w.SignsIn
	}
	return opens && signsIn
}

// EndWay ends one of a member's ways in for good: a device was lost, or is not used any more. The server's share is destroyed. Members end their own, but not the
// last that lets them in and opens their keys; administrators end any. Other sessions of the member end, because one of them may be on the lost device; keep
// names the session that asks, nil for none.
func (s *Service) EndWay(ctx context.Context, programID string, member, id store.ID, keep []byte) error {
	by, actorName, system := actor(ctx)
	if system {
		by = Member{Program: programID, Roles: []string{RoleProgramAdmin}}
	}
	err := s.db.Write(ctx, func(tx *store.Tx) error {
		err := holdMember(tx, programID, member)
		if err != nil {
			return err
		}
		a, err := accountByID(ctx, tx, programID, member)
		if err != nil {
			return err
		}
		if by.ID != member {
			err = s.mayChange(by, a.Member)
			if err != nil {
				return err
			}
		}
		err = s.endWay(ctx, tx, a.Member, id, by.ID == member)
		if err != nil {
			return err
		}
		err = s.leaveDevices(tx, a.Member, keep)
		if err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: programID, Event: "way.ended", Record: a.Actor(), Actor: actorName})
		return nil
	})
	if err != nil {
		return err
	}
	return s.destroyNow([]store.ID{id})
}

func (s *Service) endWay(ctx context.Context, tx *store.Tx, m Member, id store.ID, own bool) error {
	ways, err := s.ways(ctx, tx, m)
	if err != nil {
		return err
	}
	var found *Way
	var left []Way
	for i, w := range ways {
		if w.ID == id {
			found = &ways[i]
			continue
		}
		left = append(left, w)
	}
	switch {
	case found == nil:
		return errNoWay
	case own && enough(ways) && !enough(left):
		return errLastWay
	case found.Kind == KindPasskey:
		err = endPasskey(tx, m.Program, id)
		if err != nil {
			return err
		}
	}
	err = endUnlocker(tx, m.Program, id)
	if err != nil && !errors.Is(err, errChanged) { // a passkey that opens no keys has no unlocker
		return err
	}
	return enqueueDestruction(tx, m.Program, id)
}

// endAllWays is endWay for all of them, in a step that logs what it is. It returns whose shares to destroy.
func (s *Service) endAllWays(ctx context.Context, tx *store.Tx, m Member) ([]store.ID, error) {
	keys, err := passkeysOf(ctx, tx, m.Program, m.ID)
	if err != nil {
		return nil, err
	}
	openers, err := unlockersOf(ctx, tx, m.Program, m.ID)
	if err != nil {
		return nil, err
	}
	ended := map[store.ID]bool{}
	for _, p := range keys {
		err = endPasskey(tx, m.Program, p.id)
		if err != nil {
			return nil, err
		}
		ended[p.id] = true
	}
	for _, u := range openers {
		err = endUnlocker(tx, m.Program, u.id)
		if err != nil {
			return nil, err
		}
		ended[u.id] = true
	}
	err = endDeviceLinks(tx, m.Program, m.ID)
	if err != nil {
		return nil, err
	}
	var ids []store.ID
	for id := range ended {
		ids = append(ids, id)
		err = enqueueDestruction(tx, m.Program, id)
		if err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// dropSlots forgets what was prepared for ways in that were never made.
func dropSlots(ctx context.Context, tx *store.Tx, m Member) ([]store.ID, error) {
	slots, err := forgetSlots(ctx, tx, m.Program, m.ID)
	if err != nil {
		return nil, err
	}
	for _, id := range slots {
		err = enqueueDestruction(tx, m.Program, id)
		if err != nil {
			return nil, err
		}
	}
	return slots, nil
}

// leaveDevices ends the member's sessions, except the one called keep, and forgets every browser that was known as theirs.
func (s *Service) leaveDevices(tx *store.Tx, m Member, keep []byte) error {
	err := endDevicesOf(tx, m.Program, m.ID)
	if err != nil {
		return err
	}
	err = endDeviceLinks(tx, m.Program, m.ID)
	if err != nil {
		return err
	}
	return endOtherSessions(tx, m.Program, m.ID, keep, "way_ended")
}

// enqueueDestruction makes sure that a share is destroyed even if this process ends right after the commit.
func enqueueDestruction(tx *store.Tx, programID string, id store.ID) error {
	return jobs.Enqueue(tx, jobs.Job{Program: programID, Kind: jobDestroyShare, Key: id.String(), Payload: []byte(id.String())})
}

// destroyNow destroys shares at once; the jobs do it again should this not come through.
func (s *Service) destroyNow(ids []store.ID) error {
	for _, id := range ids {
		err := s.ring.DestroyShare(id.String())
		if err != nil {
			return errNoRing.With(err)
		}
	}
	return nil
}

// shareOf reads an unlocker's share.
func (s *Service) shareOf(id store.ID) ([32]byte, error) {
	share, err := s.ring.Share(id.String())
	if errors.Is(err, keyring.ErrNoShare) {
		return share, errNoShare.With(err)
	}
	if err != nil {
		return share, errNoRing.With(err)
	}
	return share, nil
}
