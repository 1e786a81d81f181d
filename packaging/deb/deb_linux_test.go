// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// program is the head of a binary for a machine, without anything in it.
func program(t *testing.T, machine uint16) string {
	t.Helper()
	head := append([]byte("\x7fELF\x02\x01\x01"), make([]byte, 57)...)
	binary.LittleEndian.PutUint16(head[16:], 2) // a program
	binary.LittleEndian.PutUint16(head[18:], machine)
	binary.LittleEndian.PutUint32(head[20:], 1)
	binary.LittleEndian.PutUint16(head[52:], 64)
	binary.LittleEndian.PutUint16(head[54:], 56)
	binary.LittleEndian.PutUint16(head[58:], 64)
	name := filepath.Join(t.TempDir(), "waylight")
	if err := os.WriteFile(name, head, 0o755); err != nil {
		t.Fatal(err)
	}
	return name
}

const amd64 = 62

func made(t *testing.T) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "waylight.deb")
	b := build{root: "../..", binary: program(t, amd64), version: "1.2.3+20261127.abcdef", arch: "amd64", at: time.Unix(1795737600, 0).UTC()}
	if err := b.writeTo(out); err != nil {
		t.Fatal(err)
	}
	return out
}

func dpkg(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("dpkg-deb", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("dpkg-deb %v: %v (apt-get install -y dpkg, where it is missing)\n%s", args, err, out)
	}
	return string(out)
}

func TestPackageIsOneForDpkg(t *testing.T) {
	t.Parallel()
	deb := made(t)
	info := dpkg(t, "--info", deb)
	for _, want := range []string{"Package: waylight", "Version: 1.2.3+20261127.abcdef", "Architecture: amd64", "postinst", "postrm", "prerm", "conffiles", "md5sums"} {
		if !strings.Contains(info, want) {
			t.Errorf("no %q in\n%s", want, info)
		}
	}
	list := dpkg(t, "--contents", deb)
	for _, want := range []string{
		`-rwxr-xr-x root/root +64 2026-11-27 \d\d:\d\d ./usr/bin/waylight\n`, `-rw-r--r-- root/root +\d+ 2026-11-27 \d\d:\d\d ./usr/lib/systemd/system/waylight.service\n`,
		`-rw-r--r-- .* ./usr/lib/systemd/system/waylight.socket\n`, `-rw-r--r-- .* ./etc/waylight/waylight.conf\n`, `drwxr-xr-x root/root .* ./usr/bin/\n`,
	} {
		if !regexp.MustCompile(want).MatchString(list) {
			t.Errorf("no %s in\n%s", want, list)
		}
	}
	folder := t.TempDir()
	dpkg(t, "--extract", deb, folder)
	dpkg(t, "--control", deb, filepath.Join(folder, "DEBIAN"))
	for _, name := range []string{"usr/bin/waylight", "etc/waylight/waylight.conf", "usr/share/doc/waylight/copyright"} {
		if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
			t.Error(err)
		}
	}
	check := exec.Command("md5sum", "--check", "--quiet", "DEBIAN/md5sums")
	check.Dir = folder
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	for _, script := range []string{"postinst", "prerm", "postrm"} {
		if out, err := exec.Command("sh", "-n", filepath.Join(folder, "DEBIAN", script)).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", script, err, out)
		}
	}
}

func TestSameInputSameBytes(t *testing.T) {
	t.Parallel()
	first, err := os.ReadFile(made(t))
	if err != nil {
		t.Fatal(err)
	}
	second, err := os.ReadFile(made(t))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Error("two packages of the same input differ")
	}
}

// Nobody gets a package whose program does not run.
func TestWrongProgramsAreRefused(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	needy, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]build{
		"for another machine": {binary: program(t, amd64), arch: "arm64"},
		"a script":            {binary: "postinst", arch: "amd64"},
		"a version of words":  {binary: self, arch: "amd64", version: "dirty version"},
		"needs libraries":     {binary: needy, arch: "amd64"},
	} {
		b.root = "../.."
		if b.version == "" {
			b.version = "1.0"
		}
		if err := b.writeTo(filepath.Join(t.TempDir(), "x.deb")); err == nil {
			t.Errorf("%s is packed", name)
		}
	}
}

