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
	"waylight/internal/platform/fault"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

const (
	maxFailures   = 5
	failureWindow = 15 * time.Minute
)

// Salt returns what the browser needs to stretch a passphrase. An address that belongs to nobody gets a salt too, always the same one.
func (s *Service) Salt(ctx context.Context, programID, email string) (salt []byte, iterations int, err error) {
	if !s.passphraseSignIn {
		return nil, 0, errPassphrase
	}
	email, err = cleanEmail(email)
	if err != nil {
		return nil, 0, err
	}
	a, err := accountByEmail(ctx, s.db, programID, email)
	if err != nil && !errors.Is(err, errNoMember) {
		return nil, 0, err
	}
	u, err := passphraseOf(ctx, s.db, programID, a.ID)
	if err != nil {
		return nil, 0, err
	}
	if u.id.IsZero() {
		return s.keyed("salt", programID+"\x00"+email)[:saltSize], seal.Iterations, nil
	}
	return u.salt, u.iterations, nil
}

// PassphraseSignIn says whether a passphrase alone signs in here.
func (s *Service) PassphraseSignIn() bool { return s.passphraseSignIn }

var errPassphrase = fault.New(fault.Forbidden, "passphrase_sign_in", "A passphrase does not sign in here: it only opens keys. Sign in with a passkey.")

// SignedIn is what a browser gets when its member signed in.
type SignedIn struct {
	Member Member
	Cookie string // the session's only name; the database keeps a keyed hash
	Device string // what makes the browser known next time
}

// SignIn starts a session from a browser that is not known, or from none at all.
func (s *Service) SignIn(ctx context.Context, programID, email string, auth [32]byte) (cookie string, m Member, err error) {
	in, err := s.SignInFrom(ctx, programID, email, auth, "")
	return in.Cookie, in.Member, err
}

// SignInFrom checks the secret that the browser made of a passphrase and starts a session. device is the token that the browser carries, "" if none: where the
// member has signed in before, the failures of strangers do not count.
//
// A wrong address, a wrong passphrase and a locked account are one refusal and take the same steps.
func (s *Service) SignInFrom(ctx context.Context, programID, email string, auth [32]byte, device string) (SignedIn, error) {
	if !s.passphraseSignIn {
		return SignedIn{}, errPassphrase
	}
	email, err := cleanEmail(email)
	if err != nil {
		return SignedIn{}, errRefused
	}
	_, ours := s.programs.Program(programID)
	if !ours {
		return SignedIn{}, errRefused
	}
	a, err := accountByEmail(ctx, s.db, programID, email)
	exists := err == nil
	if err != nil && !errors.Is(err, errNoMember) {
		return SignedIn{}, err
	}
	u, fits, err := s.passphraseFits(ctx, programID, a.ID, auth)
	if err != nil {
		return SignedIn{}, err
	}
	fits = fits && exists
	cookie, fresh := s.newCookie(programID), newDevice()
	var v visit
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		var err error
		v, err = s.visit(ctx, tx, programID, email, a, exists, device)
		if err != nil {
			return err
		}
		if !fits || v.barred {
			return s.failed(tx, v)
		}
		err = useUnlocker(tx, programID, u.id)
		if err != nil {
			return err
		}
		return s.enter(tx, v, cookie, fresh, true)
	})
	switch {
	case err != nil:
		return SignedIn{}, err
	case !fits || v.barred:
		return SignedIn{}, errRefused
	case v.known:
		fresh = device
	}
	return SignedIn{Member: a.Member, Cookie: cookie, Device: fresh}, nil
}

// passphraseFits compares a secret that a browser made of a passphrase with the member's, in the same time for a member who has none.
func (s *Service) passphraseFits(ctx context.Context, programID string, member store.ID, auth [32]byte) (unlocker, bool, error) {
	u, err := passphraseOf(ctx, s.db, programID, member)
	if err != nil {
		return u, false, err
	}
	sum := sha256.Sum256(auth[:])
	return u, subtle.ConstantTimeCompare(s.keyed("auth", string(sum[:])), u.auth) == 1, nil
}

// visit is one try to sign in.
type visit struct {
	account
	program string
	exists  bool
	known   bool   // from a browser in which the member has signed in before
	barred  bool   // no passphrase helps
	device  []byte // the hash of the browser's token
	who     []byte // under what failures count
}

// visit looks at the account again inside the transaction: the fifth failure may have been just now.
func (s *Service) visit(ctx context.Context, tx *store.Tx, programID, email string, a account, exists bool, device string) (visit, error) {
	v := visit{account: a, program: programID, exists: exists, device: s.keyed("device", device), who: s.keyed("who", email)}
	if !exists {
		return v, nil
	}
	err := holdMember(tx, programID, a.ID)
	if err != nil {
		return v, err
	}
	now, err := accountByID(ctx, tx, programID, a.ID)
	if err != nil {
		return v, err
	}
	v.known, err = knowsDevice(ctx, tx, programID, a.ID, v.device)
	if err != nil {
		return v, err
	}
	if v.known {
		v.who = s.keyed("who-device", email+"\x00"+string(v.device))
	}
	v.barred = !now.Active || now.Locked && !v.known
	return v, nil
}

// enter starts the session and makes the browser known, for longer if it was already.
func (s *Service) enter(tx *store.Tx, v visit, cookie, fresh string, proved bool) error {
	err := forgetFailures(tx, v.program, v.who)
	if err != nil {
		return err
	}
	if v.known {
		err = extendDevice(tx, v.program, v.ID, v.device)
	} else {
		err = insertDevice(tx, v.program, v.ID, s.keyed("device", fresh))
	}
	if err != nil {
		return err
	}
	return s.begin(tx, v.Member, cookie, proved)
}

// failed counts a failure. The fifth within the window locks the account; a known browser is then known no more, so that the lock holds there too.
func (s *Service) failed(tx *store.Tx, v visit) error {
	n, err := countFailure(tx, v.program, v.who)
	if err != nil || !v.exists || v.barred {
		return err
	}
	event := "member.sign_in_failed"
	if n >= maxFailures {
		err = endDevice(tx, v.program, v.ID, v.device)
		if err != nil {
			return err
		}
		err = s.lockAccount(tx, v.Member)
		switch {
		case err == nil:
			event = "member.locked"
		case !errors.Is(err, errChanged): // another try at the same moment has locked it
			return err
		}
	}
	tx.Log(custody.Entry{Program: v.program, Event: event, Record: v.Actor(), Actor: "system"})
	return nil
}

// newCookie names the program and 256 random bits.
func (s *Service) newCookie(programID string) string {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return programID + "." + base64.RawURLEncoding.EncodeToString(b)
}
