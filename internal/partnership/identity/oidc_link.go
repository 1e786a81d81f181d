// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"net/url"
	"time"

	"waylight/internal/platform/store"
)

// SignOnLink is one member's account at their agency's service.
type SignOnLink struct {
	ID        store.ID
	Member    Member
	Asked     time.Time
	Confirmed time.Time // zero: nobody has said yet that it is really theirs
}

// SignOnLinks lists the links of an office's service, those that wait first.
func (s *Service) SignOnLinks(ctx context.Context, programID, office string) ([]SignOnLink, error) {
	return listLinks(ctx, s.db, programID, office)
}

// ConfirmSignOn says that an account at the office's service is really the member's. Nobody says so of their own.
func (s *Service) ConfirmSignOn(ctx context.Context, programID string, member, link store.ID) error {
	_, who, _ := actor(ctx)
	return s.change(ctx, programID, member, "signon.confirmed", func(tx *store.Tx, _, target Member) error {
		return confirmLink(tx, programID, target.ID, link, who)
	})
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
