// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/form"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

// bodyVersion is the version of the sealed body's content.
const bodyVersion = 1

// Body is what is sealed: every answer that routing does not need.
type Body struct {
	Version  int                 `json:"v"`
	Form     string              `json:"form"` // "<program>@<version of its pack>"
	Language string              `json:"language"`
	Answers  map[string][]string `json:"answers"`
	Reply    *ReplyKeys          `json:"reply,omitempty"` // nil in the part about the reporter, and in reports from before there was one
}

// ReplyKeys names the keys of the report's receipt. They are sealed with the
// words: so an office checks whom it writes to and who answers it, and need not
// take the server's word.
type ReplyKeys struct {
	Key  string `json:"key"`  // hex of the id of the X-Wing key that answers are sealed to
	Sign []byte `json:"sign"` // Ed25519 public key of what the sender writes
}

func replyKeys(r seal.Receipt, key *seal.PublicKey) *ReplyKeys {
	id, seed := key.ID(), r.SignSeed()
	return &ReplyKeys{hex.EncodeToString(id[:]), ed25519.NewKeyFromSeed(seed[:]).Public().(ed25519.PublicKey)}
}

// Marshal writes the body's one spelling: keys sorted, no question without an
// answer, letters as themselves.
func (b Body) Marshal() ([]byte, error) {
	b.Answers = answered(b.Answers)
	out, err := canonical(b)
	return out, fault.Wrap(err, "writing a body")
}

// ParseBody reads what Marshal wrote.
func ParseBody(data []byte) (Body, error) {
	var b Body
	if err := json.Unmarshal(data, &b); err != nil || b.Version != bodyVersion {
		// The cause could quote the words, so it is not passed on.
		return Body{}, fault.New(fault.Invalid, "body_format", "These bytes are not the body of a report in a version this program knows.")
	}
	return b, nil
}

func formName(p *program.Program) string { return p.ID + "@" + p.Version }

// digest is the SHA-256 of a whole submission in its one spelling. Together
// with the idempotency key it decides what is a repeat.
func digest(programID, language string, a form.Answers) ([32]byte, error) {
	out, err := canonical(struct {
		Program  string              `json:"program"`
		Language string              `json:"language"`
		Answers  map[string][]string `json:"answers"`
	}{programID, language, answered(a)})
	if err != nil {
		return [32]byte{}, fault.Wrap(err, "writing a submission")
	}
	return sha256.Sum256(out), nil
}

// canonical is JSON with sorted keys and without escapes for HTML.
func canonical(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// answered drops questions without an answer, so that leaving one out and
// leaving it empty are the same.
func answered(a map[string][]string) map[string][]string {
	out := make(map[string][]string, len(a))
	for id, values := range a {
		if len(values) > 0 {
			out[id] = values
		}
	}
	return out
}

// reportID names a report after its receipt, under a key that the database does
// not hold: a repeated submission meets its own primary key, and an id tells
// nothing about order, time or words.
func reportID(pepper []byte, programID string, lookup [32]byte) store.ID {
	mac := hmac.New(sha256.New, pepper)
	mac.Write([]byte("report"))
	mac.Write([]byte(programID))
	mac.Write(lookup[:])
	return store.ID(mac.Sum(nil)[:16])
}
