// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// A ceremony is one question to an authenticator and its answer. Each challenge is answered once, within ceremonyLife, for the purpose and the member that it was
// given out for, from the origin that asked.
const ceremonyLife = 5 * time.Minute

// What an answer is refused for. Each is a sentence that helps; none says anything about a member.
var (
	errNoPasskeys = fault.New(fault.Unavailable, "no_passkeys", "Passkeys work only where this site is reached by its own name. Ask whoever runs it to set its address.")
	errAnswer     = fault.New(fault.Invalid, "passkey_answer", "What the passkey answered could not be read. Nothing was saved. Please try again.")
	errStale      = fault.New(fault.Invalid, "passkey_stale", "This answer was used before, or is older than five minutes. Nothing was done. Please try again.")
	errOrigin     = fault.New(fault.Invalid, "passkey_origin", "This answer was made on another site. Nothing was done. Check the address in your browser, and tell your administrator if it is not this one.")
	errUnverified = fault.New(fault.Invalid, "passkey_unverified", "The passkey did not check that it is you. Use its PIN, fingerprint or face.")
	errPasskey    = fault.New(fault.Invalid, "passkey_refused", "This passkey is not known here, or was ended. Use another one, or ask your administrator.")
	errAside      = fault.New(fault.Invalid, "passkey_aside", "This passkey was set aside: it may have been copied. Use another one, and tell your administrator.")
	errKnown      = fault.New(fault.Conflict, "passkey_known", "This passkey is registered already.")
)

// siteOf is the address under which passkeys are made and used: the configured one, or this machine's own name for a server that knows none.
func (s *Service) siteOf(r *http.Request) string {
	if s.origin != "" {
		return s.origin
	}
	host, _, err := net.SplitHostPort(r.Host)
	if err == nil && host == "localhost" {
		return "http://" + r.Host
	}
	return ""
}

// relying returns the library set up for an origin. Browsers make no passkeys for addresses in numbers.
func relying(origin string) (*webauthn.WebAuthn, error) {
	u, err := url.Parse(origin)
	if err != nil || u.Hostname() == "" || net.ParseIP(u.Hostname()) != nil {
		return nil, errNoPasskeys
	}
	w, err := webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: "Waylight", RPOrigins: []string{u.Scheme + "://" + u.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(), UserVerification: protocol.VerificationRequired,
		},
	})
	if err != nil {
		return nil, errNoPasskeys.With(err)
	}
	return w, nil
}

// user is a member as the library knows one.
type user struct {
	Member
	keys []webauthn.Credential
}

func (u user) WebAuthnID() []byte                         { return u.ID[:] }
func (u user) WebAuthnName() string                       { return u.Email }
func (u user) WebAuthnDisplayName() string                { return u.Name }
func (u user) WebAuthnCredentials() []webauthn.Credential { return u.keys }

// beginPasskey asks for a new passkey of m, which need not be a member yet. The answer is the options for navigator.credentials.create.
func (s *Service) beginPasskey(ctx context.Context, origin string, m Member, purpose string) (json.RawMessage, error) {
	w, err := relying(origin)
	if err != nil {
		return nil, err
	}
	u := user{Member: m}
	if purpose != forEnrolment { // who begins anew may use the same device again
		u.keys, err = s.records(ctx, m)
		if err != nil {
			return nil, err
		}
	}
	options, session, err := w.BeginRegistration(u, webauthn.WithExclusions(webauthn.Credentials(u.keys).CredentialDescriptors()), webauthn.WithRegistrationOrigin(w.Config.RPOrigins[0]))
	if err != nil {
		return nil, fmt.Errorf("asking for a passkey: %w", err)
	}
	return s.openCeremony(ctx, m.Program, purpose, &m.ID, session, options.Response)
}

