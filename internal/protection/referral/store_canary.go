// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"context"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// Canaries counts the referrals of a canary that an office holds.
func (s *Service) Canaries(ctx context.Context, programID string, id store.ID, office string) (int, error) {
	all, err := ofReport(ctx, s.db, programID, id, "holder = $3 and origin = 'canary'", office)
	return len(all), fault.Wrap(err, "counting the referrals of a canary")
}

// ClearCanary deletes the referrals of a canary, and of nothing else. Their
// absence waits for the caller's tx.Log.
func (s *Service) ClearCanary(ctx context.Context, tx *store.Tx, programID string, id store.ID) error {
	all, err := ofReport(ctx, tx, programID, id, "origin = 'canary' order by id")
	if err != nil {
		return fault.Wrap(err, "reading the referrals of a canary")
	}
	for _, r := range all {
		if _, err := tx.Exec(`delete from referral where program = $1 and id = $2 and origin = 'canary'`, programID, r.ID); err != nil {
			return fault.Wrap(err, "deleting a canary's referral")
		}
		if err := tx.Touch("referral", programID, r.ID); err != nil {
			return fault.Wrap(err, "recording that a canary's referral is gone")
		}
	}
	return nil
}
