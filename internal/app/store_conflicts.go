// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// indexed counts the rows in which operations are looked for.
func indexed(ctx context.Context, r store.Reader) (n int, err error) {
	err = r.QueryRow(ctx, `select count(*) from operation_index`).Scan(&n)
	return n, fault.Wrap(err, "counting the index")
}