// records lists a member's passkeys as the library knows them.
func (s *Service) records(ctx context.Context, m Member) ([]webauthn.Credential, error) {
	have, err := passkeysOf(ctx, s.db, m.Program, m.ID)
	if err != nil {
		return nil, err
	}
	var list []webauthn.Credential
	for _, p := range have {
		c, err := p.record()
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

// beginAssertion asks for an answer of a passkey: of m's, or, without one, of any passkey of the program. The answer is the options for navigator.credentials.get.
func (s *Service) beginAssertion(ctx context.Context, origin, programID string, m *Member, purpose string) (json.RawMessage, error) {
	if _, ours := s.programs.Program(programID); !ours {
		return nil, errPasskey
	}
	w, err := relying(origin)
	if err != nil {
		return nil, err
	}
	options, session, err := w.BeginDiscoverableLogin(webauthn.WithLoginOrigin(w.Config.RPOrigins[0]))
	if err != nil {
		return nil, fmt.Errorf("asking a passkey: %w", err)
	}
	var member *store.ID
	if m != nil {
		member = &m.ID
		have, err := passkeysOf(ctx, s.db, programID, m.ID)
		if err != nil {
			return nil, err
		}
		for _, p := range have {
			if p.aside.IsZero() {
				options.Response.AllowedCredentials = append(options.Response.AllowedCredentials, protocol.CredentialDescriptor{Type: protocol.PublicKeyCredentialType, CredentialID: p.credential})
			}
		}
	}
	return s.openCeremony(ctx, programID, purpose, member, session, options.Response)
}

func (s *Service) openCeremony(ctx context.Context, programID, purpose string, member *store.ID, session *webauthn.SessionData, options any) (json.RawMessage, error) {
	data, err := json.Marshal(session)
	if err != nil {
		return nil, fmt.Errorf("keeping a challenge: %w", err)
	}
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		return insertCeremony(tx, ceremony{
			program: programID, challenge: s.keyed("challenge", session.Challenge), purpose: purpose, member: member, data: data, ends: tx.Now().Add(ceremonyLife),
		})
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(options)
}

// takeCeremony takes away the challenge that an answer is to. It is gone then, whatever the answer is worth.
func (s *Service) takeCeremony(ctx context.Context, programID, challenge, purpose string, member *store.ID) (webauthn.SessionData, error) {
	var c ceremony
	var session webauthn.SessionData
	err := s.db.Write(ctx, func(tx *store.Tx) error {
		var err error
		c, err = takeCeremony(ctx, tx, programID, s.keyed("challenge", challenge))
		return err
	})
	if err != nil {
		return session, err
	}
	same := c.member == nil && member == nil || c.member != nil && member != nil && *c.member == *member
	if !s.now().Before(c.ends) || c.purpose != purpose || !same {
		return session, errStale
	}
	err = json.Unmarshal(c.data, &session)
	if err != nil {
		return session, fmt.Errorf("reading a challenge: %w", err)
	}
	return session, nil
}

// registered checks the answer by which a browser made a passkey for m.
func (s *Service) registered(ctx context.Context, m Member, way NewWay, purpose string) (*passkey, error) {
	if len(way.Made) > 0 {
		return s.openMade(m, way, purpose)
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(way.Answer)
	if err != nil {
		return nil, errAnswer.With(hideDetails(err))
	}
	client := parsed.Response.CollectedClientData
	session, err := s.takeCeremony(ctx, m.Program, client.Challenge, purpose, &m.ID)
	if err != nil {
		return nil, err
	}
	data := parsed.Response.AttestationObject.AuthData
	err = plainly(client, data, session)
	if err != nil {
		return nil, err
	}
	w, err := relying(session.Origin)
	if err != nil {
		return nil, err
	}
	c, err := w.CreateCredential(user{Member: m}, session, parsed)
	if err != nil {
		return nil, errAnswer.With(hideDetails(err))
	}
	p := &passkey{program: m.Program, id: way.ID, member: m.ID, credential: c.ID, counter: c.Authenticator.SignCount, aaguid: c.Authenticator.AAGUID}
	p.public, err = recordOf(c)
	return p, err
}

// plainly checks first what can be told clearly: where the answer was made, and whether the person was verified. The library checks all of it again.
func plainly(client protocol.CollectedClientData, data protocol.AuthenticatorData, session webauthn.SessionData) error {
	site := sha256.Sum256([]byte(session.RelyingPartyID))
	switch {
	case client.Origin != session.Origin, client.CrossOrigin, client.TopOrigin != "", subtle.ConstantTimeCompare(site[:], data.RPIDHash) != 1:
		return errOrigin
	case !data.Flags.UserPresent(), !data.Flags.UserVerified():
		return errUnverified
	}
	return nil
}

// hideDetails keeps of the library's error what it was about, not what was sent.
func hideDetails(err error) error {
	var e *protocol.Error
	if errors.As(err, &e) {
		return errors.New(e.Type + ": " + e.Details)
	}
	return errors.New("the answer was not accepted")
}

// recordOf is what is kept of a credential beside its own columns: the public key and its flags, nothing of the attestation.
func recordOf(c *webauthn.Credential) ([]byte, error) {
	b, err := json.Marshal(webauthn.Credential{ID: c.ID, PublicKey: c.PublicKey, Transport: c.Transport, Flags: c.Flags})
	if err != nil {
		return nil, fmt.Errorf("keeping a passkey: %w", err)
	}
	return b, nil
}

func (p passkey) record() (webauthn.Credential, error) {
	var c webauthn.Credential
	err := json.Unmarshal(p.public, &c)
	if err != nil {
		return c, fmt.Errorf("reading a passkey: %w", err)
	}
	c.ID, c.Authenticator.SignCount, c.Authenticator.AAGUID = p.credential, p.counter, p.aaguid
	return c, nil
}

// code names a refusal for the log of events: what was wrong, nothing of what was sent.
func code(err error) string {
	f, ok := fault.As(err)
	if !ok {
		return "error"
	}
	return strings.TrimPrefix(f.Code, "passkey_")
}
