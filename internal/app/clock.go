// SPDX-License-Identifier: Apache-2.0

package app

import (
	"sync"
	"time"
)

// Clock is the time that an installation lives by. It runs with the machine's
// clock, except that a demo sets it back to live through its invented past.
type Clock struct {
	mu    sync.Mutex
	still bool
	at    time.Time
}

// Now is the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.still {
		return c.at
	}
	return time.Now()
}

// Stand makes the clock stand still at t.
func (c *Clock) Stand(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.still, c.at = true, t
}

// Run lets the clock run with the machine's.
func (c *Clock) Run() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.still = false
}
