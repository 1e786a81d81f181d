// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// demo is the demo as the first README command starts it.
type demo struct {
	origin, data string
	receipts     []string
	process      *exec.Cmd
	printed      string
}

var shared struct {
	sync.Mutex
	demo *demo
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.demo != nil {
		shared.demo.stop()
		os.RemoveAll(filepath.Dir(shared.demo.data))
	}
	os.Exit(code)
}

// start starts the demo once for all tests of this package.
func start(t testing.TB) *demo {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.demo != nil {
		return shared.demo
	}
	dir, err := os.MkdirTemp("", "waylight-walk-")
	if err != nil {
		t.Fatal(err)
	}
	shared.demo = startDemo(t, filepath.Join(dir, "demo"))
	return shared.demo
}

func startDemo(t testing.TB, data string) *demo {
	t.Helper()
	d := &demo{data: data}
	d.process = exec.Command("go", "run", "./cmd/waylight", "demo", "--addr", "127.0.0.1:0", "--data", data)
	d.process.Dir = "../.."
	d.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // go run and the program it runs
	var trouble bytes.Buffer
	d.process.Stderr = &trouble
	out, err := d.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.process.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
	}()
	late := time.After(3 * time.Minute) // go run may have to compile everything first
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				d.process.Wait()
				t.Fatalf("the demo ended: %s", trouble.String())
			}
			d.read(line)
			if strings.HasPrefix(line, "Stop with") {
				go func() {
					for range lines { // the pipe must not fill up
					}
				}()
				return d
			}
		case <-late:
			d.stop()
			t.Fatalf("the demo did not start: %s", trouble.String())
		}
	}
}

var (
	originLine  = regexp.MustCompile(`For senders +(http://[^/]+)/`)
	receiptLine = regexp.MustCompile(`^Receipt of .*: (\S+)$`)
)

func (d *demo) read(line string) {
	d.printed += line + "\n"
	if m := originLine.FindStringSubmatch(line); m != nil {
		d.origin = m[1]
	}
	if m := receiptLine.FindStringSubmatch(line); m != nil {
		d.receipts = append(d.receipts, m[1])
	}
}

// stop ends the demo as Ctrl-C does.
func (d *demo) stop() {
	syscall.Kill(-d.process.Process.Pid, syscall.SIGINT)
	d.process.Wait()
}
