// SPDX-License-Identifier: Apache-2.0

package code

import (
	"sync"
	"time"
)

// budget is how many codes that lead nowhere may be asked for, by everybody
// together: whoever guesses cannot be told apart, since nothing of an address is
// kept. Once it is spent, every code leads to the form alike and without its place,
// the right ones too, until it has grown again. So nobody learns faster which codes
// there are; what guessing costs others in that time is the question about the place,
// never a report, and never a count.
type budget struct {
	mu   sync.Mutex
	have float64
	at   time.Time // zero: full
}

const (
	guessesAtOnce    = 120
	guessesPerSecond = 2
)

// take spends one guess, if there is one.
func (b *budget) take(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.grow(now)
	if b.have < 1 {
		return false
	}
	b.have--
	return true
}

// left says whether there is one.
func (b *budget) left(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.grow(now)
	return b.have >= 1
}

func (b *budget) grow(now time.Time) {
	switch {
	case b.at.IsZero():
		b.have = guessesAtOnce
	case now.After(b.at):
		b.have = min(guessesAtOnce, b.have+now.Sub(b.at).Seconds()*guessesPerSecond)
	}
	b.at = now
}

// within says whether an answer may tell if there is such a code. One that was
// found costs nothing.
func (s *Service) within(found bool) bool {
	if found {
		return s.guesses.left(s.Now())
	}
	return s.guesses.take(s.Now())
}
