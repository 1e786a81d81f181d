// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"crypto/hmac"
	"encoding/json"
	"fmt"
	"time"

	"waylight/internal/platform/store"
)

// Joining takes longer than a challenge lives: there are recovery parts to print. So a new passkey is checked as soon as it was made, and its browser carries the
// result, under this server's seal, to the end.
const madeLife = 2 * time.Hour

// madePasskey is a checked passkey on its way.
type madePasskey struct {
	Program, Purpose           string
	Member, ID                 store.ID
	Credential, Public, AAGUID []byte
	Counter                    uint32
	Ends                       int64
}

// PasskeyMade checks a passkey that a browser has just made for whoever comes with this link, and returns it sealed.
func (s *Service) PasskeyMade(ctx context.Context, token string, id store.ID, answer []byte) ([]byte, error) {
	v, err := s.newcomer(ctx, token)
	if err != nil {
		return nil, err
	}
	p, err := s.registered(ctx, v.Member, NewWay{ID: id, Answer: answer}, forEnrolment)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(madePasskey{
		Program: p.program, Purpose: forEnrolment, Member: p.member, ID: p.id, Credential: p.credential, Public: p.public, AAGUID: p.aaguid, Counter: p.counter,
		Ends: store.Micros(s.now().Add(madeLife)),
	})
	if err != nil {
		return nil, fmt.Errorf("keeping a passkey: %w", err)
	}
	return append(s.keyed("passkey-made", string(b)), b...), nil
}

// openMade reads what PasskeyMade sealed, for the same member, place and purpose.
func (s *Service) openMade(m Member, way NewWay, purpose string) (*passkey, error) {
	const size = 32
	if len(way.Made) <= size || !hmac.Equal(s.keyed("passkey-made", string(way.Made[size:])), way.Made[:size]) {
		return nil, errAnswer
	}
	var v madePasskey
	err := json.Unmarshal(way.Made[size:], &v)
	if err != nil {
		return nil, errAnswer.With(err)
	}
	if v.Program != m.Program || v.Member != m.ID || v.ID != way.ID || v.Purpose != purpose || !s.now().Before(store.Time(v.Ends)) {
		return nil, errStale
	}
	return &passkey{program: v.Program, id: v.ID, member: v.Member, credential: v.Credential, public: v.Public, aaguid: v.AAGUID, counter: v.Counter}, nil
}
