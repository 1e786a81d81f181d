// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"time"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

// A device link brings another device of the same member in. The new device makes a key and shows six words of it; the old one shows the same words if the server
// passed the right key on, and then seals the root to it. The new device makes a way in of its own and signs for it with the root: the link alone adds nothing.
const linkLife = 15 * time.Minute

const forLink = "link"

// deviceLink is a row of its table.
type deviceLink struct {
	program    string
	id, member store.ID
	public     []byte // the new device's X-Wing key
	sealed     []byte // the root, sealed to it
}

var (
	errLink     = fault.New(fault.NotFound, "device_link", "This link cannot be used. It works once, for 15 minutes. Make a new one on the device where you are signed in.")
	errLinkUsed = fault.New(fault.Conflict, "device_link_used", "Another device has opened this link already. If it was not you, close it on the device where you are signed in and make a new one.")
)

// MakeLink makes a link for another device of the signed-in member. One that was open is closed.
func (s *Service) MakeLink(ctx context.Context, m Member) (id store.ID, token string, err error) {
	id, token = store.NewID(), newToken(m.Program)
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		err := s.stillMember(ctx, tx, m)
		if err != nil {
			return err
		}
		err = endDeviceLinks(tx, m.Program, m.ID)
		if err != nil {
			return err
		}
		err = insertLink(tx, deviceLink{program: m.Program, id: id, member: m.ID}, s.keyed("device-link", token))
		if err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: m.Program, Event: "device_link.made", Record: m.Actor(), Actor: m.Actor()})
		return nil
	})
	return id, token, err
}

// OpenLink is the new device's first step: it says whose device it will be, and leaves its key. Whoever comes second with another key is refused.
func (s *Service) OpenLink(ctx context.Context, token string, public []byte) (deviceLink, Member, error) {
	_, err := seal.ParsePublicKey(public)
	if err != nil {
		return deviceLink{}, Member{}, errBody.With(err)
	}
	l, m, err := s.link(ctx, token)
	if err != nil {
		return l, m, err
	}
	err = s.db.Write(ctx, func(tx *store.Tx) error { return claimLink(ctx, tx, l, public) })
	l.public = public
	return l, m, err
}

// link finds the living link of a token, and its member.
func (s *Service) link(ctx context.Context, token string) (deviceLink, Member, error) {
	l, err := linkByToken(ctx, s.db, programOf(token), s.keyed("device-link", token), s.now())
	if err != nil {
		return l, Member{}, err
	}
	m, err := s.Member(ctx, l.program, l.member)
	if err != nil {
		return l, Member{}, err
	}
	if !m.Active {
		return l, Member{}, errLink
	}
	return l, m, nil
}

// LinkOf shows the old device what the new one has left; public is nil until then.
func (s *Service) LinkOf(ctx context.Context, m Member, id store.ID) (public []byte, given bool, err error) {
	l, err := linkByID(ctx, s.db, m.Program, id, s.now())
	if err != nil {
		return nil, false, err
	}
	if l.member != m.ID {
		return nil, false, errLink
	}
	return l.public, len(l.sealed) > 0, nil
}

// GiveRoot leaves the root for the new device, sealed to the key that the member compared.
func (s *Service) GiveRoot(ctx context.Context, m Member, id store.ID, public, sealed []byte) error {
	if len(sealed) != seal.SealToExtra+seal.RootSize {
		return errBody
	}
	return s.db.Write(ctx, func(tx *store.Tx) error {
		l, err := linkByID(ctx, tx, m.Program, id, tx.Now())
		if err != nil {
			return err
		}
		if l.member != m.ID || string(l.public) != string(public) || len(l.sealed) > 0 {
			return errLink
		}
		err = fillLink(tx, l, sealed)
		if err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: m.Program, Event: "device_link.given", Record: m.Actor(), Actor: m.Actor()})
		return nil
	})
}

// CloseLinks ends the member's open link, if there is one.
func (s *Service) CloseLinks(ctx context.Context, m Member) error {
	return s.db.Write(ctx, func(tx *store.Tx) error { return endDeviceLinks(tx, m.Program, m.ID) })
}

// AddLinkedWays adds the ways in that the new device made, and uses the link up.
func (s *Service) AddLinkedWays(ctx context.Context, token string, ways []NewWay) error {
	l, m, err := s.link(ctx, token)
	if err != nil {
		return err
	}
	if len(l.sealed) == 0 || len(ways) == 0 || len(ways) > maxWays {
		return errLink
	}
	made := make([]madeWay, len(ways))
	for i, w := range ways {
		made[i], err = s.checkWay(ctx, m, w, forLink)
		if err != nil {
			return err
		}
	}
	return s.putWays(ctx, m, made, func(tx *store.Tx) error { return useLink(tx, l) })
}
