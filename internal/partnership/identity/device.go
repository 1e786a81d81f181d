// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"time"
)

// Whoever knows an address can fail five times in its owner's name. So that this keeps strangers out and not the owner, a browser in which somebody has signed in
// carries a random token of theirs, and its failures are counted apart. The token alone opens nothing: five failures with it end it and lock the account.

// deviceLife is how long a browser stays known after its last sign-in.
const deviceLife = 180 * 24 * time.Hour

func newDevice() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// deviceCookieName is one for each account, because people at a desk share a browser. It tells whose it is only to who has the pepper.
func (s *Service) deviceCookieName(r *http.Request, programID, email string) string {
	name := "waylight-known-" + hex.EncodeToString(s.keyed("device-name", programID+"\x00"+email)[:8])
	if s.secure(r) {
		return "__Secure-" + name
	}
	return name
}

// device reads the token that the browser carries for an account, "" if it carries none.
func (s *Service) device(r *http.Request, programID, email string) string {
	email, err := cleanEmail(email)
	if err != nil {
		return ""
	}
	c, err := r.Cookie(s.deviceCookieName(r, programID, email))
	if err != nil {
		return ""
	}
	return c.Value
}

// setDevice leaves the token with the sign-in pages alone: no other page, and no page of the public, is ever sent it.
func (s *Service) setDevice(w http.ResponseWriter, r *http.Request, m Member, token string) {
	http.SetCookie(w, &http.Cookie{
		Name: s.deviceCookieName(r, m.Program, m.Email), Value: token, Path: "/staff/sign-in", MaxAge: int(deviceLife / time.Second),
		HttpOnly: true, Secure: s.secure(r), SameSite: http.SameSiteStrictMode,
	})
}
