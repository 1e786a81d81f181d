// SPDX-License-Identifier: Apache-2.0

package mail

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"mime"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-smtp"
)

const (
	keptMessages = 500
	maxCaught    = 256 << 10
	maxKept      = 16 << 20 // bytes, of all messages together
)

// Catcher is a mail server on this machine that keeps the newest messages in
// memory and passes nothing on. It stands in for a state's mail server in the
// demonstration and in tests.
type Catcher struct {
	server *smtp.Server
	listen *door

	mu    sync.Mutex
	kept  []Message
	size  int
	total int
	more  chan struct{} // closed and replaced when a message arrives
}

// NewCatcher starts a Catcher. The address must be one of this machine's own,
// such as "127.0.0.1:0".
func NewCatcher(addr string) (*Catcher, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("mail catcher: %w", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, errors.New("mail catcher: listens on this machine only, such as 127.0.0.1:0")
	}
	listen, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("mail catcher: %w", err)
	}
	if !isLoopback(listen.Addr()) {
		listen.Close()
		return nil, errors.New("mail catcher: localhost is not this machine")
	}
	c := &Catcher{listen: &door{Listener: listen}, more: make(chan struct{})}
	c.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &caught{catcher: c}, nil }))
	c.server.Domain = "localhost"
	c.server.MaxMessageBytes = maxCaught
	c.server.MaxRecipients = 20
	c.server.ReadTimeout = time.Minute
	c.server.WriteTimeout = time.Minute
	c.server.ErrorLog = log.New(io.Discard, "", 0) // its lines name addresses
	go func() { _ = c.server.Serve(c.listen) }()   // ends, with an error, at Close
	return c, nil
}

// door is a listener that can be shut for a while without losing its address.
type door struct {
	net.Listener
	shut atomic.Bool
}

// Accept implements net.Listener.
func (d *door) Accept() (net.Conn, error) {
	for {
		conn, err := d.Listener.Accept()
		if err != nil || !d.shut.Load() {
			return conn, err
		}
		conn.Close()
	}
}

// Away has the catcher hang up on whoever comes, as a mail server that is out of order
// does, or take messages again. What it kept before is forgotten.
func (c *Catcher) Away(away bool) {
	c.listen.shut.Store(away)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept, c.size = nil, 0
}

// Addr is where the catcher listens.
func (c *Catcher) Addr() string { return c.listen.Addr().String() }

// Messages gives the newest messages, oldest first.
func (c *Catcher) Messages() []Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Message(nil), c.kept...)
}

// Wait returns once n messages in all have arrived since the start.
func (c *Catcher) Wait(ctx context.Context, n int) error {
	for {
		c.mu.Lock()
		total, more := c.total, c.more
		c.mu.Unlock()
		if total >= n {
			return nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return fmt.Errorf("mail catcher: %d of %d messages came: %w", total, n, ctx.Err())
		}
	}
}

// Close stops the catcher; what it kept can still be read.
func (c *Catcher) Close() error { return c.server.Close() }

func (c *Catcher) keep(m Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept = append(c.kept, m)
	c.size += m.size()
	for len(c.kept) > keptMessages || c.size > maxKept {
		c.size -= c.kept[0].size()
		c.kept = c.kept[1:]
	}
	c.total++
	close(c.more)
	c.more = make(chan struct{})
}

func (m Message) size() int { return len(m.To) + len(m.Subject) + len(m.Text) }

// caught is one SMTP conversation.
type caught struct {
	catcher *Catcher
	to      []string
}

func (s *caught) Mail(string, *smtp.MailOptions) error { return nil }

func (s *caught) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

func (s *caught) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m := read(raw)
	for _, to := range s.to {
		m.To = to
		s.catcher.keep(m)
	}
	return nil
}

func (s *caught) Reset() { s.to = nil }

func (s *caught) Logout() error { return nil }

// read takes a message apart as a mail program would. What it cannot read it
// shows as it came.
func read(raw []byte) Message {
	msg, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return Message{Text: string(raw)}
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject"))
	if err != nil {
		subject = msg.Header.Get("Subject")
	}
	body := msg.Body
	switch strings.ToLower(msg.Header.Get("Content-Transfer-Encoding")) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return Message{Subject: subject, Text: string(raw)}
	}
	return Message{Subject: subject, Text: strings.TrimSuffix(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n")}
}
