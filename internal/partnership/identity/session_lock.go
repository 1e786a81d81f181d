// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// A session that nobody uses for half an hour is locked: every page answers with the lock page, and scripts with 423, until its own member proves to be there
// again. After an hour without use it ends, locked or not.

const lockPath = "/staff/lock"

// Idle is how the site's staff pages hide when nobody uses them.
func Idle() *web.Idle { return &web.Idle{Lock: lockPath, Keep: "/staff/session", After: lockIdle} }

// turnAway answers who has no session that is open.
func (s *Service) turnAway(w http.ResponseWriter, r *http.Request, err error) error {
	switch {
	case errors.Is(err, errStolen):
		s.setCookie(w, r, "") // the page says it once; the next one asks to sign in
		if fetched(r) {
			return refuseJSON(w, http.StatusUnauthorized, errStolen)
		}
		return err
	case !errors.Is(err, errLocked):
		return err
	case fetched(r):
		return refuseJSON(w, http.StatusLocked, errLocked)
	case r.Method == http.MethodGet:
		http.Redirect(w, r, lockPath+"?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
	default:
		http.Redirect(w, r, lockPath+"?lost=1", http.StatusSeeOther) // a form: what it held was not saved, and the page says so
	}
	return nil
}

// fetched says whether a script made the request, rather than a link or a form.
func fetched(r *http.Request) bool {
	return r.Header.Get("Sec-Fetch-Dest") == "empty" || strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") ||
		strings.HasPrefix(r.Header.Get("Accept"), "application/json")
}

func refuseJSON(w http.ResponseWriter, status int, f *fault.Error) error {
	type problem struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	return web.JSON(w, status, map[string]problem{"error": {f.Code, f.Message}})
}

// lockPage shows nothing but how to unlock.
func (s *Service) lockPage(w http.ResponseWriter, r *http.Request) error {
	next := web.LocalPath(r.URL.Query().Get("next"), "/staff")
	_, m, err := s.visitor(r)
	switch {
	case err == nil:
		http.Redirect(w, r, next, http.StatusSeeOther)
		return nil
	case errors.Is(err, errLocked):
		return s.showLock(w, r, m, next)
	case fault.KindOf(err) == fault.SignIn:
		http.Redirect(w, r, "/staff/sign-in?next="+url.QueryEscape(next), http.StatusSeeOther)
		return nil
	default:
		return s.turnAway(w, r, err)
	}
}

func (s *Service) showLock(w http.ResponseWriter, r *http.Request, m Member, next string) error {
	have, err := passkeysOf(r.Context(), s.db, m.Program, m.ID)
	if err != nil {
		return err
	}
	data := struct {
		Name, Program, Next        string
		Lost, Passkeys, Passphrase bool
	}{m.Name, m.Program, next, r.URL.Query().Get("lost") == "1", len(have) > 0, s.passphraseSignIn}
	return s.pages.Staff(w, r, http.StatusOK, "lock", web.View{Title: "Locked", Data: data, Scripts: []string{"lock.js"}, Langs: map[string]string{}})
}

// lockPost locks the session that the request carries: the page's button, or its script when nobody is there.
func (s *Service) lockPost(w http.ResponseWriter, r *http.Request) error {
	v, m, err := s.visitor(r)
	if err != nil && !errors.Is(err, errLocked) {
		return s.turnAway(w, r, err)
	}
	if v.locked.IsZero() {
		err = s.db.Write(r.Context(), func(tx *store.Tx) error {
			err := lockSession(tx, v)
			if err != nil {
				return err
			}
			tx.Log(custody.Entry{Program: m.Program, Event: "session.locked", Record: m.Actor(), Actor: m.Actor()})
			return nil
		})
		if err != nil {
			return err
		}
	}
	if fetched(r) {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	http.Redirect(w, r, lockPath, http.StatusSeeOther)
	return nil
}

// locked returns the locked session of a request, for a handler that unlocks it. An open one is errOpen.
func (s *Service) locked(r *http.Request) (session, Member, error) {
	v, m, err := s.visitor(r)
	switch {
	case err == nil:
		return v, m, errOpen
	case errors.Is(err, errLocked):
		return v, m, nil
	default:
		return session{}, Member{}, err
	}
}

// reopen unlocks a session whose member has just proved to be there; its cookie gets a new value.
func (s *Service) reopen(w http.ResponseWriter, r *http.Request, v session, m Member) error {
	next := s.newCookie(v.program)
	err := s.db.Write(r.Context(), func(tx *store.Tx) error {
		err := unlockSession(tx, v)
		if err != nil {
			return err
		}
		err = forgetFailures(tx, v.program, s.keyed("who-lock", v.member.String()))
		if err != nil {
			return err
		}
		err = insertToken(tx, v.program, v.id, s.sessionHash(next))
		if err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: v.program, Event: "session.unlocked", Record: m.Actor(), Actor: m.Actor()})
		return nil
	})
	if err != nil {
		return err
	}
	s.setCookie(w, r, next)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// missed counts a failed try to unlock. The fifth within fifteen minutes locks the account, as at signing in, and ends its sessions: who fails there is at a desk
// that is not theirs.
func (s *Service) missed(ctx context.Context, m Member) error {
	return s.db.Write(ctx, func(tx *store.Tx) error {
		n, err := countFailure(tx, m.Program, s.keyed("who-lock", m.ID.String()))
		if err != nil {
			return err
		}
		event := "session.unlock_failed"
		if n >= maxFailures {
			event = "member.locked"
			err = s.lockAccount(tx, m)
			if err != nil && !errors.Is(err, errChanged) {
				return err
			}
			err = endDevicesOf(tx, m.Program, m.ID)
			if err != nil {
				return err
			}
			err = endSessionsOf(tx, m.Program, m.ID, endedAccount)
			if err != nil {
				return err
			}
		}
		tx.Log(custody.Entry{Program: m.Program, Event: event, Record: m.Actor(), Actor: "system"})
		return nil
	})
}

const forUnlock = "unlock"

// lockAsk answers with the ways in which the locked session's member can show to be there: a question to their passkeys, and, where a passphrase alone signs in, what
// stretches it.
func (s *Service) lockAsk(w http.ResponseWriter, r *http.Request) error {
	_, m, err := s.locked(r)
	if err != nil {
		return err
	}
	type passphrase struct {
		Salt       []byte `json:"salt"`
		Iterations int    `json:"iterations"`
	}
	out := struct {
		Passkey    json.RawMessage `json:"passkey,omitempty"`
		Passphrase *passphrase     `json:"passphrase,omitempty"`
	}{}
	have, err := passkeysOf(r.Context(), s.db, m.Program, m.ID)
	if err == nil && len(have) > 0 {
		out.Passkey, err = s.AskMember(r.Context(), s.siteOf(r), m, forUnlock)
	}
	if err != nil {
		return err
	}
	if s.passphraseSignIn {
		salt, iterations, err := s.Salt(r.Context(), m.Program, m.Email)
		if err != nil {
			return err
		}
		out.Passphrase = &passphrase{salt, iterations}
	}
	return web.JSON(w, http.StatusOK, out)
}

// lockOpen unlocks with a passkey's answer, or with the secret that the browser made of the passphrase where that alone signs in.
func (s *Service) lockOpen(w http.ResponseWriter, r *http.Request) error {
	v, m, err := s.locked(r)
	if err != nil {
		return err
	}
	var in struct {
		Answer json.RawMessage `json:"answer"`
		Auth   []byte          `json:"auth"`
	}
	err = web.DecodeJSON(r, &in)
	if err != nil {
		return err
	}
	if len(in.Answer) > 0 {
		err = s.ConfirmMember(r.Context(), m, forUnlock, in.Answer)
	} else {
		err = s.confirmPassphrase(r.Context(), m, in.Auth)
	}
	if err != nil {
		return err
	}
	return s.reopen(w, r, v, m)
}

func (s *Service) confirmPassphrase(ctx context.Context, m Member, secret []byte) error {
	if !s.passphraseSignIn {
		return errPassphrase
	}
	auth, err := fixed32(secret)
	if err != nil {
		return err
	}
	_, fits, err := s.passphraseFits(ctx, m.Program, m.ID, auth)
	if err != nil || fits {
		return err
	}
	err = s.missed(ctx, m)
	if err != nil {
		return err
	}
	return errUnlock
}
