// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"crypto/hmac"
	"encoding/base32"
	"net/url"
	"strings"
	"time"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// SignOnLink is one member's account at their agency's service.
type SignOnLink struct {
	ID        store.ID
	Member    Member
	Asked     time.Time
	Confirmed time.Time // zero: they have not said yet that it is theirs
}

// SignOnLinks lists the links of an office's service, those that wait first.
func (s *Service) SignOnLinks(ctx context.Context, programID, office string) ([]SignOnLink, error) {
	return listLinks(ctx, s.db, programID, office)
}

// confirmSignOn says that the account at the office's service which was shown this code is the member's own. Only the member says so, in a session that their passkey
// or passphrase began: whoever runs the service, or set it up, cannot.
func (s *Service) confirmSignOn(ctx context.Context, m Member, in session, typed string) error {
	if in.proved.IsZero() || in.member != m.ID {
		return errSignOnProof
	}
	return s.db.Write(ctx, func(tx *store.Tx) error {
		if err := s.stillMember(ctx, tx, m); err != nil {
			return err
		}
		v, err := signOnOf(ctx, tx, m.Program, m.Office)
		if err != nil {
			return err
		}
		link, err := linkOf(ctx, tx, v, m.ID)
		switch {
		case err != nil:
			return err
		case v.by == m.Actor():
			return errSignOnOwn
		case !link.confirmed.IsZero():
			return errSignOnLinked
		case link.id.IsZero(), !hmac.Equal([]byte(s.signOnCode(link.id)), []byte(strings.ToUpper(strings.Join(strings.Fields(typed), "")))):
			return errSignOnCode
		}
		if err := confirmLink(tx, m.Program, m.ID, link.id, m.Actor()); err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: m.Program, Event: "signon.confirmed", Record: m.Actor(), Actor: m.Actor()})
		return nil
	})
}

// signOnCode is what whoever came from a service without being let in is shown: only they can have it typed into the member's own session.
func (s *Service) signOnCode(link store.ID) string {
	return base32.StdEncoding.EncodeToString(s.keyed("signon-code", link.String())[:5])
}

// ownSignOn is what the page of ways in shows a member of their agency's service.
type ownSignOn struct {
	Office, Host          string
	Tried                 time.Time // the account that waits for their word, if one does
	Confirmed, SetUp, May bool      // may: this session can confirm
}

func (s *Service) ownSignOn(ctx context.Context, m Member, in session) (*ownSignOn, error) {
	v, err := signOnOf(ctx, s.db, m.Program, m.Office)
	if fault.KindOf(err) == fault.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	link, err := linkOf(ctx, s.db, v, m.ID)
	return &ownSignOn{
		Office: s.officeName(m.Program, m.Office), Host: hostOf(v.Issuer), Tried: link.asked, Confirmed: !link.confirmed.IsZero(), SetUp: v.by == m.Actor(), May: !in.proved.IsZero(),
	}, err
}

// EndSignOnLink ends a link: the account at the service lets nobody in until it was confirmed anew.
func (s *Service) EndSignOnLink(ctx context.Context, programID string, member, link store.ID) error {
	return s.change(ctx, programID, member, "signon.unlinked", func(tx *store.Tx, _, target Member) error {
		return endLink(tx, programID, target.ID, link)
	})
}

// hostOf is the name of a service, to be shown.
func hostOf(issuer string) string {
	u, err := url.Parse(issuer)
	if err != nil {
		return ""
	}
	return u.Host
}
