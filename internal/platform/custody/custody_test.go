// SPDX-License-Identifier: Apache-2.0

package custody_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"pgregory.net/rapid"

	"waylight/internal/platform/custody"
)

var update = flag.Bool("update", false, "write the vectors anew")

const vectorFile = "../../../docs/spec/vectors/custody.json"

const vectorOrigin = "log.example/ms"

type vectors struct {
	Rows   []rowVector  `json:"rows"`
	Leaves []leafVector `json:"leaves"`
}

type rowVector struct {
	Table   string      `json:"table"`
	Columns [][2]string `json:"columns"` // name, and a value written as "i:7", "t:word" or "b:hex"
	Hash    string      `json:"hash"`
}

type leafVector struct {
	Opening    string `json:"opening"`
	Salt       string `json:"salt"`
	Commitment string `json:"commitment"`
}

func value(t *testing.T, s string) any {
	t.Helper()
	switch s[:2] {
	case "i:":
		var n int64
		if err := json.Unmarshal([]byte(s[2:]), &n); err != nil {
			t.Fatal(err)
		}
		return n
	case "t:":
		return s[2:]
	default:
		b, err := hex.DecodeString(s[2:])
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
}

func TestVectors(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(vectorFile)
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Rows) == 0 || len(v.Leaves) == 0 {
		t.Fatal("the vectors are empty")
	}
	for i, r := range v.Rows {
		columns := make([]custody.Column, len(r.Columns))
		for j, c := range r.Columns {
			columns[j] = custody.Column{Name: c[0], Value: value(t, c[1])}
		}
		got := custody.RowHash(r.Table, columns)
		v.Rows[i].Hash = compare(t, "row hash", r.Hash, hex.EncodeToString(got[:]))
	}
	for i, l := range v.Leaves {
		salt, err := base64.StdEncoding.DecodeString(l.Salt)
		if err != nil || len(salt) != 32 {
			t.Fatal("a salt is damaged")
		}
		got := custody.Commitment([32]byte(salt), []byte(l.Opening))
		v.Leaves[i].Commitment = compare(t, "commitment", l.Commitment, base64.StdEncoding.EncodeToString(got[:]))
		if _, err := custody.ParseOpening([]byte(l.Opening)); err != nil {
			t.Error(err)
		}
	}
	if *update {
		out, _ := json.MarshalIndent(v, "", "  ")
		if err := os.WriteFile(vectorFile, append(out, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func compare(t *testing.T, what, want, got string) string {
	t.Helper()
	if !*update && want != got {
		t.Errorf("%s is %s, want %s", what, got, want)
	}
	return got
}

func rows(t *rapid.T) []custody.Row {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) custody.Row {
		return custody.Row{
			Table: rapid.StringMatching(`[a-z_]{1,12}`).Draw(t, "table"),
			Key:   rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "key"),
			Hash:  [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "hash")),
			Gone:  rapid.Bool().Draw(t, "gone"),
		}
	}), 0, 6).Draw(t, "rows")
}

func TestOpeningSurvivesItsForm(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := custody.Entry{
			Program: rapid.StringMatching(`[a-z]{2,5}`).Draw(t, "program"),
			Event:   rapid.StringMatching(`[a-z.]{1,20}`).Draw(t, "event"),
			Record:  rapid.StringMatching(`[ -~]{0,40}`).Draw(t, "record"),
			Actor:   rapid.StringMatching(`[ -~]{0,40}`).Draw(t, "actor"),
			Rule:    rapid.StringMatching(`[a-z0-9@]{0,40}`).Draw(t, "rule"),
		}
		at := time.UnixMicro(rapid.Int64Range(0, 1<<52).Draw(t, "at")).UTC()
		leaf := custody.Commit(e, at, rows(t))
		o, err := custody.ParseOpening(leaf.Opening)
		if err != nil || o.Entry != e || !o.At.Equal(at) {
			t.Fatalf("%+v, %v", o, err)
		}
		if custody.Commitment(leaf.Salt, leaf.Opening) != leaf.Commitment {
			t.Fatal("the commitment does not open")
		}
		decoded, err := custody.DecodeRows(leaf.Rows)
		if err != nil || !bytes.Equal(custody.EncodeRows(decoded), leaf.Rows) {
			t.Fatal("the row list does not survive")
		}
	})
}

func TestLineBreaksCannotForgeAnOpening(t *testing.T) {
	t.Parallel()
	leaf := custody.Commit(custody.Entry{Program: "ms", Event: "x\nactor member:someone", Actor: "sender"}, time.Unix(0, 0), nil)
	o, err := custody.ParseOpening(leaf.Opening)
	if err != nil || o.Actor != "sender" {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestRowHashTellsEveryColumnApart(t *testing.T) {
	t.Parallel()
	base := []custody.Column{{Name: "a", Value: "xy"}, {Name: "b", Value: "z"}}
	seen := map[[32]byte]string{custody.RowHash("t", base): "base"}
	for name, columns := range map[string][]custody.Column{
		"shifted border":  {{Name: "a", Value: "x"}, {Name: "b", Value: "yz"}},
		"bytes, not text": {{Name: "a", Value: []byte("xy")}, {Name: "b", Value: "z"}},
		"null":            {{Name: "a", Value: "xy"}, {Name: "b"}},
		"empty":           {{Name: "a", Value: "xy"}, {Name: "b", Value: ""}},
		"number":          {{Name: "a", Value: "xy"}, {Name: "b", Value: int64(0)}},
		"swapped names":   {{Name: "b", Value: "xy"}, {Name: "a", Value: "z"}},
	} {
		h := custody.RowHash("t", columns)
		if other, ok := seen[h]; ok {
			t.Errorf("%s hashes like %s", name, other)
		}
		seen[h] = name
	}
	if custody.RowHash("u", base) == custody.RowHash("t", base) {
		t.Error("two tables hash alike")
	}
	added := append(base[:2:2], custody.Column{Name: "later"})
	if custody.RowHash("t", added) != custody.RowHash("t", base) {
		t.Error("a null column added later changes old rows")
	}
}

func newLog(t testing.TB) *custody.Log {
	t.Helper()
	private, public, err := note.GenerateKey(seed{}, vectorOrigin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	log, err := custody.NewLog("ms", signer, public, 10*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// seed makes the test's log key the same in every run.
type seed struct{}

func (seed) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 1
	}
	return len(p), nil
}

func TestPromiseIsSignedAndInTime(t *testing.T) {
	t.Parallel()
	log := newLog(t)
	at := time.Date(2026, 11, 23, 15, 7, 31, 0, time.UTC)
	leaf := custody.Commit(custody.Entry{Program: "ms", Event: "x"}, at, nil)
	p, err := log.Promise(leaf)
	if err != nil {
		t.Fatal(err)
	}
	back, err := custody.ParsePromise(p.Note, log.Verifier())
	if err != nil || back != p {
		t.Fatalf("%+v, %v", back, err)
	}
	if want := at.Truncate(10 * time.Minute).Add(20 * time.Minute); !p.By.Equal(want) {
		t.Errorf("promised by %v, want %v", p.By, want)
	}
	for i := range len(p.Note) {
		forged := []byte(p.Note)
		forged[i] ^= 1
		if q, err := custody.ParsePromise(string(forged), log.Verifier()); err == nil && (q.Commitment != p.Commitment || q.Salt != p.Salt || !q.By.Equal(p.By)) {
			t.Fatalf("a promise changed at byte %d was accepted", i)
		}
	}
}
