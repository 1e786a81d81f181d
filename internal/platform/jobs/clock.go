// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"context"
	"sync"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// A machine's clock is set back now and then, after it ran ahead for an hour or a year.
// What was put off, or leased, by the wrong time would then wait for it to come again.

// slack is how far the clock may go back without anything being looked for.
const slack = time.Minute

// Hindsight notices that the clock was set back. The zero value is ready.
type Hindsight struct {
	mu     sync.Mutex
	latest map[string]time.Time
}

// Back says whether the clock went back since it was asked before in the same name. The
// first answer is yes: who knows what the clock did before this process began.
func (h *Hindsight) Back(name string, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.latest == nil {
		h.latest = map[string]time.Time{}
	}
	latest, asked := h.latest[name]
	back := !asked || now.Before(latest.Add(-slack))
	if back || now.After(latest) {
		h.latest[name] = now
	}
	return back
}

// Again makes the next answer yes: what was to be done could not be.
func (h *Hindsight) Again(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.latest, name)
}

// mend brings jobs back that a wrong clock put further ahead than a job may be put, or
// leased for longer than a lease lasts.
func (r *Runner) mend(ctx context.Context) error {
	now := r.now()
	for _, program := range r.programs {
		if !r.clock.Back(program, now) {
			continue
		}
		err := r.db.Write(ctx, func(tx *store.Tx) error {
			at := store.Micros(now)
			_, err := tx.Exec(`update job set run_at = $2 where program = $1 and dead = 0 and (run_at > $3 or attempts > 0 and run_at > $4)`,
				program, at, at+farthest.Microseconds(), at+longest.Microseconds())
			if err == nil {
				_, err = tx.Exec(`update job set leased_until = 0 where program = $1 and dead = 0 and leased_until > $2`, program, at+lease.Microseconds())
			}
			return err
		})
		if err != nil {
			r.clock.Again(program)
			return fault.Wrap(err, "bringing jobs back")
		}
	}
	return nil
}
