// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"waylight/internal/app"
	"waylight/internal/partnership/agency"
	"waylight/internal/platform/store"
)

var kills = flag.Int("kills", 50, "how often to kill the program under load")

const (
	killSenders = 12
	verifyEvery = 25 // kills between two runs of waylight verify
	fewest      = 10 // kills that must have found time however busy the machine is
)

// The program is killed at random moments while reports come in, and started again on
// the same folder. Whoever was not answered sends the same again. In the end every
// accepted report is there, whole, for every office; none is there twice; and the
// custody log, looked at in between too, agrees with all of it.
func TestKillLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	rig := &killRig{site: prepare(t, nil), t: t, took: map[store.ID]accepted{}}
	rig.changed = sync.NewCond(&rig.mu)
	rig.build()
	var senders sync.WaitGroup
	for n := range killSenders {
		senders.Go(func() { rig.sender(n) })
	}
	for n := 1; n <= *kills && !t.Failed() && rig.hasTime(); n++ {
		rig.live(n)
		rig.killed = n
		if n%verifyEvery == 0 {
			rig.verify()
		}
	}
	if few := min(*kills, fewest); rig.killed < few && !t.Failed() {
		t.Errorf("there was time for %d kills only; %d show something", rig.killed, few)
	}
	last := rig.start()
	rig.finish()
	senders.Wait()
	rig.end(last)
	rig.verify()
	rig.lookUp()
}

// killRig is one installation, its senders, and whoever kills it.
type killRig struct {
	site
	t         *testing.T
	binary    string
	publicKey string

	mu       sync.Mutex
	changed  *sync.Cond
	address  string // of the running program, "" while there is none
	accepted int    // in this life
	over     bool
	down     time.Time // when the last one was killed, zero once a report was accepted again
	gaps     []time.Duration
	killed   int
	took     map[store.ID]accepted
	repeats  int // told "accepted" of what had been accepted before
	unsaid   int // sent, and no answer came
	refused  []string
}

// hasTime says whether there is time for another life and for looking everything up: on
// a machine that is busy with other tests fewer kills are better than none. The table
// says how many there were.
func (k *killRig) hasTime() bool {
	end, ok := k.t.Deadline()
	return !ok || time.Until(end) > 4*time.Minute
}

// build builds the program, of what the tests were compiled of already, and writes down the directory key for it.
func (k *killRig) build() {
	k.t.Helper()
	k.binary = filepath.Join(k.t.TempDir(), "waylight")
	k.publicKey = filepath.Join(k.t.TempDir(), "directory.key.pub")
	if err := os.WriteFile(k.publicKey, []byte(agency.DirectoryPublicText(k.directory)), 0o600); err != nil {
		k.t.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", k.binary, "waylight/cmd/waylight")
	if out, err := build.CombinedOutput(); err != nil {
		k.t.Fatalf("building the program: %v\n%s", err, out)
	}
}

// process is one life of the program.
type process struct {
	cmd    *exec.Cmd
	errors bytes.Buffer
	out    io.ReadCloser
	ended  chan struct{} // closed once it ended, with
	how    error
}

func (k *killRig) spawn() *process {
	k.t.Helper()
	p := &process{ended: make(chan struct{}), cmd: exec.Command(k.binary, "serve", "--addr", "127.0.0.1:0", "--data", k.data, "--directory-key", k.publicKey, "--checkpoint-every", "1s")}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p.cmd.Stderr = &p.errors
	var err error
	if p.out, err = p.cmd.StdoutPipe(); err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		k.t.Fatal(err)
	}
	return p
}

// watch notices when the program ends.
func (k *killRig) watch(p *process) {
	go func() {
		p.how = p.cmd.Wait()
		close(p.ended)
		k.mu.Lock()
		defer k.mu.Unlock()
		k.changed.Broadcast()
	}()
}

func (p *process) gone() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

var servesAt = regexp.MustCompile(`Waylight serves at http://localhost:(\d+)`)

// start starts the program and tells the senders once it serves.
func (k *killRig) start() *process {
	k.t.Helper()
	p := k.spawn()
	for lines := bufio.NewScanner(p.out); lines.Scan(); {
		if m := servesAt.FindStringSubmatch(lines.Text()); m != nil {
			k.mu.Lock()
			k.address, k.accepted = "127.0.0.1:"+m[1], 0
			k.mu.Unlock()
			k.changed.Broadcast()
			k.watch(p)
			return p
		}
	}
	k.watch(p)
	<-p.ended
	k.t.Fatalf("the program does not start again: %v\n%s", p.how, p.errors.String())
	return nil
}

// live is one life of the program, and its end. Now and then it is killed while it
// starts, which may be in the middle of what the last end left to do.
func (k *killRig) live(n int) {
	k.t.Helper()
	if n%8 == 0 {
		p := k.spawn()
		k.watch(p)
		wait(time.Duration(rand.Int64N(int64(400 * time.Millisecond))))
		k.kill(p)
	}
	p := k.start()
	goal := 1 + rand.IntN(60)
	k.mu.Lock()
	for k.accepted < goal && len(k.refused) == 0 && !p.gone() {
		k.changed.Wait()
	}
	k.mu.Unlock()
	wait(time.Duration(rand.Int64N(int64(20 * time.Millisecond))))
	k.mu.Lock()
	k.address = ""
	if k.down.IsZero() {
		k.down = time.Now()
	}
	k.mu.Unlock()
	k.kill(p)
}

