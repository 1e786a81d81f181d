// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"fmt"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// clearCanary deletes what there is of a canary; one that is gone already is no fault.
func clearCanary(ctx context.Context, tx *store.Tx, programID string, id store.ID) error {
	var canaries, all int
	err := tx.QueryRow(ctx, `select count(*), coalesce(sum(case when via = $3 then 1 else 0 end), 0) from report where program = $1 and id = $2`,
		programID, id, ViaCanary).Scan(&all, &canaries)
	switch {
	case err != nil:
		return fault.Wrap(err, "looking at a canary")
	case all == 0:
		return nil
	case canaries == 0:
		return errNotCanary
	}
	wraps, err := canaryWraps(ctx, tx, programID, id)
	if err != nil {
		return err
	}
	for _, w := range wraps {
		err := deleteRow(tx, "report_wrap", `delete from report_wrap where program = $1 and report = $2 and holder = $3 and key_id = $4`, programID, id, w.holder, w.keyID[:])
		if err != nil {
			return err
		}
	}
	for _, directory := range []string{
		`delete from receipt where program = $1 and (report = $2 or lookup = (select lookup from report where program = $1 and id = $2))`,
		`delete from receipt_leaf where program = $1 and report = $2 and accepted = (select accepted from report where program = $1 and id = $2)`,
	} {
		if _, err := tx.Exec(directory, programID, id); err != nil {
			return fault.Wrap(err, "deleting a canary")
		}
	}
	return deleteRow(tx, "report", `delete from report where program = $1 and id = $2`, programID, id)
}

func canaryWraps(ctx context.Context, tx *store.Tx, programID string, id store.ID) ([]wrapped, error) {
	rows, err := tx.Query(ctx, `select holder, key_id from report_wrap where program = $1 and report = $2 order by holder, key_id`, programID, id)
	if err != nil {
		return nil, fault.Wrap(err, "reading the wraps of a canary")
	}
	defer rows.Close()
	var list []wrapped
	for rows.Next() {
		var w wrapped
		var key []byte
		if err := rows.Scan(&w.holder, &key); err != nil {
			return nil, fault.Wrap(err, "reading the wraps of a canary")
		}
		copy(w.keyID[:], key)
		list = append(list, w)
	}
	return list, rows.Err()
}

// deleteRow deletes a covered row and records that it is gone.
func deleteRow(tx *store.Tx, table, statement string, key ...any) error {
	if _, err := tx.Exec(statement, key...); err != nil {
		return fmt.Errorf("deleting a canary's row of %s: %w", table, err)
	}
	return fault.Wrap(tx.Touch(table, key...), "recording that a canary's row is gone")
}
