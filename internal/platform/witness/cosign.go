// SPDX-License-Identifier: Apache-2.0

// Package witness lets programs vouch for each other's logs. A witness signs
// another log's checkpoint only after a proof that it continues what it signed
// before, so that nobody can be shown one history and others another.
//
// It speaks the protocol of C2SP tlog-witness and signs cosignature/v1 with
// Ed25519. What it last signed of each log is on the disk before the signature
// leaves; it never signs a smaller tree or a fork. Only checkpoints travel: sizes,
// hashes and times, and nothing of what a log is about.
package witness

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// algorithm says in a key that it signs timestamped cosignatures.
const algorithm = 0x04

// Key is the public key of a witness.
type Key struct {
	name   string
	public ed25519.PublicKey
}

// ErrKey says that a text is not the key of a witness.
var ErrKey = errors.New("not the key of a witness")

// ParseKey reads a key as a witness prints it.
func ParseKey(text string) (Key, error) {
	parts := strings.SplitN(strings.TrimSpace(text), "+", 3)
	if len(parts) != 3 || !named(parts[0]) {
		return Key{}, ErrKey
	}
	data, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(data) != 1+ed25519.PublicKeySize || data[0] != algorithm {
		return Key{}, fmt.Errorf("%w: it is of another kind", ErrKey)
	}
	k := Key{name: parts[0], public: data[1:]}
	if fmt.Sprintf("%08x", k.hash()) != parts[1] {
		return Key{}, fmt.Errorf("%w: it is damaged", ErrKey)
	}
	return k, nil
}

// named says whether a name can stand in a signature line.
func named(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || r == '+' || !unicode.IsPrint(r) })
}

// Name is what the witness is called in its signature lines.
func (k Key) Name() string { return k.name }

// String is the key as it is handed on.
func (k Key) String() string {
	return fmt.Sprintf("%s+%08x+%s", k.name, k.hash(), base64.StdEncoding.EncodeToString(append([]byte{algorithm}, k.public...)))
}

func (k Key) hash() uint32 {
	sum := sha256.Sum256(append([]byte(k.name+"\n"+string(rune(algorithm))), k.public...))
	return binary.BigEndian.Uint32(sum[:4])
}

// message is what a cosignature signs.
func message(body string, at uint64) []byte {
	return fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at, body)
}

// Signer cosigns.
type Signer struct {
	Key
	private ed25519.PrivateKey
}

// NewSigner is a witness of this name with a key that was made from seed.
func NewSigner(name string, seed [32]byte) (Signer, error) {
	if !named(name) {
		return Signer{}, errors.New("a witness is named without spaces and plus signs, such as witness.example.gov/w1")
	}
	private := ed25519.NewKeyFromSeed(seed[:])
	return Signer{Key{name, private.Public().(ed25519.PublicKey)}, private}, nil
}

// line is the signature line over a checkpoint's body.
func (s Signer) line(body string, at time.Time) string {
	stamp := uint64(max(at.Unix(), 0))
	data := binary.BigEndian.AppendUint32(nil, s.hash())
	data = binary.BigEndian.AppendUint64(data, stamp)
	data = append(data, ed25519.Sign(s.private, message(body, stamp))...)
	return "\u2014 " + s.name + " " + base64.StdEncoding.EncodeToString(data) + "\n"
}

// Cosignature is a witness's word on a checkpoint.
type Cosignature struct {
	Witness string
	Line    string // with its line feed
	At      time.Time
}

// Cosigned returns the valid cosignatures that a checkpoint carries of witnesses
// that are known, each witness once. Lines of anybody else are passed over.
func Cosigned(checkpoint string, known []Key) []Cosignature {
	body, lines, ok := strings.Cut(checkpoint, "\n\n")
	if !ok {
		return nil
	}
	var list []Cosignature
	for _, k := range known {
		for line := range strings.Lines(lines) {
			if c, ok := k.read(body+"\n", line); ok {
				list = append(list, c)
				break
			}
		}
	}
	return list
}

// read says whether a line is this witness's cosignature over body.
func (k Key) read(body, line string) (Cosignature, bool) {
	text, ok := strings.CutPrefix(line, "\u2014 "+k.name+" ")
	data, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSuffix(text, "\n"))
	if !ok || err != nil || len(data) != 12+ed25519.SignatureSize || hex.EncodeToString(data[:4]) != fmt.Sprintf("%08x", k.hash()) {
		return Cosignature{}, false
	}
	stamp := binary.BigEndian.Uint64(data[4:12])
	if stamp > 1<<62 || !ed25519.Verify(k.public, message(body, stamp), data[12:]) {
		return Cosignature{}, false
	}
	return Cosignature{k.name, strings.TrimSuffix(line, "\n") + "\n", time.Unix(int64(stamp), 0).UTC()}, true
}
