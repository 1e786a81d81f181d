// SPDX-License-Identifier: Apache-2.0

package storetest

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
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver
)

const installPostgres = "apt-get install -y postgresql-15"

// server is this process's PostgreSQL: one for all tests of a package.
var server = sync.OnceValues(startPostgres)

// Database is the address of an empty database on this process's PostgreSQL
// server, which is dropped after the test.
func Database(t *testing.T) string {
	t.Helper()
	return newDatabase(t)
}

// newDatabase creates a database for one test and drops it afterwards.
func newDatabase(t *testing.T) string {
	t.Helper()
	s, err := server()
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	s.count++
	name := "t" + strconv.Itoa(s.count)
	s.mu.Unlock()
	if _, err := s.admin.Exec("create database " + name); err != nil {
		t.Fatalf("creating a database: %v", err)
	}
	t.Cleanup(func() {
		if _, err := s.admin.Exec("drop database " + name + " with (force)"); err != nil {
			t.Errorf("dropping a database: %v", err)
		}
	})
	return s.url(name)
}

type postgresServer struct {
	dir   string
	life  io.Closer // held open: the kernel closes it when this process ends
	admin *sql.DB
	mu    sync.Mutex
	count int
}

func (s *postgresServer) url(database string) string {
	return fmt.Sprintf("postgres://waylight@/%s?host=%s&sslmode=disable", database, s.dir)
}

// startPostgres starts a server in a folder of its own, on a Unix socket only.
// The server ends with this process: its parent is a shell that waits on a
// pipe which closes when the process is gone.
func startPostgres() (*postgresServer, error) {
	bin, err := postgresBinaries()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "waylight-pg-")
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
	const script = `"$0" -D "$1" -k "$2" -c listen_addresses= -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=400 >"$2/log" 2>&1 & pid=$!
cat >/dev/null; kill -INT $pid; wait $pid; rm -rf "$2"`
	c := run("/bin/sh", "-c", script, filepath.Join(bin, "postgres"), data, dir)
	life, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, fmt.Errorf("starting PostgreSQL: %w", err)
	}
	s := &postgresServer{dir: dir, life: life}
	s.admin, err = sql.Open("pgx", s.url("postgres"))
	if err != nil {
		return nil, err
	}
	return s, s.await()
}

func (s *postgresServer) await() error {
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
	return "", fmt.Errorf("the tests need a PostgreSQL server; install it with: %s", installPostgres)
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
