// SPDX-License-Identifier: Apache-2.0

package witness_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"waylight/internal/platform/store"
	"waylight/internal/platform/witness"
)

var ctx = context.Background()

// grown is a log that a test grows and signs.
type grown struct {
	t      *testing.T
	signer note.Signer
	key    note.Verifier
	hashes []tlog.Hash
	size   int64
}

func newLog(t *testing.T, origin string) *grown {
	t.Helper()
	private, public, err := note.GenerateKey(nil, origin)
	if err != nil {
		t.Fatal(err)
	}
	g := &grown{t: t}
	if g.signer, err = note.NewSigner(private); err != nil {
		t.Fatal(err)
	}
	if g.key, err = note.NewVerifier(public); err != nil {
		t.Fatal(err)
	}
	return g
}

// fork is another history of the same log from here on.
func (g *grown) fork() *grown {
	f := *g
	f.hashes = f.hashes[:len(f.hashes):len(f.hashes)]
	return &f
}

func (g *grown) read(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = g.hashes[x]
	}
	return out, nil
}

func (g *grown) grow(words ...string) {
	for _, word := range words {
		more, err := tlog.StoredHashes(g.size, []byte(word), tlog.HashReaderFunc(g.read))
		if err != nil {
			g.t.Fatal(err)
		}
		g.hashes = append(g.hashes, more...)
		g.size++
	}
}

func (g *grown) body(size int64) string {
	root, err := tlog.TreeHash(size, tlog.HashReaderFunc(g.read))
	if err != nil {
		g.t.Fatal(err)
	}
	return fmt.Sprintf("%s\n%d\n%s\nwaylight-time 2026-11-23T15:00:00.000000Z\n", g.signer.Name(), size, root)
}

// ask is a request to sign the log at one size after another.
func (g *grown) ask(old, size int64) witness.Request {
	g.t.Helper()
	signed, err := note.Sign(&note.Note{Text: g.body(size)}, g.signer)
	if err != nil {
		g.t.Fatal(err)
	}
	r := witness.Request{Old: old, Checkpoint: string(signed)}
	if old > 0 && old < size {
		if r.Proof, err = tlog.ProveTree(size, old, tlog.HashReaderFunc(g.read)); err != nil {
			g.t.Fatal(err)
		}
	}
	return r
}

// stand is a witness on a real port.
type stand struct {
	t    *testing.T
	file string
	db   *store.DB
	key  witness.Key
	url  string
	end  func()
}

var now = time.Date(2026, 11, 23, 15, 0, 5, 0, time.UTC)

func newStand(t *testing.T, logs ...note.Verifier) *stand {
	t.Helper()
	s := &stand{t: t, file: filepath.Join(t.TempDir(), "witness.db")}
	s.start(logs...)
	return s
}

