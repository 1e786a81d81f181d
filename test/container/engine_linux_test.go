// SPDX-License-Identifier: Apache-2.0

package container

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// engine is what builds and runs containers, and what this test made with it.
type engine struct {
	t             *testing.T
	words         []string // the command
	image, volume string
	limits        []string
}

// newEngine builds the image of this machine's kind and makes a volume.
func newEngine(t *testing.T, command string) *engine {
	t.Helper()
	e := &engine{t: t, words: strings.Fields(command)}
	if _, err := exec.LookPath(e.words[0]); err != nil {
		t.Fatalf("%v: apt-get install -y --no-install-recommends podman crun netavark iptables", err)
	}
	name := fmt.Sprintf("waylight-try-%d", os.Getpid())
	e.image, e.volume = name, name
	t.Cleanup(func() { e.try("rmi", "--force", e.image) })
	e.do("build", "--build-arg", "ARCH="+runtime.GOARCH, "-f", "../../packaging/Containerfile", "-t", e.image, "../..")
	t.Cleanup(func() { e.try("volume", "rm", "--force", e.volume) })
	e.do("volume", "create", e.volume)
	e.limits = []string{"--ulimit", "nproc=4096:4096", "--ulimit", files(t)}
	return e
}

// files are as many as a service may open, or fewer where this machine allows no more.
func files(t *testing.T) string {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	most := min(limit.Max, 65536)
	return fmt.Sprintf("nofile=%d:%d", most, most)
}

// try runs the engine and returns all it said.
func (e *engine) try(args ...string) (string, error) {
	out, err := exec.Command(e.words[0], append(e.words[1:len(e.words):len(e.words)], args...)...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (e *engine) do(args ...string) string {
	e.t.Helper()
	out, err := e.try(args...)
	if err != nil {
		e.t.Fatalf("%s %s: %v\n%s", strings.Join(e.words, " "), strings.Join(args, " "), err, out)
	}
	return out
}

// hardened is how docs/operations.md runs a container, but for the root: podman gives a read-only one a /tmp in memory.
func (e *engine) hardened(args ...string) []string {
	list := []string{"--cap-drop", "all", "--security-opt", "no-new-privileges", "--stop-timeout", "90", "--volume", e.volume + ":/data"}
	return append(append(list, e.limits...), args...)
}

// once runs one command of the program on the volume, to its end, where there is no /tmp.
func (e *engine) once(args ...string) string {
	e.t.Helper()
	return e.do(append(append([]string{"run", "--rm"}, e.hardened("--network", "none", e.image)...), args...)...)
}

// start runs a container until the test ends; flags stand before the image, args after it.
func (e *engine) start(name string, flags, args []string) *running {
	e.t.Helper()
	r := &running{e, e.image + "-" + name}
	e.t.Cleanup(func() { e.try("rm", "--force", r.name) })
	list := append([]string{"run", "--detach", "--read-only", "--name", r.name}, e.hardened(flags...)...)
	e.do(append(append(list, e.image), args...)...)
	return r
}

// running is a container.
type running struct {
	e    *engine
	name string
}

func (r *running) logged() string {
	out, err := r.e.try("logs", r.name)
	if err != nil {
		r.e.t.Error(err)
	}
	return out
}

// stop stops it as the engine does, and wants it to end well and by itself.
func (r *running) stop() {
	r.e.t.Helper()
	r.e.do("stop", r.name)
	if code := r.exit(); code != "0" {
		r.e.t.Errorf("stopped with %s\n%s", code, r.logged())
	}
}

func (r *running) exit() string {
	return r.e.do("inspect", "--format", "{{.State.ExitCode}}", r.name)
}

// certificate makes one for localhost, in a folder that the program's user may read.
func certificate(t *testing.T) (folder string, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	made := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, made, made, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	folder, pool = t.TempDir(), x509.NewCertPool()
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	pool.AppendCertsFromPEM(text)
	for name, data := range map[string][]byte{"cert.pem": text, "key.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})} {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o644); err != nil { // an invented key, which anybody may read
			t.Fatal(err)
		}
	}
	return folder, pool
}
