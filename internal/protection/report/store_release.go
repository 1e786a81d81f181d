// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"database/sql"
	"errors"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// readRelease gives the newest list and the commitment of its entry.
func readRelease(ctx context.Context, r store.Reader, programID string) (list string, commitment [32]byte, err error) {
	var at []byte
	err = r.QueryRow(ctx, `select script_release.list, script_leaf.commitment from script_release join script_leaf
		on script_leaf.program = script_release.program and script_leaf.since = script_release.since
		where script_release.program = $1 order by script_release.since desc limit 1`, programID).Scan(&list, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return "", commitment, ErrNoRelease
	}
	copy(commitment[:], at)
	return list, commitment, fault.Wrap(err, "reading the scripts that are served")
}
