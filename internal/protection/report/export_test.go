// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"database/sql"
	"sync/atomic"

	"waylight/internal/platform/store"
)

// CountReads counts how often receipts are looked for in the database.
func (s *Service) CountReads(n *atomic.Int64) { s.reader = counting{s.reader, n} }

type counting struct {
	store.Reader
	n *atomic.Int64
}

func (c counting) QueryRow(ctx context.Context, q string, args ...any) *sql.Row {
	c.n.Add(1)
	return c.Reader.QueryRow(ctx, q, args...)
}
