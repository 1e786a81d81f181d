// SPDX-License-Identifier: Apache-2.0

package conversation

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"slices"

	"waylight/internal/platform/store"
)

// Sign adds the sender's signature to the spelling of a sender's words: a second
// line in what is sealed. It is made with the receipt's signing seed, whose public
// key the office finds in the sealed report, so that no server can write in the
// sender's name.
func Sign(seed [32]byte, program, office string, id store.ID, words []byte) []byte {
	signature := ed25519.Sign(ed25519.NewKeyFromSeed(seed[:]), signedText(program, office, id, words))
	return slices.Concat(words, []byte{'\n'}, []byte(base64.StdEncoding.EncodeToString(signature)))
}

// Split parts what was opened into the words' spelling and their signature, nil
// where there is none.
func Split(plain []byte) (words, signature []byte, err error) {
	words, line, found := bytes.Cut(plain, []byte{'\n'})
	if !found {
		return plain, nil, nil
	}
	signature, err = base64.StdEncoding.Strict().DecodeString(string(line))
	if err != nil || len(signature) != ed25519.SignatureSize {
		return nil, nil, ErrMessage
	}
	return words, signature, nil
}

// Signed says whether the holder of a receipt wrote these words as this message.
func Signed(public ed25519.PublicKey, program, office string, id store.ID, words, signature []byte) bool {
	return len(public) == ed25519.PublicKeySize && ed25519.Verify(public, signedText(program, office, id, words), signature)
}

// signedText is what a signature stands under. The words name the report.
func signedText(program, office string, id store.ID, words []byte) []byte {
	return slices.Concat([]byte("waylight/message/sign/v1\n"+program+"\n"+office+"\n"+id.String()+"\n"), words)
}
