// SPDX-License-Identifier: Apache-2.0

// Package overload gives an installation, in a process of its own, ten times
// the senders that it can answer in a second, with everything else that a bad
// day brings at the same time, and holds it to what is promised: no report is
// refused or lost, members can read, the rest is told honestly that it has to
// wait, memory stays bounded, and when it is over it is over.
//
//	go test ./test/overload -v                   # some seconds
//	go test ./test/overload -v -postgres         # the same on a PostgreSQL that is thrown away
//	make overload                                # two minutes; then half a minute on PostgreSQL
package overload

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"waylight/internal/app"
	"waylight/internal/platform/gate"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/pgtest"
	"waylight/test/child"
)

var (
	seconds = flag.Int("seconds", 5, "how long to send")
	server  = flag.Bool("postgres", false, "on a PostgreSQL that waits for its disk and is thrown away, instead of SQLite")
	times   = flag.Int("times", 10, "how many times as many senders as reports are answered in a second")
)

// mostMemory is what the process may ever have held: its 4,096 connections take some 40 KB each, and what lives may double before garbage is collected.
const mostMemory = 512 << 20

func TestMain(m *testing.M) {
	flag.Parse()
	child.Main(m)
}

// tally is what became of what was sent.
type tally struct {
	mu       sync.Mutex
	accepted map[string]bool // report ids
	refused  []string
	spooled  int // of the accepted: kept on the server's own disk, since the database was slow
	again    int
	longest  time.Duration
}

func (t *tally) note(status int, body []byte, err error, took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var answer struct {
		Report  string
		Waiting bool
	}
	if err != nil || status != http.StatusCreated && status != http.StatusOK || json.Unmarshal(body, &answer) != nil {
		t.refused = append(t.refused, fmt.Sprint(status, err, string(body[:min(len(body), 200)])))
		return
	}
	t.accepted[answer.Report] = true
	if answer.Waiting {
		t.spooled++
	}
	t.longest = max(t.longest, took)
}

// sendAll lets so many senders send reports, one after the other, for a time;
// what they have sent by then they wait for.
func sendAll(address string, senders int, length time.Duration) *tally {
	t := &tally{accepted: map[string]bool{}}
	until := time.Now().Add(length)
	var wg sync.WaitGroup
	for range senders {
		wg.Go(func() {
			s := &sender{address: address}
			defer s.hangUp()
			for time.Now().Before(until) {
				began := time.Now()
				status, _, body, err := s.ask(report(address), began.Add(10*time.Minute))
				t.note(status, body, err, time.Since(began))
			}
			t.mu.Lock()
			t.again += s.again
			t.mu.Unlock()
		})
	}
	wg.Wait()
	return t
}

// crowd asks for one thing over and over until stop is closed, and counts the
// answers by status. Those that were turned away must say so.
type crowd struct {
	name, code string // the words of the busy page
	request    func() string
	size       int
	busy       bool // some of them must be turned away, else none
	maybe      bool // how many is for the machine to say
	answers    sync.Map
	wrong      atomic.Pointer[string]
}

func (c *crowd) run(address string, stop <-chan struct{}, wg *sync.WaitGroup) {
	for range c.size {
		wg.Go(func() {
			s := &sender{address: address}
			defer s.hangUp()
			for {
				select {
				case <-stop:
					return
				default:
				}
				status, header, body, err := s.ask(c.request(), time.Now())
				if err != nil {
					s.hangUp()
					continue // a broken connection is tried anew
				}
				n, _ := c.answers.LoadOrStore(status, new(atomic.Int64))
				n.(*atomic.Int64).Add(1)
				if status == http.StatusServiceUnavailable && (header.Get("Retry-After") == "" || !strings.Contains(string(body), c.code)) {
					text := string(body)
					c.wrong.Store(&text)
				}
			}
		})
	}
}

func (c *crowd) count(status int) int64 {
	if n, ok := c.answers.Load(status); ok {
		return n.(*atomic.Int64).Load()
	}
	return 0
}

// mute are connections that begin to ask and never come to an end.
func mute(t *testing.T, address string, n int, stop <-chan struct{}, wg *sync.WaitGroup) {
	t.Helper()
	wg.Go(func() {
		var open []net.Conn
		defer func() {
			for _, c := range open {
				c.Close()
			}
		}()
		for i := range n {
			c, err := net.Dial("tcp", address)
			if err != nil {
				break
			}
			open = append(open, c)
			if i%2 == 0 {
				fmt.Fprint(c, "GET /ms/en HTTP/1.1\r\nHost: ")
			} else {
				fmt.Fprintf(c, "POST /api/v1/reports HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 4000000\r\n\r\n{")
			}
		}
		<-stop
	})
}

