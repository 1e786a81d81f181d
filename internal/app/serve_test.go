// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"waylight/internal/app"
)

// serving serves an installation until stop is called, which returns why it ended.
func serving(t *testing.T, a *app.App) (address string, stop func() error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	running, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- a.Serve(running, l, nil) }()
	return "http://" + l.Addr().String(), func() error { cancel(); return <-done }
}

func installation(t *testing.T, c app.Config) *app.App {
	t.Helper()
	a, err := app.New(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

// Two servers never share a folder, and what a demo filled is never served for real.
func TestServeKeepsToItsOwnFolder(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	address, stop := serving(t, installation(t, app.Config{Data: data}))
	res, err := http.Get(address + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("health answers %d", res.StatusCode)
	}
	_, second := serving(t, installation(t, app.Config{Data: data}))
	if err := second(); err == nil || !strings.Contains(err.Error(), "another Waylight") {
		t.Errorf("the second server ended with %v", err)
	}
	if err := stop(); err != nil {
		t.Errorf("the first server ended with %v", err)
	}
	filled := t.TempDir()
	demoAddress, stop := serving(t, installation(t, app.Config{Data: filled, Demo: true}))
	if res, err := http.Get(demoAddress + "/healthz"); err != nil {
		t.Error(err)
	} else {
		res.Body.Close()
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	ring, saved, restored := filepath.Join(filled, "keyring"), filepath.Join(t.TempDir(), "saved"), filepath.Join(t.TempDir(), "restored")
	if err := (app.BackingUp{Data: filled, Out: saved}).Run(t.Context(), io.Discard); err != nil {
		t.Fatal(err)
	}
	if err := (app.Restoring{From: saved, Data: restored, Keyring: ring}).Run(t.Context(), io.Discard); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]app.Config{"a demo's folder": {Data: filled}, "a copy of it": {Data: restored, Keyring: ring}} {
		_, real := serving(t, installation(t, c))
		if err := real(); err == nil || !strings.Contains(err.Error(), "demo") {
			t.Errorf("%s was served for real: %v", what, err)
		}
	}
}
