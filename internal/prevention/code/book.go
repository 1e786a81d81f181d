// SPDX-License-Identifier: Apache-2.0

package code

import (
	"context"
	"maps"
	"time"
)

// book are the codes that are switched on, by their text. A code that is switched
// off is not in it, just as one that never was: looking for either is the same work.
type book struct {
	on    map[string]Code
	turns map[string]int64 // how often codes of each program had changed when it was read
}

const (
	fresh    = 250 * time.Millisecond // how old the book may be without asking whether it still stands
	patience = 500 * time.Millisecond // how long a scan waits for the database, unless Config says otherwise
	watched  = 10 * time.Second       // how long after a change of its own a server asks more often: the change may not be committed yet
	fresher  = 20 * time.Millisecond  // how old the book may be then
)

// look finds a code that is switched on.
func (s *Service) look(ctx context.Context, text string) (Code, bool) {
	s.renew(ctx)
	b := s.book.Load()
	if b == nil {
		return Code{}, false
	}
	c, ok := b.on[text]
	return c, ok
}

// renew holds the book against the database now and then, and reads it again when
// codes have changed. While the database is away the book stands as it is.
func (s *Service) renew(ctx context.Context) {
	age := func() time.Duration { return time.Since(time.Unix(0, s.checked.Load())) }
	most := fresh
	if time.Since(time.Unix(0, s.changed.Load())) < watched {
		most = fresher
	}
	have := s.book.Load() != nil
	if have && age() < most {
		return
	}
	// One asks for all; who has a book that is hardly too old need not wait for that.
	if !s.reading.TryLock() {
		if have && age() < 2*most {
			return
		}
		s.reading.Lock()
	}
	defer s.reading.Unlock()
	if s.book.Load() != nil && age() < most {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.Patience)
	defer cancel()
	s.complain(s.read(ctx))
	s.checked.Store(time.Now().UnixNano())
}

func (s *Service) read(ctx context.Context) error {
	now, err := turns(ctx, s.DB)
	if err != nil {
		return err
	}
	if b := s.book.Load(); b != nil && maps.Equal(b.turns, now) {
		return nil
	}
	next := &book{on: map[string]Code{}, turns: now}
	for _, id := range s.Programs.IDs() {
		codes, err := active(ctx, s.DB, id)
		if err != nil {
			return err
		}
		for _, c := range codes {
			next.on[c.Text] = c
		}
	}
	s.book.Store(next)
	return nil
}

// Place finds the code that somebody brought to a program's form: one of this
// program that is switched on. While guesses come in faster than they may, it finds
// none, so that the form tells no more of which codes there are than a scan does.
func (s *Service) Place(ctx context.Context, programID, text string) (Code, bool) {
	code, shaped := Parse(text)
	if !shaped {
		return Code{}, false
	}
	c, found := s.look(ctx, code)
	if found = found && c.Program == programID; !s.within(found) {
		return Code{}, false
	}
	return c, found
}
