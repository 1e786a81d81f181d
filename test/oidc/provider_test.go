// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/compose"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/storage"
	"github.com/ory/fosite/token/jwt"
	"golang.org/x/crypto/bcrypt"
)

const (
	clientID     = "waylight"
	clientSecret = "a secret that only the two servers know"
)

// person is who sits at the agency's service.
type person struct {
	subject, email string
	verified       bool
	ago            time.Duration // how long ago they proved themselves there
}

// agency is an agency's own sign-in service.
type agency struct {
	*httptest.Server
	oauth  fosite.OAuth2Provider
	t      *testing.T
	mu     sync.Mutex
	now    person         // who signs in next
	shown  *rsa.PublicKey // the key that it says it signs with
	key    *rsa.PrivateKey
	tokens int // how many codes were exchanged
}

// newAgency starts a service that knows one client, with PKCE enforced.
func newAgency(t *testing.T, redirect string) *agency {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	a := &agency{t: t, key: key, shown: &key.PublicKey}
	mux := http.NewServeMux()
	a.Server = httptest.NewTLSServer(mux)
	t.Cleanup(a.Close)
	hash, err := bcrypt.GenerateFromPassword([]byte(clientSecret), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	clients := storage.NewMemoryStore()
	clients.Clients[clientID] = &fosite.DefaultClient{
		ID: clientID, Secret: hash, RedirectURIs: []string{redirect}, ResponseTypes: []string{"code"}, GrantTypes: []string{"authorization_code"}, Scopes: []string{"openid", "email"},
	}
	secret := make([]byte, 32)
	_, _ = rand.Read(secret)
	a.oauth = compose.ComposeAllEnabled(&fosite.Config{GlobalSecret: secret, EnforcePKCE: true, IDTokenIssuer: a.URL}, clients, key)
	mux.HandleFunc("GET /.well-known/openid-configuration", a.describe)
	mux.HandleFunc("GET /keys", a.keys)
	mux.HandleFunc("GET /authorize", a.authorize)
	mux.HandleFunc("POST /token", a.token)
	return a
}

// is says who signs in next.
func (a *agency) is(p person) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.now = p
}

// shows changes the key that it says it signs with.
func (a *agency) shows(key *rsa.PublicKey) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.shown = key
}

func (a *agency) describe(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{
		"issuer": a.URL, "authorization_endpoint": a.URL + "/authorize", "token_endpoint": a.URL + "/token", "jwks_uri": a.URL + "/keys",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"RS256"},
		"code_challenge_methods_supported": []string{"S256"},
	})
}

func (a *agency) keys(w http.ResponseWriter, _ *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	number := func(n *big.Int) string { return base64.RawURLEncoding.EncodeToString(n.Bytes()) }
	answer(w, map[string]any{"keys": []any{map[string]string{
		"kty": "RSA", "use": "sig", "alg": "RS256", "n": number(a.shown.N), "e": number(big.NewInt(int64(a.shown.E))),
	}}})
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}

// authorize lets whoever sits there in, without asking.
func (a *agency) authorize(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	request, err := a.oauth.NewAuthorizeRequest(ctx, r)
	if err != nil {
		a.oauth.WriteAuthorizeError(ctx, w, request, err)
		return
	}
	for _, scope := range request.GetRequestedScopes() {
		request.GrantScope(scope)
	}
	a.mu.Lock()
	p := a.now
	a.mu.Unlock()
	now := time.Now().UTC()
	session := &openid.DefaultSession{Headers: &jwt.Headers{}, Subject: p.subject, Claims: &jwt.IDTokenClaims{
		Issuer: a.URL, Subject: p.subject, Audience: []string{clientID}, RequestedAt: now, AuthTime: now.Add(time.Second), ExpiresAt: now.Add(time.Hour),
		Extra: map[string]any{"email": p.email, "email_verified": p.verified},
	}}
	response, err := a.oauth.NewAuthorizeResponse(ctx, request, session)
	if err != nil {
		a.oauth.WriteAuthorizeError(ctx, w, request, err)
		return
	}
	session.Claims.AuthTime = now.Add(-p.ago) // what the token will say
	a.oauth.WriteAuthorizeResponse(ctx, w, request, response)
}

func (a *agency) token(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	request, err := a.oauth.NewAccessRequest(ctx, r, &openid.DefaultSession{Headers: &jwt.Headers{}, Claims: &jwt.IDTokenClaims{}})
	if err != nil {
		a.oauth.WriteAccessError(ctx, w, request, err)
		return
	}
	response, err := a.oauth.NewAccessResponse(ctx, request)
	if err != nil {
		a.oauth.WriteAccessError(ctx, w, request, err)
		return
	}
	a.mu.Lock()
	a.tokens++
	a.mu.Unlock()
	a.oauth.WriteAccessResponse(ctx, w, request, response)
}
