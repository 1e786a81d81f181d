// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"waylight/internal/platform/store"
)

// asserted is an answer that was checked.
type asserted struct {
	account
	key     passkey
	counter uint32
	public  []byte
}

// assert checks the answer of a passkey that a ceremony of this purpose asked for. On a refusal, the account and the key are set as far as they are known.
func (s *Service) assert(ctx context.Context, programID string, member *store.ID, purpose string, answer []byte) (asserted, error) {
	var out asserted
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return out, errAnswer.With(hideDetails(err))
	}
	client := parsed.Response.CollectedClientData
	session, err := s.takeCeremony(ctx, programID, client.Challenge, purpose, member)
	if err != nil {
		return out, err
	}
	out.key, err = passkeyByCredential(ctx, s.db, programID, parsed.RawID)
	if err != nil {
		return out, err
	}
	out.account, err = accountByID(ctx, s.db, programID, out.key.member)
	if err != nil {
		return out, err
	}
	if member != nil && *member != out.ID {
		return out, errPasskey
	}
	if !out.key.aside.IsZero() {
		return out, errAside
	}
	err = plainly(client, parsed.Response.AuthenticatorData, session)
	if err != nil {
		return out, err
	}
	return s.verified(session, parsed, out)
}

func (s *Service) verified(session webauthn.SessionData, parsed *protocol.ParsedCredentialAssertionData, out asserted) (asserted, error) {
	w, err := relying(session.Origin)
	if err != nil {
		return out, err
	}
	record, err := out.key.record()
	if err != nil {
		return out, err
	}
	if len(parsed.Response.UserHandle) == 0 { // some authenticators leave it out when they were asked for one passkey by name
		parsed.Response.UserHandle = out.ID[:]
	}
	_, c, err := w.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
		return user{Member: out.Member, keys: []webauthn.Credential{record}}, nil
	}, session, parsed)
	if err != nil {
		return out, errPasskey.With(hideDetails(err))
	}
	if c.Authenticator.CloneWarning {
		return out, errAside
	}
	out.counter = c.Authenticator.SignCount
	out.public, err = recordOf(c)
	return out, err
}
