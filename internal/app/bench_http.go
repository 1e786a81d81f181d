// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"waylight/internal/platform/store"
)

// bareSite takes what is posted and commits it, as Bare does, with one row and one
// leaf: what a server can reach that reads HTTP and does nothing else.
type bareSite struct {
	address string
	server  *http.Server
}

// paths of the bare site: words to seal, and what came sealed.
const (
	bareClear  = "/clear"
	bareSealed = "/sealed"
)

func openBareSite(b *Bare) (*bareSite, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for the bare limit: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+bareClear, bareHandler(func(ctx context.Context, id store.ID, body []byte) error { return b.Do(ctx, body, id[:]) }))
	mux.HandleFunc("POST "+bareSealed, bareHandler(b.Keep))
	s := &bareSite{address: l.Addr().String(), server: &http.Server{Handler: mux, ErrorLog: log.New(io.Discard, "", 0)}}
	go s.server.Serve(l) // ends with Close
	return s, nil
}

func (s *bareSite) close() error { return s.server.Close() }

func bareHandler(keep func(ctx context.Context, id store.ID, body []byte) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id := store.NewID()
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err == nil {
			err = keep(r.Context(), id, body)
		}
		if err != nil {
			http.Error(w, "not kept", http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusCreated)
		io.WriteString(w, id.String())
	}
}

// measure posts a body over and over, from so many senders.
func (s *bareSite) measure(ctx context.Context, senders int, length time.Duration, path string, body []byte) measured {
	request := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n%s", path, s.address, len(body), body)
	line := newLine(s.address, senders, func() []byte { return request })
	defer line.hangUp()
	return measure(ctx, senders, length, func(context.Context) error {
		_, err := line.send()
		return err
	})
}

// limits are what a machine reaches that does nothing else than a report's bare work:
// called, and over HTTP.
type limits struct {
	bare               *Bare
	site               *bareSite
	row                []byte // a report that came sealed
	clear, sealed      measured
	httpClear, httpRaw measured
}

func openLimits(bare *Bare) (*limits, error) {
	row, _, err := bare.sealed([]byte(benchStory), []byte(benchStory))
	if err != nil {
		return nil, err
	}
	site, err := openBareSite(bare)
	return &limits{bare: bare, site: site, row: row}, err
}

// add measures each for a while. What failed would make a limit look lower.
func (l *limits) add(ctx context.Context, senders int, length time.Duration, sealed bool) error {
	l.clear.add(measure(ctx, senders, length, func(ctx context.Context) error { return bareReport(ctx, l.bare) }))
	l.httpClear.add(l.site.measure(ctx, senders, length, bareClear, []byte(benchStory)))
	if sealed {
		l.sealed.add(measure(ctx, senders, length, func(ctx context.Context) error { return l.bare.Keep(ctx, store.NewID(), l.row) }))
		l.httpRaw.add(l.site.measure(ctx, senders, length, bareSealed, l.row))
	}
	if l.clear.failed+l.httpClear.failed+l.sealed.failed+l.httpRaw.failed > 0 {
		return errors.New("the bare limit could not be measured: some of it was not kept")
	}
	return nil
}
