// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"net/http"
	"strings"
	"time"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

const (
	sessionLife = 12 * time.Hour
	sessionIdle = time.Hour
	seenEvery   = time.Minute // how often use is written down
)

// Guard lets a route's handler run for those whom its access allows, with the member on the request's context. Public routes run as they are: no cookie is
// read there.
func (s *Service) Guard(a web.Access, h web.Handler) web.Handler {
	if a.Public {
		return h
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		m, err := s.signedIn(r)
		if err != nil {
			return err
		}
		if len(a.Roles) > 0 && !m.Has(a.Roles...) {
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

// signedIn returns the member whose session the request carries.
func (s *Service) signedIn(r *http.Request) (Member, error) {
	ctx := r.Context()
	cookie, err := r.Cookie(s.cookieName(r))
	if err != nil {
		return Member{}, errSignIn
	}
	programID, _, found := strings.Cut(cookie.Value, ".")
	if !found {
		return Member{}, errSignIn
	}
	v, err := sessionByToken(ctx, s.db, programID, s.sessionHash(cookie.Value))
	if err != nil {
		return Member{}, err
	}
	now := s.now()
	if now.Sub(v.seen) >= sessionIdle || now.Sub(v.started) >= sessionLife {
		return Member{}, errSignIn
	}
	a, err := accountByID(ctx, s.db, programID, v.member)
	if err != nil {
		return Member{}, err
	}
	if !a.Active {
		return Member{}, errSignIn
	}
	if now.Sub(v.seen) >= seenEvery {
		err = s.db.Write(ctx, func(tx *store.Tx) error { return touchSession(tx, v) })
		if err != nil {
			return Member{}, err
		}
	}
	return a.Member, nil
}

// SignOut ends the request's session, if it has one.
func (s *Service) SignOut(ctx context.Context, m Member, cookie string) error {
	return s.db.Write(ctx, func(tx *store.Tx) error {
		err := endSession(tx, m.Program, s.sessionHash(cookie))
		if err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: m.Program, Event: "member.signed_out", Record: m.Actor(), Actor: m.Actor()})
		return nil
	})
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
