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

// newHolder makes the keys of a root.
func newHolder(m Member, root []byte) (*Holder, error) {
	kem, err := seal.PrivateFromSeed(root[:seal.SeedSize])
	if err != nil {
		return nil, err
	}
	return &Holder{Member: m, kem: kem, sign: ed25519.NewKeyFromSeed(root[seal.SeedSize:]), offices: map[string]*officeKeys{}}, nil
}

// EnrollHolder accepts an invitation, or a renewal, with a passphrase alone. When the member was the office's first and made its key, shares holds the recovery
// shares in words, each in one line: any Threshold of them open the key.
func (s *Service) EnrollHolder(ctx context.Context, token, passphrase string) (h *Holder, shares []string, err error) {
	b, err := s.Begin(ctx, token)
	if err != nil {
		return nil, nil, err
	}
	slot, err := s.EnrolSlot(ctx, token, KindPassphrase)
	if err != nil {
		return nil, nil, err
	}
	root := seal.NewRoot()
	h, err = newHolder(Member{Program: b.Program, ID: b.Member, Office: b.Office}, root)
	if err != nil {
		return nil, nil, err
	}
	way, err := h.passphraseWay(root, slot, passphrase, seal.Iterations)
	if err != nil {
		return nil, nil, err
	}
	e := Enrolment{KEM: h.kem.Public().Bytes(), Sign: h.sign.Public().(ed25519.PublicKey), Ways: []NewWay{way}, holder: true}
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

// passphraseWay seals a root for a passphrase and signs for it.
func (h *Holder) passphraseWay(root []byte, slot Slot, passphrase string, iterations int) (NewWay, error) {
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt)
	master := seal.Stretch(passphrase, salt, iterations)
	h.auth = seal.AuthSecret(master)
	m := h.Member
	sealed, err := seal.SealRoot(root, seal.UnlockKey(seal.MemberSecret(master), slot.Share), m.Program, m.ID.String(), slot.ID.String())
	if err != nil {
		return NewWay{}, err
	}
	return NewWay{
		ID: slot.ID, Kind: KindPassphrase, Sealed: sealed, Salt: salt, Iterations: iterations, AuthHash: sha256.Sum256(h.auth[:]),
		Signature: h.SignStatement(WayStatement(m.Program, m.ID, KindPassphrase, slot.ID, nil, sealed)),
	}, nil
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
	signing := seal.OfficeSigning(seed)
	k := &OfficeKey{Public: key.Public().Bytes(), Sign: signing.Public().(ed25519.PublicKey)}
	k.Recovery = agency.RecoveryKey{Public: recovery.Public().Bytes(), Needed: Threshold, Shares: Shares}
	statement := agency.RecoveryStatement(programID, office, key.Public().ID(), recovery.Public().ID(), Threshold, Shares)
	k.Recovery.Signature = ed25519.Sign(signing, []byte(statement))
	for holder, pub := range map[string]*seal.PublicKey{h.Member.Actor(): h.kem.Public(), recoveryHolder: recovery.Public()} {
		sealed, err := seal.SealOfficeSeed(pub, seed, programID, office)
		if err != nil {
			return nil, nil, err
		}
		k.Wraps = append(k.Wraps, agency.Wrap{Holder: holder, Sealed: sealed, Signature: signHolder(seed, programID, office, holder, pub)})
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
	now := agencies.OwnKeys(h.Member.Program)
	for office, o := range h.offices {
		if k, ok := now[office]; ok {
			o.current = k.ID
		}
	}
}

// UnlockHolder opens an enrolled member's root with the passphrase, and the office's keys that are sealed to it.
func (s *Service) UnlockHolder(ctx context.Context, programID string, id store.ID, passphrase string) (*Holder, error) {
	m, err := s.Member(ctx, programID, id)
	if err != nil {
		return nil, err
	}
	keys, err := s.KeysOf(ctx, m)
	if err != nil {
		return nil, err
	}
	h, err := keys.open(m, passphrase)
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

// open opens the root with the member's passphrase.
func (k Keys) open(m Member, passphrase string) (*Holder, error) {
	for _, u := range k.Unlockers {
		if u.Kind != KindPassphrase {
			continue
		}
		master := seal.Stretch(passphrase, u.Salt, u.Iterations)
		root, err := seal.OpenRoot(u.Sealed, seal.UnlockKey(seal.MemberSecret(master), u.Share), m.Program, m.ID.String(), u.ID.String())
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrLocked, err)
		}
		h, err := newHolder(m, root)
		if err != nil {
			return nil, err
		}
		h.auth = seal.AuthSecret(master)
		return h, nil
	}
	return nil, ErrLocked
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
		wraps = append(wraps, KeyWrap{Office: target.Office, KeyID: id, Sealed: sealed, Signature: signHolder(seed, target.Program, target.Office, target.Actor(), pub)})
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
