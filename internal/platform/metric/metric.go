// SPDX-License-Identifier: Apache-2.0

// Package metric counts what the program does, for whoever keeps the machine,
// and writes it in the text format that Prometheus reads.
//
// Who reads these numbers often, and keeps them, must not learn from them that
// somebody has just sent a report. So the package promises more than a library
// of metrics does:
//
//   - Labels are closed lists, declared with the series. A value that is not on
//     the list is counted under the list's last one, so that no address, name
//     or word can become a label, and the number of series never grows.
//   - What is counted stays hidden until Release, which is called on a fixed
//     schedule. Reading more often shows nothing new.
//   - A series has a step, and shows multiples of it only: rounded down, or,
//     where it says that something is wrong, up, so that one is never shown as
//     none. The sum of a histogram is worked out from the rounded buckets, since
//     an exact one would change with every single event.
//   - Counting never waits for anybody who reads.
//
// Series that no person causes (the age of a checkpoint, free disk) are asked
// for when somebody reads.
package metric

import (
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"
)

// Label is a label and every value that it can have. The last stands for any
// other.
type Label struct {
	Name   string
	Values []string
}

// Series says what is counted and how coarsely it is shown.
type Series struct {
	Name, Help string
	Labels     []Label
	Step       float64   // what is shown is a multiple of it; 0: as it is
	Up         bool      // rounded up, so that one is never shown as none
	Held       bool      // of a gauge: asked for at Release, not when somebody reads
	Buckets    []float64 // of a histogram: upper bounds, ascending
}

// Value is one answer of a gauge, with the values of its labels.
type Value struct {
	V      float64
	Labels []string
}

// kinds are as the format names them.
const (
	counter   = "counter"
	gauge     = "gauge"
	histogram = "histogram"
)

// family is a declared series: one cell for every combination of its labels.
type family struct {
	Series
	kind  string
	cells []atomic.Uint64 // counter: one a combination; histogram: one a bucket and combination
	ask   func(ctx context.Context) ([]Value, error)

	shown  []uint64 // at the last Release, before rounding
	values []Value  // of a held gauge, at the last Release
}

// Set is all the series of one program. Declare them before the first is
// counted or read.
type Set struct {
	families []*family
	one      sync.Mutex // held during a Release: one at a time
	mu       sync.Mutex // held to read and to replace what is shown
}

// New makes an empty set.
func New() *Set { return &Set{} }

// Counter counts events. A nil one counts nothing.
type Counter struct{ of *family }

// Counter declares a series that only grows.
func (s *Set) Counter(d Series) *Counter {
	f := &family{Series: d, kind: counter}
	s.declare(f, 1)
	return &Counter{f}
}

// Add counts n events.
func (c *Counter) Add(n int, labels ...string) {
	if c == nil || n <= 0 {
		return
	}
	if i, ok := c.of.at(labels); ok {
		c.of.cells[i].Add(uint64(n))
	}
}

// Histogram counts events by their size. A nil one counts nothing.
type Histogram struct{ of *family }

// Histogram declares a series of sizes.
func (s *Set) Histogram(d Series) *Histogram {
	f := &family{Series: d, kind: histogram}
	s.declare(f, len(d.Buckets)+1)
	return &Histogram{f}
}

// Observe counts one event.
func (h *Histogram) Observe(size float64, labels ...string) {
	if h == nil {
		return
	}
	if i, ok := h.of.at(labels); ok {
		bucket, _ := slices.BinarySearch(h.of.Buckets, size)
		h.of.cells[i*(len(h.of.Buckets)+1)+bucket].Add(1)
	}
}

// Gauge declares a series that is asked for. A question that fails leaves the
// series out, which an alarm can be set on.
func (s *Set) Gauge(d Series, ask func(ctx context.Context) ([]Value, error)) {
	s.declare(&family{Series: d, kind: gauge, ask: ask}, 0)
}

// Single is the answer of a gauge without labels.
func Single(v float64) []Value { return []Value{{V: v}} }

func (s *Set) declare(f *family, cells int) {
	f.cells = make([]atomic.Uint64, cells*f.combinations())
	f.shown = make([]uint64, len(f.cells))
	s.families = append(s.families, f)
}

func (f *family) combinations() int {
	n := 1
	for _, l := range f.Labels {
		n *= len(l.Values)
	}
	return n
}

// at is the place of a combination of labels, whatever they are.
func (f *family) at(values []string) (place int, ok bool) {
	for i, l := range f.Labels {
		n := -1
		if i < len(values) {
			n = slices.Index(l.Values, values[i])
		}
		if n < 0 {
			n = len(l.Values) - 1
		}
		place = place*len(l.Values) + n
	}
	return place, place >= 0 && f.combinations() > 0
}

// labels are the values that stand for a place.
func (f *family) labels(place int) []string {
	values := make([]string, len(f.Labels))
	for i := len(f.Labels) - 1; i >= 0; i-- {
		n := len(f.Labels[i].Values)
		values[i] = f.Labels[i].Values[place%n]
		place /= n
	}
	return values
}

// Release shows what was counted up to now. Whoever calls it keeps to a
// schedule that does not depend on what is counted.
func (s *Set) Release(ctx context.Context) {
	s.one.Lock()
	defer s.one.Unlock()
	for _, f := range s.families {
		var values []Value
		if f.Held {
			values = f.answer(ctx)
		}
		s.mu.Lock()
		f.values = values
		for i := range f.cells {
			f.shown[i] = f.cells[i].Load()
		}
		s.mu.Unlock()
	}
}

// answer asks a gauge and holds its labels to the declared ones.
func (f *family) answer(ctx context.Context) []Value {
	values, err := f.ask(ctx)
	if err != nil {
		return nil
	}
	var known []Value
	for _, v := range values {
		place, ok := f.at(v.Labels)
		if !ok {
			continue
		}
		named := f.labels(place)
		if i := slices.IndexFunc(known, func(k Value) bool { return slices.Equal(k.Labels, named) }); i >= 0 {
			known[i].V += v.V // two that the list has no name for
			continue
		}
		known = append(known, Value{v.V, named})
	}
	return known
}

// round is what is shown of a number.
func (d Series) round(v float64) float64 {
	if d.Step == 0 {
		return v
	}
	if d.Up {
		return math.Ceil(v/d.Step) * d.Step
	}
	return math.Floor(v/d.Step) * d.Step
}
