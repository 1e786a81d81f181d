// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"context"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// countOpen counts what an office holds that has no end yet, drills left out.
func countOpen(ctx context.Context, r store.Reader, program, office string) (int, error) {
	var open int
	err := r.QueryRow(ctx, `select count(*) from referral where program = $1 and holder = $2 and test = 0 and state not in ($3, $4, $5, $6)`,
		program, office, string(Closed), string(Done), string(Met), string(Replaced)).Scan(&open)
	return open, fault.Wrap(err, "counting an office's open work")
}
