// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"encoding/json"
	"errors"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// AskPasskey asks for any passkey of a program: nobody is named before one answers. origin is the address that the browser has.
func (s *Service) AskPasskey(ctx context.Context, origin, programID string) (json.RawMessage, error) {
	return s.beginAssertion(ctx, origin, programID, nil, forSignIn)
}

// SignInPasskey checks the answer and starts a session. device finds the token that the browser carries for who it turns out to be.
func (s *Service) SignInPasskey(ctx context.Context, programID string, answer []byte, device func(Member) string) (SignedIn, error) {
	a, err := s.assert(ctx, programID, nil, forSignIn, answer)
	if err != nil {
		return SignedIn{}, s.refusePasskey(ctx, programID, a, device(a.Member), err)
	}
	cookie, fresh, known := s.newCookie(programID), newDevice(), device(a.Member)
	var v visit
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		var err error
		v, err = s.visit(ctx, tx, programID, a.Email, a.account, true, known)
		if err != nil {
			return err
		}
		if v.barred {
			return s.failed(tx, v)
		}
		err = countPasskey(tx, a.key, a.counter, a.public)
		if err != nil {
			return err
		}
		return s.enter(tx, v, cookie, fresh, true)
	})
	switch {
	case errors.Is(err, errChanged): // another answer with this counter was faster
		return SignedIn{}, s.refusePasskey(ctx, programID, a, known, errAside)
	case err != nil:
		return SignedIn{}, err
	case v.barred:
		return SignedIn{}, errBarred
	case v.known:
		fresh = known
	}
	return SignedIn{Member: a.Member, Cookie: cookie, Device: fresh}, nil
}

// AskMember asks for a passkey of the signed-in member, for a purpose of the caller's: unlocking a session that went idle, say.
func (s *Service) AskMember(ctx context.Context, origin string, m Member, purpose string) (json.RawMessage, error) {
	return s.beginAssertion(ctx, origin, m.Program, &m, purpose)
}

// ConfirmMember checks that the member's own passkey answered what AskMember asked for the same purpose.
func (s *Service) ConfirmMember(ctx context.Context, m Member, purpose string, answer []byte) error {
	a, err := s.assert(ctx, m.Program, &m.ID, purpose, answer)
	if err != nil {
		return s.refusePasskey(ctx, m.Program, a, "", err)
	}
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		err := countPasskey(tx, a.key, a.counter, a.public)
		if err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: m.Program, Event: "passkey.confirmed", Record: m.Actor(), Actor: m.Actor()})
		return nil
	})
	if errors.Is(err, errChanged) {
		return s.refusePasskey(ctx, m.Program, a, "", errAside)
	}
	return err
}

// refusePasskey notes a refused answer of a known passkey, by what was wrong with it and nothing of what was sent. One whose counter went back is set aside. An answer
// that was made elsewhere, or whose signature is wrong, counts as a failed sign-in; one that came late or twice does not.
func (s *Service) refusePasskey(ctx context.Context, programID string, a asserted, device string, refusal error) error {
	if fault.KindOf(refusal) == fault.Internal {
		return refusal
	}
	if s.site != nil && s.site.Log != nil {
		s.site.Log.Warn("passkey answer refused", "program", programID, "why", code(refusal), "known", !a.key.id.IsZero())
	}
	if a.key.id.IsZero() || a.ID.IsZero() {
		return refusal
	}
	err := s.db.Write(ctx, func(tx *store.Tx) error {
		event := "passkey.refused_" + code(refusal)
		if errors.Is(refusal, errAside) && a.key.aside.IsZero() {
			err := setAside(tx, programID, a.key.id)
			if err != nil && !errors.Is(err, errChanged) {
				return err
			}
			event = "passkey.set_aside"
		}
		tx.Log(custody.Entry{Program: programID, Event: event, Record: a.Actor(), Actor: "system"})
		v, err := s.visit(ctx, tx, programID, a.Email, a.account, true, device)
		if err != nil {
			return err
		}
		return s.failed(tx, v)
	})
	if err != nil {
		return err
	}
	return refusal
}

var errBarred = fault.New(fault.Invalid, "sign_in_barred", "This account is closed, suspended or locked. After five failed tries within 15 minutes an account is locked until an administrator releases it.")
