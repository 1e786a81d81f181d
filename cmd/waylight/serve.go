// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"waylight/internal/app"
	"waylight/internal/platform/mail"
	"waylight/internal/platform/store"
)

// serveFlags are what serve and its first administrator need to be told.
type serveFlags struct {
	addr, data, database, keyring, packs, origin, cert, key, exit string
	admin, adminName, directory                                   string
	mail                                                          mail.Config
	every, drain                                                  time.Duration
	metrics                                                       string
	metricsAnywhere                                               bool
	log                                                           logFlags
	witnesses                                                     list
	copyTo                                                        string
	copyWait                                                      bool
}

// runServe runs an installation until it is told to stop.
func runServe(ctx context.Context, c *console, args []string) int {
	f := flags(c, "serve", "")
	var s serveFlags
	f.StringVar(&s.addr, "addr", "127.0.0.1:8080", "address to listen on")
	f.StringVar(&s.data, "data", "waylight-data", "folder of the database and the keys; made when it is not there")
	f.StringVar(&s.database, "database", "", "sqlite:FILE or postgres://…; empty for waylight.db in the data folder; a password is read from PGPASSWORD or a pgpass file")
	f.StringVar(&s.keyring, "keyring", "", "folder of the keyring, best on another disk; empty for the data folder")
	f.StringVar(&s.packs, "packs", "", "folder of packs that replace files of the built-in ones or add to them")
	f.StringVar(&s.origin, "origin", "", "public address, such as https://tips.example.gov")
	f.StringVar(&s.cert, "tls-cert", "", "certificate file, to serve HTTPS")
	f.StringVar(&s.key, "tls-key", "", "key file of the certificate")
	f.StringVar(&s.exit, "exit-url", "", "page that the quick exit leads to")
	f.StringVar(&s.admin, "admin", "", "e-mail address of the first administrator (first start only)")
	f.StringVar(&s.adminName, "admin-name", "First administrator", "name of the first administrator")
	f.StringVar(&s.mail.Addr, "mail", "", "SMTP server, host:port; the password is read from WAYLIGHT_MAIL_PASSWORD")
	f.StringVar(&s.mail.From, "mail-from", "", "sender of notices")
	f.StringVar(&s.mail.Username, "mail-user", "", "user name at the SMTP server")
	f.StringVar(&s.mail.TLS, "mail-tls", mail.StartTLS, "starttls, tls, or none-loopback-only")
	f.StringVar(&s.directory, "directory-key", "", "file with the public half of the directory key (waylight directory new); without it the form cannot be opened")
	f.StringVar(&s.copyTo, "copy-to", "", "keep a second copy of the database in this folder, on another disk, or in s3://BUCKET/PREFIX?endpoint=…&region=… (the key is read from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)")
	f.BoolVar(&s.copyWait, "copy-wait", false, "accept nothing before the second copy has it; while the copy cannot be reached, go on without it and raise an alarm")
	f.DurationVar(&s.every, "checkpoint-every", 10*time.Minute, "schedule of the public log's checkpoints")
	f.DurationVar(&s.drain, "drain", 0, "once told to stop, say so on /readyz for so long before taking nothing more; for a load balancer to notice")
	f.StringVar(&s.metrics, "metrics", "", "address for /metrics, such as 127.0.0.1:9180; empty for none")
	f.BoolVar(&s.metricsAnywhere, "metrics-anywhere", false, "let other machines reach the address of the metrics")
	s.log.declare(f)
	f.Var(&s.witnesses, "witness", "URL=KEYFILE of a witness that signs each checkpoint (may be repeated)")
	if _, code := parse(f, args, 0); code >= 0 {
		return code
	}
	if err := checkDatabase(s.database); err != nil {
		fmt.Fprintf(c.err, "waylight: %v\n", err)
		return exitUsage
	}
	if err := checkOrigin(s.origin); err != nil {
		fmt.Fprintf(c.err, "waylight: %v\n", err)
		return exitUsage
	}
	certificate, err := s.certificate()
	if err == nil {
		s.mail.Password, err = mailPassword()
	}
	if err != nil {
		return c.fail(err)
	}
	return s.run(ctx, c, certificate)
}

