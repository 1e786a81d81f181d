// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// scansKept are the scans that stand in a database.
func scansKept(ctx context.Context, r store.Reader) (n int64, err error) {
	err = r.QueryRow(ctx, `select cast(coalesce(sum(n), 0) as bigint) from code_scan`).Scan(&n)
	return n, fault.Wrap(err, "adding up the scans")
}
