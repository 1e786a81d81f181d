// SPDX-License-Identifier: Apache-2.0

package release

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/figure"
)

// Verify checks, with nothing but the log's key, that a document is the one that
// was published: its hash stands in the entry that the proof opens, and that entry
// stands in a checkpoint that the log signed.
func Verify(document, proof []byte, verifierKey string) error {
	doc, err := figure.ParseDocument(document)
	if err != nil {
		return err
	}
	var p Proof
	if err := json.Unmarshal(proof, &p); err != nil {
		return fmt.Errorf("reading the proof: %w", err)
	}
	if p.Format != ProofFormat {
		return fmt.Errorf("the proof's format is %.40q, not %s", p.Format, ProofFormat)
	}
	verifier, err := note.NewVerifier(verifierKey)
	if err != nil {
		return fmt.Errorf("reading the log's key: %w", err)
	}
	sum := sha256.Sum256(document)
	hash := hex.EncodeToString(sum[:])
	opening, err := custody.ParseOpening([]byte(p.Opening))
	if err != nil {
		return err
	}
	if opening.Event != "release.published" || opening.Program != doc.Program || opening.Rule != hashRule(hash) {
		return errors.New("the entry of the log names another document: this one was changed, or the proof is of another")
	}
	commitment, err1 := base64.StdEncoding.DecodeString(p.Commitment)
	salt, err2 := base64.StdEncoding.DecodeString(p.Salt)
	if errors.Join(err1, err2) != nil || len(commitment) != 32 || len(salt) != 32 {
		return errors.New("the proof is damaged")
	}
	if custody.Commitment([32]byte(salt), []byte(p.Opening)) != [32]byte(commitment) {
		return errors.New("the proof does not open its entry")
	}
	inclusion, err := custody.ParseProof(p.Proof)
	if err != nil {
		return err
	}
	if err := inclusion.Check([32]byte(commitment), verifier); err != nil {
		return err
	}
	_, err = custody.ParseCheckpoint(doc.Log.Checkpoint, verifier)
	return err
}
