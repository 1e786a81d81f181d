// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// child is the program, running as a process of its own.
type child struct {
	t    *testing.T
	cmd  *exec.Cmd
	out  *bufio.Reader
	log  *os.File
	said map[string]string // what it printed, by the words before the last one
}

// start runs `waylight serve` over a folder, with what a supervisor would set.
func start(t *testing.T, data string, env []string, handed *os.File, args ...string) *child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// The shell knows the number of the process that it is about to become.
	cmd := exec.Command("/bin/sh", append([]string{"-c", `[ -z "$HANDED" ] || export LISTEN_FDS=1 LISTEN_PID=$$; exec "$0" "$@"`, self, "serve", "--data", data}, args...)...)
	cmd.Env = append([]string{asProgram + "=1", "PATH=" + os.Getenv("PATH")}, env...)
	if handed != nil {
		cmd.Env = append(cmd.Env, "HANDED=1")
		cmd.ExtraFiles = []*os.File{handed}
	}
	c := &child{t: t, cmd: cmd, said: map[string]string{}}
	c.log, err = os.CreateTemp(t.TempDir(), "log")
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = c.log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	c.out = bufio.NewReader(out)
	for c.said["Waylight serves at"] == "" {
		line, err := c.out.ReadString('\n')
		if err != nil {
			t.Fatalf("the program ended: %v\n%s", err, c.logged())
		}
		if i := strings.LastIndex(line, " "); i >= 0 {
			c.said[line[:i]] = strings.TrimSpace(line[i:])
		}
	}
	return c
}

func (c *child) logged() string {
	text, err := os.ReadFile(c.log.Name())
	if err != nil {
		c.t.Error(err)
	}
	return string(text)
}

func (c *child) site() string { return c.said["Waylight serves at"] }

func (c *child) signal(s os.Signal) {
	c.t.Helper()
	if err := c.cmd.Process.Signal(s); err != nil {
		c.t.Fatal(err)
	}
}

// get asks on a connection of its own.
func get(address string) (status int, body string, err error) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 2 * time.Minute}
	res, err := client.Get(address)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, string(text), err
}

func (c *child) get(path string) (int, string) {
	c.t.Helper()
	status, body, err := get(c.site() + path)
	if err != nil {
		c.t.Fatalf("%s: %v\n%s", path, err, c.logged())
	}
	return status, body
}

// Told to stop, the program says so first and still answers; told again, it ends at once.
func TestStoppingIsSaidBeforeItHappens(t *testing.T) {
	t.Parallel()
	c := start(t, t.TempDir(), nil, nil, "--addr", "127.0.0.1:0", "--drain", "1h", "--log-format", "json")
	for _, path := range []string{"/livez", "/readyz", "/healthz"} {
		if status, body := c.get(path); status != http.StatusOK || body != "ok\n" {
			t.Errorf("%s: %d %q", path, status, body)
		}
	}
	c.signal(syscall.SIGTERM)
	status, body := c.get("/readyz")
	for status == http.StatusOK { // until the signal has arrived
		status, body = c.get("/readyz")
	}
	if status != http.StatusServiceUnavailable || body != "stopping\n" {
		t.Errorf("/readyz: %d %q", status, body)
	}
	for _, path := range []string{"/livez", "/healthz", "/ms/en"} {
		if status, _ := c.get(path); status != http.StatusOK {
			t.Errorf("%s while it stops: %d", path, status)
		}
	}
	log := c.logged()
	for _, line := range []string{`"msg":"the server began","version":`, `"msg":"the server stops","drain":"1h0m0s"`} {
		if !strings.Contains(log, line) {
			t.Errorf("the log has no %s:\n%s", line, log)
		}
	}
	c.signal(syscall.SIGTERM)
	c.cmd.Wait() // or the test hangs
}

