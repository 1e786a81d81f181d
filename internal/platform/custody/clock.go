// SPDX-License-Identifier: Apache-2.0

package custody

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// A machine's clock is set now and then, and sometimes wrongly. The log believes no
// clock: where one goes back by more than skew, the log says so in an entry of its own
// before it takes anything under the new time. Verify then holds the times before that
// entry and those after it apart, and tells of it. So an honest correction does not make
// honest entries look dated back, and nobody can date anything back without it standing
// in the log.

// skew is how far a time may lie outside what stands around it: clocks are
// set, and a transaction takes its time before it commits.
const skew = 5 * time.Minute

// clockBack is the event of that entry. Its record is the latest time before.
const (
	clockBack   = "clock.back"
	clockRecord = "clock:"
)

// backFrom is the entry that the clock went back to now from a time it had been at.
func backFrom(program string, had, now time.Time) Leaf {
	return Commit(Entry{Program: program, Event: clockBack, Record: clockRecord + had.UTC().Format(timeLayout), Actor: "system"}, now, nil)
}

// Turn is a moment at which the clock was set back.
type Turn struct {
	Leaf     int64
	From, To time.Time
}

// turnOf reads the entry of a turn.
func turnOf(idx int64, o Opening) (Turn, error) {
	text, ok := strings.CutPrefix(o.Record, clockRecord)
	from, err := time.Parse(timeLayout, text)
	if !ok || err != nil || !from.After(o.At) {
		return Turn{}, fmt.Errorf("%w: the clock was not set back from %q", ErrOpening, text)
	}
	return Turn{Leaf: idx, From: from, To: o.At}, nil
}

// readClock is the latest time in the log since the clock was last set back; zero for
// a log that has none yet.
func readClock(r Reader, program string) (time.Time, error) {
	var at int64
	err := r.QueryRow(context.Background(), `select coalesce(clock, (select c.published from custody_checkpoint c where c.program = t.program order by c.size desc limit 1), 0)
		from custody_tree t where t.program = $1`, program).Scan(&at)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading the log's clock: %w", err)
	}
	if at == 0 {
		return time.Time{}, nil
	}
	return time.UnixMicro(at).UTC(), nil
}

// setClock starts the log's clock anew at a checkpoint.
func setClock(w Writer, program string, at time.Time) error {
	if _, err := w.Exec(`update custody_tree set clock = $2 where program = $1`, program, at.UnixMicro()); err != nil {
		return fmt.Errorf("setting the log's clock: %w", err)
	}
	return nil
}

// turned puts an entry before each leaf at which the clock went back, and says what the
// log's clock shows after the last one.
func turned(program string, clock time.Time, leaves []Leaf) ([]Leaf, time.Time) {
	for i := 0; i < len(leaves); i++ {
		at := leaves[i].At
		if at.IsZero() { // a leaf that says no time
			continue
		}
		if !clock.IsZero() && at.Before(clock.Add(-skew)) {
			leaves = append(leaves[:i:i], append([]Leaf{backFrom(program, clock, at)}, leaves[i:]...)...)
			i++
			clock = at
		}
		if at.After(clock) {
			clock = at
		}
	}
	return leaves, clock
}

// stretch is the leaves between two times that something else vouches for: checkpoints,
// and entries that the clock was set back.
type stretch struct {
	since time.Time // zero: the log's beginning
	times []leafTime
}

// leafTime is when a leaf says it was made.
type leafTime struct {
	leaf int64
	at   time.Time
}

// add takes a leaf into the stretch, unless it says a time before it.
func (s *stretch) add(l leafTime) bool {
	if !s.since.IsZero() && l.at.Before(s.since.Add(-skew)) {
		return false
	}
	s.times = append(s.times, l)
	return true
}

// end gives the leaves that say a time after the stretch's end, and starts the next
// one at another time.
func (s *stretch) end(until, next time.Time) (outside []leafTime) {
	for _, l := range s.times {
		if l.at.After(until.Add(skew)) {
			outside = append(outside, l)
		}
	}
	s.times, s.since = s.times[:0], next
	return outside
}
