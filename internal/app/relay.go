// SPDX-License-Identifier: Apache-2.0

package app

import (
	"net"
	"sync"
)

// Relay lets one listener be served by one server after another, without the
// address being free in between: who connects meanwhile waits for the next.
type Relay struct {
	under net.Listener
	begin sync.Once
	conns chan net.Conn
	ended chan struct{} // closed when the listener itself has ended
	err   error         // why; read after ended
}

// NewRelay takes a listener over.
func NewRelay(l net.Listener) *Relay {
	return &Relay{under: l, conns: make(chan net.Conn), ended: make(chan struct{})}
}

func (r *Relay) run() {
	defer close(r.ended)
	for {
		conn, err := r.under.Accept()
		if err != nil {
			r.err = err
			return
		}
		r.conns <- conn
	}
}

// Turn is the listener for the next server. Closing it leaves the address open.
func (r *Relay) Turn() net.Listener {
	r.begin.Do(func() { go r.run() })
	return &turn{relay: r, closed: make(chan struct{})}
}

// turn is one server's time on the relay.
type turn struct {
	relay  *Relay
	once   sync.Once
	closed chan struct{}
}

// Accept implements net.Listener.
func (t *turn) Accept() (net.Conn, error) {
	select {
	case <-t.closed:
		return nil, net.ErrClosed
	default:
	}
	select {
	case conn := <-t.relay.conns:
		return conn, nil
	case <-t.closed:
		return nil, net.ErrClosed
	case <-t.relay.ended:
		return nil, t.relay.err
	}
}

// Close implements net.Listener.
func (t *turn) Close() error {
	t.once.Do(func() { close(t.closed) })
	return nil
}

// Addr implements net.Listener.
func (t *turn) Addr() net.Addr { return t.relay.under.Addr() }
