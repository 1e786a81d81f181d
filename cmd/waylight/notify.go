// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net"
	"os"
	"strconv"
	"time"
)

// supervisor is whoever started this process and wants to be told how it stands
// (sd_notify(3)). The zero one is told nothing.
type supervisor struct {
	socket string
	within time.Duration // how long it waits for a sign of life; 0: it does not
}

// supervised reads who that is from the environment.
func supervised() supervisor {
	s := supervisor{socket: os.Getenv("NOTIFY_SOCKET")}
	if pid := os.Getenv("WATCHDOG_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return s
	}
	if micros, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64); err == nil && micros > 0 {
		s.within = time.Duration(micros) * time.Microsecond
	}
	return s
}

// tell says one thing: "READY=1". Whether anybody listens changes nothing for us.
func (s supervisor) tell(state string) {
	if s.socket == "" {
		return
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: s.socket, Net: "unixgram"})
	if err != nil {
		return
	}
	defer conn.Close()
	conn.Write([]byte(state))
}

// feed gives a sign of life as long as alive comes back, until ctx ends.
func (s supervisor) feed(ctx context.Context, alive func(context.Context)) {
	if s.socket == "" || s.within == 0 {
		return
	}
	tick := time.NewTicker(s.within / 3)
	defer tick.Stop()
	for {
		alive(ctx)
		s.tell("WATCHDOG=1")
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
