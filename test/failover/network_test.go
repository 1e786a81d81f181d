// SPDX-License-Identifier: Apache-2.0

package failover

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// machine is where an etcd and a PostgreSQL with its Patroni run: a network
// namespace of its own, or, without one, this machine and its loopback.
type machine struct {
	space   string // "" without one
	inside  string // its address for the other machines
	outside string // its address for clients
	listen  string
}

var here = machine{inside: "127.0.0.1", outside: "127.0.0.1", listen: "127.0.0.1"}

// command is a program that runs on the machine as who.
func (m machine) command(who *syscall.Credential, program string, args ...string) *exec.Cmd {
	if m.space == "" {
		c := exec.Command(program, args...)
		c.SysProcAttr = &syscall.SysProcAttr{Credential: who, Setsid: true}
		return c
	}
	// Only root may enter, so that nsenter becomes who, and not this process before it.
	enter := []string{"--net=/run/netns/" + m.space, "--setuid", fmt.Sprint(who.Uid), "--setgid", fmt.Sprint(who.Gid), program}
	c := exec.Command("nsenter", append(enter, args...)...)
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return c
}

// network joins the machines by two switches that stand in a namespace of their
// own, where no rule of this machine's firewall is asked: the inside one is theirs
// alone, to the outside one this machine is connected too, for clients.
type network struct {
	name   string
	client string // first three numbers of the addresses on the outside switch
	lossy  error  // why its lines cannot lose packets, nil when they can
}

// inside is what the addresses on the inside switch begin with. Both are of the
// range that is kept for tests of networks (RFC 2544).
const inside = "198.19.0"

// networkName begins the names of a process's namespaces.
func networkName(pid int) string { return ours + strconv.Itoa(pid) }

const ours = "waylight-failover-"

// openNetwork makes the machines' network, or says why this machine allows none.
func openNetwork() (*network, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("only root makes network namespaces")
	}
	for _, name := range []string{"ip", "tc", "nsenter"} {
		if _, err := exec.LookPath(name); err != nil {
			return nil, fmt.Errorf("%s is not installed (iproute2, util-linux)", name)
		}
	}
	if err := sweepNetworks(); err != nil {
		return nil, err
	}
	client, err := freeNet()
	if err != nil {
		return nil, err
	}
	n := &network{name: networkName(os.Getpid()), client: client}
	if err := n.connect(); err != nil {
		return nil, errors.Join(fmt.Errorf("no network namespaces could be made: %w", err), closeNetwork(n.name))
	}
	if n.lossy = n.lose(0); n.lossy == nil {
		n.lossy = n.deliver(0)
	}
	return n, nil
}

func (n *network) switches() string     { return n.name + "-switch" }
func (n *network) space(i int) string   { return fmt.Sprintf("%s-%d", n.name, i+1) }
func line(network string, i int) string { return fmt.Sprintf("%s%d", network, i+1) }

func (n *network) machine(i int) machine {
	return machine{space: n.space(i), inside: fmt.Sprintf("%s.%d", inside, i+1), outside: fmt.Sprintf("%s.%d", n.client, i+1), listen: "0.0.0.0"}
}

func (n *network) connect() error {
	sw, own := n.switches(), fmt.Sprintf("wlf%d", os.Getpid())
	steps := []string{
		"ip netns add " + sw,
		"ip -n " + sw + " link add inside type bridge", "ip -n " + sw + " link set inside up",
		"ip -n " + sw + " link add outside type bridge", "ip -n " + sw + " link set outside up",
		fmt.Sprintf("ip -n %s link add outside0 type veth peer name %s netns %d", sw, own, os.Getpid()),
		"ip -n " + sw + " link set outside0 master outside up",
		"ip addr add " + n.client + ".254/24 dev " + own, "ip link set " + own + " up",
	}
	for i := range members {
		m := n.machine(i)
		steps = append(steps, "ip netns add "+m.space, "ip -n "+m.space+" link set lo up")
		for network, address := range map[string]string{"inside": m.inside, "outside": m.outside} {
			steps = append(steps,
				fmt.Sprintf("ip -n %s link add %s type veth peer name %s netns %s", sw, line(network, i), network, m.space),
				fmt.Sprintf("ip -n %s link set %s master %s up", sw, line(network, i), network),
				fmt.Sprintf("ip -n %s addr add %s/24 dev %s", m.space, address, network),
				fmt.Sprintf("ip -n %s link set %s up", m.space, network))
		}
	}
	return run(steps...)
}

// cut takes a machine off the switches that are named, at the switch: on the
// machine everything goes on, and what it sends arrives nowhere.
func (n *network) cut(i int, networks ...string) error { return n.set(i, "down", networks) }

func (n *network) join(i int, networks ...string) error { return n.set(i, "up", networks) }

