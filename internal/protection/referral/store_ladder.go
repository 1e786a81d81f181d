// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"context"
	"database/sql"
	"errors"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// laddersOf names the ladders that a program's clocks are on, or "".
func laddersOf(ctx context.Context, q store.Reader, programID string) (string, error) {
	var sum string
	err := q.QueryRow(ctx, "select ladders from referral_ladder where program = $1", programID).Scan(&sum)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return sum, fault.Wrap(err, "reading which ladders the clocks are on")
}

// setLadders keeps it.
func setLadders(tx *store.Tx, programID, sum string) error {
	_, err := tx.Exec("insert into referral_ladder (program, ladders) values ($1, $2) on conflict (program) do update set ladders = excluded.ladders", programID, sum)
	return fault.Wrap(err, "writing which ladders the clocks are on")
}
