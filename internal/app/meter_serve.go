// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"waylight/internal/platform/metric"
)

// releasing shows what was counted whenever the public log is published, until ctx ends.
func (a *App) releasing(ctx context.Context) {
	a.Release(ctx)
	for {
		now := time.Now()
		next := time.NewTimer(now.Truncate(a.Every).Add(a.Every).Sub(now))
		select {
		case <-ctx.Done():
			next.Stop()
			return
		case <-next.C:
			a.Release(ctx)
		}
	}
}

// Release shows what was counted so far.
func (a *App) Release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	a.meter.set.Release(ctx)
}

// ServeMetrics answers /metrics on l, and nothing else, until ctx ends.
func (a *App) ServeMetrics(ctx context.Context, l net.Listener) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", a.metrics)
	server := &http.Server{
		Handler: mux, ReadHeaderTimeout: 10 * time.Second, WriteTimeout: time.Minute, IdleTimeout: time.Minute, MaxHeaderBytes: 8 << 10,
		ErrorLog: quiet(),
	}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	err := server.Serve(l)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serving metrics: %w", err)
}

func (a *App) metrics(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), askWithin)
	defer cancel()
	w.Header().Set("Content-Type", metric.ContentType)
	w.Header().Set("Cache-Control", "no-store")
	// Whoever reads may go away; there is nobody else to tell.
	_ = a.meter.set.Write(ctx, w)
}
