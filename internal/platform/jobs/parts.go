// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"context"
	"time"

	"waylight/internal/platform/store"
)

// Enough is how much of a job's time must be left for another part of long work.
const Enough = 12 * time.Second

// InParts does the parts of long work one after the other, each in a transaction of
// its own, until none is left. When the job's time is over, rest queues what is left
// as a job of its own, in the transaction of the last part.
func InParts(ctx context.Context, db *store.DB, part func(tx *store.Tx) (more bool, err error), rest func(tx *store.Tx) error) error {
	for {
		var more bool
		err := db.Write(ctx, func(tx *store.Tx) error {
			var err error
			more, err = part(tx)
			if err == nil && more && Late(ctx) {
				more = false
				return rest(tx)
			}
			return err
		})
		if err != nil || !more {
			return err
		}
	}
}

// Late says whether too little of a job's time is left for another part.
func Late(ctx context.Context) bool {
	until, limited := ctx.Deadline()
	return limited && time.Until(until) < Enough
}