// A purge keeps what people reported, and an empty user database gets the service's user.
func TestScriptsKeepReports(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"postinst", "prerm", "postrm"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			deletes := strings.Contains(line, "rm ") || strings.Contains(line, "userdel") || strings.Contains(line, "find ")
			if deletes && strings.TrimSpace(line) != "rm -f /etc/waylight/mail-password" {
				t.Errorf("%s deletes: %s", name, line)
			}
		}
	}
}

// unit reads a unit's settings; those that stand twice have two values.
func unit(t *testing.T, name string) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../" + name)
	if err != nil {
		t.Fatal(err)
	}
	set := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(line, "#") {
			set[key] = append(set[key], value)
		}
	}
	return set
}

// The lines of the unit that people's safety hangs on.
func TestUnitKeepsWhatMatters(t *testing.T) {
	t.Parallel()
	service := unit(t, "waylight.service")
	for key, want := range map[string]string{
		"Type": "notify", "User": "waylight", "Restart": "always", "WatchdogSec": "60", "Requires": "waylight.socket", "StartLimitIntervalSec": "0",
		"UMask": "0077", "StateDirectory": "waylight", "StateDirectoryMode": "0700", "LoadCredential": "mail-password:/etc/waylight/mail-password",
		"LimitCORE": "0", "MemorySwapMax": "0", "NoNewPrivileges": "yes", "CapabilityBoundingSet": "", "ProtectSystem": "strict", "ProtectHome": "yes",
		"ProtectProc": "invisible", "PrivateTmp": "yes", "PrivateDevices": "yes", "MemoryDenyWriteExecute": "yes", "RestrictNamespaces": "yes",
		"RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6", "SystemCallArchitectures": "native", "LockPersonality": "yes",
	} {
		if got := service[key]; len(got) != 1 || got[0] != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if !slices.Equal(service["SystemCallFilter"], []string{"@system-service", "~@privileged @resources"}) {
		t.Errorf("SystemCallFilter is %q", service["SystemCallFilter"])
	}
	if start := service["ExecStart"]; len(start) != 1 || !strings.HasPrefix(start[0], "/usr/bin/waylight serve ") {
		t.Errorf("ExecStart is %q", start)
	}
	if listen := unit(t, "waylight.socket")["ListenStream"]; len(listen) != 1 || !strings.HasPrefix(listen[0], "127.0.0.1:") {
		t.Errorf("ListenStream is %q", listen)
	}
}

// The container file copies what a release makes, and nothing that is not there.
func TestContainerCopiesWhatIsThere(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../Containerfile")
	if err != nil {
		t.Fatal(err)
	}
	make, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(make), "dist/waylight-linux-$$arch ") {
		t.Error("the Makefile makes no dist/waylight-linux-ARCH")
	}
	copied := 0
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] != "COPY" || strings.HasPrefix(words[1], "--from=nothing") {
			continue
		}
		for _, from := range words[1 : len(words)-1] {
			copied++
			if from == "dist/waylight-linux-${ARCH}" {
				continue
			}
			if _, err := os.Stat(filepath.Join("../..", from)); err != nil {
				t.Errorf("it copies %s: %v", from, err)
			}
		}
	}
	owned := strings.Contains(string(text), "\nCOPY --from=nothing --chown=65532:65532 / /data/\nENV TMPDIR=/data\n")
	if copied != 3 || !owned || !strings.Contains(string(text), "\nUSER 65532:65532\n") || !strings.Contains(string(text), "\nFROM scratch\n") {
		t.Errorf("it copies %d files:\n%s", copied, text)
	}
}
