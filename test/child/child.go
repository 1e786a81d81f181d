// SPDX-License-Identifier: Apache-2.0

// Package child runs an installation as a process of its own, so that a test can
// weigh it, starve it and kill it. The process is the test's own program,
// started again; a package that uses it calls Main from its TestMain.
//
// The installation has four offices whose keys have holders, an open form, and a
// member of the desk who is signed in. Its parent talks to it over its standard
// input, a line a question.
package child

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const variable = "WAYLIGHT_CHILD"

// Program is the pack that the installation runs.
const Program = "ms"

// Config says how the installation runs.
type Config struct {
	Data        string // its folder
	Database    string // empty: SQLite in Data
	Mail        string // address of a mail catcher; empty: none
	Connections int    // 0: as usual
	Temp        string // the folder for temporary files
	Output      string // file that gets all it says on standard error
}

// Main runs a package's tests or, in the process that Start began, the
// installation.
func Main(m *testing.M) {
	if os.Getenv(variable) == "" {
		os.Exit(m.Run())
	}
	if err := serve(os.Getenv(variable)); err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Child is a running installation.
type Child struct {
	Address string   // host:port
	Cookie  string   // of a member of the desk who is signed in
	Secrets []string // tokens, proofs and recovery parts that no disk may hold
	config  Config
	process *exec.Cmd
	in      io.WriteCloser
	answers chan string
	mu      sync.Mutex
	ended   chan struct{}
}

// Start runs an installation until the test ends.
func Start(t testing.TB, c Config) *Child {
	t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	said, err := os.OpenFile(c.Output, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	child := &Child{config: c, process: exec.Command(self), answers: make(chan string), ended: make(chan struct{})}
	child.process.Env = append(os.Environ(), variable+"="+string(text), "TMPDIR="+c.Temp)
	child.process.Dir = filepath.Dir(c.Output)
	child.process.Stderr = said
	out, err := child.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if child.in, err = child.process.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := child.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { child.Kill(syscall.SIGKILL) })
	go func() {
		for s := bufio.NewScanner(out); s.Scan(); {
			child.answers <- s.Text()
		}
		child.process.Wait()
		close(child.ended)
	}()
	var first hello
	if err := json.Unmarshal([]byte(child.answer(t)), &first); err != nil {
		t.Fatal(err)
	}
	child.Address, child.Cookie = first.Address, first.Cookie
	for _, secret := range first.Secrets {
		child.Secrets = append(child.Secrets, string(secret))
	}
	return child
}

// hello is the first line that an installation says.
type hello struct {
	Address, Cookie string
	Secrets         [][]byte
}

// Ask asks a question and gives the answer, one line of JSON.
func (c *Child) Ask(t testing.TB, words ...string) string {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := io.WriteString(c.in, strings.Join(words, " ")+"\n"); err != nil {
		t.Fatalf("asking the child: %v", err)
	}
	return c.answer(t)
}

func (c *Child) answer(t testing.TB) string {
	t.Helper()
	late := time.NewTimer(3 * time.Minute)
	defer late.Stop()
	select {
	case line := <-c.answers:
		return line
	case <-c.ended:
		said, _ := os.ReadFile(c.config.Output)
		t.Fatalf("the child ended: %s", said[max(0, len(said)-4000):])
	case <-late.C:
		t.Fatal("the child does not answer")
	}
	return ""
}

// Kill sends a signal and waits for the end.
func (c *Child) Kill(signal syscall.Signal) {
	_ = c.process.Process.Signal(signal) // an error means that it has ended
	<-c.ended
}

// PID is the process's number.
func (c *Child) PID() int { return c.process.Process.Pid }
