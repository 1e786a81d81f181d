// SPDX-License-Identifier: Apache-2.0

package store

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

const (
	queueLength = 4096 // requests that may wait before the writer sheds
	batchLength = 512  // requests committed at once
)

type request struct {
	fn   func(tx *Tx) error
	at   time.Time // when its rows were made ready; zero: they are made in its turn
	done chan error
	ctx  context.Context
}

// queue is where callers wait until what they want to write is committed
// together with whatever else waits.
type queue struct {
	waiting chan request
	mu      sync.RWMutex // held for reading while a request is being queued
	closed  bool
	loops   sync.WaitGroup
}

func newQueue() *queue { return &queue{waiting: make(chan request, queueLength)} }

// start lets commit have what waits, a batch at a time.
func (q *queue) start(commit func(batch []request)) {
	q.loops.Go(func() { q.run(commit) })
}

// do queues fn and waits for its commit. A caller whose context ends before
// its turn is not run; one whose turn has come is always waited for.
func (q *queue) do(ctx context.Context, fn func(tx *Tx) error, at time.Time, wait bool) error {
	r := request{fn: fn, at: at, done: make(chan error, 1), ctx: ctx}
	if err := q.enqueue(r, wait); err != nil {
		return err
	}
	return <-r.done
}

func (q *queue) enqueue(r request, wait bool) error {
	q.mu.RLock()
	defer q.mu.RUnlock()
	if q.closed {
		return errUnavailable
	}
	if !wait {
		select {
		case q.waiting <- r:
			return nil
		default:
			return errOverloaded
		}
	}
	select {
	case q.waiting <- r:
		return nil
	case <-r.ctx.Done():
		return r.ctx.Err()
	}
}

// close takes nothing more and returns when everything that waited is answered.
func (q *queue) close() {
	q.mu.Lock()
	if !q.closed {
		q.closed = true
		close(q.waiting)
	}
	q.mu.Unlock()
	q.loops.Wait()
}

func (q *queue) run(commit func(batch []request)) {
	batch := make([]request, 0, batchLength)
	for first := range q.waiting {
		batch = append(batch[:0], first)
	drain:
		for len(batch) < batchLength {
			select {
			case r, ok := <-q.waiting:
				if !ok {
					break drain
				}
				batch = append(batch, r)
			default:
				break drain
			}
		}
		inOrder(batch)
		commit(batch)
	}
}

// inOrder brings a batch into the order in which its rows were made ready; what is made
// in its turn comes last.
func inOrder(batch []request) {
	slices.SortStableFunc(batch, func(a, b request) int {
		if a.at.IsZero() || b.at.IsZero() {
			return cmp.Compare(Flag(a.at.IsZero()), Flag(b.at.IsZero()))
		}
		return a.at.Compare(b.at)
	})
}

// answer tells each caller of a batch what became of its work: its own error
// stands whatever became of the batch.
func answer(batch []request, results []error, err error) {
	for i, r := range batch {
		switch {
		case err == nil:
			r.done <- results[i]
		case results != nil && results[i] != nil:
			r.done <- results[i]
		default:
			r.done <- err
		}
	}
}
