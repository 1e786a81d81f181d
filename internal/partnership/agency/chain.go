// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"

	"waylight/internal/platform/seal"
)

// Chain is an office's current key with the signatures that it rests on, as the
// public directory gives it to a sender's browser. docs/spec/directory.md says
// how it is checked.
type Chain struct {
	Office string `json:"office"`
	Key    []byte `json:"key"` // the public key itself
	Links  []Link `json:"chain"`
}

// Text is the chain as a page carries it, for the page's script to check.
func (c Chain) Text() (string, error) {
	text, err := json.Marshal(c)
	return string(text), err
}

// Link is one key of a chain, the oldest first.
type Link struct {
	ID   string `json:"id"`   // hex
	Sign []byte `json:"sign"` // the office's signing key beside it
	// By is "directory", the id of the key before it, or, where no directory key is
	// pinned, "first".
	By        string `json:"by"`
	Signature []byte `json:"signature"`
}

// Who stands behind a link, beside the key before it.
const (
	byDirectory = "directory"
	byFirst     = "first"
)

// ErrChain says that a key is not to be believed: it does not rest on the pinned
// directory key.
var ErrChain = errors.New("agency: the key does not rest on the directory key")

// VerifyChain returns the key at the end of a chain that rests on the directory
// key, as a sender's browser does. Without a directory key (nil) the chain's first
// key is trusted as it is.
func VerifyChain(directory ed25519.PublicKey, program, office string, c Chain) (*seal.PublicKey, error) {
	if c.Office != office || len(c.Links) == 0 {
		return nil, ErrChain
	}
	for i, l := range c.Links {
		if !l.holds(directory, program, office, c.Links[:i]) {
			return nil, ErrChain
		}
	}
	pub, err := seal.ParsePublicKey(c.Key)
	if err != nil || keyName(pub.ID()) != c.Links[len(c.Links)-1].ID {
		return nil, ErrChain
	}
	return pub, nil
}

// holds says whether a link rests on the directory key or on the link before it.
func (l Link) holds(directory ed25519.PublicKey, program, office string, before []Link) bool {
	id, err := keyID(l.ID)
	if err != nil || len(l.Sign) != ed25519.PublicKeySize {
		return false
	}
	switch {
	case l.By == byDirectory:
		return len(directory) == ed25519.PublicKeySize && ed25519.Verify(directory, []byte(DirectoryStatement(program, office, id, l.Sign)), l.Signature)
	case l.By == byFirst:
		return directory == nil && len(before) == 0
	case len(before) == 0:
		return false
	}
	last := before[len(before)-1]
	previous, err := keyID(last.ID)
	return err == nil && l.By == last.ID &&
		ed25519.Verify(last.Sign, []byte(RotationStatement(program, office, previous, id, l.Sign)), l.Signature)
}

// keyID reads a key's name.
func keyID(name string) (id [16]byte, err error) {
	b, err := hex.DecodeString(name)
	if err != nil || len(b) != len(id) || name != hex.EncodeToString(b) {
		return id, ErrChain
	}
	return [16]byte(b), nil
}

// Directory is the chain of every active office that has a key that counts. It
// does not query.
func (s *Service) Directory(program string) map[string]Chain {
	out := map[string]Chain{}
	for office, k := range s.Keys(program) {
		out[office] = Chain{Office: office, Key: k.Public.Bytes(), Links: k.Links}
	}
	return out
}
