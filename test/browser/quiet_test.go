// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"bufio"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// The running demo is connected to nothing but this machine. (That no code
// dials anything but the mail server is held by internal/architecture.)
func TestDemoTalksToNobodyElse(t *testing.T) {
	d := start(t)
	sockets := map[string]bool{}
	group := d.process.Process.Pid
	processes := 0
	folders, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		pid, _ := strconv.Atoi(filepath.Base(folder))
		if of, err := syscall.Getpgid(pid); err != nil || of != group {
			continue
		}
		processes++
		links, _ := filepath.Glob(folder + "/fd/*")
		for _, l := range links {
			if to, err := os.Readlink(l); err == nil && strings.HasPrefix(to, "socket:[") {
				sockets[strings.Trim(to, "socket:[]")] = true
			}
		}
	}
	if processes < 2 || len(sockets) < 2 { // go run and the demo; the site and the mail catcher
		t.Fatalf("%d processes with %d sockets were found", processes, len(sockets))
	}
	seen := 0
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6", "/proc/net/udp", "/proc/net/udp6"} {
		for _, c := range connections(t, table) {
			if !sockets[c.inode] {
				continue
			}
			seen++
			if !c.local.IsLoopback() || !(c.remote.IsLoopback() || c.remote.IsUnspecified()) {
				t.Errorf("%s: connected from %s to %s", table, c.local, c.remote)
			}
		}
	}
	if seen < 2 {
		t.Errorf("only %d sockets were looked at", seen)
	}
}

type connection struct {
	local, remote netip.Addr
	inode         string
}

// connections reads one of the kernel's tables.
func connections(t *testing.T, table string) []connection {
	t.Helper()
	f, err := os.Open(table)
	if os.IsNotExist(err) {
		return nil // this kernel has no IPv6
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var list []connection
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		field := strings.Fields(lines.Text())
		if len(field) < 10 || field[0] == "sl" {
			continue
		}
		list = append(list, connection{address(t, field[1]), address(t, field[2]), field[9]})
	}
	return list
}

// address reads the kernel's form: 32-bit words, each with its bytes swapped.
func address(t *testing.T, s string) netip.Addr {
	t.Helper()
	digits, _, _ := strings.Cut(s, ":")
	var b []byte
	for i := 0; i+8 <= len(digits); i += 8 {
		for j := 6; j >= 0; j -= 2 {
			v, err := strconv.ParseUint(digits[i+j:i+j+2], 16, 8)
			if err != nil {
				t.Fatal(err)
			}
			b = append(b, byte(v))
		}
	}
	a, ok := netip.AddrFromSlice(b)
	if !ok {
		t.Fatalf("%q is no address", s)
	}
	return a.Unmap()
}
