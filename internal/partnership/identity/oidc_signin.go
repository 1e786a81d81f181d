// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"time"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/openid"
	"waylight/internal/platform/store"
)

const (
	attemptLife = 10 * time.Minute
	freshSignIn = 5 * time.Minute // how long ago somebody may have proved themselves at the service
	clockSkew   = time.Minute
)

// Departure is somebody on the way to their agency's service.
type Departure struct {
	Address string // where the browser goes
	Cookie  string // what it must bring back
	Host    string // whose service it is, to be shown
}

// BeginSignOn sends somebody to an office's service. Nothing that is sent there says who they are or what this program is about.
func (s *Service) BeginSignOn(ctx context.Context, programID, office string) (Departure, error) {
	v, err := signOnOf(ctx, s.db, programID, office)
	if err != nil {
		return Departure{}, err
	}
	client, err := s.asClient(v)
	if err != nil {
		return Departure{}, err
	}
	a := attempt{state: programID + "." + randomText(), browser: randomText()}
	address, err := s.signOns.Leave(client, a.state, s.verifier(a), s.nonce(a), freshSignIn)
	if err != nil {
		return Departure{}, errSignOnAway.With(err)
	}
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		return insertAttempt(tx, v, s.sessionHash(a.state), s.sessionHash(a.browser))
	})
	if err != nil {
		return Departure{}, err
	}
	return Departure{Address: address, Cookie: a.browser, Host: hostOf(v.Issuer)}, nil
}

// attempt is one way there and back. The verifier and the nonce follow from what only the address and only the cookie carry, under the server's own key: neither the
// database nor the service could say them.
type attempt struct{ state, browser string }

func (s *Service) verifier(a attempt) string { return s.follows("signon-verifier", a) }

func (s *Service) nonce(a attempt) string { return s.follows("signon-nonce", a) }

func (s *Service) follows(what string, a attempt) string {
	return base64.RawURLEncoding.EncodeToString(s.sessionHash(what + "\x00" + a.state + "\x00" + a.browser))
}

func randomText() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// FinishSignOn takes somebody back from their agency's service, and starts a session if the account there is theirs. device finds the token that the browser
// carries for who it turns out to be. Whoever the service vouches for without being let in here gets one answer, whatever the reason.
func (s *Service) FinishSignOn(ctx context.Context, state, browser, code string, device func(Member) string) (SignedIn, error) {
	a := attempt{state: state, browser: browser}
	v, err := s.arrivesFrom(ctx, a)
	if err != nil {
		return SignedIn{}, err
	}
	who, err := s.vouched(ctx, v, a, code)
	if err != nil {
		return SignedIn{}, s.refuseSignOn(ctx, v, Member{}, store.NewID(), err)
	}
	m, asked, err := s.accountOf(ctx, v, who)
	if err != nil {
		return SignedIn{}, s.refuseSignOn(ctx, v, m, asked, err)
	}
	cookie, fresh, known := s.newCookie(v.Program), newDevice(), device(m)
	var at visit
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		at, err = s.visit(ctx, tx, v.Program, m.Email, account{m}, true, known)
		if err != nil || at.barred {
			return err
		}
		now, err := linkOf(ctx, tx, v, m.ID)
		if err != nil {
			return err
		}
		if now.confirmed.IsZero() { // ended since it was looked at
			return errSignOn
		}
		return s.enter(tx, at, cookie, fresh, false)
	})
	switch {
	case err != nil:
		return SignedIn{}, err
	case at.barred:
		return SignedIn{}, s.refuseSignOn(ctx, v, m, asked, openid.Refusal("barred"))
	case at.known:
		fresh = known
	}
	return SignedIn{Member: m, Cookie: cookie, Device: fresh}, nil
}

// arrivesFrom takes the attempt away, whatever comes of it: nobody comes back twice.
func (s *Service) arrivesFrom(ctx context.Context, a attempt) (SignOn, error) {
	programID := programOf(a.state)
	if _, ours := s.programs.Program(programID); !ours {
		return SignOn{}, errSignOnState
	}
	var v SignOn
	fits := false
	err := s.db.Write(ctx, func(tx *store.Tx) error {
		provider, kept, err := takeAttempt(ctx, tx, programID, s.sessionHash(a.state))
		if err != nil || provider.IsZero() {
			return err
		}
		fits = subtle.ConstantTimeCompare(kept, s.sessionHash(a.browser)) == 1
		v, err = signOnByID(ctx, tx, programID, provider)
		return err
	})
	switch {
	case fault.KindOf(err) == fault.NotFound: // the service was ended meanwhile
		return SignOn{}, errSignOnState
	case err != nil:
		return SignOn{}, err
	case !fits:
		return SignOn{}, errSignOnState
	}
	return v, nil
}

