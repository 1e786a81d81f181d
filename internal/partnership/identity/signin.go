// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"time"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

const (
	maxFailures   = 5
	failureWindow = 15 * time.Minute
)

// Salt returns what the browser needs to stretch a passphrase. An address that belongs to nobody gets a salt too, always the same one.
func (s *Service) Salt(ctx context.Context, programID, email string) (salt []byte, iterations int, err error) {
	email, err = cleanEmail(email)
	if err != nil {
		return nil, 0, err
	}
	a, err := accountByEmail(ctx, s.db, programID, email)
	switch {
	case err == nil:
		return a.salt, a.iterations, nil
	case errors.Is(err, errNoMember):
		return s.keyed("salt", programID+"\x00"+email)[:saltSize], seal.Iterations, nil
	default:
		return nil, 0, err
	}
}

// SignIn checks the secret that the browser made of a passphrase and starts a session. cookie is the session's only name; the database keeps a keyed hash.
//
// A wrong address, a wrong passphrase and a locked account are one refusal and take the same steps.
func (s *Service) SignIn(ctx context.Context, programID, email string, auth [32]byte) (cookie string, m Member, err error) {
	email, err = cleanEmail(email)
	if err != nil {
		return "", Member{}, errRefused
	}
	_, known := s.programs.Program(programID)
	if !known {
		return "", Member{}, errRefused
	}
	a, err := accountByEmail(ctx, s.db, programID, email)
	exists := err == nil
	if err != nil && !errors.Is(err, errNoMember) {
		return "", Member{}, err
	}
	sum := sha256.Sum256(auth[:])
	fits := subtle.ConstantTimeCompare(s.keyed("auth", string(sum[:])), a.auth) == 1 && exists
	who := s.keyed("who", email)
	cookie = s.newCookie(programID)
	refused := false
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		locked := false
		if exists { // looked at again: the fifth failure may have been just now
			err := holdMember(tx, programID, a.ID)
			if err != nil {
				return err
			}
			now, err := accountByID(ctx, tx, programID, a.ID)
			if err != nil {
				return err
			}
			locked = now.Locked || !now.Active
		}
		refused = !fits || locked
		if refused {
			return s.failed(tx, programID, who, a, exists, locked)
		}
		err := forgetFailures(tx, programID, who)
		if err != nil {
			return err
		}
		err = insertSession(tx, programID, s.sessionHash(cookie), a.ID)
		if err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: programID, Event: "member.signed_in", Record: a.Actor(), Actor: a.Actor()})
		return nil
	})
	if err != nil {
		return "", Member{}, err
	}
	if refused {
		return "", Member{}, errRefused
	}
	return cookie, a.Member, nil
}

// failed counts a failure and locks the account at the fifth within the window.
func (s *Service) failed(tx *store.Tx, programID string, who []byte, a account, exists, locked bool) error {
	n, err := countFailure(tx, programID, who)
	if err != nil || !exists || locked {
		return err
	}
	event := "member.sign_in_failed"
	if n >= maxFailures {
		err = lockMember(tx, programID, a.ID)
		switch {
		case err == nil:
			event = "member.locked"
		case !errors.Is(err, errChanged): // another try at the same moment has locked it
			return err
		}
	}
	tx.Log(custody.Entry{Program: programID, Event: event, Record: a.Actor(), Actor: "system"})
	return nil
}

// newCookie names the program and 256 random bits.
func (s *Service) newCookie(programID string) string {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return programID + "." + base64.RawURLEncoding.EncodeToString(b)
}