func (s *stand) start(logs ...note.Verifier) {
	s.t.Helper()
	signer, err := witness.NewSigner("witness.example/w1", [32]byte{7})
	if err != nil {
		s.t.Fatal(err)
	}
	if s.db, err = store.Open(ctx, "sqlite:"+s.file, store.Options{Schemas: []store.Schema{witness.Schema()}}); err != nil {
		s.t.Fatal(err)
	}
	w, err := witness.New(s.db, signer, logs, func() time.Time { return now }, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	server := httptest.NewServer(w.Handler())
	s.key, s.url = signer.Key, server.URL
	s.end = sync.OnceFunc(func() { server.Close(); s.db.Close() })
	s.t.Cleanup(s.end)
}

func (s *stand) post(text string) (status int, body, kind string) {
	s.t.Helper()
	answer, err := http.Post(s.url+"/add-checkpoint", "text/plain", strings.NewReader(text))
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer.StatusCode, string(b), answer.Header.Get("Content-Type")
}

// want posts a request and checks the answer.
func (s *stand) want(what string, r witness.Request, status int) string {
	s.t.Helper()
	got, body, _ := s.post(r.String())
	if got != status {
		s.t.Errorf("%s: answered %d, want %d: %s", what, got, status, body)
	}
	if signed := witness.Cosigned(r.Checkpoint+body, []witness.Key{s.key}); (len(signed) == 1) != (status == http.StatusOK) {
		s.t.Errorf("%s: %d signatures with %d", what, len(signed), got)
	}
	return body
}

// A witness signs what continues what it signed before, and nothing else.
func TestWitnessSignsOnlyWhatContinues(t *testing.T) {
	t.Parallel()
	g := newLog(t, "log.example/ms")
	g.grow("a", "b", "c", "d", "e")
	s := newStand(t, g.key)
	s.want("the first checkpoint", g.ask(0, 3), http.StatusOK)
	s.want("the same again", g.ask(3, 3), http.StatusOK)
	other := g.fork()
	g.grow("f", "g", "h")
	other.grow("x", "y", "z")
	s.want("a larger one", g.ask(3, 6), http.StatusOK)

	if body := s.want("a replay of the first", g.ask(0, 3), http.StatusConflict); body != "6\n" {
		t.Errorf("a conflict says %q, not what was signed last", body)
	}
	if _, _, kind := s.post(g.ask(0, 3).String()); kind != "text/x.tlog.size" {
		t.Errorf("a conflict comes as %s", kind)
	}
	s.want("a wrong old size", g.ask(5, 8), http.StatusConflict)
	s.want("an old size beyond the checkpoint", witness.Request{Old: 9, Checkpoint: g.ask(0, 8).Checkpoint}, http.StatusBadRequest)
	s.want("a smaller tree", witness.Request{Old: 6, Checkpoint: g.ask(0, 4).Checkpoint}, http.StatusBadRequest)
	s.want("a fork of the same size", other.ask(6, 6), http.StatusConflict)
	s.want("a fork of another size", other.ask(6, 8), http.StatusUnprocessableEntity)
	s.want("a proof that is not needed", witness.Request{Old: 6, Proof: g.ask(3, 6).Proof, Checkpoint: g.ask(0, 6).Checkpoint}, http.StatusUnprocessableEntity)
	s.want("no proof", witness.Request{Old: 6, Checkpoint: g.ask(0, 8).Checkpoint}, http.StatusUnprocessableEntity)
	s.want("the true continuation", g.ask(6, 8), http.StatusOK)
}

func TestWitnessSignsOnlyForLogsItKnows(t *testing.T) {
	t.Parallel()
	g, stranger, thief := newLog(t, "log.example/ms"), newLog(t, "log.example/tx"), newLog(t, "log.example/ms")
	for _, l := range []*grown{g, stranger, thief} {
		l.grow("a", "b")
	}
	s := newStand(t, g.key)
	s.want("another log", stranger.ask(0, 2), http.StatusNotFound)
	s.want("another key", thief.ask(0, 2), http.StatusForbidden)
	r := g.ask(0, 2)
	body, rest, _ := strings.Cut(r.Checkpoint, "\n\n")
	s.want("a changed checkpoint", witness.Request{Checkpoint: strings.Replace(body, "\n2\n", "\n1\n", 1) + "\n\n" + rest}, http.StatusForbidden)
	r.Checkpoint += strings.SplitAfter(stranger.ask(0, 2).Checkpoint, "\n\n")[1]
	s.want("more signatures than its own", r, http.StatusOK)
}

func TestWitnessRefusesGarbage(t *testing.T) {
	t.Parallel()
	g := newLog(t, "log.example/ms")
	g.grow("a", "b")
	s := newStand(t, g.key)
	good := g.ask(0, 2).String()
	for _, text := range []string{
		"", "\n", "old 0", "old 0\n\n", "old\n\n" + good, strings.Replace(good, "old 0", "old 00", 1), strings.Replace(good, "old 0", "old -1", 1),
		strings.Replace(good, "old 0", "old 99999999999999999999", 1), strings.Replace(good, "old 0\n", "old 0\nnot base64\n", 1), strings.Replace(good, "old 0\n", "old 0\nAAAA\n", 1),
		strings.Replace(good, "old 0\n", "old 0\n"+strings.Repeat(base64.StdEncoding.EncodeToString(make([]byte, 32))+"\n", 64), 1),
		strings.Repeat("x", 100_000), good[:len(good)/2], strings.Replace(good, "\n2\n", "\n02\n", 1),
	} {
		if status, _, _ := s.post(text); status != http.StatusBadRequest {
			t.Errorf("%.60q is answered %d", text, status)
		}
	}
	if status, _, _ := s.post(good); status != http.StatusOK {
		t.Errorf("after all that: %d", status)
	}
}

// Of many that ask at once from the same state, one history wins, and everything
// that was signed lies on it.
func TestWitnessSignsOneOfTwoAtOnce(t *testing.T) {
	t.Parallel()
	g := newLog(t, "log.example/ms")
	g.grow("a", "b")
	s := newStand(t, g.key)
	s.want("the first", g.ask(0, 2), http.StatusOK)
	var all sync.WaitGroup
	signed := make(chan string, 16)
	for i := range 16 {
		f := g.fork()
		f.grow(fmt.Sprint("x", i), "y")
		r := f.ask(2, 3+int64(i%2))
		all.Go(func() {
			if status, _, _ := s.post(r.String()); status == http.StatusOK {
				signed <- r.Checkpoint
			} else if status != http.StatusConflict && status != http.StatusUnprocessableEntity {
				t.Errorf("one of many is answered %d", status)
			}
		})
	}
	all.Wait()
	if len(signed) != 1 {
		t.Errorf("%d histories were signed", len(signed))
	}
}

// What was signed is remembered by a witness that was started again.
func TestWitnessRemembers(t *testing.T) {
	t.Parallel()
	g := newLog(t, "log.example/ms")
	g.grow("a", "b", "c", "d")
	s := newStand(t, g.key)
	s.want("the first", g.ask(0, 3), http.StatusOK)
	s.end()
	s.start(g.key)
	f := g.fork()
	f.grow("other")
	s.want("as if nothing had been", g.ask(0, 4), http.StatusConflict)
	s.want("the continuation", g.ask(3, 4), http.StatusOK)
	s.want("a fork after that", f.ask(4, 4), http.StatusOK) // the same four leaves
	s.want("growth", f.ask(4, 5), http.StatusOK)
}

func TestKeysSurviveTheirForm(t *testing.T) {
	t.Parallel()
	signer, err := witness.NewSigner("witness.example/w1", [32]byte{7})
	if err != nil {
		t.Fatal(err)
	}
	text := signer.Key.String()
	back, err := witness.ParseKey(text + "\n")
	if err != nil || back.String() != text {
		t.Errorf("%s, %v", back, err)
	}
	for i := range len(text) {
		b := []byte(text)
		b[i] ^= 1
		if k, err := witness.ParseKey(string(b)); err == nil && k.String() != string(b) {
			t.Errorf("changed at letter %d it is read as %s", i, k)
		}
	}
	if _, err := witness.NewSigner("two words", [32]byte{}); err == nil {
		t.Error("a name with a space can sign")
	}
}

// A line under the same name by another key is nobody's.
func TestAnotherKeyOfTheSameName(t *testing.T) {
	t.Parallel()
	signer, err := witness.NewSigner("witness.example.com/w1", [32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	body := "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
	line := "\u2014 witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
	if got := witness.Cosigned(body+"\n"+line, []witness.Key{signer.Key}); len(got) != 0 {
		t.Error("another's signature passes")
	}
}

func FuzzParseRequest(f *testing.F) {
	f.Add("old 0\n\nlog.example\n1\nAAAA\n")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := witness.ParseRequest(s)
		if err == nil && r.String() != s {
			t.Errorf("%q does not survive its own form", s)
		}
	})
}
