// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"context"

	"waylight/internal/platform/store"
)

// OpenWork counts what an office holds that has no end yet. The room of offices
// asks it, in its own transaction, before it closes one.
func (s *Service) OpenWork(ctx context.Context, r store.Reader, program, office string) (int, error) {
	return countOpen(ctx, r, program, office)
}
