// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"container/list"
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// How long a connection may be in the house before it must make room for
// another, while the house is full.
const (
	graceMute = 2 * time.Second  // without having asked anything
	graceSlow = 20 * time.Second // without having sent all of what it asks
)

// Lobby is a listener that lets only so many connections in at once; others
// wait outside, where the system's own queue holds them at next to no cost. While it is full,
// whoever has been in the longest without asking anything makes room: first a
// connection that is kept open for later, or has not said what it wants, then one
// that sends so slowly that it has not come to its end. What has been asked in
// full is never cut off.
type Lobby struct {
	net.Listener
	most int

	mu    sync.Mutex
	in    map[net.Conn]*guest
	mute  list.List // of *guest, longest first: nothing asked
	slow  list.List // of *guest, longest first: still sending
	moved chan struct{}
}

type guest struct {
	lobby *Lobby
	conn  net.Conn
	since time.Time
	fresh bool // has never asked anything
	in    *list.List
	at    *list.Element
}

// NewLobby lets in at most so many connections of l.
func NewLobby(l net.Listener, most int) *Lobby {
	return &Lobby{Listener: l, most: most, in: map[net.Conn]*guest{}, moved: make(chan struct{}, 1)}
}

// Accept waits for the next connection, and for room for it.
func (l *Lobby) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	for !l.makeRoom() {
		pause := time.NewTimer(100 * time.Millisecond)
		select {
		case <-l.moved:
		case <-pause.C:
		}
		pause.Stop()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c := &leaving{Conn: conn, lobby: l}
	g := &guest{lobby: l, conn: c, fresh: true}
	l.in[c] = g
	g.stand(&l.mute)
	return c, nil
}

// makeRoom says whether there is room, after it has shown somebody out if there
// was none.
func (l *Lobby) makeRoom() bool {
	l.mu.Lock()
	if len(l.in) < l.most {
		l.mu.Unlock()
		return true
	}
	out := l.longest()
	l.mu.Unlock()
	if out != nil {
		out.conn.Close()
	}
	return out != nil
}

func (l *Lobby) longest() *guest {
	now := time.Now()
	for front := l.mute.Front(); front != nil; front = front.Next() {
		if g := front.Value.(*guest); !g.fresh || now.Sub(g.since) > graceMute {
			return g
		}
	}
	if front := l.slow.Front(); front != nil {
		if g := front.Value.(*guest); now.Sub(g.since) > graceSlow {
			return g
		}
	}
	return nil
}

// State is for http.Server.ConnState.
func (l *Lobby) State(conn net.Conn, state http.ConnState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	g := l.in[bare(conn)]
	if g == nil {
		return
	}
	switch state {
	case http.StateActive:
		g.fresh = false
		g.stand(&l.slow)
	case http.StateIdle:
		g.stand(&l.mute)
		l.wake()
	}
}

// Context is for http.Server.ConnContext: it lets Asked find the connection.
func (l *Lobby) Context(ctx context.Context, conn net.Conn) context.Context {
	l.mu.Lock()
	defer l.mu.Unlock()
	return context.WithValue(ctx, guestKey{}, l.in[bare(conn)])
}

type guestKey struct{}

// Asked says that the request of this context has come to its end: its
// connection is not cut off any more before it is answered.
func Asked(ctx context.Context) {
	g, _ := ctx.Value(guestKey{}).(*guest)
	if g == nil {
		return
	}
	g.lobby.mu.Lock()
	defer g.lobby.mu.Unlock()
	g.stand(nil)
}

// Open says how many connections are in.
func (l *Lobby) Open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.in)
}

// stand moves a guest to the end of a list; nil: to none.
func (g *guest) stand(in *list.List) {
	if g.at != nil {
		g.in.Remove(g.at)
		g.in, g.at = nil, nil
	}
	g.since = time.Now()
	if in != nil && g.lobby.in[g.conn] == g {
		g.in, g.at = in, in.PushBack(g)
	}
}

func (l *Lobby) wake() {
	select {
	case l.moved <- struct{}{}:
	default:
	}
}

// bare is the connection under TLS.
func bare(conn net.Conn) net.Conn {
	if over, ok := conn.(interface{ NetConn() net.Conn }); ok {
		return over.NetConn()
	}
	return conn
}

// leaving is a connection that tells the lobby when it is closed.
type leaving struct {
	net.Conn
	lobby *Lobby
}

// Close closes it and makes room.
func (c *leaving) Close() error {
	l := c.lobby
	l.mu.Lock()
	if g := l.in[c]; g != nil {
		g.stand(nil)
		delete(l.in, c)
		l.wake()
	}
	l.mu.Unlock()
	return c.Conn.Close()
}

// CloseWrite lets the server end an answer without tearing off what is still
// on its way.
func (c *leaving) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