func (s *serveFlags) run(ctx context.Context, c *console, certificate *tls.Certificate) int {
	// The listener comes first: an address in use must not leave a half-made
	// data folder behind.
	l, err := listen(s.addr)
	if err != nil {
		return c.fail(err)
	}
	defer l.Close()
	if certificate == nil && !local(l.Addr()) {
		return c.fail(errPlain)
	}
	var metrics net.Listener
	if s.metrics != "" {
		if metrics, err = listenMetrics(s.metrics, s.metricsAnywhere); err != nil {
			return c.fail(err)
		}
		defer metrics.Close()
		fmt.Fprintf(c.out, "Metrics at http://%s/metrics\n", metrics.Addr())
	}
	if s.origin == "" {
		scheme := "http"
		if certificate != nil {
			scheme = "https"
		}
		s.origin = scheme + "://" + named(l.Addr())
	}
	config := app.Config{
		Data: s.data, Database: s.database, Keyring: s.keyring, Origin: s.origin, Mail: s.mail,
		CopyTo: s.copyTo, CopyWait: s.copyWait,
		Every: s.every, ExitURL: s.exit, Build: thisBuild(), Drain: s.drain,
	}
	if config.Log, err = s.log.open(c.err); err != nil {
		return c.fail(err)
	}
	if config.Directory, err = readDirectory(s.directory); err != nil {
		return c.fail(err)
	}
	if config.Witnesses, err = readPeers(s.witnesses); err != nil {
		return c.fail(err)
	}
	if s.packs != "" {
		config.Packs = []fs.FS{os.DirFS(s.packs)}
	}
	over := supervised()
	a, err := app.New(ctx, config)
	if store.Away(err) {
		a, l, err = sheltered(ctx, config, l, certificate, over)
	}
	if err != nil {
		return c.fail(err)
	}
	if a == nil { // told to stop while the database was away
		return exitOK
	}
	defer a.Close()
	if err := a.PrintFirstRun(ctx, c.out, s.admin, s.adminName); err != nil {
		return c.fail(err)
	}
	debug.FreeOSMemory() // reading packs takes far more than keeping them; the small machine gets it back
	fmt.Fprintf(c.out, "Waylight serves at %s\n", s.origin)
	if metrics != nil {
		go a.ServeMetrics(context.WithoutCancel(ctx), metrics) // to the very end: how it stops is worth seeing
	}
	running, stopped := context.WithCancel(context.WithoutCancel(ctx))
	defer stopped()
	go over.feed(running, a.Alive)
	over.tell("READY=1")
	told := make(chan struct{})
	context.AfterFunc(ctx, func() { over.tell("STOPPING=1"); close(told) })
	if err := a.Serve(ctx, l, certificate); err != nil {
		return c.fail(err)
	}
	<-told // it ended because ctx did
	return exitOK
}

// sheltered serves from the spool until the database answers, and gives what then
// opened with the listener that goes on. A server that has never served waits.
func sheltered(ctx context.Context, config app.Config, l net.Listener, certificate *tls.Certificate, over supervisor) (*app.App, net.Listener, error) {
	waiting, stop := context.WithCancel(ctx)
	defer stop()
	go over.feed(waiting, func(context.Context) {})
	over.tell("READY=1")
	relay := app.NewRelay(l)
	for {
		a, err := app.Shelter(ctx, config, relay.Turn(), certificate)
		if errors.Is(err, app.ErrNoShelter) {
			config.WaitForDatabase = true
			a, err = app.New(ctx, config)
		}
		if !store.Away(err) {
			return a, relay.Turn(), err
		}
	}
}

// mailPassword is the relay's, from where a supervisor puts secrets or from the environment.
func mailPassword() (string, error) {
	if folder := os.Getenv("CREDENTIALS_DIRECTORY"); folder != "" {
		secret, err := os.ReadFile(filepath.Join(folder, "mail-password"))
		if err == nil {
			return strings.TrimRight(string(secret), "\r\n"), nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("reading the mail password: %w", err)
		}
	}
	return os.Getenv("WAYLIGHT_MAIL_PASSWORD"), nil
}

func (s *serveFlags) certificate() (*tls.Certificate, error) {
	if s.cert == "" && s.key == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(s.cert, s.key)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate: %w", err)
	}
	return &pair, nil
}

// checkDatabase refuses what is no database, and a password that every user of the
// machine could read in the list of processes.
func checkDatabase(address string) error {
	if address == "" || strings.HasPrefix(address, "sqlite:") {
		return nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return errors.New("--database is written like sqlite:FILE or postgres://user@host/name")
	}
	if _, has := u.User.Password(); has || u.Query().Has("password") {
		return errors.New("--database must not hold a password, which other users of the machine could read; put it into PGPASSWORD or a pgpass file")
	}
	return nil
}

// checkOrigin holds the public address to the one form that links can be made
// of: a wrong one would make every mailed link a dead end.
func checkOrigin(origin string) error {
	if origin == "" {
		return nil
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || origin != u.Scheme+"://"+u.Host || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return errors.New("--origin is written like https://tips.example.gov, without anything after the name")
	}
	return nil
}

// named is where people reach a listener. On this machine that is localhost:
// browsers make passkeys for names, never for numbers.
func named(addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil || !loopback(host) {
		return addr.String()
	}
	return net.JoinHostPort("localhost", port)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// errPlain refuses to carry reports over a network in clear.
var errPlain = errors.New("without --tls-cert and --tls-key Waylight only listens on this machine (127.0.0.1), for a proxy that speaks HTTPS")
