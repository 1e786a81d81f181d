// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"net/http"
	"strings"
	"time"

	"waylight/internal/partnership/policy"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// The clocks of a session, and those by which its cookie changes: see docs/controls.md.
const (
	sessionLife = 12 * time.Hour
	sessionIdle = time.Hour
	lockIdle    = 30 * time.Minute
	seenEvery   = time.Minute     // how often use is written down
	rotateEvery = 5 * time.Minute // how old a cookie's value gets before the next is handed out
	offerPause  = time.Minute     // before another is handed out, should the answer that carried it be lost
	clockSlack  = 5 * time.Minute // how far ahead of the clock a session may have begun
	spentGrace  = time.Minute     // how long requests that were under way may still bring the value before
)

// What can end a session. Whoever comes back after the last two is told.
const (
	endedOut     = "signed_out"
	endedAccount = "account"
	endedReused  = "reused"
	endedClient  = "other_client"
)

// Guard lets a route's handler run for those whom its access allows, with the member on the request's context. Public routes run as they are: no cookie is
// read there.
func (s *Service) Guard(a web.Access, h web.Handler) web.Handler {
	if a.Public {
		return h
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		v, m, err := s.visitor(r)
		if err != nil {
			return s.turnAway(w, r, err)
		}
		err = s.keep(w, r, v)
		if err != nil {
			return err
		}
		if !policy.Allow(policy.Action(a.Action), s.subject(m)) {
			err = s.db.Write(r.Context(), func(tx *store.Tx) error {
				tx.Log(custody.Entry{Program: m.Program, Event: "access.refused", Record: "route:" + r.Pattern, Actor: m.Actor()})
				return nil
			})
			if err != nil {
				return err
			}
			return errRole
		}
		return h(w, r.WithContext(WithMember(r.Context(), m)))
	}
}

// signedIn returns the member whose session the request carries, if it is open.
func (s *Service) signedIn(r *http.Request) (Member, error) {
	_, m, err := s.visitor(r)
	return m, err
}

// visitor returns the session that a request carries, and its member. With errLocked both are there, too.
func (s *Service) visitor(r *http.Request) (session, Member, error) {
	ctx := r.Context()
	v, err := s.sessionOf(r)
	if err != nil {
		return session{}, Member{}, err
	}
	now := s.now()
	switch {
	case v.why == endedReused || v.why == endedClient:
		return session{}, Member{}, errStolen
	case v.started.After(now.Add(clockSlack)):
		return session{}, Member{}, errSignIn // begun under a clock that was ahead: it would last until that time came again
	case !v.ended.IsZero(), now.Sub(v.seen) >= sessionIdle, now.Sub(v.started) >= sessionLife:
		return session{}, Member{}, errSignIn
	case !v.spent.IsZero() && now.Sub(v.spent) >= spentGrace:
		return session{}, Member{}, s.stolen(ctx, v, endedReused)
	case v.client != nil && !hmac.Equal(v.client, s.client(r)):
		return session{}, Member{}, s.stolen(ctx, v, endedClient)
	}
	a, err := accountByID(ctx, s.db, v.program, v.member)
	if err != nil {
		return session{}, Member{}, err
	}
	if !a.Active {
		return session{}, Member{}, errSignIn
	}
	if !v.locked.IsZero() || now.Sub(v.seen) >= lockIdle {
		return v, a.Member, errLocked
	}
	return v, a.Member, nil
}

// sessionOf finds the session that a request's cookie names, whatever became of it.
func (s *Service) sessionOf(r *http.Request) (session, error) {
	cookie, err := r.Cookie(s.cookieName(r))
	if err != nil {
		return session{}, errSignIn
	}
	programID, _, found := strings.Cut(cookie.Value, ".")
	if !found {
		return session{}, errSignIn
	}
	return sessionByToken(r.Context(), s.db, programID, s.sessionHash(cookie.Value))
}

// stolen ends every session of the member: somebody has a copy of this one's cookie, and nobody can say which of the two is the member.
func (s *Service) stolen(ctx context.Context, v session, why string) error {
	err := s.db.Write(ctx, func(tx *store.Tx) error {
		err := endSessionsOf(tx, v.program, v.member, why)
		if err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: v.program, Event: "session." + why, Record: "member:" + v.member.String(), Actor: "system"})
		return nil
	})
	if err != nil {
		return err
	}
	return errStolen
}

