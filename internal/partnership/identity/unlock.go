// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

// The kinds of ways in. A passkey signs in, and where its authenticator can, it opens the member's keys; a passphrase opens them, and signs in only where
// Config.PassphraseSignIn allows it.
const (
	KindPasskey    = "passkey"
	KindPassphrase = "passphrase"
)

const maxLabel = 60

// Slot is where a member's next way in will stand: its id, and the server's half of the key that opens the root through it.
type Slot struct {
	ID    store.ID
	Share [32]byte
}

// NewWay is a way in that a browser, or a Holder, made. Nothing in it is secret but AuthHash.
type NewWay struct {
	ID         store.ID // the slot's
	Kind       string
	Label      string
	Sealed     []byte   // the root; nil for a passkey that cannot open keys
	Salt       []byte   // of a passphrase, as the next two
	Iterations int      //
	AuthHash   [32]byte // SHA-256 of the auth secret
	Answer     []byte   // what navigator.credentials.create gave for a passkey, as JSON
	Made       []byte   // or what PasskeyMade made of it
	Signature  []byte   // by the member's signing key, over WayStatement
}

// Way is a way in as its member, and their administrator, see it.
type Way struct {
	ID            store.ID
	Kind, Label   string
	Opens         bool // opens the member's keys
	SignsIn       bool
	Aside         bool // a passkey that may have been copied: it does nothing any more
	Created, Used time.Time
}

// WayStatement is what a member signs to add a way in: only who has the root open can.
func WayStatement(program string, member store.ID, kind string, id store.ID, credential, sealed []byte) string {
	c, s := sha256.Sum256(credential), sha256.Sum256(sealed)
	return "waylight/way/v2\n" + program + "\n" + member.String() + "\n" + kind + "\n" + id.String() + "\n" + hex.EncodeToString(c[:]) + "\n" + hex.EncodeToString(s[:]) + "\n"
}

// slot returns the place of a member's next way in of a kind, the same until it is used.
func (s *Service) slot(ctx context.Context, programID string, member store.ID, kind string) (Slot, error) {
	if kind != KindPasskey && kind != KindPassphrase {
		return Slot{}, errBody
	}
	var id store.ID
	err := s.db.Write(ctx, func(tx *store.Tx) error {
		var err error
		id, err = slotOf(ctx, tx, programID, member, kind)
		return err
	})
	if err != nil {
		return Slot{}, err
	}
	share, err := s.ring.NewShare(id.String())
	if err != nil {
		return Slot{}, errNoRing.With(err)
	}
	return Slot{ID: id, Share: share}, nil
}

// Slot returns the place of the signed-in member's next way in.
func (s *Service) Slot(ctx context.Context, m Member, kind string) (Slot, error) {
	return s.slot(ctx, m.Program, m.ID, kind)
}

// AddWay adds a way in for a member whose browser has the root open: the signature proves it. A new passphrase replaces the one before.
func (s *Service) AddWay(ctx context.Context, m Member, w NewWay) error {
	made, err := s.checkWay(ctx, m, w, forAdding)
	if err != nil {
		return err
	}
	return s.putWays(ctx, m, []madeWay{made}, func(*store.Tx) error { return nil })
}

// putWays writes checked ways down, together with what else belongs to the same step, and destroys what they replace.
func (s *Service) putWays(ctx context.Context, m Member, ways []madeWay, also func(tx *store.Tx) error) error {
	var replaced []store.ID
	err := s.db.Write(ctx, func(tx *store.Tx) error {
		replaced = nil
		err := s.stillMember(ctx, tx, m)
		if err != nil {
			return err
		}
		err = sameKeys(ctx, tx, m)
		if err != nil {
			return err
		}
		err = also(tx)
		if err != nil {
			return err
		}
		for _, w := range ways {
			ended, err := s.putWay(ctx, tx, m, w)
			if err != nil {
				return err
			}
			replaced = append(replaced, ended...)
		}
		return nil
	})
	if errors.Is(err, store.ErrExists) && !errors.Is(err, errKnown) {
		return errChanged.With(err)
	}
	if err != nil {
		return err
	}
	return s.destroyNow(replaced)
}

func (s *Service) putWay(ctx context.Context, tx *store.Tx, m Member, w madeWay) (replaced []store.ID, err error) {
	if w.unlocker != nil && w.unlocker.kind == KindPassphrase {
		replaced, err = s.endPassphrases(ctx, tx, m)
		if err != nil {
			return nil, err
		}
	}
	err = w.insert(tx)
	if err != nil {
		return nil, err
	}
	tx.Log(custody.Entry{Program: m.Program, Event: w.event(), Record: m.Actor(), Actor: m.Actor()})
	return replaced, nil
}

// stillMember holds the member's row, and refuses for who has just been ended or suspended.
func (s *Service) stillMember(ctx context.Context, tx *store.Tx, m Member) error {
	err := holdMember(tx, m.Program, m.ID)
	if err != nil {
		return err
	}
	now, err := accountByID(ctx, tx, m.Program, m.ID)
	if err != nil {
		return err
	}
	if !now.Active {
		return errChanged
	}
	return nil
}

// sameKeys refuses what was made for a member's keys when they were renewed meanwhile: it would be of the keys before.
func sameKeys(ctx context.Context, tx *store.Tx, m Member) error {
	now, err := accountByID(ctx, tx, m.Program, m.ID)
	if err != nil {
		return err
	}
	if !bytes.Equal(now.KEM, m.KEM) || !bytes.Equal(now.Sign, m.Sign) {
		return errChanged
	}
	return nil
}