func (n *network) set(i int, state string, networks []string) error {
	for _, network := range networks {
		if err := run(fmt.Sprintf("ip -n %s link set %s %s", n.switches(), line(network, i), state)); err != nil {
			return err
		}
	}
	return nil
}

// one in this many packets is lost, each way.
const oneIn = 10

// lose makes both lines of a machine narrow, and lose packets by chance. The kernel
// does that with a filter that draws a number for each packet, where it was built
// without netem too: load a random number, jump, 2: drop, 4294967295: go on.
func (n *network) lose(i int) error {
	drop := fmt.Sprintf("4,32 0 0 4294963256,37 1 0 %d,6 0 0 2,6 0 0 4294967295", uint32(1<<32/oneIn))
	for _, network := range []string{"inside", "outside"} {
		at := "dev " + line(network, i)
		if err := run("tc -n " + n.switches() + " qdisc add " + at + " root tbf rate 4mbit burst 16kb latency 300ms"); err != nil {
			return err
		}
		if err := run("tc -n " + n.switches() + " qdisc add " + at + " clsact"); err != nil {
			return err
		}
		for _, way := range []string{"ingress", "egress"} {
			args := strings.Fields("-n " + n.switches() + " filter add " + at + " " + way + " bpf da bytecode")
			if out, err := exec.Command("tc", append(args, drop)...).CombinedOutput(); err != nil {
				return fmt.Errorf("tc filter: %w: %s", err, strings.TrimSpace(string(out)))
			}
		}
	}
	return nil
}

// dropped counts the packets that a machine's lines have lost.
func (n *network) dropped(i int) (int, error) {
	lost := 0
	for _, network := range []string{"inside", "outside"} {
		out, err := exec.Command("tc", "-n", n.switches(), "-s", "qdisc", "show", "dev", line(network, i)).Output()
		if err != nil {
			return 0, fmt.Errorf("asking tc what was dropped: %w", err)
		}
		for rest := string(out); ; {
			_, after, ok := strings.Cut(rest, "(dropped ")
			if !ok {
				break
			}
			var k int
			fmt.Sscan(after, &k)
			lost, rest = lost+k, after
		}
	}
	return lost, nil
}

// deliver ends what lose began.
func (n *network) deliver(i int) error {
	for _, network := range []string{"inside", "outside"} {
		at := "tc -n " + n.switches() + " qdisc del dev " + line(network, i)
		if err := run(at+" clsact", at+" root"); err != nil {
			return err
		}
	}
	return nil
}

// freeNet finds a net that this machine has no address in.
func freeNet() (string, error) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return "", err
	}
	for _, k := range rand.Perm(256) {
		begin := fmt.Sprintf("198.18.%d", k)
		taken := false
		for _, a := range addresses {
			taken = taken || strings.HasPrefix(a.String(), begin+".")
		}
		if !taken {
			return begin, nil
		}
	}
	return "", errors.New("no net of 198.18.0.0/16 is free")
}

// sweepNetworks takes away what a run left that was killed together with its keeper.
func sweepNetworks() error {
	spaces, err := namespaces()
	if err != nil {
		return err
	}
	for _, space := range spaces {
		rest, ok := strings.CutPrefix(space, ours)
		owner, _, _ := strings.Cut(rest, "-")
		pid, err := strconv.Atoi(owner)
		if !ok || err != nil || syscall.Kill(pid, 0) == nil {
			continue
		}
		if err := closeNetwork(networkName(pid)); err != nil {
			return err
		}
	}
	return nil
}

// closeNetwork ends whatever runs on a network's machines and takes it away.
func closeNetwork(name string) error {
	spaces, err := namespaces()
	if err != nil {
		return err
	}
	for _, space := range spaces {
		if !strings.HasPrefix(space, name+"-") {
			continue
		}
		if err := emptied(space); err != nil {
			return err
		}
		if err := run("ip netns del " + space); err != nil {
			return err
		}
	}
	return nil
}

func emptied(space string) error {
	return until(time.Minute, func() error {
		out, err := exec.Command("ip", "netns", "pids", space).Output()
		if err != nil {
			return fmt.Errorf("listing what runs in %s: %w", space, err)
		}
		var pids []int
		for _, word := range strings.Fields(string(out)) {
			if pid, err := strconv.Atoi(word); err == nil {
				pids = append(pids, pid)
			}
		}
		if len(pids) == 0 {
			return nil
		}
		return errors.Join(signal(syscall.SIGKILL, pids...), fmt.Errorf("in %s these processes do not end: %v", space, pids))
	})
}

// namespaces lists the network namespaces of this machine that have a name.
func namespaces() ([]string, error) {
	entries, err := os.ReadDir("/run/netns")
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing network namespaces: %w", err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, nil
}

// run runs commands whose words hold no blanks, until one fails.
func run(commands ...string) error {
	for _, command := range commands {
		words := strings.Fields(command)
		if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", command, err, strings.TrimSpace(string(out)))
		}
	}
	return nil
}
