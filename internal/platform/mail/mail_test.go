// SPDX-License-Identifier: Apache-2.0

package mail

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"waylight/internal/platform/fault"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func newCatcher(t *testing.T) *Catcher {
	t.Helper()
	c, err := NewCatcher("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func plainSender(addr string) *Sender {
	return NewSender(Config{Addr: addr, From: "Notices <notices@example.org>", TLS: LoopbackOnly, Timeout: time.Minute, Now: func() time.Time { return noon }})
}

func TestAMessageArrivesAsItWasWritten(t *testing.T) {
	t.Parallel()
	c := newCatcher(t)
	want := Message{
		To: "ana@example.org", Subject: "Hay algo nuevo: revise la página de su oficina, por favor, hoy mismo — ¡gracias!",
		Text: "One thing waits.\n\n.\n.starts with a dot\n= equals, ñ, 日本\n" + strings.Repeat("long line ", 200) + "\nFrom here on\nend",
	}
	err := plainSender(c.Addr()).Send(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	err = c.Wait(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	got := c.Messages()
	if len(got) != 1 || got[0] != want {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestHeadersTellOnlyWhatTheyMust(t *testing.T) {
	t.Parallel()
	from, _ := address("Notices <notices@example.org>")
	to, _ := address("Ana Example <ana@example.org>")
	seen := map[string]bool{}
	for range 20 {
		raw, err := build(Message{Subject: "Something waits", Text: "x"}, from, to, noon)
		if err != nil {
			t.Fatal(err)
		}
		head, _, _ := strings.Cut(string(raw), "\r\n\r\n")
		lines := strings.Split(head, "\r\n")
		id := ""
		for i, want := range []string{
			`From: "Notices" <notices@example.org>`, "To: <ana@example.org>", "Subject: Something waits", "Date: Wed, 04 Mar 2026 12:00:00 -0000",
			"Message-ID: <", "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: quoted-printable", "Auto-Submitted: auto-generated",
		} {
			if i == 4 && strings.HasPrefix(lines[i], want) && strings.HasSuffix(lines[i], "@example.org>") {
				id = lines[i]
				continue
			}
			if lines[i] != want {
				t.Errorf("line %d is %q, want %q", i, lines[i], want)
			}
		}
		if len(lines) != 9 || seen[id] {
			t.Errorf("%d header lines, id %q seen before: %v", len(lines), id, seen[id])
		}
		seen[id] = true
	}
}

func TestNothingCanBeAddedToAMessage(t *testing.T) {
	t.Parallel()
	c := newCatcher(t)
	s := plainSender(c.Addr())
	for name, m := range map[string]Message{
		"header in subject":     {To: "a@example.org", Subject: "Hello\r\nBcc: b@example.org", Text: "x"},
		"bare CR in subject":    {To: "a@example.org", Subject: "Hello\rBcc: b@example.org", Text: "x"},
		"separator in subject":  {To: "a@example.org", Subject: "Hello\u2028Bcc: b@example.org", Text: "x"},
		"not UTF-8 in subject":  {To: "a@example.org", Subject: "Hello \xff", Text: "x"},
		"empty subject":         {To: "a@example.org", Subject: "  ", Text: "x"},
		"endless subject":       {To: "a@example.org", Subject: strings.Repeat("a", 201), Text: "x"},
		"command in address":    {To: "a@example.org>\r\nRCPT TO:<b@example.org", Subject: "Hello", Text: "x"},
		"two addresses":         {To: "a@example.org, b@example.org", Subject: "Hello", Text: "x"},
		"parameter in address":  {To: "<a@example.org> NOTIFY=NEVER", Subject: "Hello", Text: "x"},
		"quoted local part":     {To: `"a b"@example.org`, Subject: "Hello", Text: "x"},
		"route in address":      {To: `"@evil.example:a"@example.org`, Subject: "Hello", Text: "x"},
		"no domain":             {To: "root", Subject: "Hello", Text: "x"},
		"address not in ASCII":  {To: "añb@example.org", Subject: "Hello", Text: "x"},
		"domain not in ASCII":   {To: "a@exаmple.org", Subject: "Hello", Text: "x"},
		"text that is not UTF8": {To: "a@example.org", Subject: "Hello", Text: "\xff"},
		"text beyond the limit": {To: "a@example.org", Subject: "Hello", Text: strings.Repeat("x", maxText+1)},
	} {
		err := s.Send(t.Context(), m)
		if !errors.Is(err, ErrMessage) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && m.To != "root" && strings.Contains(err.Error(), m.To) {
			t.Errorf("%s: the error repeats the address: %v", name, err)
		}
	}
	if got := c.Messages(); len(got) != 0 {
		t.Errorf("sent: %+v", got)
	}
}

func TestASubjectNeverMakesALineTooLongForMail(t *testing.T) {
	t.Parallel()
	c := newCatcher(t)
	for i, subject := range []string{strings.Repeat("ñ", 200), strings.Repeat("word ", 39) + "end", strings.Repeat("😀 ", 99) + ".", strings.Repeat("x", 200)} {
		subject = strings.TrimSpace(subject)
		err := plainSender(c.Addr()).Send(t.Context(), Message{To: "a@example.org", Subject: subject, Text: "x"})
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Messages()[i].Subject; got != subject {
			t.Errorf("subject %d came as %q", i, got)
		}
		from, _ := address("n@example.org")
		raw, err := build(Message{Subject: subject, Text: "x"}, from, from, noon)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(raw), "\r\n") {
			if len(line) > 998 {
				t.Errorf("a line has %d bytes", len(line))
			}
		}
	}
}

// tlsServer is a mail server with a certificate of its own, which keeps what
// it was told.
type tlsServer struct {
	addr  string
	roots *x509.CertPool
	got   chan string
	user  chan string
}

type tlsSession struct {
	server *tlsServer
	conn   *smtp.Conn
	refuse int
}

func (s *tlsSession) Mail(string, *smtp.MailOptions) error { return nil }
func (s *tlsSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.refuse != 0 {
		return &smtp.SMTPError{Code: s.refuse, Message: "no such person: " + to}
	}
	return nil
}
func (s *tlsSession) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if _, secure := s.conn.TLSConnectionState(); !secure {
		data = append([]byte("IN CLEAR "), data...)
	}
	s.server.got <- string(data)
	return err
}
func (s *tlsSession) Reset()                   {}
func (s *tlsSession) Logout() error            { return nil }
func (s *tlsSession) AuthMechanisms() []string { return []string{sasl.Plain} }
func (s *tlsSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		s.server.user <- user + ":" + password
		if password != "right" {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}

type serverKind struct {
	implicit, noTLS bool
	refuse          int
}

func newServer(t *testing.T, kind serverKind) *tlsServer {
	t.Helper()
	cert, roots := certificate(t)
	out := &tlsServer{roots: roots, got: make(chan string, 10), user: make(chan string, 10)}
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &tlsSession{server: out, conn: c, refuse: kind.refuse}, nil
	}))
	server.ReadTimeout, server.WriteTimeout = time.Minute, time.Minute
	server.ErrorLog = discard{}
	cfg := &tls.Config{Certificates: []tls.Certificate{cert}}
	listen, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	out.addr = listen.Addr().String()
	switch {
	case kind.implicit:
		listen = tls.NewListener(listen, cfg)
	case !kind.noTLS:
		server.TLSConfig = cfg
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(listen) }()
	t.Cleanup(func() { server.Close(); <-done })
	return out
}

type discard struct{}

func (discard) Printf(string, ...any) {}
func (discard) Println(...any)        {}

func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, pool
}

