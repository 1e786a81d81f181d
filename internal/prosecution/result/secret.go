// SPDX-License-Identifier: Apache-2.0

package result

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
)

// secrets seals what only the running server may read, and hashes what agencies
// compare. Its keys come from the keyring's pepper, which is in no backup of the
// database: a stolen copy neither shows a document's number nor lets anybody try
// booking numbers one after the other.
type secrets struct{ pepper []byte }

func (s secrets) key(program, use string) []byte {
	mac := hmac.New(sha256.New, s.pepper)
	mac.Write([]byte("waylight result\x00" + use + "\x00" + program))
	return mac.Sum(nil)
}

// hash is what is kept of a number that agencies compare. Signs between the
// letters and digits do not count, since agencies write them differently.
func (s secrets) hash(program, use, typed string) []byte {
	mac := hmac.New(sha256.New, s.key(program, use))
	mac.Write([]byte(bare(typed)))
	return mac.Sum(nil)
}

// bare is a number without its punctuation.
func bare(typed string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9', r >= 'A' && r <= 'Z':
			return r
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		}
		return -1
	}, typed)
}

func (s secrets) cipher(program string) (cipher.AEAD, error) {
	block, err := aes.NewCipher(s.key(program, "seal"))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// box seals and opens values of one program. It is made once for many values.
type box struct{ aead cipher.AEAD }

func (s secrets) box(program string) (box, error) {
	aead, err := s.cipher(program)
	return box{aead}, err
}

func (b box) seal(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("writing what is sealed: %w", err)
	}
	return b.aead.Seal(nil, nil, data, nil), nil
}

func (b box) open(sealed []byte, into any) error {
	data, err := b.aead.Open(nil, nil, sealed, nil)
	if err != nil {
		return fmt.Errorf("opening what the server sealed: %w", err)
	}
	return json.Unmarshal(data, into)
}
