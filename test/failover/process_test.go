// SPDX-License-Identifier: Apache-2.0

package failover

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A process that this test starts again under another role is told so here.
const (
	roleVariable = "WAYLIGHT_FAILOVER_ROLE"
	roleKeeper   = "keeper"
	roleServer   = "server"
)

// rig is one folder in which everything runs: whatever has it as its working
// folder, or one below it, is ended with the test.
type rig struct {
	dir    string
	who    *syscall.Credential // nil: as this process
	keeper *exec.Cmd
	life   io.Closer
	used   map[int]bool
}

// newRig makes the folder and starts the keeper, which ends all that runs in it
// and the network, once this process is gone.
func newRig(t *testing.T) *rig {
	t.Helper()
	dir, err := os.MkdirTemp("", "waylight-failover-")
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{dir: dir, used: map[int]bool{}}
	r.keeper = exec.Command(os.Args[0])
	r.keeper.Env = append(os.Environ(), roleVariable+"="+roleKeeper, "WAYLIGHT_FAILOVER_DIR="+dir, "WAYLIGHT_FAILOVER_NETWORK="+networkName(os.Getpid()))
	r.keeper.Dir = "/"
	r.keeper.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	r.keeper.Stderr = os.Stderr
	r.life, err = r.keeper.StdinPipe()
	if err == nil {
		err = r.keeper.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			os.WriteFile(filepath.Join(dir, "keep"), nil, 0o600)
			t.Logf("the logs of all parts are in %s\n%s", dir, r.tails())
		}
		r.life.Close()
		if err := r.keeper.Wait(); err != nil {
			t.Errorf("ending everything: %v", err)
		}
	})
	if r.who, err = unprivileged(dir); err != nil {
		t.Fatal(err)
	}
	return r
}

// keep is the keeper: it waits until the test has ended.
func keep() int {
	dir := os.Getenv("WAYLIGHT_FAILOVER_DIR")
	io.Copy(io.Discard, os.Stdin)
	deadline := time.Now().Add(time.Minute)
	for pids := within(dir); len(pids) > 0; pids = within(dir) {
		for _, pid := range pids {
			syscall.Kill(pid, syscall.SIGKILL)
		}
		if time.Now().After(deadline) {
			fmt.Fprintln(os.Stderr, "these processes do not end:", pids)
			return 1
		}
		<-time.After(20 * time.Millisecond)
	}
	if err := closeNetwork(os.Getenv("WAYLIGHT_FAILOVER_NETWORK")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if _, err := os.Stat(filepath.Join(dir, "keep")); err == nil {
		return 0
	}
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// within lists the processes whose working folder is dir or stands in it.
func within(dir string) []int {
	links, _ := filepath.Glob("/proc/[0-9]*/cwd")
	var pids []int
	for _, link := range links {
		to, err := os.Readlink(link)
		if err == nil && (to == dir || strings.HasPrefix(to, dir+"/")) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(link)))
			pids = append(pids, pid)
		}
	}
	return pids
}

// start runs a program of the cluster, whose output goes to a file of its name.
func (r *rig) start(on machine, name, program string, args ...string) (*exec.Cmd, error) {
	log, err := os.OpenFile(filepath.Join(r.dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	c := on.command(r.who, program, args...)
	c.Env = []string{"HOME=" + r.dir, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "PYTHONUNBUFFERED=1"}
	c.Dir, c.Stdout, c.Stderr = r.dir, log, log
	if err := c.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	go c.Wait()
	return c, nil
}

// tails is the end of every log.
func (r *rig) tails() string {
	var b strings.Builder
	logs, _ := filepath.Glob(filepath.Join(r.dir, "*.log"))
	for _, name := range logs {
		text, _ := os.ReadFile(name)
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		fmt.Fprintf(&b, "--- %s\n%s\n", filepath.Base(name), strings.Join(lines[max(0, len(lines)-12):], "\n"))
	}
	return b.String()
}

// port gives a free port outside the range that outgoing connections take theirs
// from: a part that is down must find its own free when it comes back.
func (r *rig) port() (int, error) {
	for range 1000 {
		port := 10000 + rand.IntN(20000)
		if r.used[port] {
			continue
		}
		l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err != nil {
			continue
		}
		l.Close()
		r.used[port] = true
		return port, nil
	}
	return 0, errors.New("no free port was found")
}

// unprivileged returns whom the cluster runs as, since PostgreSQL refuses to run
// as root, and gives them the folder.
func unprivileged(dir string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root and there is no user to run it as; install it with: %s", install)
	}
	uid, _ := strconv.ParseUint(u.Uid, 10, 32)
	gid, _ := strconv.ParseUint(u.Gid, 10, 32)
	if err := os.Chown(dir, int(uid), int(gid)); err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

const install = "apt-get install -y --no-install-recommends postgresql etcd-server etcd-client patroni haproxy"

// tools are where the cluster's programs stand.
type tools struct {
	etcd, patroni, haproxy, postgres string
	// keepsItsPlace says that a Patroni which stood still or was cut off does not
	// overwrite another one's claim to be the leader when it is back. With etcd's third interface the
	// versions before 3.0.3 do, and what was accepted meanwhile is lost.
	keepsItsPlace bool
}

func findTools() (tools, error) {
	t := tools{patroni: *patroniProgram}
	var missing []string
	for name, into := range map[string]*string{"etcd": &t.etcd, "patroni": &t.patroni, "haproxy": &t.haproxy} {
		for _, dir := range []string{"/usr/local/bin", "/usr/bin", "/usr/sbin", "/bin", "/sbin"} {
			if _, err := os.Stat(filepath.Join(dir, name)); err == nil && *into == "" {
				*into = filepath.Join(dir, name)
			}
		}
		if *into == "" {
			missing = append(missing, name)
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	slices.SortFunc(found, func(a, b string) int { return len(a) - len(b) })
	if len(found) == 0 {
		missing = append(missing, "postgres")
	} else {
		t.postgres = filepath.Dir(found[len(found)-1])
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return t, fmt.Errorf("the test needs %s; install it with: %s", strings.Join(missing, ", "), install)
	}
	out, err := exec.Command(t.patroni, "--version").Output()
	words := strings.Fields(string(out))
	if err != nil || len(words) != 2 {
		return t, fmt.Errorf("asking Patroni for its version: %q, %w", out, err)
	}
	var v [3]int
	fmt.Sscanf(words[1], "%d.%d.%d", &v[0], &v[1], &v[2])
	t.keepsItsPlace = slices.Compare(v[:], []int{3, 0, 3}) >= 0
	return t, nil
}

// until asks again and again until there is no error, and gives the last one when
// it takes longer than it may.
func until(limit time.Duration, ask func() error) error {
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ask()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			return fmt.Errorf("after %v: %w", limit, err)
		}
	}
}
