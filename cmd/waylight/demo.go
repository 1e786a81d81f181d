// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"

	"waylight/internal/app/demo"
)

// runDemo starts an installation with invented people in a fresh folder, which
// it removes at the end unless it was named.
func runDemo(ctx context.Context, c *console, args []string) int {
	f := flags(c, "demo", "")
	addr := f.String("addr", "127.0.0.1:8080", "address to listen on, on this machine only")
	data := f.String("data", "", "a folder that does not exist yet, to keep; empty for one that is removed at the end")
	if _, code := parse(f, args, 0); code >= 0 {
		return code
	}
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		return c.fail(fmt.Errorf("%w (choose another address with --addr, or 127.0.0.1:0 for any free one)", err))
	}
	defer l.Close()
	if tcp, ok := l.Addr().(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
		return c.fail(fmt.Errorf("the demo only listens on this machine: its sign-ins are printed for all to see"))
	}
	folder, remove, err := demoFolder(*data)
	if err != nil {
		return c.fail(err)
	}
	defer remove()
	d, err := demo.Start(ctx, demo.Config{Data: folder, Origin: "http://" + named(l.Addr()), Log: slog.New(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	if err != nil {
		return c.fail(err)
	}
	defer d.Close()
	d.Print(c.out)
	if err := d.App.Serve(ctx, l, nil); err != nil {
		return c.fail(err)
	}
	return exitOK
}

// demoFolder makes the demo's folder; an existing one is refused, so that no
// real installation is ever filled with invented reports.
func demoFolder(name string) (folder string, remove func(), err error) {
	if name == "" {
		folder, err = os.MkdirTemp("", "waylight-demo-")
		return folder, func() { os.RemoveAll(folder) }, err
	}
	if err := os.Mkdir(name, 0o700); err != nil {
		return "", nil, fmt.Errorf("the demo needs a fresh folder: %w", err)
	}
	return name, func() {}, nil
}
