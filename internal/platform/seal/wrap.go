// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"crypto/hpke"
	"fmt"
)

// Wrap wraps the content key for one recipient. The wrap opens only for the
// same record, body hash, and recipient name, with the private half of to.
func (c *ContentKey) Wrap(to *PublicKey, rec Record, hash [32]byte, recipient string) ([]byte, error) {
	info, err := wrapInfo(rec, hash, recipient)
	if err != nil {
		return nil, err
	}
	wrap, err := hpkeSeal(to, info, c.secret[:])
	if err != nil {
		return nil, fmt.Errorf("seal: wrapping a content key: %w", err)
	}
	return wrap, nil
}

// OpenWrap opens a wrap that Wrap made. It fails with ErrMalformed when the
// bytes are not a wrap, and with ErrOpen when they are a wrap for another key,
// record, body, or recipient, or were altered.
func OpenWrap(k *PrivateKey, wrap []byte, rec Record, hash [32]byte, recipient string) (*ContentKey, error) {
	info, err := wrapInfo(rec, hash, recipient)
	if err != nil {
		return nil, err
	}
	if len(wrap) != WrapSize {
		return nil, ErrMalformed
	}
	secret, err := hpkeOpen(k, info, wrap)
	if err != nil {
		return nil, err
	}
	return &ContentKey{secret: [32]byte(secret)}, nil
}

// IsWrap says whether bytes have the shape of a wrap. More cannot be told without
// the key that it is for.
func IsWrap(wrap []byte) bool { return len(wrap) == WrapSize && wrap[0] == formatVersion }

func wrapInfo(rec Record, hash [32]byte, recipient string) ([]byte, error) {
	if err := rec.check(); err != nil {
		return nil, err
	}
	if err := checkName("recipient", recipient); err != nil {
		return nil, err
	}
	info := make([]byte, 0, 96+len(rec.Program)+len(recipient))
	info = appendField(info, "waylight/wrap/v1")
	info = appendField(info, rec.Program)
	info = appendField(info, rec.ID[:])
	info = appendField(info, hash[:])
	return appendField(info, recipient), nil
}

// SealTo seals something small (a note, an office's seed) to one key. The info
// string says what it is and what it belongs to; it opens only under the same.
// It does not hide the length: pad a text before.
func SealTo(pub *PublicKey, plaintext []byte, info string) ([]byte, error) {
	full, err := sealToInfo(info)
	if err != nil {
		return nil, err
	}
	sealed, err := hpkeSeal(pub, full, plaintext)
	if err != nil {
		return nil, fmt.Errorf("seal: sealing to a key: %w", err)
	}
	return sealed, nil
}

// OpenFrom opens what SealTo sealed, with ErrMalformed and ErrOpen as OpenWrap.
func OpenFrom(k *PrivateKey, sealed []byte, info string) ([]byte, error) {
	full, err := sealToInfo(info)
	if err != nil {
		return nil, err
	}
	if len(sealed) < SealToExtra {
		return nil, ErrMalformed
	}
	return hpkeOpen(k, full, sealed)
}

func sealToInfo(info string) ([]byte, error) {
	if info == "" || len(info) > MaxInfoSize {
		return nil, fmt.Errorf("seal: info must have 1 to %d bytes, has %d", MaxInfoSize, len(info))
	}
	return appendField(appendField(nil, "waylight/seal-to/v1"), info), nil
}

// hpkeSeal is version | enc | ciphertext, in base mode without AAD: all that
// must be bound stands in info.
func hpkeSeal(to *PublicKey, info, plaintext []byte) ([]byte, error) {
	enc, sender, err := hpke.NewSender(to.key, hpke.HKDFSHA256(), hpke.AES256GCM(), info)
	if err != nil {
		return nil, err
	}
	ct, err := sender.Seal(nil, plaintext)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, 1+len(enc)+len(ct))
	out = append(out, formatVersion)
	out = append(out, enc...)
	return append(out, ct...), nil
}

func hpkeOpen(k *PrivateKey, info, sealed []byte) ([]byte, error) {
	if sealed[0] != formatVersion {
		return nil, ErrMalformed
	}
	plain, err := hpke.Open(k.key, hpke.HKDFSHA256(), hpke.AES256GCM(), info, sealed[1:])
	if err != nil {
		return nil, ErrOpen
	}
	return plain, nil
}
