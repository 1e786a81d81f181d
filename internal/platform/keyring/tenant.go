// SPDX-License-Identifier: Apache-2.0

package keyring

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
)

// Tenant keeps what the running server may read and a stolen database may not: the columns of class tenant. It is safe for use by several goroutines.
type Tenant struct {
	aead cipher.AEAD
	mark []byte
}

// ErrTenant means that something was not encrypted for this program, at this place, under this keyring.
var ErrTenant = errors.New("keyring: not encrypted for this program and this place")

// Tenant returns a program's key. It follows from the pepper, so that a keyring by which the database is known has it too: a key that was lost and made anew would
// leave every plan unreadable without a word.
func (r *Ring) Tenant(program string) (*Tenant, error) {
	if !plain(program) {
		return nil, errors.New("keyring: a program is named by lower-case letters, digits and hyphens")
	}
	secret := func(purpose string) ([]byte, error) {
		return hkdf.Key(sha256.New, r.pepper, nil, "waylight/tenant/v1/"+purpose+"/"+program, secretSize)
	}
	key, err := secret("encrypt")
	if err != nil {
		return nil, fmt.Errorf("keyring: the key of program %s: %w", program, err)
	}
	mark, err := secret("token")
	if err != nil {
		return nil, fmt.Errorf("keyring: the key of program %s: %w", program, err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("keyring: the key of program %s: %w", program, err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("keyring: the key of program %s: %w", program, err)
	}
	return &Tenant{aead: aead, mark: mark}, nil
}

// Seal encrypts. The place says where the bytes stand, such as a table, a column and a row: moved elsewhere they do not open.
func (t *Tenant) Seal(place string, plain []byte) []byte {
	return t.aead.Seal(nil, nil, plain, []byte(place))
}

// Open decrypts what Seal made for the same place.
func (t *Tenant) Open(place string, sealed []byte) ([]byte, error) {
	plain, err := t.aead.Open(nil, nil, sealed, []byte(place))
	if err != nil {
		return nil, ErrTenant
	}
	return plain, nil
}

// Token is a keyed hash, by which something can be looked up and not guessed. A purpose keeps the tokens of one table apart from those of another.
func (t *Tenant) Token(purpose, value string) [16]byte {
	mac := hmac.New(sha256.New, t.mark)
	mac.Write([]byte(purpose))
	mac.Write([]byte{0})
	mac.Write([]byte(value))
	return [16]byte(mac.Sum(nil))
}
