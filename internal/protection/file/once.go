// SPDX-License-Identifier: Apache-2.0

package file

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"sync"
	"time"

	"waylight/internal/platform/store"
	"waylight/internal/protection/report"
)

// nonceSize is the least of what a form's nonce has, in bytes.
const nonceSize = 16

func newNonce() string {
	b := make([]byte, nonceSize)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// Form is a page's form as it was sent: its nonce is new with every page, so that what
// is sent twice from one page is a repeat. Without a nonce nothing is.
type Form struct {
	Nonce    []byte
	Position int // of the file in the form
}

// readNonce reads one that a page sent back. What is none, no file is refused for.
func readNonce(text string) []byte {
	nonce, err := hex.DecodeString(text)
	if err != nil || len(nonce) < nonceSize || len(nonce) > 2*nonceSize {
		return nil
	}
	return nonce
}

// begins is how much of a file says which one it is. Whoever goes back and chooses
// another one sends it from the same page, perhaps under the same name.
const begins = piece

// againWait is how long a file waits for the same one to arrive that was sent before it,
// and mostBroken how often one may have broken off.
const (
	againWait  = time.Minute
	mostBroken = 32
)

// named is a file of a form by everything that is known of it before it has come. The
// report is part of it, which only its receipt leads to: the same nonce under another
// receipt is another form.
type named struct {
	form       Form
	report     store.ID
	name, kind string
	start      []byte // until the content is read on
}

func (n named) hashed(into hash.Hash, label string, attempt int) {
	number := func(i int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(i)) }
	for _, field := range [][]byte{[]byte(label), n.form.Nonce, n.report[:], number(n.form.Position), number(attempt), []byte(n.name), []byte(n.kind)} {
		into.Write(number(len(field)))
		into.Write(field)
	}
}

// id is the file's number, another one for each time that it broke off before.
func (n named) id(attempt int) store.ID {
	h := sha256.New()
	n.hashed(h, "waylight/file-id/v1", attempt)
	h.Write(n.start)
	return store.ID(h.Sum(nil)[:16])
}

// mark begins a hash of all that the file holds. What it is keyed by stays on the page.
func (n named) mark() hash.Hash {
	h := sha256.New()
	n.hashed(h, "waylight/file-mark/v1", 0)
	return hmac.New(sha256.New, h.Sum(nil))
}

// once keeps a file that is not here yet from the same form, and finds one that is.
func (s *Service) once(ctx context.Context, to report.Found, form Form, name, kind string, content io.Reader) (File, error) {
	select {
	case s.pieces <- struct{}{}:
		defer func() { <-s.pieces }()
	default:
		return File{}, ErrBusy
	}
	whole := bufio.NewReaderSize(anonymous{content}, begins)
	start, _ := whole.Peek(begins) // what is wrong with it the reading says again
	n := named{form, to.Report, name, kind, start}
	for attempt := range mostBroken {
		leave, err := s.turns.take(ctx, n.id(attempt))
		if err != nil {
			return File{}, err
		}
		f, again, err := s.sentBefore(ctx, to, n, attempt, whole)
		if err == nil && !again {
			leave()
			continue
		}
		if errors.Is(err, ErrNoFile) {
			f, err = s.seal(ctx, to, n.id(attempt), n.mark(), name, kind, whole)
		}
		if errors.Is(err, store.ErrExists) { // another server takes it
			err = ErrBusy
		}
		leave()
		return f, err
	}
	return File{}, ErrCount
}

// sentBefore finds the file that a form was sent with before: ErrNoFile when there was
// none, again false when that one did not arrive whole. Another one that only began
// the same is refused: what was read of it is gone.
func (s *Service) sentBefore(ctx context.Context, to report.Found, n named, attempt int, content io.Reader) (f File, again bool, err error) {
	f, err = readFile(ctx, s.DB, to.Program, n.id(attempt))
	if err != nil || f.State != Whole {
		return f, false, err
	}
	had, err := readSent(ctx, s.DB, f)
	if err != nil {
		return f, false, err
	}
	now := n.mark()
	if _, err := io.Copy(now, io.LimitReader(content, s.limits(to.Program).File+1)); err != nil {
		return f, false, err
	}
	if !hmac.Equal(now.Sum(nil), had) {
		return f, false, ErrOther
	}
	return f, true, nil
}

// turns lets a file be taken by one request at a time: of two that were sent at once
// the second finds what became of the first.
type turns struct {
	mu   sync.Mutex
	held map[store.ID]chan struct{}
}

func (t *turns) take(ctx context.Context, id store.ID) (leave func(), err error) {
	late := time.NewTimer(againWait)
	defer late.Stop()
	for {
		t.mu.Lock()
		before, busy := t.held[id]
		if !busy {
			done := make(chan struct{})
			t.held[id] = done
			t.mu.Unlock()
			return func() {
				t.mu.Lock()
				defer t.mu.Unlock()
				delete(t.held, id)
				close(done)
			}, nil
		}
		t.mu.Unlock()
		select {
		case <-before:
		case <-late.C:
			return nil, ErrBusy
		case <-ctx.Done():
			return nil, ErrBusy
		}
	}
}
