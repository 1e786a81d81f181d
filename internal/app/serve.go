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
)

// graceful is how long answers under way may take once the server stops.
const graceful = 20 * time.Second

// Serve answers requests on l and does jobs until ctx ends; then it lets
// answers under way finish. A nil certificate serves plain HTTP, for a proxy
// on the same machine.
//
// When ctx ends the server first says that it is not ready, so that a load
// balancer sends what comes next to another process, and still answers
// everything for as long as Drain says. Then it takes no more, answers what it
// has taken, and returns.
func (a *App) Serve(ctx context.Context, l net.Listener, certificate *tls.Certificate) error {
	if err := a.markDemo(); err != nil {
		return err
	}
	release, err := lockFolder(a.Data)
	if err != nil {
		return err
	}
	defer release()
	server := &http.Server{
		Handler:           a.handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       2 * time.Minute, // a slow telephone may take long over a long report
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          quiet(),
	}
	if certificate != nil {
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12}
		l = tls.NewListener(l, server.TLSConfig)
	}
	working, stop := context.WithCancel(ctx)
	defer stop()
	var work sync.WaitGroup
	work.Go(func() { a.Runner.Run(working) })
	work.Go(func() { a.watching(working) })
	work.Go(func() { a.releasing(working) })
	a.Log.Info("the server began", "version", a.Build.Version, "commit", a.Build.Commit, "go", a.Build.Go, "fips140", a.Build.FIPS,
		"engine", a.DB.Engine(), "programs", a.Programs.IDs(), "origin", a.Origin)
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	select {
	case err := <-served:
		stop()
		work.Wait()
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	a.Log.Info("the server stops", "drain", a.Drain.String())
	a.drain(server)
	err = finish(context.WithoutCancel(ctx), server, served)
	work.Wait()
	a.Log.Info("the server stopped", "whole", err == nil)
	return err
}

// drain says that the server stops, and goes on answering for a while.
func (a *App) drain(server *http.Server) {
	a.stopping.Store(true)
	if a.Drain <= 0 {
		return
	}
	server.SetKeepAlivesEnabled(false) // who has a connection open asks anew, and is sent elsewhere
	time.Sleep(a.Drain)
}

// finish takes no more connections and answers those that were taken. What was taken just before the listener closed may only be known to the server when its loop
// has ended, so there is a second look: otherwise a sender who came at that very moment would be cut off.
func finish(ctx context.Context, server *http.Server, served <-chan error) error {
	ctx, cancel := context.WithTimeout(ctx, graceful)
	defer cancel()
	err := server.Shutdown(ctx)
	if serveErr := <-served; !errors.Is(serveErr, http.ErrServerClosed) {
		err = errors.Join(err, serveErr)
	}
	return errors.Join(err, server.Shutdown(ctx))
}

// quiet takes net/http's own log lines, which carry addresses of senders.
func quiet() *log.Logger { return slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) }

// errDemoFolder refuses to serve for real what a demo was filled with.
var errDemoFolder = errors.New("this folder was filled by a demo, whose passphrase everybody knows; serve from another one")

// markDemo marks a demo's folder, and keeps a real server off it.
func (a *App) markDemo() error {
	mark := filepath.Join(a.Data, "demo")
	if a.Demo {
		return os.WriteFile(mark, []byte("Invented people and reports. Never serve this for real.\n"), 0o600)
	}
	if _, err := os.Stat(mark); err == nil {
		return errDemoFolder
	}
	return nil
}
