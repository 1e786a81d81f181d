// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"fmt"

	"waylight/internal/platform/store"
)

// OpenSessions is how many sessions of members stand open in a program, over
// all offices and without saying whose.
func (s *Service) OpenSessions(ctx context.Context, program string) (n int, err error) {
	now := s.now()
	err = s.db.QueryRow(ctx, `select count(token) from session where program = $1 and ended is null and seen > $2 and started > $3`,
		program, store.Micros(now.Add(-sessionIdle)), store.Micros(now.Add(-sessionLife))).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("counting sessions: %w", err)
	}
	return n, nil
}