// vouched asks the service, and holds what it says to what counts here: a confirmed address, and somebody who proved themselves just now.
func (s *Service) vouched(ctx context.Context, v SignOn, a attempt, code string) (openid.Account, error) {
	client, err := s.asClient(v)
	if err != nil {
		return openid.Account{}, err
	}
	who, err := s.signOns.Arrive(ctx, client, code, s.verifier(a), s.nonce(a))
	if errors.Is(err, openid.ErrAway) {
		return openid.Account{}, errSignOnAway.With(err)
	}
	if err != nil {
		return openid.Account{}, err
	}
	since := s.now().Sub(who.At)
	if !who.At.IsZero() && (since > freshSignIn || since < -clockSkew) {
		return openid.Account{}, openid.Refusal("stale")
	}
	who.Email, err = cleanEmail(who.Email)
	if err != nil || !who.Verified {
		return openid.Account{}, openid.Refusal("email")
	}
	return who, nil
}

// accountOf finds the member whom a voucher is for. The first time it leaves a link for that member to confirm, whose id it returns. Anybody else gets an id that
// belongs to nothing, so that all are shown a code.
func (s *Service) accountOf(ctx context.Context, v SignOn, who openid.Account) (Member, store.ID, error) {
	asked := store.NewID()
	a, err := accountByEmail(ctx, s.db, v.Program, who.Email)
	if errors.Is(err, errNoMember) {
		return Member{}, asked, openid.Refusal("stranger")
	}
	if err != nil {
		return Member{}, asked, err
	}
	if a.Office != v.Office || !a.Active {
		return a.Member, asked, openid.Refusal("stranger")
	}
	subject := s.keyed("signon", v.ID.String()+"\x00"+who.Subject)
	why := error(nil)
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		if why = holdMember(tx, v.Program, a.ID); why != nil {
			return why
		}
		link, err := linkOf(ctx, tx, v, a.ID)
		if err != nil {
			return err
		}
		other, err := linkBySubject(ctx, tx, v, subject)
		if err != nil {
			return err
		}
		same := subtle.ConstantTimeCompare(link.subject, subject) == 1
		switch {
		case !other.id.IsZero() && other.member != a.ID, !link.confirmed.IsZero() && !same:
			why = openid.Refusal("another_account")
		case same && !link.confirmed.IsZero():
		case same:
			why, asked = openid.Refusal("unconfirmed"), link.id
		default:
			why = openid.Refusal("unconfirmed")
			return s.askLink(tx, v, a.Member, link.id, asked, subject)
		}
		return nil
	})
	return a.Member, asked, errors.Join(err, why)
}

// askLink leaves a link for its member to confirm, in place of one that nobody confirmed: whoever tried first does not keep the member out.
func (s *Service) askLink(tx *store.Tx, v SignOn, m Member, before, id store.ID, subject []byte) error {
	if !before.IsZero() {
		if err := endLink(tx, v.Program, m.ID, before); err != nil {
			return err
		}
	}
	if err := insertLinkTo(tx, v, m.ID, id, subject); err != nil {
		return err
	}
	tx.Log(custody.Entry{Program: v.Program, Event: "signon.asked", Record: m.Actor(), Actor: "system"})
	return nil
}

// refuseSignOn notes why somebody was not let in, and tells them nothing of it. Everybody is shown a code; the member whose link asked is can use theirs.
func (s *Service) refuseSignOn(ctx context.Context, v SignOn, m Member, asked store.ID, why error) error {
	var refusal openid.Refusal
	if !errors.As(why, &refusal) {
		return why
	}
	record := "office:" + v.Office
	if !m.ID.IsZero() {
		record = m.Actor()
	}
	err := s.db.Write(ctx, func(tx *store.Tx) error {
		tx.Log(custody.Entry{Program: v.Program, Event: "signon.refused_" + string(refusal), Record: record, Actor: "system"})
		return nil
	})
	refused := *errSignOn
	refused.Message += " Code: " + s.signOnCode(asked)
	return errors.Join(err, &refused)
}
