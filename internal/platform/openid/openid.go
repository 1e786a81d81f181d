// SPDX-License-Identifier: Apache-2.0

// Package openid asks other people's sign-in services (OpenID Connect) who
// somebody is.
//
// What it promises:
//
//   - It speaks to no address but those of an issuer that the caller names, over
//     TLS alone, follows nobody elsewhere, and sends nothing but what the
//     protocol asks: this server's own name and secret there, a code, and random
//     values. Never a report, a name or what this server is for.
//   - A token counts only if the issuer signed it, for this server, for this very
//     attempt, and it has not run out. What a service says of somebody is
//     handed on as it was said; whether it is enough is for the caller to decide.
//   - A refusal says which check failed, and nothing of what was sent.
package openid

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Client is this server as a service knows it.
type Client struct {
	Issuer     string
	ID, Secret string
	Back       string // the address to which people are sent back
}

// Account is somebody as a service vouches for them.
type Account struct {
	Subject  string // the account's own name there, which never changes
	Email    string
	Verified bool      // the service says that the address is theirs
	At       time.Time // when they proved themselves; zero: it does not say
}

// ErrAway says that a service cannot be reached, or does not answer as it should.
var ErrAway = errors.New("openid: the service cannot be reached or does not answer as it should")

// Refusal is why an answer does not count.
type Refusal string

// The checks that can fail.
const (
	WrongCode   Refusal = "code"   // the service does not take it: used, too old, or of another attempt
	WrongToken  Refusal = "token"  // not the service's, not for this server, or run out
	WrongNonce  Refusal = "nonce"  // made for another attempt
	WrongClaims Refusal = "claims" // it does not say who
)

// Error names the check.
func (r Refusal) Error() string { return "openid: the answer was refused: " + string(r) }

const (
	askAgain = time.Hour
	restAway = time.Minute // how long one that did not answer is left alone
	patience = 20 * time.Second
)

// Services are the services that were spoken to. What each says of itself is
// asked anew every hour, and one that did not answer after a minute.
type Services struct {
	client *http.Client
	now    func() time.Time
	mu     sync.Mutex
	known  map[string]known
}

type known struct {
	*oidc.Provider
	asked time.Time
	away  error // why it did not answer; the provider is nil then
}

// New makes it. Without a client it takes one that gives up after ten seconds
// and follows no redirect.
func New(client *http.Client, now func() time.Time) *Services {
	if client == nil {
		client = &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	return &Services{client: client, now: now, known: map[string]known{}}
}

// GoodIssuer says whether an address can be an issuer: https, a host, and no
// user, query or fragment.
func GoodIssuer(text string) bool {
	u, err := url.Parse(text)
	return err == nil && len(text) <= 255 && u.Scheme == "https" && u.Host != "" && u.User == nil && !strings.ContainsAny(text, "?#")
}

// Ask asks a service who it is.
func (s *Services) Ask(issuer string) error {
	_, err := s.provider(issuer)
	return err
}

func (s *Services) provider(issuer string) (*oidc.Provider, error) {
	s.mu.Lock()
	k, ok := s.known[issuer]
	s.mu.Unlock()
	since := s.now().Sub(k.asked)
	switch {
	case ok && k.away != nil && since < restAway:
		return nil, k.away
	case ok && k.away == nil && since < askAgain:
		return k.Provider, nil
	}
	if !GoodIssuer(issuer) {
		return nil, ErrAway
	}
	p, err := s.discover(issuer)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[issuer] = known{p, s.now(), err}
	return p, err
}

// discover reads what a service says of itself.
func (s *Services) discover(issuer string) (*oidc.Provider, error) {
	// The service's keys are fetched later with this context: it must not end with one request.
	p, err := oidc.NewProvider(oidc.ClientContext(context.Background(), s.client), issuer)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAway, err)
	}
	for _, address := range []string{p.Endpoint().AuthURL, p.Endpoint().TokenURL} {
		if u, err := url.Parse(address); err != nil || u.Scheme != "https" || u.Host == "" {
			return nil, fmt.Errorf("%w: it has an address that is not https", ErrAway)
		}
	}
	return p, nil
}

func (c Client) config(p *oidc.Provider) oauth2.Config {
	return oauth2.Config{ClientID: c.ID, ClientSecret: c.Secret, Endpoint: p.Endpoint(), RedirectURL: c.Back, Scopes: []string{oidc.ScopeOpenID, "email"}}
}

// Leave is the address at which somebody proves themselves to a service, anew:
// not because they did so there this morning. The verifier is proved on the way
// back (PKCE); the nonce comes back in the token.
func (s *Services) Leave(c Client, state, verifier, nonce string, fresh time.Duration) (string, error) {
	p, err := s.provider(c.Issuer)
	if err != nil {
		return "", err
	}
	config := c.config(p)
	return config.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier), oidc.Nonce(nonce),
		oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", strconv.Itoa(int(fresh/time.Second)))), nil
}

// Arrive exchanges the code that somebody brought back, and checks what the
// service says of them. It answers a Refusal, or ErrAway.
func (s *Services) Arrive(ctx context.Context, c Client, code, verifier, nonce string) (Account, error) {
	p, err := s.provider(c.Issuer)
	if err != nil {
		return Account{}, err
	}
	ctx, done := context.WithTimeout(oidc.ClientContext(ctx, s.client), patience)
	defer done()
	config := c.config(p)
	token, err := config.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	var answered *oauth2.RetrieveError
	switch {
	case errors.As(err, &answered):
		return Account{}, WrongCode
	case err != nil:
		return Account{}, fmt.Errorf("%w: exchanging a code: %w", ErrAway, err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return Account{}, WrongToken
	}
	id, err := p.Verifier(&oidc.Config{ClientID: c.ID, Now: s.now}).Verify(ctx, raw)
	switch {
	case err != nil: // the cause could quote the token
		return Account{}, WrongToken
	case subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(nonce)) != 1:
		return Account{}, WrongNonce
	}
	var said struct {
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"`
		AuthTime int64  `json:"auth_time"`
	}
	if id.Claims(&said) != nil || id.Subject == "" || len(id.Subject) > 255 {
		return Account{}, WrongClaims
	}
	a := Account{Subject: id.Subject, Email: said.Email, Verified: said.Verified}
	if said.AuthTime != 0 {
		a.At = time.Unix(said.AuthTime, 0)
	}
	return a, nil
}
