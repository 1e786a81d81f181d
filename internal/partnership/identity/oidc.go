// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/openid"
	"waylight/internal/platform/store"
)

// An agency may have a sign-in service of its own (OpenID Connect). It then vouches for who somebody is, and for nothing else: it makes no members, gives no
// roles and opens no keys. The account there counts for a member of that office with the same confirmed e-mail address, once that member has said so in a
// session that their own passkey or passphrase began, with the code that the account was shown; and only that account from then on. No administrator can say so
// for them, and whoever set the service up does not come in through it.

// SignOn is an office's own sign-in service.
type SignOn struct {
	Program, Office string
	ID              store.ID
	Issuer, Client  string
	Made            time.Time
	secret          []byte
	by              string // who set it up
}

var (
	errSignOn       = fault.New(fault.Forbidden, "signon", "This did not sign you in. If your agency's sign-in is new to us, sign in with your passkey, open Your ways in, and type the code there once.")
	errSignOnState  = fault.New(fault.Forbidden, "signon_state", "This sign-in was begun in another browser, was used before, or took longer than ten minutes. Please begin again.")
	errSignOnAway   = fault.New(fault.Unavailable, "signon_away", "Your agency's sign-in service cannot be reached, or did not answer as it should. Sign in with your passkey, or try again later.")
	errNoSignOn     = fault.New(fault.NotFound, "signon_none", "This office has no sign-in service of its own here.")
	errIssuer       = fault.New(fault.Invalid, "signon_issuer", "Write the service's address as it names itself, beginning with https:// and without a question mark.").At("issuer")
	errClient       = fault.New(fault.Invalid, "signon_client", "Write the name and the secret that the service gave this server.").At("client")
	errFactors      = fault.New(fault.Invalid, "signon_factors", "Confirm that the service asks everybody for two factors. Without that it cannot be used here.").At("factors")
	errNoOrigin     = fault.New(fault.Unavailable, "signon_origin", "This server does not know its own address yet, which a sign-in service needs.")
	errSignOnProof  = fault.New(fault.Forbidden, "signon_proof", "Sign in with your own passkey first. A session that your agency's sign-in began cannot confirm it.")
	errSignOnOwn    = fault.New(fault.Forbidden, "signon_own", "You set this service up, so you do not come in through it. Your passkey works as before.")
	errSignOnCode   = fault.New(fault.Invalid, "signon_code", "This is not the code that was shown to you last. Go to your agency's sign-in again and type the code that it ends with.").At("code")
	errSignOnLinked = fault.New(fault.Conflict, "signon_linked", "This was confirmed, or ended, in the meantime. Nothing was changed.")
)

// SetSignOn records an office's sign-in service in place of the one before, whose links end. The service is asked who it is first. factors: the office says
// that its service asks everybody for two factors (CJIS IA-2).
func (s *Service) SetSignOn(ctx context.Context, programID, office, issuer, client, secret string, factors bool) (SignOn, error) {
	by, who, system := actor(ctx)
	if system {
		by = Member{Program: programID, Roles: []string{RoleProgramAdmin}}
	}
	o, err := s.office(programID, office)
	if err != nil {
		return SignOn{}, err
	}
	if err := s.mayInvite(by, programID, o); err != nil {
		return SignOn{}, err
	}
	v := SignOn{Program: programID, Office: office, ID: store.NewID(), Issuer: strings.TrimSpace(issuer), Client: strings.TrimSpace(client), Made: s.now()}
	switch {
	case s.origin == "":
		return SignOn{}, errNoOrigin
	case !openid.GoodIssuer(v.Issuer):
		return SignOn{}, errIssuer
	case v.Client == "" || len(v.Client) > 255 || secret == "" || len(secret) > 1024:
		return SignOn{}, errClient
	case !factors:
		return SignOn{}, errFactors
	}
	if err := s.signOns.Ask(v.Issuer); err != nil {
		return SignOn{}, errSignOnAway.With(err)
	}
	share, err := s.ring.NewShare(v.ID.String())
	if err != nil {
		return SignOn{}, errNoRing.With(err)
	}
	v.by = who
	v.secret, err = sealClientSecret(share, v, secret)
	if err != nil {
		return SignOn{}, err
	}
	return v, s.db.Write(ctx, func(tx *store.Tx) error {
		if err := s.endSignOns(ctx, tx, programID, office, who); err != nil {
			return err
		}
		if err := insertSignOn(tx, v); err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: programID, Event: "signon.set", Record: "office:" + office, Actor: who})
		return nil
	})
}

// EndSignOn ends an office's sign-in service: nobody comes in through it any more. Sessions that began through it go on until they end by themselves.
func (s *Service) EndSignOn(ctx context.Context, programID, office string) error {
	by, who, system := actor(ctx)
	if system {
		by = Member{Program: programID, Roles: []string{RoleProgramAdmin}}
	}
	o, err := s.office(programID, office)
	if err != nil {
		return err
	}
	if err := s.mayInvite(by, programID, o); err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *store.Tx) error {
		if _, err := signOnOf(ctx, tx, programID, office); err != nil {
			return err // nothing to end is nothing done
		}
		return s.endSignOns(ctx, tx, programID, office, who)
	})
}

// endSignOns ends what stands for an office, with its links. The key of its secret is destroyed by a job once that is certain.
func (s *Service) endSignOns(ctx context.Context, tx *store.Tx, programID, office, who string) error {
	before, err := signOnOf(ctx, tx, programID, office)
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if err := endSignOn(ctx, tx, before); err != nil {
		return err
	}
	tx.Log(custody.Entry{Program: programID, Event: "signon.ended", Record: "office:" + office, Actor: who})
	return enqueueDestruction(tx, programID, before.ID)
}

// SignOns lists the offices of a program that have a sign-in service, by name.
func (s *Service) SignOns(ctx context.Context, programID string) ([]SignOn, error) {
	return listSignOns(ctx, s.db, programID)
}

// The client's secret stands in the database encrypted under a key from the keyring: a copy of the database alone cannot speak for this server.
func sealClientSecret(share [32]byte, v SignOn, secret string) ([]byte, error) {
	gcm, err := clientCipher(share)
	if err != nil {
		return nil, err
	}
	return gcm.Seal(nil, nil, []byte(secret), v.bound()), nil
}

func (s *Service) clientSecret(v SignOn) (string, error) {
	share, err := s.ring.Share(v.ID.String())
	if err != nil {
		return "", errNoRing.With(err)
	}
	gcm, err := clientCipher(share)
	if err != nil {
		return "", err
	}
	secret, err := gcm.Open(nil, nil, v.secret, v.bound())
	if err != nil {
		return "", errNoRing.With(fmt.Errorf("opening the secret of a sign-in service: %w", err))
	}
	return string(secret), nil
}

// bound is what the secret belongs to: it cannot be moved to another service.
func (v SignOn) bound() []byte {
	return []byte("waylight/signon/v1\x00" + v.Program + "\x00" + v.ID.String() + "\x00" + v.Issuer + "\x00" + v.Client)
}

func clientCipher(share [32]byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, share[:], nil, "waylight/signon/key/v1", 32)
	if err != nil {
		return nil, fmt.Errorf("making the key of a sign-in service's secret: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("making the key of a sign-in service's secret: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// asClient is how this server speaks to an office's service.
func (s *Service) asClient(v SignOn) (openid.Client, error) {
	secret, err := s.clientSecret(v)
	return openid.Client{Issuer: v.Issuer, ID: v.Client, Secret: secret, Back: s.origin + signOnBack}, err
}

// signOnBack is the address to which services send people back.
const signOnBack = signOnPath + "/back"
