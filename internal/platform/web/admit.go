// SPDX-License-Identifier: Apache-2.0

package web

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/gate"
)

const (
	shortBody = 32 << 10        // longer ones are weighed
	longRate  = 32 << 10        // bytes a second that a long one comes with at least
	answering = 2 * time.Minute // for an answer to leave, once its turn has come
)

// retries is how many seconds whoever was turned away is asked to wait.
var retries = map[gate.Class]int{gate.Staff: 5, gate.File: 60, gate.Heavy: 60}

// retryElse is for all other classes.
const retryElse = 15

// admitted holds a handler to what its class may have. What is sent is read
// before that, so that nobody who sends slowly, or never comes to an end, has a
// place that others need; only files are read as they come. After it no limit
// of time stands between a sender's words and their answer.
func (s *Site) admitted(c gate.Class, limit int64, h Handler) Handler {
	if s.Gate == nil || c == gate.Free {
		return h
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		if c == gate.File {
			return s.enter(c, h, w, r)
		}
		words, done := s.readWhole(w, r, limit)
		defer done()
		if c != gate.Intake {
			return s.enter(c, h, w, r)
		}
		on := http.NewResponseController(w)
		_ = on.SetReadDeadline(time.Time{}) // else the request's context ends while it waits
		defer s.Gate.Words(s.worked(r, words))()
		_ = on.SetWriteDeadline(time.Now().Add(answering))
		return h(w, r)
	}
}

// enter does a request when its turn has come, or turns it away.
func (s *Site) enter(c gate.Class, h Handler, w http.ResponseWriter, r *http.Request) error {
	leave, err := s.Gate.Enter(r.Context(), c)
	if err != nil {
		seconds, ok := retries[c]
		if !ok {
			seconds = retryElse
		}
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
		return s.turnAway(w, r, err)
	}
	defer leave()
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answering))
	return h(w, r)
}

// turnAway answers who was turned away, at as little cost as can be: the page is
// made once for each class and language. Members, and programs, get the answer
// that all errors have.
func (s *Site) turnAway(w http.ResponseWriter, r *http.Request, err error) error {
	f, ok := fault.As(err)
	if !ok || isAPI(r) || s.Who != nil && s.Who(r) != "" {
		return err
	}
	lang := Lang(r)
	key := f.Code + " " + lang
	if made, ok := s.busy.Load(key); ok {
		return writeHTML(w, r, http.StatusServiceUnavailable, made.([]byte), false)
	}
	var page recorded
	asked := r.Clone(r.Context())
	asked.Method = http.MethodGet // asked for by HEAD, it would be empty
	if err := s.failPage(&page, asked, f); err != nil {
		return err
	}
	s.busy.Store(key, page.body)
	return writeHTML(w, r, http.StatusServiceUnavailable, page.body, false)
}

// recorded is an answer that is kept.
type recorded struct {
	header http.Header
	body   []byte
}

func (p *recorded) Header() http.Header {
	if p.header == nil {
		p.header = http.Header{}
	}
	return p.header
}

func (p *recorded) WriteHeader(int) {}

func (p *recorded) Write(b []byte) (int, error) {
	p.body = append(p.body, b...)
	return len(b), nil
}

// worked says whether the words come with a proof of work, where that counts.
func (s *Site) worked(r *http.Request, words []byte) bool {
	header := r.Header.Get(gate.WorkHeader)
	return header != "" && s.Puzzles != nil && s.Gate.Siege() && s.Puzzles.Solves(header, words)
}

// readWhole reads what a request sends into memory and puts it back. An error
// of reading stays where it came, for the handler to meet. done lets long bodies
// that wait for room in.
func (s *Site) readWhole(w http.ResponseWriter, r *http.Request, limit int64) (body []byte, done func()) {
	done = func() {}
	if r.ContentLength != 0 && r.Body != http.NoBody {
		if weight := weight(r, limit); weight > shortBody {
			done = s.Gate.Long.Take(weight)
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(30*time.Second + time.Duration(weight)*time.Second/longRate))
		}
		var err error
		body, err = readBody(r)
		r.Body = io.NopCloser(&again{bytes.NewReader(body), err})
	}
	gate.Asked(r.Context())
	return body, done
}

// weight is what a body says it weighs, or the most that it can.
func weight(r *http.Request, limit int64) int64 {
	if r.ContentLength < 0 || r.ContentLength > limit {
		return limit
	}
	return r.ContentLength
}

// readBody reads a body. The buffer is as large as a short body says it is, and
// grows with a long one: who says much and sends little holds little.
func readBody(r *http.Request) ([]byte, error) {
	room := min(max(r.ContentLength, 0), shortBody) + bytes.MinRead
	body := bytes.NewBuffer(make([]byte, 0, room))
	_, err := body.ReadFrom(r.Body)
	return body.Bytes(), err
}

// again is a body that was read, with the error that its reading ended with.
type again struct {
	body *bytes.Reader
	err  error
}

// Read reads on.
func (a *again) Read(p []byte) (int, error) {
	n, err := a.body.Read(p)
	if errors.Is(err, io.EOF) && a.err != nil {
		err = a.err
	}
	return n, err
}