func TestMessagesGoOverTLS(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{StartTLS, DirectTLS} {
		server := newServer(t, serverKind{implicit: mode == DirectTLS})
		s := NewSender(Config{Addr: server.addr, From: "n@example.org", Username: "u", Password: "right", TLS: mode, RootCAs: server.roots, Timeout: time.Minute})
		err := s.Send(t.Context(), Message{To: "a@example.org", Subject: "Hello", Text: "words"})
		if err != nil {
			t.Fatalf("%s: %v", mode, err)
		}
		if got := <-server.got; !strings.Contains(got, "words") || strings.HasPrefix(got, "IN CLEAR") {
			t.Errorf("%s: the server got %q", mode, got)
		}
		if user := <-server.user; user != "u:right" {
			t.Errorf("%s: signed in as %q", mode, user)
		}
	}
}

func TestNothingIsSentWhereItIsNotSafe(t *testing.T) {
	t.Parallel()
	unknown := newServer(t, serverKind{})
	direct := newServer(t, serverKind{implicit: true})
	bare := newServer(t, serverKind{noTLS: true})
	for name, cfg := range map[string]Config{
		"no TLS offered":                   {Addr: bare.addr, TLS: StartTLS, RootCAs: bare.roots},
		"TLS is the default":               {Addr: bare.addr},
		"unknown certificate":              {Addr: unknown.addr, TLS: StartTLS},
		"unknown certificate, direct":      {Addr: direct.addr, TLS: DirectTLS},
		"certificate of another machine":   {Addr: strings.Replace(unknown.addr, "127.0.0.1", "127.0.0.2", 1), TLS: StartTLS, RootCAs: unknown.roots},
		"direct TLS where there is none":   {Addr: bare.addr, TLS: DirectTLS, RootCAs: bare.roots},
		"STARTTLS where TLS is from start": {Addr: direct.addr, TLS: StartTLS, RootCAs: direct.roots, Timeout: 300 * time.Millisecond},
	} {
		cfg.From, cfg.Username, cfg.Password = "n@example.org", "u", "right"
		if cfg.Timeout == 0 {
			cfg.Timeout = time.Minute
		}
		err := NewSender(cfg).Send(t.Context(), Message{To: "a@example.org", Subject: "Hello", Text: "words"})
		if !errors.Is(err, ErrUnsafe) && !errors.Is(err, ErrAway) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, s := range []*tlsServer{unknown, direct, bare} {
		if len(s.got)+len(s.user) > 0 {
			t.Error("a message or password reached a server that was not safe")
		}
	}
}

func TestWithoutTLSOnlyToThisMachine(t *testing.T) {
	t.Parallel()
	if !isLoopback(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 9)}) || !isLoopback(&net.TCPAddr{IP: net.IPv6loopback}) {
		t.Error("this machine is refused")
	}
	for _, ip := range []net.IP{net.IPv4(10, 0, 0, 1), net.IPv4(192, 0, 2, 1), net.IPv4zero, nil} {
		if isLoopback(&net.TCPAddr{IP: ip}) {
			t.Errorf("%v passes for this machine", ip)
		}
	}
	for _, addr := range []string{"0.0.0.0:0", ":0", "192.0.2.1:0", "example.org:25", "nonsense"} {
		c, err := NewCatcher(addr)
		if err == nil {
			c.Close()
			t.Errorf("a catcher listens on %s", addr)
		}
	}
}

