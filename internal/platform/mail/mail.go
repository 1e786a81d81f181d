// SPDX-License-Identifier: Apache-2.0

// Package mail sends short notices by SMTP and, for demonstrations and tests,
// catches them.
//
// It promises that a message leaves only over TLS with a certificate that
// checks, except to this machine itself; that it carries the words it was given
// and nothing about the program or the machine that sent it; that no address,
// subject or text can add a header, a recipient or a command; and that an error
// names neither a person nor their address, since errors are logged.
package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"waylight/internal/platform/fault"
)

// Message is one notice to one person.
type Message struct{ To, Subject, Text string }

// The values of Config.TLS.
const (
	StartTLS     = "starttls"           // TLS before anything is said (port 587)
	DirectTLS    = "tls"                // TLS from the first byte (port 465)
	LoopbackOnly = "none-loopback-only" // no TLS, refused except to this machine
)

const defaultTimeout = 30 * time.Second

// What Send can say. A refusal is final; the others are worth another try.
var (
	ErrMessage = fault.New(fault.Invalid, "mail_message", "This notice cannot be sent: its address or subject is not usable.")
	ErrConfig  = fault.New(fault.Invalid, "mail_config", "The settings for sending mail are not usable.")
	ErrRefused = fault.New(fault.Invalid, "mail_refused", "The mail server refused this notice.")
	ErrAway    = fault.New(fault.Unavailable, "mail_away", "The mail server could not be reached or did not take the notice now.")
	ErrUnsafe  = fault.New(fault.Unavailable, "mail_unsafe", "The mail server offers no safe connection, so nothing was sent.")
)

// Config says through which server a Sender speaks.
type Config struct {
	Addr               string         // "mail.example.org:587"
	From               string         // "Notices <notices@example.org>"
	Username, Password string         // empty: no sign-in
	TLS                string         // one of the constants; empty means StartTLS
	RootCAs            *x509.CertPool // empty: the system's
	Timeout            time.Duration  // for a whole message; 0 means 30 s
	Now                func() time.Time
	Failed             func() // told of every message that the server did not take, and of nothing about it; may be nil
}

// Sender sends messages through one server, each over its own connection.
type Sender struct{ cfg Config }

// NewSender makes a Sender. Send reports what is wrong with the settings.
func NewSender(cfg Config) *Sender {
	if cfg.TLS == "" {
		cfg.TLS = StartTLS
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = defaultTimeout
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Sender{cfg: cfg}
}

// Check says whether the settings can work, without sending anything.
func (s *Sender) Check() error {
	_, err := address(s.cfg.From)
	if err != nil {
		return ErrConfig.At("from").With(err)
	}
	_, _, err = net.SplitHostPort(s.cfg.Addr)
	if err != nil {
		return ErrConfig.At("addr").With(err)
	}
	switch s.cfg.TLS {
	case StartTLS, DirectTLS, LoopbackOnly:
		return nil
	}
	return ErrConfig.At("tls").With(fmt.Errorf("unknown value %q", s.cfg.TLS))
}

// Send hands one message to the server. When it returns nil the server has
// taken the message; that is not yet proof that anybody received it.
func (s *Sender) Send(ctx context.Context, m Message) error {
	err := s.send(ctx, m)
	if err != nil && s.cfg.Failed != nil {
		s.cfg.Failed()
	}
	return err
}

func (s *Sender) send(ctx context.Context, m Message) error {
	err := s.Check()
	if err != nil {
		return err
	}
	to, err := address(m.To)
	if err != nil {
		return ErrMessage.At("to").With(err)
	}
	from, err := address(s.cfg.From)
	if err != nil {
		return ErrConfig.At("from").With(err)
	}
	body, err := build(m, from, to, s.cfg.Now())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	client, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	stop := context.AfterFunc(ctx, func() { client.Close() })
	defer stop()
	return s.speak(client, from.Address, to.Address, body)
}

func (s *Sender) speak(client *smtp.Client, from, to string, body []byte) error {
	if s.cfg.Username != "" {
		err := client.Auth(sasl.NewPlainClient("", s.cfg.Username, s.cfg.Password))
		if err != nil {
			return answer(err, "signing in")
		}
	}
	err := client.Mail(from, nil)
	if err != nil {
		return answer(err, "naming the sender")
	}
	err = client.Rcpt(to, nil)
	if err != nil {
		return answer(err, "naming the recipient")
	}
	data, err := client.Data()
	if err != nil {
		return answer(err, "sending the message")
	}
	_, err = data.Write(body)
	if err != nil {
		return answer(err, "sending the message")
	}
	err = data.Close()
	if err != nil {
		return answer(err, "handing over the message")
	}
	// The message is taken; how the server says goodbye changes nothing.
	_ = client.Quit()
	return nil
}

// dial connects and makes the connection safe before anything is said on it.
func (s *Sender) dial(ctx context.Context) (*smtp.Client, error) {
	host, _, err := net.SplitHostPort(s.cfg.Addr)
	if err != nil {
		return nil, ErrConfig.At("addr").With(err)
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", s.cfg.Addr)
	if err != nil {
		return nil, ErrAway.With(err)
	}
	secure := &tls.Config{ServerName: host, RootCAs: s.cfg.RootCAs, MinVersion: tls.VersionTLS12}
	var client *smtp.Client
	switch s.cfg.TLS {
	case LoopbackOnly:
		if !isLoopback(conn.RemoteAddr()) {
			conn.Close()
			return nil, ErrUnsafe.With(errors.New("without TLS only to this machine"))
		}
		client = smtp.NewClient(conn)
	case DirectTLS:
		over := tls.Client(conn, secure)
		err = over.HandshakeContext(ctx)
		if err != nil {
			conn.Close()
			return nil, ErrUnsafe.With(err)
		}
		client = smtp.NewClient(over)
	default:
		client, err = s.startTLS(ctx, conn, secure)
		if err != nil {
			conn.Close()
			return nil, err
		}
	}
	client.CommandTimeout, client.SubmissionTimeout = s.cfg.Timeout, s.cfg.Timeout
	return client, nil
}

// startTLS asks for TLS and completes its handshake. Greeting and STARTTLS
// have a limit of their own in the client, so the context closes the connection.
func (s *Sender) startTLS(ctx context.Context, conn net.Conn, secure *tls.Config) (*smtp.Client, error) {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	client, err := smtp.NewClientStartTLS(conn, secure)
	if err != nil {
		var said *smtp.SMTPError
		var broken net.Error
		if ctx.Err() != nil || errors.As(err, &said) || errors.As(err, &broken) || errors.Is(err, io.EOF) {
			return nil, answer(err, "starting TLS")
		}
		return nil, ErrUnsafe.With(err)
	}
	err = client.Noop()
	if err != nil {
		return nil, ErrUnsafe.With(fault.Wrap(err, "checking the certificate"))
	}
	return client, nil
}

func isLoopback(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// answer turns what the server said into a fault without its words, which may
// repeat an address.
func answer(err error, doing string) error {
	var said *smtp.SMTPError
	if !errors.As(err, &said) {
		return ErrAway.With(fault.Wrap(err, doing))
	}
	short := fmt.Errorf("%s: the server answered %d", doing, said.Code)
	if said.Code >= 500 {
		return ErrRefused.With(short)
	}
	return ErrAway.With(short)
}
