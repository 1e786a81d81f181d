// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"waylight/internal/partnership/agency"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

// The recovery key of an office is split into Shares, of which any Threshold open it.
const (
	Shares    = 3
	Threshold = 2

	recoveryHolder = agency.Recovery
)

// ErrLocked means that the passphrase does not make the member's keys.
var ErrLocked = errors.New("identity: the passphrase does not open these keys")

// Holder is a member's side outside the browser: what keys.js holds after unlocking. The demo, the tests, the bench and `waylight open` use it. It never
// prints itself.
type Holder struct {
	Member  Member
	kem     *seal.PrivateKey
	sign    ed25519.PrivateKey
	auth    [32]byte
	offices map[string]*officeKeys
}

// officeKeys are the keys of one office that a holder has access to. Old reports were sealed to old keys.
type officeKeys struct {
	current [16]byte
	keys    map[[16]byte]*seal.PrivateKey
	seeds   map[[16]byte][]byte
}

// Format keeps the keys out of every fmt verb.
func (h *Holder) Format(f fmt.State, _ rune) { io.WriteString(f, "[holder]") }

// LogValue keeps the keys out of logs.
func (h *Holder) LogValue() slog.Value { return slog.StringValue("[holder]") }

// newHolder derives a member's keys.
func newHolder(m Member, passphrase string, salt []byte, iterations int, share [32]byte) (*Holder, error) {
	master := seal.Stretch(passphrase, salt, iterations)
	kemSeed, signSeed := seal.MemberSeed(seal.MemberSecret(master), share)
	kem, err := seal.PrivateFromSeed(kemSeed[:])
	if err != nil {
		return nil, err
	}
	return &Holder{Member: m, kem: kem, sign: ed25519.NewKeyFromSeed(signSeed[:]), auth: seal.AuthSecret(master), offices: map[string]*officeKeys{}}, nil
}

// EnrollHolder accepts an invitation with a passphrase, as the enrollment page does. When the member was the office's first and made its key, shares holds the
// recovery shares in words, each in one line: any Threshold of them open the key.
func (s *Service) EnrollHolder(ctx context.Context, token, passphrase string) (h *Holder, shares []string, err error) {
	b, err := s.Begin(ctx, token)
	if err != nil {
		return nil, nil, err
	}
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt)
	h, err = newHolder(Member{Program: b.Program, ID: b.Member, Office: b.Office}, passphrase, salt, seal.Iterations, b.Share)
	if err != nil {
		return nil, nil, err
	}
	e := Enrolment{
		Salt: salt, Iterations: seal.Iterations, AuthHash: sha256.Sum256(h.auth[:]),
		KEM: h.kem.Public().Bytes(), Sign: h.sign.Public().(ed25519.PublicKey),
	}
	e.Signature = h.SignStatement(EnrolStatement(b.Program, b.Member, e.KEM))
	if b.HoldsKey && !b.OfficeKeyed {
		e.OfficeKey, shares, err = h.makeOfficeKey(b.Program, b.Office)
		if err != nil {
			return nil, nil, err
		}
	}
	h.Member, err = s.Enroll(ctx, token, e)
	if err != nil {
		return nil, nil, err
	}
	return h, shares, nil
}

// makeOfficeKey makes an office's first key and seals its seed to the member and to a fresh recovery key, which it splits and forgets.
func (h *Holder) makeOfficeKey(programID, office string) (*OfficeKey, []string, error) {
	seed, recoverySeed := seal.NewSeed(), seal.NewSeed()
	recovery, err := seal.PrivateFromSeed(recoverySeed)
	if err != nil {
		return nil, nil, err
	}
	parts, err := seal.Split(recoverySeed, Threshold, Shares)
	if err != nil {
		return nil, nil, err
	}
	shares := make([]string, len(parts))
	for i, p := range parts {
		shares[i] = strings.ReplaceAll(p.String(), "\n", " ")
	}
	key, err := seal.PrivateFromSeed(seed)
	if err != nil {
		return nil, nil, err
	}
	err = h.hold(office, key.Public().ID(), seed)
	if err != nil {
		return nil, nil, err
	}
	k := &OfficeKey{Public: key.Public().Bytes()}
	for holder, pub := range map[string]*seal.PublicKey{h.Member.Actor(): h.kem.Public(), recoveryHolder: recovery.Public()} {
		sealed, err := seal.SealOfficeSeed(pub, seed, programID, office)
		if err != nil {
			return nil, nil, err
		}
		k.Wraps = append(k.Wraps, agency.Wrap{Holder: holder, Sealed: sealed})
	}
	return k, shares, nil
}

