// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"bytes"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"waylight/internal/platform/store/storetest"
)

// What a proxy does with a COMMIT that it sees.
const (
	pass      = iota
	cutBefore // the server never gets it
	cutAfter  // the server does it, and its answer never arrives
)

// proxy stands between the store and PostgreSQL and lets connections fail.
type proxy struct {
	listener net.Listener
	socket   string
	database string
	onCommit atomic.Int32
	deaf     atomic.Bool // the next answer is dropped, and its connection closed
	away     atomic.Bool // whoever comes is sent off
	silent   atomic.Bool // nothing comes through any more, and nothing is closed
	mu       sync.Mutex
	open     []net.Conn
}

// newProxy leads to an empty database; it refuses connections until it serves.
func newProxy(t *testing.T) *proxy {
	t.Helper()
	u, err := url.Parse(storetest.PostgresURL(t))
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, socket: filepath.Join(u.Query().Get("host"), ".s.PGSQL.5432"), database: u.Path}
	t.Cleanup(func() {
		p.listener.Close()
		p.cut()
	})
	return p
}

func (p *proxy) url() string {
	return "postgres://waylight@" + p.listener.Addr().String() + p.database + "?sslmode=disable&connect_timeout=120"
}

func (p *proxy) serve() {
	go func() {
		for {
			client, err := p.listener.Accept()
			if err != nil {
				return
			}
			if p.away.Load() {
				client.Close()
				continue
			}
			server, err := net.Dial("unix", p.socket)
			if err != nil {
				client.Close()
				continue
			}
			p.mu.Lock()
			p.open = append(p.open, client, server)
			p.mu.Unlock()
			go p.carry(client, server, true)
			go p.carry(server, client, false)
		}
	}()
}

func (p *proxy) carry(from, to net.Conn, asking bool) {
	defer from.Close()
	defer to.Close()
	b := make([]byte, 64<<10)
	mute := false
	for {
		n, err := from.Read(b)
		if err != nil {
			return
		}
		if p.silent.Load() {
			mute = true
		}
		if mute {
			continue
		}
		if asking && bytes.Contains(b[:n], []byte("commit\x00")) {
			switch p.onCommit.Swap(pass) {
			case cutBefore:
				return
			case cutAfter:
				p.deaf.Store(true) // until its answer came, and was dropped
			}
		}
		if !asking && p.deaf.Swap(false) {
			return
		}
		if _, err := to.Write(b[:n]); err != nil {
			return
		}
	}
}

// cut ends all connections.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.open {
		c.Close()
	}
	p.open = nil
}
