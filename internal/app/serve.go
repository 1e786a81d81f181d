// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// Serve answers requests on l and does jobs until ctx ends; then it lets
// answers under way finish. A nil certificate serves plain HTTP, for a proxy
// on the same machine.
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
		// net/http's own log lines carry addresses of senders.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	if certificate != nil {
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12}
		l = tls.NewListener(l, server.TLSConfig)
	}
	if err := a.SendCanariesTo(reachable(l.Addr()), certificate); err != nil {
		return err
	}
	defer a.canaryLine.Store(nil)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	worked := make(chan error, 1)
	go func() { worked <- a.Runner.Run(ctx) }()
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		a.watching(ctx)
	}()
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	select {
	case err := <-served:
		stop()
		<-worked
		<-watched
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	graceful, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	err = server.Shutdown(graceful)
	<-worked
	<-watched
	if serveErr := <-served; !errors.Is(serveErr, http.ErrServerClosed) {
		err = errors.Join(err, serveErr)
	}
	return err
}

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
