// SPDX-License-Identifier: Apache-2.0

package file

import (
	"errors"
	"io"
	"sync"

	"waylight/internal/platform/store"
	"waylight/internal/protection/report"
)

// How much of what arrives is held in memory at most: so many pieces of the parts
// that browsers send, and so many parts that the server seals. A sender takes a
// place only for what came of it, so that one who sends slowly takes little.
const (
	piece         = 64 << 10
	piecesAtOnce  = 512
	streamsAtOnce = 32
	writesAtOnce  = 4
	perReceipt    = 2 // uploads of one receipt at a time: as many as its page sends
)

// places counts what arrives under each receipt.
type places struct {
	mu    sync.Mutex
	taken map[store.ID]int
}

// enter takes one of a receipt's places, until the function that it gives is called.
func (s *Service) enter(to report.Found) (leave func(), err error) {
	p := &s.places
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken[to.Report] >= perReceipt {
		return nil, ErrBusy
	}
	p.taken[to.Report]++
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.taken[to.Report]--; p.taken[to.Report] == 0 {
			delete(p.taken, to.Report)
		}
	}, nil
}

// readPiecewise reads a part, and takes room for each piece when its turn comes.
// giveBack frees it and is never nil.
func (s *Service) readPiecewise(body io.Reader) (sealed []byte, giveBack func(), err error) {
	held := 0
	giveBack = func() {
		for range held {
			<-s.pieces
		}
	}
	for {
		select {
		case s.pieces <- struct{}{}:
			held++
		default: // nobody waits for room while holding some: all might
			return nil, giveBack, ErrBusy
		}
		at := len(sealed)
		sealed = append(sealed, make([]byte, piece)...)
		n, err := io.ReadFull(body, sealed[at:])
		sealed = sealed[:at+n]
		switch {
		case err == nil:
		case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
			return sealed, giveBack, nil
		default:
			return nil, giveBack, unread(err)
		}
	}
}
