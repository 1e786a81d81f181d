// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"waylight/internal/platform/gate"
)

// Serve answers requests on l and does jobs until ctx ends; then it lets
// answers under way finish. A nil certificate serves plain HTTP, for a proxy
// on the same machine.
//
// When ctx ends the server first says that it is not ready, so that a load
// balancer sends what comes next to another process, and still answers
// everything for as long as Drain says. Then it takes no more, answers what it
// has taken, and returns.
func (a *App) Serve(ctx context.Context, l net.Listener, certificate *tls.Certificate) error {
	if err := a.refuseDemo(); err != nil {
		return err
	}
	release, err := lockFolder(a.Data)
	if err != nil {
		return err
	}
	defer release()
	h := newHall(l, a.untilStopping(a.handler), a.Connections, certificate)
	if err := a.SendCanariesTo(reachable(h.Addr()), certificate); err != nil {
		return err
	}
	defer a.canaryLine.Store(nil)
	working, stop := context.WithCancel(ctx)
	defer stop()
	var work sync.WaitGroup
	doing, rest := context.WithCancel(working)
	defer rest()
	work.Go(func() { a.Runner.Run(doing) })
	work.Go(func() { a.attend(working, rest) })
	work.Go(func() { a.releasing(working) })
	a.Log.Info("the server began", "version", a.Build.Version, "commit", a.Build.Commit, "go", a.Build.Go, "fips140", a.Build.FIPS,
		"engine", a.DB.Engine(), "programs", a.Programs.IDs(), "origin", a.Origin)
	h.open()
	select {
	case err := <-h.served:
		stop()
		work.Wait()
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	a.Log.Info("the server stops", "drain", a.Drain.String())
	a.drain()
	err = h.finish(context.WithoutCancel(ctx))
	work.Wait()
	a.Log.Info("the server stopped", "whole", err == nil)
	return err
}

// hall is where requests on a listener are answered.
type hall struct {
	net.Listener
	server *http.Server
	here   *guests
	served chan error // why it takes no more; once it is open
}

// newHall is how every page of the site is served. A nil certificate serves plain HTTP.
func newHall(l net.Listener, h http.Handler, connections int, certificate *tls.Certificate) *hall {
	lobby := gate.NewLobby(l, connections)
	here := &guests{open: map[net.Conn]http.ConnState{}}
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       2 * time.Minute, // a slow telephone may take long over a long report; waiting for its turn then counts no more
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          quiet(),
		ConnContext:       lobby.Context,
		ConnState: func(c net.Conn, state http.ConnState) {
			lobby.State(c, state)
			here.note(c, state)
		},
	}
	taken := &hall{Listener: lobby, server: server, here: here, served: make(chan error, 1)}
	if certificate != nil {
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12}
		taken.Listener = tls.NewListener(lobby, server.TLSConfig)
	}
	return taken
}

// open begins to answer.
func (h *hall) open() {
	go func() { h.served <- h.server.Serve(h.Listener) }()
}

// attend does what a server has to look after beside its jobs, until ctx ends;
// rest ends those.
func (a *App) attend(ctx context.Context, rest func()) {
	var loops sync.WaitGroup
	loops.Go(func() { a.watching(ctx) })
	loops.Go(func() { a.Codes.Run(ctx) })
	if a.DB.Engine() == "postgres" {
		loops.Go(func() { a.following(ctx, rest) })
		loops.Go(func() { a.spooling(ctx) })
	}
	loops.Wait()
}

// quiet takes net/http's own log lines, which carry addresses of senders.
func quiet() *log.Logger { return slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) }

// errDemo refuses to serve for real what a demo was filled with.
var errDemo = errors.New("a demo filled this, whose passphrase everybody knows; serve from another folder, with a keyring of its own")

// demoMark is the file that marks a demo's folder and its keyring: no copy of its
// database opens without that.
const demoMark = "demo"

// markDemo marks what a demo is about to fill.
func (a *App) markDemo() error {
	if !a.Demo {
		return nil
	}
	for _, folder := range []string{a.Data, a.Keyring} {
		err := os.WriteFile(filepath.Join(folder, demoMark), []byte("Invented people and reports. Never serve this for real.\n"), 0o600)
		if err != nil {
			return fmt.Errorf("marking a demo: %w", err)
		}
	}
	return nil
}

// refuseDemo keeps a real server off what a demo filled, and off a copy of it.
func (a *App) refuseDemo() error {
	if a.Demo {
		return nil
	}
	for _, folder := range []string{a.Data, a.Keyring} {
		_, err := os.Stat(filepath.Join(folder, demoMark))
		if err == nil {
			return fmt.Errorf("%s: %w", folder, errDemo)
		}
		if !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("looking for a demo's mark: %w", err)
		}
	}
	return nil
}