// wait lets a random moment come.
func wait(d time.Duration) { <-time.NewTimer(d).C }

func (k *killRig) kill(p *process) {
	k.t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		k.t.Errorf("there is nothing to kill: %v\n%s", err, p.errors.String())
	}
	<-p.ended
	var exit *exec.ExitError
	if !errors.As(p.how, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		k.t.Errorf("the program ended by itself: %v\n%s", p.how, p.errors.String())
	}
}

// sender writes one report after the other, and each until it is answered.
func (k *killRig) sender(n int) {
	client := newClient(k.t)
	var told store.ID
	var before submission
	for {
		address, over := k.where()
		if over {
			return
		}
		sub := inWords()
		if n%3 == 0 {
			var err error
			if sub, err = k.sealed(address); err != nil {
				continue // the program went away while it was asked for keys
			}
		}
		got := k.untilAnswered(client, sub)
		if got.report == (store.ID{}) {
			return
		}
		// A report of some time ago, sent once more, is the same report.
		if told != (store.ID{}) && rand.IntN(8) == 0 {
			if again := k.untilAnswered(client, before); again.report != told {
				k.t.Errorf("a report sent again is %s, was %s", again.report, told)
			}
		}
		told, before = got.report, sub
	}
}

// where is the running program's address, as soon as there is one.
func (k *killRig) where() (address string, over bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for k.address == "" && !k.over {
		k.changed.Wait()
	}
	return k.address, k.over
}

func (k *killRig) untilAnswered(client *http.Client, sub submission) accepted {
	for {
		k.mu.Lock()
		for k.address == "" {
			k.changed.Wait()
		}
		address := k.address
		k.mu.Unlock()
		got, err := sub.send(client, address)
		k.mu.Lock()
		var refused *refusal
		switch {
		case err == nil:
			k.answered(got)
			k.mu.Unlock()
			return got
		case errors.As(err, &refused) || errors.Is(err, errNotAllTold):
			k.refused = append(k.refused, err.Error())
			k.changed.Broadcast()
			k.mu.Unlock()
			return accepted{}
		}
		k.unsaid++
		for k.address == address && !k.over { // it was killed, and that will be known in a moment
			k.changed.Wait()
		}
		k.mu.Unlock()
	}
}

// answered counts an acceptance.
func (k *killRig) answered(got accepted) {
	k.took[got.report] = got
	k.accepted++
	if got.repeated {
		k.repeats++
	}
	if !k.down.IsZero() {
		k.gaps = append(k.gaps, time.Since(k.down))
		k.down = time.Time{}
	}
	k.changed.Broadcast()
}

// finish lets the senders end once they were answered.
func (k *killRig) finish() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.over = true
	k.changed.Broadcast()
}

// end stops the last life as an operator does.
func (k *killRig) end(p *process) {
	k.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		k.t.Fatal(err)
	}
	if <-p.ended; p.how != nil {
		k.t.Errorf("the program ended with: %v\n%s", p.how, p.errors.String())
	}
}

// verify runs waylight verify on what the last end left.
func (k *killRig) verify() {
	k.t.Helper()
	out, err := exec.Command(k.binary, "verify", "--data", k.data).CombinedOutput()
	if err != nil {
		k.t.Errorf("waylight verify: %v\n%s", err, out)
	}
}

// entries counts the log's entries of the reports that senders were told of.
func (k *killRig) entries(a *app.App) int {
	known := map[string]bool{}
	for _, got := range k.took {
		known["report:"+got.report.String()] = true
	}
	n := 0
	for _, o := range acceptances(k.t, a) {
		if known[o.Record] {
			n++
		}
	}
	return n
}

// lookUp opens the installation and looks for everything that a sender was told.
func (k *killRig) lookUp() {
	k.t.Helper()
	a := k.open(k.t)
	lost := 0
	for _, got := range k.took {
		if what := missing(a, got); what != "" {
			lost++
			k.t.Errorf("lost: %s", what)
		}
	}
	doubled := reports(k.t, a) - len(k.took)
	if entries := k.entries(a); entries != len(k.took) || doubled != 0 {
		k.t.Errorf("%d reports were accepted; there are %d, and %d entries of the log", len(k.took), reports(k.t, a), entries)
	}
	if k.killed == 0 {
		k.t.Error("there was no time for a single kill")
	}
	if len(k.refused) > 0 {
		k.t.Errorf("%d were refused, first: %s", len(k.refused), k.refused[0])
	}
	slices.Sort(k.gaps)
	var without time.Duration
	for _, g := range k.gaps {
		without += g
	}
	k.t.Logf("| fault | times tried | accepted | lost | doubled | refused | seconds without service, each time: median, most |")
	k.t.Logf("| kill -9 under load | %d | %d | %d | %d | %d | %.1f, %.1f |", k.killed, len(k.took), lost, doubled, len(k.refused), at(k.gaps, 0.5), at(k.gaps, 1))
	k.t.Logf("%d sendings were not answered; %d were told of what had been accepted before; %.0f s without service in all", k.unsaid, k.repeats, without.Seconds())
}

// at is a quantile in seconds.
func at(sorted []time.Duration, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(q*float64(len(sorted)-1))].Seconds()
}
