// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	graceful = 20 * time.Second // how long answers under way may take once the server stops
	patience = 2 * time.Second  // how long a connection that was made may stay without a request
	lookings = 5 * time.Millisecond
)

// guests are the connections on which something is under way. http.Server's own Shutdown drops a request that it reads once it has been called, also on a connection
// that was taken before: a sender who came at that moment would be cut off without an answer. So the server stops by itself first, and is shut down when nobody is left.
type guests struct {
	mu   sync.Mutex
	open map[net.Conn]http.ConnState
}

// note is http.Server's ConnState.
func (g *guests) note(c net.Conn, state http.ConnState) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch state {
	case http.StateNew, http.StateActive:
		g.open[c] = state
	default: // idle, closed, or no longer the server's
		delete(g.open, c)
	}
}

// waiting says whether somebody waits for an answer, and whether somebody has yet to ask.
func (g *guests) waiting() (answer, ask bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, state := range g.open {
		if state == http.StateActive {
			answer = true
		} else {
			ask = true
		}
	}
	return answer, ask
}

// leave returns when everybody was answered, or when it has taken too long.
func (g *guests) leave(ctx context.Context) {
	until := time.Now().Add(patience)
	look := time.NewTicker(lookings)
	defer look.Stop()
	for {
		answer, ask := g.waiting()
		if !answer && (!ask || time.Now().After(until)) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
	}
}

// drain says that the server stops, and goes on answering for a while.
func (a *App) drain() {
	a.stopping.Store(true)
	if a.Drain > 0 {
		time.Sleep(a.Drain)
	}
}

// untilStopping asks whoever holds a connection open, once the server stops, to make another one: which leads elsewhere.
func (a *App) untilStopping(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.stopping.Load() {
			w.Header().Set("Connection", "close")
		}
		h.ServeHTTP(w, r)
	})
}

// finish takes no more connections, and answers those that were taken. Only when the server's loop has ended is it known of every one.
func (h *hall) finish(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, graceful)
	defer cancel()
	err := h.Close()
	if serveErr := <-h.served; !errors.Is(serveErr, net.ErrClosed) {
		err = errors.Join(err, serveErr)
	}
	h.here.leave(ctx)
	return errors.Join(err, h.server.Shutdown(ctx))
}
