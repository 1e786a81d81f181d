// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"context"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// Hold says whether a process may do what only one of those on a database does at
// a time. Who has it keeps it by asking again within the span; who does not ask
// any more loses it when the span is over.
func Hold(ctx context.Context, db *store.DB, program, name string, owner store.ID, span time.Duration) (bool, error) {
	held := false
	err := db.Write(ctx, func(tx *store.Tx) error {
		now := tx.Now()
		until := store.Micros(now.Add(span))
		// What is held for longer than a span was taken by a clock that has been set back since.
		n, err := tx.Exec(`insert into job_hold (program, name, owner, until) values ($1, $2, $3, $4)
on conflict (program, name) do update set owner = excluded.owner, until = excluded.until
where job_hold.owner = excluded.owner or job_hold.until <= $5 or job_hold.until > excluded.until`,
			program, name, owner[:], until, store.Micros(now))
		held = n == 1
		return err
	})
	return held && err == nil, fault.Wrap(err, "holding what one process does")
}