// hold keeps an office's key, if the seed really makes the key that it is said to be.
func (h *Holder) hold(office string, id [16]byte, seed []byte) error {
	key, err := seal.PrivateFromSeed(seed)
	if err != nil {
		return err
	}
	if key.Public().ID() != id {
		return fmt.Errorf("opening an office key: %w", seal.ErrOpen)
	}
	o := h.offices[office]
	if o == nil {
		o = &officeKeys{keys: map[[16]byte]*seal.PrivateKey{}, seeds: map[[16]byte][]byte{}}
		h.offices[office] = o
	}
	o.current = id
	o.keys[id], o.seeds[id] = key, seed
	return nil
}

// settle makes the office's key that is in use now the current one.
func (h *Holder) settle(agencies *agency.Service) {
	now := agencies.Keys(h.Member.Program)
	for office, o := range h.offices {
		if k, ok := now[office]; ok {
			o.current = k.ID
		}
	}
}

// UnlockHolder derives an enrolled member's keys again and opens the office's keys that are sealed to it.
func (s *Service) UnlockHolder(ctx context.Context, programID string, id store.ID, passphrase string) (*Holder, error) {
	m, err := s.Member(ctx, programID, id)
	if err != nil {
		return nil, err
	}
	keys, err := s.KeysOf(ctx, m)
	if err != nil {
		return nil, err
	}
	h, err := newHolder(m, passphrase, keys.Salt, keys.Iterations, keys.Share)
	if err != nil {
		return nil, err
	}
	if string(h.kem.Public().Bytes()) != string(keys.KEM) {
		return nil, ErrLocked
	}
	for _, w := range keys.Wraps {
		seed, err := seal.OpenFrom(h.kem, w.Sealed, seal.OfficeKeyInfo(programID, w.Office, w.KeyID))
		if err != nil {
			return nil, fmt.Errorf("opening an office key: %w", err)
		}
		err = h.hold(w.Office, w.KeyID, seed)
		if err != nil {
			return nil, err
		}
	}
	h.settle(s.agencies)
	return h, nil
}

// Grant seals the office's keys that h holds to a colleague who waits for access, as the page of people does.
func (s *Service) Grant(ctx context.Context, h *Holder, colleague store.ID) error {
	target, err := s.Member(ctx, h.Member.Program, colleague)
	if err != nil {
		return err
	}
	o := h.offices[target.Office]
	if o == nil {
		return errNoAccess
	}
	pub, err := seal.ParsePublicKey(target.KEM)
	if err != nil {
		return err
	}
	var wraps []KeyWrap
	for id, seed := range o.seeds {
		sealed, err := seal.SealOfficeSeed(pub, seed, target.Program, target.Office)
		if err != nil {
			return err
		}
		wraps = append(wraps, KeyWrap{Office: target.Office, KeyID: id, Sealed: sealed})
	}
	return s.GiveAccess(WithMember(ctx, h.Member), colleague, wraps)
}

// OfficeKey returns the office's current private key, when the holder has access to it.
func (h *Holder) OfficeKey(office string) (*seal.PrivateKey, bool) {
	o := h.offices[office]
	if o == nil || o.keys[o.current] == nil {
		return nil, false
	}
	return o.keys[o.current], true
}

// OpenReport opens a report that was sealed for an office the holder has access to, under whichever of the office's keys. recipient is the name the wrap was
// made for. The content key's OpeningToken is the proof of opening; its Wrap refers the report on.
func (h *Holder) OpenReport(office string, wrap, ciphertext []byte, rec seal.Record, hash [32]byte, recipient string) (plain []byte, content *seal.ContentKey, err error) {
	o := h.offices[office]
	if o == nil {
		return nil, nil, errNoAccess
	}
	if sha256.Sum256(ciphertext) != hash {
		return nil, nil, seal.ErrOpen
	}
	for _, key := range o.keys {
		content, err = seal.OpenWrap(key, wrap, rec, hash, recipient)
		if err != nil {
			continue
		}
		plain, err = content.Open(ciphertext, rec)
		return plain, content, err
	}
	return nil, nil, seal.ErrOpen
}

// SignStatement signs with the member's key; VerifySignature checks it.
func (h *Holder) SignStatement(text string) []byte { return ed25519.Sign(h.sign, []byte(text)) }

// Auth is what signing in as this member takes.
func (h *Holder) Auth() [32]byte { return h.auth }