func TestOverload(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	database := database(t)
	c := child.Start(t, child.Config{Data: filepath.Join(dir, "data"), Database: database, Temp: dir, Output: filepath.Join(dir, "log")})
	calm := sendAll(c.Address, 64, 2*time.Second)
	capacity := len(calm.accepted) / 2
	senders := min(max(*times*capacity, 640), openFiles(t)-2000)
	idle := resident(t, c.PID(), "VmRSS")

	crowds := []*crowd{
		{name: "form", size: 600, maybe: true, code: "this page has to wait", request: func() string { return get(c.Address, "/ms/en", "") }},
		{name: "receipt", size: 8, code: "has to wait", request: func() string {
			return post(c.Address, "/receipt", "application/x-www-form-urlencoded", "", "receipt=one+two+three+four+five+six+seven")
		}},
		{name: "file", size: 8, busy: true, code: "files have to wait", request: func() string {
			return post(c.Address, "/receipt/files", "multipart/form-data; boundary=x", "", "--x\r\nContent-Disposition: form-data; name=\"receipt\"\r\n\r\none\r\n--x--\r\n")
		}},
		// A PostgreSQL on which writes wait for five seconds counts as away for a moment, and members are told so.
		{name: "staff", size: 2, maybe: *server, request: func() string { return get(c.Address, "/staff/inbox", c.Cookie) }},
		{name: "health", size: 1, request: func() string { return get(c.Address, "/healthz", "") }},
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for _, crowd := range crowds {
		crowd.run(c.Address, stop, &wg)
	}
	mute(t, c.Address, 400, stop, &wg)
	got := sendAll(c.Address, senders, time.Duration(*seconds)*time.Second)
	close(stop)
	wg.Wait()

	recovery := time.Now()
	for path, want := range map[string]int{"/ms/en": http.StatusOK, "/healthz": http.StatusOK} {
		s := &sender{address: c.Address}
		if status, _, _, err := s.ask(get(c.Address, path, ""), time.Now()); err != nil || status != want {
			t.Errorf("after the rush %s answers %d, %v", path, status, err)
		}
		s.hangUp()
	}
	took := time.Since(recovery)
	var state gate.State
	if err := json.Unmarshal([]byte(c.Ask(t, "state")), &state); err != nil {
		t.Fatal(err)
	}
	peak := resident(t, c.PID(), "VmHWM")
	arrived := forwarded(t, filepath.Join(dir, "data"))
	if database == "" {
		database = "sqlite:" + filepath.Join(dir, "data", "waylight.db")
	}
	lost := missing(t, database, calm, got)

	t.Logf("capacity %d a second; %d senders for %d s: accepted %d (%d into the spool, forwarded within %v), refused %d, lost %d, sent again %d; longest wait %v; at most %d words waited inside; first page after %v",
		capacity, senders, *seconds, len(got.accepted), got.spooled, arrived.Round(time.Second), len(got.refused), lost, got.again, got.longest.Round(time.Millisecond), state.Last.Most, took.Round(time.Millisecond))
	t.Logf("memory: %d MB before, %d MB at most", idle>>20, peak>>20)
	for _, crowd := range crowds {
		answered := map[int]int64{}
		crowd.answers.Range(func(status, n any) bool { answered[status.(int)] = n.(*atomic.Int64).Load(); return true })
		t.Logf("%s: %v", crowd.name, answered)
		if away := crowd.count(http.StatusServiceUnavailable); !crowd.maybe && (away > 0) != crowd.busy {
			t.Errorf("%s: %d were turned away", crowd.name, away)
		}
		if wrong := crowd.wrong.Load(); wrong != nil {
			t.Errorf("%s: turned away with %s", crowd.name, *wrong)
		}
	}
	if n := len(calm.refused) + len(got.refused); n > 0 {
		t.Errorf("%d reports were refused, one with %s", n, append(calm.refused, got.refused...)[0])
	}
	if lost > 0 {
		t.Errorf("%d reports that were accepted are not there", lost)
	}
	if crowds[3].count(http.StatusOK) == 0 {
		t.Error("no member could read")
	}
	if peak > mostMemory {
		t.Errorf("the process held %d MB", peak>>20)
	}
	if state.Words != 0 || state.Rushing || state.Last.Began.IsZero() || state.Turned["intake"] != 0 {
		t.Errorf("after the rush: %+v", state)
	}
}

// missing counts the accepted reports that are not in the database.
func missing(t *testing.T, database string, tallies ...*tally) (n int) {
	t.Helper()
	db, err := store.Inspect(context.Background(), database, store.Options{Schemas: app.Schemas()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(context.Background(), "select id from report where program = 'ms'")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	there := map[string]bool{}
	for rows.Next() {
		var id store.ID
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		there[id.String()] = true
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for _, tally := range tallies {
		for id := range tally.accepted {
			if !there[id] {
				n++
			}
		}
	}
	return n
}

// forwarded waits until nothing that was accepted waits in the spool any more, and
// says how long that took. With SQLite there is none.
func forwarded(t *testing.T, data string) time.Duration {
	t.Helper()
	for began := time.Now(); ; {
		var waits strings.Builder
		if err := app.Spooled(t.Context(), data, &waits); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(waits.String(), "0 waiting\n") && strings.Count(waits.String(), "\n") == 1 {
			return time.Since(began)
		}
		if time.Since(began) > 5*time.Minute {
			t.Fatalf("the spool is not empty: %d reports wait", strings.Count(waits.String(), "\n")-1)
		}
		<-time.After(100 * time.Millisecond)
	}
}

// database is a PostgreSQL's address, or "" for SQLite.
func database(t *testing.T) string {
	t.Helper()
	if !*server {
		return ""
	}
	s, err := pgtest.Start("", pgtest.Durable)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s.URL("postgres")
}

// openFiles is how many connections this process may have.
func openFiles(t *testing.T) int {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	return int(min(limit.Cur, 1<<20))
}

var memoryLine = regexp.MustCompile(`(Vm\w+):\s+(\d+) kB`)

// resident is what /proc says of a process's memory, in bytes.
func resident(t *testing.T, pid int, what string) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range memoryLine.FindAllStringSubmatch(string(status), -1) {
		if m[1] == what {
			n, _ := strconv.ParseInt(m[2], 10, 64)
			return n << 10
		}
	}
	t.Fatalf("no %s in %s", what, status)
	return 0
}
