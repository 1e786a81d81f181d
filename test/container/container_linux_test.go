// SPDX-License-Identifier: Apache-2.0

// Package container builds packaging/Containerfile from a release and runs what
// it made as docs/operations.md says: without rights, on a root that cannot be
// written, with a certificate of its own and a volume that stays.
//
//	make container                                   # with podman
//	make container ENGINE='podman --runtime runc'
//	make container ENGINE=docker
package container

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"waylight/internal/platform/store"
)

var command = flag.String("engine", "podman", "what builds and runs containers: a command that takes podman's words")

// patience is how long a start may take on a machine that is busy.
const patience = 5 * time.Minute

// A report is accepted in a container, and its receipt is found in others on the same volume.
func TestImageRunsAsItsDocsSay(t *testing.T) {
	e := newEngine(t, *command)
	folder, pool := certificate(t)

	receipt := demonstrated(e)
	e.once("backup", "--data", "/data/demo", "/data/backup")
	e.once("restore", "--data", "/data/real", "--keyring", "/data/demo/keyring", "/data/backup")
	if out := e.once("verify", "--data", "/data/real", "--keyring", "/data/demo/keyring", "--memory", "-1"); !strings.Contains(out, "ms") {
		t.Errorf("verify with nothing held in memory says\n%s", out)
	}

	address := free(t)
	serve := []string{
		"serve", "--data", "/data/real", "--keyring", "/data/demo/keyring", "--addr", ":8443",
		"--tls-cert", "/tls/cert.pem", "--tls-key", "/tls/key.pem", "--origin", "https://" + address.name(),
	}
	flags := []string{
		"--volume", folder + ":/tls:ro", "--volume", folder + "/cert.pem:/etc/ssl/certs/ca-certificates.crt:ro", "--publish", address.String() + ":8443",
	}
	r := e.start("serve", flags, serve)
	s := site{t, "https://" + address.name(), &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}, Timeout: time.Minute}}
	s.up(r)
	for _, path := range []string{"/livez", "/readyz", "/healthz", "/ms/en", "/receipt"} {
		if status, body := s.get(path); status != http.StatusOK {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	s.find(receipt)
	e.do("exec", r.name, "/waylight", "verify", "--data", "/data/real", "--keyring", "/data/demo/keyring")
	r.stop()
	if log := r.logged(); !strings.Contains(log, `msg="the server stopped" whole=true`) {
		t.Errorf("it did not stop whole:\n%s", log)
	}

	e.do("start", r.name)
	s.up(r)
	s.find(receipt)
	r.stop()

	endsAtOnce(e, s, flags, append(serve, "--drain", "1h"))
}

// endsAtOnce tells a server twice to stop. It is the first process of its container, which the kernel spares signals that it does not take.
func endsAtOnce(e *engine, s site, flags, serve []string) {
	e.t.Helper()
	r := e.start("twice", flags, serve)
	s.up(r)
	e.do("kill", "--signal", "TERM", r.name)
	status, _ := s.get("/readyz")
	for until := time.Now().Add(patience); status == http.StatusOK && time.Now().Before(until); {
		status, _ = s.get("/readyz")
	}
	if status != http.StatusServiceUnavailable {
		e.t.Errorf("told to stop, /readyz says %d", status)
	}
	e.do("kill", "--signal", "TERM", r.name)
	e.do("wait", r.name)
}

// demonstrated runs the demo in a container, sends it a report and returns the receipt.
func demonstrated(e *engine) (receipt string) {
	e.t.Helper()
	address := free(e.t)
	r := e.start("demo", []string{"--network", "host"}, []string{"demo", "--addr", address.String(), "--data", "/data/demo"})
	s := site{e.t, "http://" + address.name(), &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute}}
	s.up(r)
	receipt = s.send()
	s.find(receipt)
	r.stop()
	return receipt
}

// place is an address of this machine that was free a moment ago.
type place struct{ *net.TCPAddr }

func (p place) name() string { return fmt.Sprintf("localhost:%d", p.Port) }

func free(t *testing.T) place {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return place{l.Addr().(*net.TCPAddr)}
}

// site is what a container serves, as somebody outside of it meets it.
type site struct {
	t      *testing.T
	origin string
	client *http.Client
}

// up waits until the site answers, or until its container has ended.
func (s site) up(r *running) {
	s.t.Helper()
	for until := time.Now().Add(patience); time.Now().Before(until); {
		res, err := s.client.Get(s.origin + "/readyz")
		if err == nil {
			res.Body.Close()
			return
		}
		if state := r.e.do("inspect", "--format", "{{.State.Running}}", r.name); state != "true" {
			break
		}
	}
	s.t.Fatalf("nothing answers at %s\n%s", s.origin, r.logged())
}

func (s site) get(path string) (int, string) {
	s.t.Helper()
	res, err := s.client.Get(s.origin + path)
	if err != nil {
		s.t.Fatal(err)
	}
	return read(s.t, res)
}

func (s site) post(path, key string, body any) (int, string) {
	s.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, s.origin+path, bytes.NewReader(text))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	res, err := s.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	return read(s.t, res)
}

func read(t *testing.T, res *http.Response) (int, string) {
	t.Helper()
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// send sends an invented report and returns its receipt.
func (s site) send() string {
	s.t.Helper()
	status, body := s.post("/api/v1/reports", store.NewID().String()+store.NewID().String(), map[string]any{
		"program": "ms", "language": "en", "mode": "tip",
		"answers": map[string]any{"age": "under18", "who": "saw", "kind": "labor", "happened": "MS-28049", "land": "ordinary", "story": "Invented words, to see a report go in."},
	})
	var answer struct{ Receipt string }
	if err := json.Unmarshal([]byte(body), &answer); status != http.StatusCreated || err != nil || answer.Receipt == "" {
		s.t.Fatalf("the report was not accepted: %d %v %s", status, err, body)
	}
	return answer.Receipt
}

// find looks a receipt up.
func (s site) find(receipt string) {
	s.t.Helper()
	status, body := s.post("/api/v1/receipt", "", map[string]string{"receipt": receipt})
	var answer struct{ Received string }
	if err := json.Unmarshal([]byte(body), &answer); status != http.StatusOK || err != nil || answer.Received == "" {
		s.t.Errorf("the receipt is not found: %d %v %s", status, err, body)
	}
}
