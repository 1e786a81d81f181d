// SPDX-License-Identifier: Apache-2.0

// Package pgtest starts PostgreSQL servers that are thrown away: for tests, and
// for measurements on a machine that has no server of its own running. They
// listen on a Unix socket only and end with the process that started them.
package pgtest

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver
)

const installPostgres = "apt-get install -y postgresql-15"

// Settings of a server.
var (
	// Fast keeps nothing when the machine fails: for tests.
	Fast = []string{"fsync=off", "synchronous_commit=off", "full_page_writes=off", "waylight.throwaway=on", "max_connections=400"}
	// Durable waits for the disk as a server for real does, with the memory that one
	// which is there for nothing else would be given: for measurements.
	Durable = []string{"fsync=on", "synchronous_commit=on", "full_page_writes=on", "shared_buffers=1GB", "max_wal_size=8GB", "wal_compression=on"}
)

// Server is a running server.
type Server struct {
	dir   string
	life  io.WriteCloser // held open: the kernel closes it when this process ends
	ended chan struct{}
	admin *sql.DB
	mu    sync.Mutex
	count int
}

// URL is the address of one of its databases.
func (s *Server) URL(database string) string {
	return fmt.Sprintf("postgres://waylight@/%s?host=%s&sslmode=disable&connect_timeout=120", database, s.dir)
}

// Dir is the server's folder: its data, its socket and its log.
func (s *Server) Dir() string { return s.dir }

// Create makes an empty database and gives its name.
func (s *Server) Create(ctx context.Context) (name string, err error) {
	s.mu.Lock()
	s.count++
	name = "t" + strconv.Itoa(s.count)
	s.mu.Unlock()
	_, err = s.admin.ExecContext(ctx, "create database "+name)
	return name, err
}

// Drop removes a database, whoever is connected to it.
func (s *Server) Drop(ctx context.Context, name string) error {
	_, err := s.admin.ExecContext(ctx, "drop database "+name+" with (force)")
	return err
}

// Admin runs a statement as the server's owner, outside the databases of tests.
func (s *Server) Admin(ctx context.Context, q string) error {
	_, err := s.admin.ExecContext(ctx, q)
	return err
}

// Close ends the server and removes its folder.
func (s *Server) Close() error {
	s.admin.Close()
	err := s.life.Close()
	<-s.ended
	return err
}

// Start starts a server in a folder of its own within folder, "" for the temporary
// one. The server ends with this process: its parent is a shell that waits on a
// pipe which closes when the process is gone.
func Start(folder string, settings []string) (*Server, error) {
	bin, err := postgresBinaries()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(folder, "waylight-pg-")
	if err != nil {
		return nil, err
	}
	who, err := unprivileged(dir)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	run := func(name string, args ...string) *exec.Cmd {
		c := exec.Command(name, args...)
		c.Env = []string{"HOME=" + dir, "PATH=/usr/bin:/bin", "LC_ALL=C"}
		c.Dir = dir
		c.SysProcAttr = &syscall.SysProcAttr{Credential: who, Setpgid: true}
		return c
	}
	out, err := run(filepath.Join(bin, "initdb"), "--no-sync", "-A", "trust", "-U", "waylight", "-E", "UTF8", "--locale=C", "-D", data).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("creating a PostgreSQL cluster: %w\n%s", err, out)
	}
	const script = `postgres=$0 data=$1 dir=$2; shift 2
"$postgres" -D "$data" -k "$dir" -c listen_addresses= "$@" >"$dir/log" 2>&1 & pid=$!
cat >/dev/null; kill -INT $pid; wait $pid; rm -rf "$dir"`
	args := []string{"-c", script, filepath.Join(bin, "postgres"), data, dir}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	c := run("/bin/sh", args...)
	life, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, fmt.Errorf("starting PostgreSQL: %w", err)
	}
	s := &Server{dir: dir, life: life, ended: make(chan struct{})}
	go func() {
		defer close(s.ended)
		c.Wait()
	}()
	s.admin, err = sql.Open("pgx", s.URL("postgres"))
	if err != nil {
		return nil, err
	}
	return s, s.await()
}

func (s *Server) await() error {
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := s.admin.PingContext(context.Background())
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			return fmt.Errorf("PostgreSQL does not answer: %w\n%s", err, log)
		}
	}
}

// postgresBinaries finds the newest installed server.
func postgresBinaries() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	slices.SortFunc(found, func(a, b string) int { return majorVersion(a) - majorVersion(b) })
	if len(found) > 0 {
		return filepath.Dir(found[len(found)-1]), nil
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		return filepath.Dir(path), nil
	}
	return "", fmt.Errorf("a PostgreSQL server is needed; install it with: %s", installPostgres)
}

func majorVersion(path string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	return n
}

// unprivileged returns whom the server runs as, since it refuses to run as
// root, and gives them the folder.
func unprivileged(dir string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.ParseUint(u.Uid, 10, 32)
		gid, _ := strconv.ParseUint(u.Gid, 10, 32)
		if err := os.Chown(dir, int(uid), int(gid)); err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, fmt.Errorf("PostgreSQL does not run as root and there is no user to run it as; install it with: %s", installPostgres)
}
