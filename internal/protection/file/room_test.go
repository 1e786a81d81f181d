// SPDX-License-Identifier: Apache-2.0

package file

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"waylight/internal/platform/store"
	"waylight/internal/protection/report"
)

// deadlines is a connection that keeps the last deadline it was given.
type deadlines struct {
	*httptest.ResponseRecorder
	read time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error { d.read = t; return nil }

func (d *deadlines) SetWriteDeadline(time.Time) error { return nil }

// A part has minutes and no more, however much of it trickles in; a stream earns
// its time with what it sends.
func TestSlowSendersRunOutOfTime(t *testing.T) {
	t.Parallel()
	read := func(rate int64) (deadline, ends time.Time) {
		w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
		body := keepOn(w, httptest.NewRequest("PUT", "/", strings.NewReader(strings.Repeat("x", 64*leastRate))), rate)
		if _, err := io.CopyN(io.Discard, body, 1); err != nil {
			t.Fatal(err)
		}
		body.ends = time.Now().Add(10 * time.Second) // nearly all of its time is over
		if _, err := io.Copy(io.Discard, body); err != nil {
			t.Fatal(err)
		}
		return w.read, body.ends
	}
	if deadline, ends := read(0); deadline.After(ends) || time.Until(ends) > 10*time.Second {
		t.Errorf("a part may take until %s", deadline)
	}
	if _, ends := read(leastRate); time.Until(ends) < 30*time.Second {
		t.Errorf("what a stream sent earned it no time: it ends in %s", time.Until(ends))
	}
}

// One receipt cannot take every place.
func TestAReceiptHasFewPlaces(t *testing.T) {
	t.Parallel()
	s := &Service{places: places{taken: map[store.ID]int{}}}
	mine, other := report.Found{Report: store.NewID()}, report.Found{Report: store.NewID()}
	var leave []func()
	for range perReceipt {
		done, err := s.enter(mine)
		if err != nil {
			t.Fatal(err)
		}
		leave = append(leave, done)
	}
	if _, err := s.enter(mine); err != ErrBusy {
		t.Errorf("one more of the same receipt: %v", err)
	}
	if done, err := s.enter(other); err != nil {
		t.Errorf("another receipt: %v", err)
	} else {
		done()
	}
	for _, done := range leave {
		done()
	}
	if len(s.places.taken) != 0 {
		t.Error("places are never given back")
	}
}

// A receipt that is none costs the server a few MiB and not what is sent.
func TestLittleIsReadBehindAWrongReceipt(t *testing.T) {
	t.Parallel()
	sent := &io.LimitedReader{R: strings.NewReader(strings.Repeat("x", 16<<20)), N: 16 << 20}
	drain(sent)
	if read := 16<<20 - sent.N; read > 8<<20 || read < 1<<20 {
		t.Errorf("%d bytes were read", read)
	}
}