// keep writes down what a request means for its session: that it is used, by which browser, and the next value of its cookie when that is due.
func (s *Service) keep(w http.ResponseWriter, r *http.Request, v session) error {
	now := s.now()
	current := v.spent.IsZero()
	first, bind := current && v.used.IsZero(), v.client == nil
	touch := used(r) && now.Sub(v.seen) >= seenEvery
	rotate := current && r.Method == http.MethodGet && now.Sub(v.made) >= rotateEvery && now.Sub(v.offer) >= offerPause
	if !first && !bind && !touch && !rotate {
		return nil
	}
	next, offered := s.newCookie(v.program), false
	err := s.db.Write(r.Context(), func(tx *store.Tx) (err error) {
		offered = false
		if first {
			err = firstUse(tx, v)
		}
		if err == nil && bind {
			err = bindClient(tx, v, s.client(r))
		}
		if err == nil && touch {
			err = touchSession(tx, v)
		}
		if err == nil && rotate {
			offered, err = offerToken(tx, v, s.sessionHash(next))
		}
		return err
	})
	if err != nil {
		return err
	}
	if offered {
		s.setCookie(w, r, next)
	}
	return nil
}

// used says whether a request shows that somebody is there. A list that loads itself, and what scripts fetch, do not; pages tell of keys and clicks by posting. A
// browser too old to say who began a request gets the benefit of the doubt.
func used(r *http.Request) bool {
	return r.Method != http.MethodGet && r.Method != http.MethodHead || r.Header.Get("Sec-Fetch-User") == "?1" || r.Header.Get("Sec-Fetch-Mode") == ""
}

// begin starts a member's session within the transaction that let them in, and records it with the notice that they had to confirm first. proved: they showed a
// passkey or passphrase of their own.
func (s *Service) begin(tx *store.Tx, m Member, cookie string, proved bool) error {
	err := s.arrive(tx, m)
	if err != nil {
		return err
	}
	err = insertSession(tx, m.Program, s.sessionHash(cookie), m.ID, proved)
	if err != nil {
		return err
	}
	tx.Log(custody.Entry{Program: m.Program, Event: "member.signed_in", Record: m.Actor(), Actor: m.Actor(), Rule: s.Notice(m.Program).Mark})
	return nil
}

// SignOut ends a member's session.
func (s *Service) SignOut(ctx context.Context, m Member, cookie string) error {
	v, err := sessionByToken(ctx, s.db, m.Program, s.sessionHash(cookie))
	if err != nil {
		return err
	}
	return s.leave(ctx, v)
}

// leave ends a session, locked or not.
func (s *Service) leave(ctx context.Context, v session) error {
	if !v.ended.IsZero() {
		return nil
	}
	who := "member:" + v.member.String()
	return s.db.Write(ctx, func(tx *store.Tx) error {
		err := endSession(tx, v, endedOut)
		if err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: v.program, Event: "member.signed_out", Record: who, Actor: who})
		return nil
	})
}

// leaveBefore ends the session that a browser still had when its member signs in anew.
func (s *Service) leaveBefore(r *http.Request) error {
	v, err := s.sessionOf(r)
	if err == nil {
		err = s.leave(r.Context(), v)
	}
	if fault.KindOf(err) == fault.SignIn {
		return nil
	}
	return err
}

func (s *Service) sessionHash(cookie string) []byte {
	mac := hmac.New(sha256.New, s.sessionKey)
	mac.Write([]byte(cookie))
	return mac.Sum(nil)
}

// secure reports whether the browser reached this server over TLS, itself or through a proxy.
func (s *Service) secure(r *http.Request) bool { return r.TLS != nil || s.https }

// The __Host- prefix makes browsers refuse the cookie without TLS or from a sibling host; without TLS (a demonstration on this machine) it cannot be used.
func (s *Service) cookieName(r *http.Request) string {
	if s.secure(r) {
		return "__Host-waylight"
	}
	return "waylight"
}

func (s *Service) setCookie(w http.ResponseWriter, r *http.Request, value string) {
	c := &http.Cookie{Name: s.cookieName(r), Value: value, Path: "/", HttpOnly: true, Secure: s.secure(r), SameSite: http.SameSiteStrictMode}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c) // a session cookie: the browser forgets it when it closes, the server after twelve hours
}
