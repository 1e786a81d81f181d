// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"

	"waylight/internal/platform/fault"
)

// Scanner is a row that is read into values: *sql.Row and *sql.Rows are.
type Scanner interface{ Scan(dest ...any) error }

// Collect reads every row of a query. doing says in an error what was being done.
func Collect[T any](ctx context.Context, r Reader, doing string, scan func(Scanner) (T, error), q string, args ...any) ([]T, error) {
	rows, err := r.Query(ctx, q, args...)
	if err != nil {
		return nil, fault.Wrap(err, doing)
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, fault.Wrap(err, doing)
		}
		out = append(out, v)
	}
	return out, fault.Wrap(rows.Err(), doing)
}
