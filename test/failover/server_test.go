// SPDX-License-Identifier: Apache-2.0

package failover

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"waylight/internal/app"
	"waylight/internal/platform/store"
)

// The program that the reports are for, and the offices that must get them.
const program = "ms"

var offices = []string{"mbi-desk", "mdcps", "mbi-coordinator"}

// house is one installation: two processes, one keyring, one database.
type house struct {
	cluster   *cluster
	keyring   string
	directory ed25519.PublicKey
	servers   [2]*server
}

// server is one Waylight process.
type server struct {
	name, data string
	port       int
	cmd        *exec.Cmd
	life       io.Closer // the process ends when this closes
	ended      chan struct{}
}

// openHouse makes the installation, gives its offices keys, and starts its processes.
func openHouse(t *testing.T, c *cluster) *house {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	h := &house{cluster: c, keyring: filepath.Join(home, "keyring"), directory: public}
	a, err := app.New(context.Background(), app.Config{
		Data: filepath.Join(home, "setup"), Database: c.url(), Keyring: h.keyring, Demo: true, Directory: public,
		SignDirectory: func(statement []byte) []byte { return ed25519.Sign(private, statement) },
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, office := range append([]string{"help-desk"}, offices...) {
		if err := a.KeyOffice(context.Background(), program, office); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	for i := range h.servers {
		port, err := c.port()
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("waylight%d", i+1)
		h.servers[i] = &server{name: name, data: filepath.Join(home, name), port: port}
		if err := h.start(h.servers[i]); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range h.servers {
		if err := until(startLimit, s.answers); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(h.close)
	return h
}

// start runs this test's own program again, as the server.
func (h *house) start(s *server) error {
	log, err := os.OpenFile(filepath.Join(h.cluster.dir, s.name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	s.cmd = exec.Command(os.Args[0])
	s.cmd.Env = append(os.Environ(), roleVariable+"="+roleServer, "WAYLIGHT_DATA="+s.data, "WAYLIGHT_DATABASE="+h.cluster.url(),
		"WAYLIGHT_KEYRING="+h.keyring, "WAYLIGHT_DIRECTORY="+hex.EncodeToString(h.directory), "WAYLIGHT_ADDR="+loopback(s.port))
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = h.cluster.dir, log, log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if s.life, err = s.cmd.StdinPipe(); err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	cmd, ended := s.cmd, make(chan struct{})
	s.ended = ended
	go func() { cmd.Wait(); close(ended) }()
	return nil
}

// kill ends a server at once, in the middle of whatever it does.
func (s *server) kill() error {
	err := s.cmd.Process.Kill()
	<-s.ended
	return err
}

func (s *server) answers() error {
	select {
	case <-s.ended:
		return fmt.Errorf("%s has ended", s.name)
	default:
	}
	return get("http://"+loopback(s.port)+"/log/"+program+"/key", nil)
}

// close lets the servers finish and end.
func (h *house) close() {
	for _, s := range h.servers {
		s.life.Close()
	}
	for _, s := range h.servers {
		<-s.ended
	}
}

// serve is a server's process.
func serve() error {
	directory, err := hex.DecodeString(os.Getenv("WAYLIGHT_DIRECTORY"))
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		defer stop()
		io.Copy(io.Discard, os.Stdin)
	}()
	config := app.Config{
		Data: os.Getenv("WAYLIGHT_DATA"), Database: os.Getenv("WAYLIGHT_DATABASE"), Keyring: os.Getenv("WAYLIGHT_KEYRING"),
		Demo: true, Directory: directory, Every: 5 * time.Second, Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	}
	l, err := net.Listen("tcp", os.Getenv("WAYLIGHT_ADDR"))
	if err != nil {
		return err
	}
	a, err := app.New(ctx, config)
	if store.Away(err) {
		a, l, err = shelter(ctx, config, l)
	}
	if err != nil || a == nil {
		return err
	}
	defer a.Close()
	return a.Serve(ctx, l, nil)
}

// shelter does what waylight serve does when it starts while the database is away.
func shelter(ctx context.Context, config app.Config, l net.Listener) (*app.App, net.Listener, error) {
	relay := app.NewRelay(l)
	for {
		a, err := app.Shelter(ctx, config, relay.Turn(), nil)
		if errors.Is(err, app.ErrNoShelter) {
			config.WaitForDatabase = true
			a, err = app.New(ctx, config)
		}
		if !store.Away(err) {
			return a, relay.Turn(), err
		}
	}
}
