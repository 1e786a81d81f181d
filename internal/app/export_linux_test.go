// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"waylight/internal/app"
	"waylight/internal/platform/store/storetest"
)

// exportVariable makes this test's program an export, in a process that can be killed.
const exportVariable = "WAYLIGHT_TEST_EXPORT"

func TestMain(m *testing.M) {
	text := os.Getenv(exportVariable)
	if text == "" {
		os.Exit(m.Run())
	}
	var e app.Exporting
	err := json.Unmarshal([]byte(text), &e)
	if err == nil {
		err = e.Run(ctx, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// exporter is an export in processes that come to a bad end.
type exporter struct {
	t *testing.T
	e app.Exporting
}

// run exports in a process that may write only so many blocks to a file, and is
// killed when so many bytes stand there; 0: neither.
func (x *exporter) run(blocks int, bytesThere int64) (printed string, err error) {
	x.t.Helper()
	text, err := json.Marshal(map[string]any{"Data": x.e.Data, "Database": x.e.Database, "Keyring": x.e.Keyring, "Out": x.e.Out, "MoveTo": x.e.MoveTo})
	if err != nil {
		x.t.Fatal(err)
	}
	limit := "unlimited"
	if blocks > 0 {
		limit = strconv.Itoa(blocks)
	}
	var said bytes.Buffer
	c := exec.Command("/bin/sh", "-c", `ulimit -f "$1"; exec "$0"`, os.Args[0], limit)
	c.Env = append(os.Environ(), exportVariable+"="+string(text))
	c.Stdout, c.Stderr = &said, io.Discard
	if err := c.Start(); err != nil {
		x.t.Fatal(err)
	}
	ended := make(chan struct{})
	if bytesThere > 0 {
		go x.kill(c.Process, bytesThere, ended)
	}
	err = c.Wait()
	close(ended)
	return said.String(), err
}

// kill ends a process as soon as so many bytes stand there.
func (x *exporter) kill(p *os.Process, bytesThere int64, ended <-chan struct{}) {
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for x.size() < bytesThere {
		select {
		case <-ended:
			return
		case <-look.C:
		}
	}
	p.Signal(syscall.SIGKILL)
}

// size is how many bytes stand in what an export left.
func (x *exporter) size() int64 {
	info, err := os.Stat(x.e.Out + ".unfinished")
	if err != nil {
		return 0
	}
	return info.Size()
}

// last goes on with what a try left that had nearly all of an export's bytes.
func (x *exporter) last(m *moved, bytes int64) {
	x.t.Helper()
	x.run(int(bytes/512*9/10), 0)
	had, want := x.size(), " 0 were taken over"
	if x.e.MoveTo == "" {
		m.meanwhile(x.e.Data, "")
		want = " 0 rows stayed"
	}
	printed, err := x.run(0, 0)
	if err != nil || !strings.Contains(printed, "went on") || !strings.Contains(printed, want) {
		x.t.Fatalf("the last try, on %d bytes: %v\n%s", had, err, printed)
	}
	x.t.Log(printed)
}

// meanwhile lets a report come in at an installation that nobody serves.
func (m *moved) meanwhile(data, database string) {
	m.t.Helper()
	a, err := app.New(ctx, m.config(data, database))
	if err != nil {
		m.t.Fatal(err)
	}
	defer a.Close()
	send(m.t, a, "An invented report, between two tries.")
}

// Killed at random moments and on a disk that is full at random bytes, while
// reports come in between, an export goes on with the same command; the other
// engine then holds every row of the last moment, and the log verifies.
func TestExportKilledGoesOn(t *testing.T) {
	t.Parallel()
	for name, move := range map[string]string{"copy": "", "move": "https://there.example.gov"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, m := livedThrough(t, 30)
			x := &exporter{t, app.Exporting{Data: first, Keyring: m.keyring, Out: filepath.Join(t.TempDir(), "program.export"), MoveTo: move}}
			file, err := m.export(app.Exporting{Data: first})
			if err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(file)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("an export has %d bytes", info.Size())
			random := rand.New(rand.NewPCG(4, 0))
			tried, left, whole := 0, 0, false
			for i := 0; i < 10 && !whole; i++ {
				blocks, there := 1+random.IntN(int(info.Size()/512*9/10)), int64(0)
				if i%2 == 1 {
					blocks, there = 0, 1+random.Int64N(info.Size()/2)
				}
				if _, err := x.run(blocks, there); err == nil { // before it was killed
					if whole = move != ""; whole {
						break // the program is there now, and nothing is left to try
					}
					if err := os.Remove(x.e.Out); err != nil {
						t.Fatal(err)
					}
				}
				if tried++; x.size() > 0 {
					left++
				}
				if move == "" && i%3 == 0 {
					m.meanwhile(first, "")
				}
			}
			if !whole {
				if left < 3 {
					t.Errorf("of %d tries only %d left something", tried, left)
				}
				x.last(m, info.Size())
			}
			there, postgres := t.TempDir(), storetest.PostgresURL(t)
			was, _ := rows(t, "sqlite:"+filepath.Join(first, "waylight.db"))
			if err := m.bring(app.Importing{From: x.e.Out, Data: there, Database: postgres, Checkpoints: []string{m.kept}}); err != nil {
				t.Fatal(err)
			}
			now, _ := rows(t, postgres)
			for name := range was {
				switch name {
				case "session", "session_token", "ceremony", "job_hold", "custody_tree", "custody_leaf", "custody_checkpoint", "custody_node", "custody_half", "job":
				default:
					if !maps.Equal(was[name], now[name]) {
						t.Errorf("%s arrived with other rows", name)
					}
				}
			}
			m.good(there, postgres)
		})
	}
}