// With the listener kept open by a supervisor, a restart refuses nobody: who comes meanwhile
// waits and is answered by the next process.
func TestRestartRefusesNobody(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	handed, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer handed.Close()
	address := "http://" + l.Addr().String()
	l.Close() // the file stays open, as the supervisor's does
	data := t.TempDir()
	c := start(t, data, nil, handed)
	const senders, restarts = 4, 3
	stop, answered := make(chan struct{}), make(chan error, 1<<16)
	done := make(chan struct{}, senders)
	for range senders {
		go func() {
			defer func() { done <- struct{}{} }()
			for {
				status, _, err := get(address + "/ms/en")
				if err == nil && status != http.StatusOK {
					err = io.ErrUnexpectedEOF
				}
				answered <- err
				select {
				case <-stop:
					return
				default:
				}
			}
		}()
	}
	wait := func() { // until every sender may have been answered by the process that serves
		for range 3 * senders {
			if err := <-answered; err != nil {
				t.Errorf("somebody was refused: %v", err)
			}
		}
	}
	for range restarts {
		wait()
		c.signal(syscall.SIGTERM)
		if err := c.cmd.Wait(); err != nil {
			t.Errorf("the program ended with %v:\n%s", err, c.logged())
		}
		c = start(t, data, nil, handed)
	}
	wait()
	close(stop)
	for range senders {
		<-done
	}
	close(answered)
	total := 3 * senders * (restarts + 1)
	for err := range answered {
		total++
		if err != nil {
			t.Errorf("somebody was refused: %v", err)
		}
	}
	t.Logf("%d requests over %d restarts", total, restarts)
}

// The supervisor is told when requests can come, that the program lives, and that it stops.
func TestSupervisorIsTold(t *testing.T) {
	t.Parallel()
	folder, err := os.MkdirTemp("", "wl") // a socket's name has to be short
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(folder)
	socket := filepath.Join(folder, "s")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	hear := func(want string) {
		t.Helper()
		buffer := make([]byte, 100)
		for {
			n, err := conn.Read(buffer)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(buffer[:n]); got == want {
				return
			} else if got != "WATCHDOG=1" && got != "READY=1" {
				t.Fatalf("heard %q, waiting for %q", got, want)
			}
		}
	}
	c := start(t, t.TempDir(), []string{"NOTIFY_SOCKET=" + socket, "WATCHDOG_USEC=90000"}, nil, "--addr", "127.0.0.1:0")
	hear("READY=1")
	for range 3 {
		hear("WATCHDOG=1")
	}
	c.signal(syscall.SIGTERM)
	hear("STOPPING=1")
	if err := c.cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, c.logged())
	}
}

// What is in memory goes into no core file, and no other process of the same user reads it.
func TestMemoryIsKept(t *testing.T) {
	t.Parallel()
	c := start(t, t.TempDir(), nil, nil, "--addr", "127.0.0.1:0")
	process := "/proc/" + strconv.Itoa(c.cmd.Process.Pid)
	limits, err := os.ReadFile(process + "/limits")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(limits)) {
		if fields := strings.Fields(line); strings.HasPrefix(line, "Max core file size") && (fields[4] != "0" || fields[5] != "0") {
			t.Errorf("%s", line)
		}
	}
	if !strings.Contains(string(limits), "Max core file size") {
		t.Errorf("the system tells no limits:\n%s", limits)
	}
	// A process that may be dumped lies open to its user: the kernel gives its files to root otherwise.
	if err := keepMemory(); err != nil {
		t.Fatal(err)
	}
	dumpable, _, no := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_GET_DUMPABLE, 0, 0)
	if no != 0 || dumpable != 0 {
		t.Errorf("dumpable is %d, %v", dumpable, no)
	}
}

// The metrics have an address of their own, which only this machine reaches.
func TestMetricsHaveTheirOwnAddress(t *testing.T) {
	t.Parallel()
	c := start(t, t.TempDir(), nil, nil, "--addr", "127.0.0.1:0", "--metrics", "127.0.0.1:0")
	status, page, err := get(c.said["Metrics at"])
	if err != nil || status != http.StatusOK || !strings.Contains(page, "\nwaylight_ready 1\n") {
		t.Errorf("%d, %v\n%s", status, err, page)
	}
	if status, _ := c.get("/metrics"); status != http.StatusNotFound {
		t.Errorf("the site itself answers %d for its metrics", status)
	}
	if l, err := listenMetrics("0.0.0.0:0", false); err == nil {
		l.Close()
		t.Error("every machine may read the metrics")
	}
	l, err := listenMetrics("0.0.0.0:0", true)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
}
