// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"container/list"
	"sync"
)

// Scale bounds what long words weigh together while they are read and worked
// on. First come, first served; what is heavier than the whole scale weighs as
// much as it.
type Scale struct {
	mu      sync.Mutex
	most    int64
	free    int64
	waiting list.List // of *load
}

type load struct {
	weight int64
	turn   chan struct{}
}

// NewScale makes a scale for so many bytes.
func NewScale(most int64) *Scale { return &Scale{most: most, free: most} }

// Take waits until there is room for so many bytes. done gives it back.
func (s *Scale) Take(bytes int64) (done func()) {
	bytes = min(bytes, s.most)
	s.mu.Lock()
	l := &load{bytes, make(chan struct{})}
	s.waiting.PushBack(l)
	s.admit()
	s.mu.Unlock()
	<-l.turn
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.free += bytes
		s.admit()
	}
}

func (s *Scale) admit() {
	for front := s.waiting.Front(); front != nil; front = s.waiting.Front() {
		l := front.Value.(*load)
		if l.weight > s.free {
			return
		}
		s.free -= l.weight
		s.waiting.Remove(front)
		close(l.turn)
	}
}
