// SPDX-License-Identifier: Apache-2.0

package spool

import (
	"sync"
	"time"
)

// presence remembers when the database was there, as far as this server knows. One that
// comes and goes is there for a few minutes at a time, and a report that does not
// arrive in any of them waits as long as all of them together.
type presence struct {
	mu    sync.Mutex
	since time.Time // zero while it is away
	spans []span    // before that, the oldest first
}

type span struct{ from, to time.Time }

// enough is how much of being there is remembered: nobody asks for more.
const enough = time.Hour

func (p *presence) came(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.since = now
}

func (p *presence) went(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.spans, p.since = append(p.spans, span{p.since, now}), time.Time{}
	total := time.Duration(0)
	for i := len(p.spans) - 1; i > 0; i-- {
		if total += p.spans[i].to.Sub(p.spans[i].from); total >= enough {
			p.spans = p.spans[i:]
			return
		}
	}
}

// from is for how long it was there between a moment and now.
func (p *presence) from(begin, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	total := time.Duration(0)
	add := func(s span) {
		if begin.After(s.from) {
			s.from = begin
		}
		total += max(0, s.to.Sub(s.from))
	}
	for _, s := range p.spans {
		add(s)
	}
	if !p.since.IsZero() {
		add(span{p.since, now})
	}
	return total
}