func TestRefusalsAreFinalAndFailuresAreNot(t *testing.T) {
	t.Parallel()
	m := Message{To: "ana.example@example.org", Subject: "Hello", Text: "words"}
	for code, want := range map[int]fault.Kind{550: fault.Invalid, 554: fault.Invalid, 450: fault.Unavailable, 421: fault.Unavailable} {
		server := newServer(t, serverKind{refuse: code})
		err := NewSender(Config{Addr: server.addr, From: "n@example.org", TLS: StartTLS, RootCAs: server.roots, Timeout: time.Minute}).Send(t.Context(), m)
		if err == nil || fault.KindOf(err) != want {
			t.Errorf("%d: %v", code, err)
		}
		if err != nil && strings.Contains(err.Error(), "ana") {
			t.Errorf("%d: the error names the person: %v", code, err)
		}
	}
	server := newServer(t, serverKind{})
	err := NewSender(Config{Addr: server.addr, From: "n@example.org", Username: "u", Password: "wrong", RootCAs: server.roots, Timeout: time.Minute}).Send(t.Context(), m)
	if !errors.Is(err, ErrRefused) {
		t.Errorf("a wrong password: %v", err)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	for field, cfg := range map[string]Config{
		"from": {Addr: "127.0.0.1:25", From: "nobody"},
		"addr": {Addr: "127.0.0.1", From: "n@example.org"},
		"tls":  {Addr: "127.0.0.1:25", From: "n@example.org", TLS: "none"},
	} {
		err := NewSender(cfg).Check()
		f, ok := fault.As(err)
		if !ok || f.Field != field || !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// A server that takes the connection and says nothing must not hold the sender.
func TestASilentServerIsLeft(t *testing.T) {
	t.Parallel()
	listen, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listen.Close()
	for _, mode := range []string{StartTLS, DirectTLS, LoopbackOnly} {
		s := NewSender(Config{Addr: listen.Addr().String(), From: "n@example.org", TLS: mode, Timeout: 200 * time.Millisecond})
		err = s.Send(t.Context(), Message{To: "a@example.org", Subject: "Hello", Text: "x"})
		if fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s: %v", mode, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = plainSender(listen.Addr().String()).Send(ctx, Message{To: "a@example.org", Subject: "Hello", Text: "x"})
	if fault.KindOf(err) != fault.Unavailable {
		t.Errorf("cancelled: %v", err)
	}
}

func TestTheCatcherKeepsABoundedNumber(t *testing.T) {
	t.Parallel()
	c := &Catcher{more: make(chan struct{})}
	for range keptMessages + 50 {
		c.keep(Message{Text: "x"})
	}
	if n := len(c.Messages()); n != keptMessages {
		t.Errorf("keeps %d", n)
	}
	for range 100 {
		c.keep(Message{Text: strings.Repeat("x", maxCaught)})
	}
	if c.size > maxKept || len(c.Messages()) > maxKept/maxCaught {
		t.Errorf("keeps %d bytes in %d messages", c.size, len(c.Messages()))
	}
	if err := c.Wait(t.Context(), keptMessages+150); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := c.Wait(ctx, keptMessages+151); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting for a message that never comes: %v", err)
	}
}

func FuzzBuild(f *testing.F) {
	f.Add("a@example.org", "Hello", "words")
	f.Add("Ana <a@example.org>", "Hello\r\nBcc: b@example.org", "\r\n.\r\nMAIL FROM:<x>")
	f.Add("a@example.org>\nRCPT", "=?utf-8?q?=0D=0ABcc:_x?=", "\xff\x00")
	f.Add(`"a b"@example.org`, strings.Repeat("ñ ", 100), strings.Repeat("=", 100))
	f.Fuzz(func(t *testing.T, to, subject, text string) {
		rcpt, err := address(to)
		if err != nil {
			return
		}
		if strings.ContainsAny(rcpt.Address, " <>\r\n\t,;:\"()") {
			t.Fatalf("address %q", rcpt.Address)
		}
		from, _ := address("n@example.org")
		raw, err := build(Message{To: to, Subject: subject, Text: text}, from, rcpt, noon)
		if err != nil {
			return
		}
		head, _, ok := strings.Cut(string(raw), "\r\n\r\n")
		if !ok {
			t.Fatal("no end of headers")
		}
		headers := 0
		for _, line := range strings.Split(head, "\r\n") {
			if strings.ContainsAny(line, "\r\n") || len(line) > 998 {
				t.Fatalf("header line %q", line)
			}
			if !strings.HasPrefix(line, " ") {
				headers++
			}
		}
		if headers != 9 {
			t.Fatalf("%d headers in %q", headers, head)
		}
		for _, line := range strings.Split(string(raw), "\r\n") {
			if len(line) > 998 || strings.ContainsAny(line, "\r\n") {
				t.Fatalf("line %q", line)
			}
		}
		got := read(raw)
		want := strings.TrimSuffix(strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n"), "\n")
		if got.Text != want {
			t.Fatalf("text came as %q, want %q", got.Text, want)
		}
	})
}

// Who counts failures hears of each, and of nothing else.
func TestFailuresAreTold(t *testing.T) {
	t.Parallel()
	c := newCatcher(t)
	failed := 0
	sender := NewSender(Config{Addr: c.Addr(), From: "notices@example.org", TLS: LoopbackOnly, Timeout: time.Minute, Failed: func() { failed++ }})
	err := sender.Send(t.Context(), Message{To: "ana@example.org", Subject: "x", Text: "x"})
	if err != nil || failed != 0 {
		t.Errorf("%v, %d failures", err, failed)
	}
	c.Close()
	err = sender.Send(t.Context(), Message{To: "ana@example.org", Subject: "x", Text: "x"})
	if err == nil || failed != 1 {
		t.Errorf("%v, %d failures", err, failed)
	}
}
