// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
)

// The first file that a supervisor hands over (sd_listen_fds(3)).
const handedOver = 3

// listen opens the address, or takes the listener that a supervisor has opened and keeps
// open: then a restart refuses nobody, since who comes meanwhile waits in its queue.
func listen(addr string) (net.Listener, error) {
	if os.Getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) {
		return net.Listen("tcp", addr)
	}
	if n := os.Getenv("LISTEN_FDS"); n != "1" {
		return nil, fmt.Errorf("%s listeners were handed over, and Waylight takes one", n)
	}
	f := os.NewFile(handedOver, "handed over")
	defer f.Close()
	l, err := net.FileListener(f)
	if err != nil {
		return nil, fmt.Errorf("taking the listener that was handed over: %w", err)
	}
	if u, ok := l.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false) // the next process gets the same one
	}
	return l, nil
}

// local says whether only this machine can reach a listener.
func local(addr net.Addr) bool {
	if addr.Network() == "unix" {
		return true
	}
	host, _, err := net.SplitHostPort(addr.String())
	return err == nil && loopback(host)
}

// listenMetrics opens the address of the metrics. They tell how busy the server is, so
// another machine reaches them only where somebody says so in so many words.
func listenMetrics(addr string, anywhere bool) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("opening the address of the metrics: %w", err)
	}
	if !anywhere && !local(l.Addr()) {
		l.Close()
		return nil, errors.New("--metrics only listens on this machine (127.0.0.1:9180), unless --metrics-anywhere says that the network in between is trusted")
	}
	return l, nil
}