// madeWay is a way in that was checked and is about to be written.
type madeWay struct {
	unlocker *unlocker
	passkey  *passkey
}

func (w madeWay) event() string {
	if w.passkey != nil {
		return "passkey.added"
	}
	return "passphrase.set"
}

func (w madeWay) insert(tx *store.Tx) error {
	if w.unlocker != nil {
		err := insertUnlocker(tx, *w.unlocker)
		if err != nil {
			return err
		}
	}
	if w.passkey == nil {
		return useSlot(tx, w.unlocker.program, w.unlocker.member, KindPassphrase)
	}
	err := insertPasskey(tx, *w.passkey)
	if err != nil {
		return err
	}
	return useSlot(tx, w.passkey.program, w.passkey.member, KindPasskey)
}

// checkWay holds what a browser sent to the rules: the slot is the member's, the root is sealed, the passkey was made here and just now, and the member signed.
func (s *Service) checkWay(ctx context.Context, m Member, w NewWay, purpose string) (madeWay, error) {
	label, err := cleanLabel(w.Label)
	if err != nil {
		return madeWay{}, err
	}
	id, err := openSlot(ctx, s.db, m.Program, m.ID, w.Kind)
	if err != nil {
		return madeWay{}, err
	}
	if id != w.ID {
		return madeWay{}, errWay
	}
	var made madeWay
	var credential []byte
	if w.Kind == KindPasskey {
		made.passkey, err = s.registered(ctx, m, w, purpose)
		if err != nil {
			return madeWay{}, err
		}
		made.passkey.label = label
		if len(w.Sealed) > 0 {
			made.passkey.unlocker = w.ID
		}
		credential = made.passkey.credential
	}
	if len(w.Sealed) > 0 || w.Kind == KindPassphrase {
		made.unlocker, err = s.checkUnlocker(m, w)
		if err != nil {
			return madeWay{}, err
		}
		made.unlocker.label = label
	}
	if !s.VerifySignature(m, WayStatement(m.Program, m.ID, w.Kind, w.ID, credential, w.Sealed), w.Signature) {
		return madeWay{}, errWay
	}
	return made, nil
}

func (s *Service) checkUnlocker(m Member, w NewWay) (*unlocker, error) {
	if len(w.Sealed) != seal.SealedRootSize {
		return nil, errWay
	}
	u := &unlocker{program: m.Program, id: w.ID, member: m.ID, kind: w.Kind, sealed: w.Sealed}
	if w.Kind == KindPassphrase {
		if len(w.Salt) != saltSize || w.Iterations < seal.Iterations || w.Iterations > maxIterations {
			return nil, errWay
		}
		u.salt, u.iterations, u.auth = w.Salt, w.Iterations, s.keyed("auth", string(w.AuthHash[:]))
	}
	return u, nil
}

// endPassphrases ends the passphrase that a new one replaces.
func (s *Service) endPassphrases(ctx context.Context, tx *store.Tx, m Member) ([]store.ID, error) {
	all, err := unlockersOf(ctx, tx, m.Program, m.ID)
	if err != nil {
		return nil, err
	}
	var ended []store.ID
	for _, u := range all {
		if u.kind != KindPassphrase {
			continue
		}
		err = endUnlocker(tx, u.program, u.id)
		if err != nil {
			return nil, err
		}
		err = enqueueDestruction(tx, u.program, u.id)
		if err != nil {
			return nil, err
		}
		ended = append(ended, u.id)
	}
	return ended, nil
}

// Ways lists a member's ways in, oldest first.
func (s *Service) Ways(ctx context.Context, m Member) ([]Way, error) {
	return s.ways(ctx, s.db, m)
}

func (s *Service) ways(ctx context.Context, r store.Reader, m Member) ([]Way, error) {
	keys, err := passkeysOf(ctx, r, m.Program, m.ID)
	if err != nil {
		return nil, err
	}
	openers, err := unlockersOf(ctx, r, m.Program, m.ID)
	if err != nil {
		return nil, err
	}
	opens := map[store.ID]bool{}
	for _, u := range openers {
		opens[u.id] = true
	}
	var list []Way
	for _, p := range keys {
		aside := !p.aside.IsZero()
		list = append(list, Way{
			ID: p.id, Kind: KindPasskey, Label: p.label, Opens: !aside && opens[p.unlocker], SignsIn: !aside, Aside: aside, Created: p.created, Used: p.used,
		})
	}
	for _, u := range openers {
		if u.kind == KindPassphrase {
			list = append(list, Way{ID: u.id, Kind: u.kind, Label: u.label, Opens: true, SignsIn: s.passphraseSignIn, Created: u.created, Used: u.used})
		}
	}
	return list, nil
}

func cleanLabel(label string) (string, error) {
	label = strings.TrimSpace(label)
	if !utf8.ValidString(label) || utf8.RuneCountInString(label) > maxLabel || strings.ContainsFunc(label, hidden) {
		return "", errLabel
	}
	return label, nil
}

var (
	errWay     = fault.New(fault.Invalid, "way", "What the browser sent is not a valid way in. Nothing was saved. Please start again.")
	errNoWay   = fault.New(fault.NotFound, "no_way", "There is no such way in, or it was ended already.")
	errLastWay = fault.New(fault.Conflict, "last_way", "This is the last way in that opens your keys. Add another one first.")
	errLabel   = fault.New(fault.Invalid, "label", "A name for a device has up to 60 letters, and no hidden characters. Nothing was saved.")
	errNoShare = fault.New(fault.Conflict, "no_share", "This way in was ended: the server's half of its key is destroyed. Use another one.")
)
