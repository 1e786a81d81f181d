// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"context"
	"crypto/ed25519"
	"slices"
	"strings"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

// Recovery is the holder of the wrap that is opened with the office's split
// recovery shares.
const Recovery = "recovery"

// minWraps is how many living wraps a key needs, so that one lost passphrase
// locks nothing away.
const minWraps = 2

// Key is an office's key as senders and colleagues need it.
type Key struct {
	Office  string
	ID      [16]byte
	Public  *seal.PublicKey
	Sign    ed25519.PublicKey // the office's signing key, made from the same seed
	Created time.Time
	Retired time.Time // zero for the current key
	Wraps   int       // living wraps
	Lost    int       // members who say that nobody can open it
	// SignedBy is "first" for an office's first key, "key:<id>" of the key that
	// signed for this one, or "directory:<id>" for one that takes the place of a
	// key which nobody can use, and rests on the directory key alone.
	SignedBy string
	Signer   store.ID // the member who did it
	// Links lead from what the office's trust rests on to this key.
	Links []Link
}

// NewKey is a key that an office's member made in the browser.
type NewKey struct {
	Public *seal.PublicKey
	Sign   ed25519.PublicKey
	Wraps  []Wrap
	// Recovery is a recovery key that takes the place of the one before it, if
	// any; nil keeps that one.
	Recovery *RecoveryKey
}

// Wrap is an office key's seed, sealed to one holder.
type Wrap struct {
	Key            [16]byte // which key; SetKey fills it in
	Holder         string   // "member:<id>" or Recovery
	Sealed         []byte
	Signature      []byte    // for a member: with the key's signing key, over HolderStatement
	Created, Ended time.Time // as read; Ended: the holder's share is destroyed
}

// Faults of keys.
var (
	errFewWraps    = fault.New(fault.Invalid, "agency_few_wraps", "A key needs two wraps or more, to different holders.")
	errHolder      = fault.New(fault.Invalid, "agency_holder", "A wrap needs a holder, a member or the recovery shares, and the sealed key.")
	errUnsigned    = fault.New(fault.Forbidden, "agency_unsigned_key", "A new key must be signed with the office's key before it.")
	errSignKey     = fault.New(fault.Invalid, "agency_sign_key", "An office's key needs a signing key beside it.")
	errHasKey      = fault.New(fault.Conflict, "agency_has_key", "This office already has a key. A new one must be signed by a member who holds it.")
	errKeyUsed     = fault.New(fault.Conflict, "agency_key_used", "This key is already one of the office's keys.")
	errWrapHeld    = fault.New(fault.Conflict, "agency_wrap_held", "This holder already has a wrap of this key.")
	errNoDirectory = fault.New(fault.Conflict, "agency_no_directory", "The key before this one cannot sign for it, so the directory key has to, and this installation has none.")
	errLastWraps   = fault.New(fault.Conflict, "agency_last_wraps", "This would leave the office's key with fewer than two wraps. Give a colleague access first.")
)

// Endorsement is the signature of an office's key for the one that follows it,
// which Endorse has checked. The zero value endorses nothing.
type Endorsement struct {
	ok              bool
	program, office string
	previous, next  [16]byte
	sign            ed25519.PublicKey // the next key's signing key
	member          store.ID
	signature       []byte
	at              time.Time
}

// Endorse checks the signature, under the office's current key, of a rotation to
// next. member is who did it, as the session says. Call it before the transaction
// that calls SetKey.
func (s *Service) Endorse(program, office string, next NewKey, member store.ID, signature []byte) (Endorsement, error) {
	current, ok := s.OwnKeys(program)[office]
	if !ok || next.Public == nil || len(next.Sign) != ed25519.PublicKeySize || len(current.Sign) != ed25519.PublicKeySize {
		return Endorsement{}, errUnsigned
	}
	if !ed25519.Verify(current.Sign, []byte(RotationStatement(program, office, current.ID, next.Public.ID(), next.Sign)), signature) {
		return Endorsement{}, errUnsigned
	}
	return Endorsement{true, program, office, current.ID, next.Public.ID(), next.Sign, member, signature, s.now()}, nil
}

// SetKey makes k the office's current key. It is refused with fewer than two
// wraps, and for a later key without an endorsement by the current one, unless
// nobody can use that one any more: then the key waits until the directory key
// has signed it. Old keys and their wraps stay, so that what was sealed to them
// can be read. The rows join the caller's next tx.Log; call Refresh after the
// transaction.
func (s *Service) SetKey(tx *store.Tx, program, office string, k NewKey, by ...Endorsement) error {
	if err := k.check(program, office); err != nil {
		return err
	}
	ctx := context.Background()
	if err := activeOffice(ctx, tx, program, office); err != nil {
		return err
	}
	restsOn, err := s.follow(ctx, tx, program, office, k, by)
	if err != nil {
		return err
	}
	row := newKeyRow{NewKey: k, restsOn: restsOn}
	if len(by) > 0 {
		row.by = by[0]
	}
	if s.cfg.SignDirectory != nil && !row.by.ok {
		row.directory = s.cfg.SignDirectory(program, []byte(DirectoryStatement(program, office, k.Public.ID(), k.Sign)))
	}
	if err := insertKey(tx, program, office, row); err != nil {
		return err
	}
	for _, w := range k.Wraps {
		w.Key = k.Public.ID()
		if err := insertWrap(tx, program, office, w); err != nil {
			return err
		}
	}
	if err := s.keepRecovery(ctx, tx, program, office, k); err != nil {
		return err
	}
	if err := endRotations(tx, program, office); err != nil {
		return err
	}
	if err := s.lookSoon(tx, program); err != nil {
		return err
	}
	return refreshSoon(tx, program)
}

func (k NewKey) check(program, office string) error {
	if k.Public == nil || len(k.Wraps) < minWraps {
		return errFewWraps
	}
	if len(k.Sign) != ed25519.PublicKeySize {
		return errSignKey
	}
	holders := map[string]bool{}
	for _, w := range k.Wraps {
		if !w.valid() {
			return errHolder
		}
		if holders[w.Holder] {
			return errFewWraps
		}
		holders[w.Holder] = true
	}
	if k.Recovery == nil {
		return nil
	}
	if !holders[Recovery] {
		return errRecovery
	}
	return k.Recovery.check(program, office, k.Public.ID(), k.Sign)
}

// follow retires the key in use and says what the next one rests on.
func (s *Service) follow(ctx context.Context, tx *store.Tx, program, office string, k NewKey, by []Endorsement) (string, error) {
	all, err := readKeys(ctx, tx, program)
	if err != nil {
		return "", err
	}
	all = slices.DeleteFunc(all, func(r keyRow) bool { return r.office != office })
	if len(all) == 0 {
		return firstKey, nil
	}
	before := all[0] // the newest; the one in use, if one is
	if i := slices.IndexFunc(all, func(r keyRow) bool { return r.retired.IsZero() }); i >= 0 {
		before = all[i]
		if len(by) > 0 {
			if !by[0].covers(program, office, before.id, k) {
				return "", errUnsigned
			}
			return underKey + keyName(before.id), retireKey(tx, program, office, before.id)
		}
		lost, err := readLost(ctx, tx, program)
		if err != nil {
			return "", err
		}
		if lost[before.id] < lostMarks && before.wraps > 0 {
			return "", errHasKey
		}
		if err := retireKey(tx, program, office, before.id); err != nil {
			return "", err
		}
	}
	if s.pinned(program) == nil {
		return "", errNoDirectory
	}
	return underDirectory + keyName(before.id), nil
}

func (e Endorsement) covers(program, office string, previous [16]byte, k NewKey) bool {
	return e.ok && e.program == program && e.office == office && e.previous == previous && e.next == k.Public.ID() && e.sign.Equal(k.Sign)
}

func (w Wrap) valid() bool {
	if len(w.Sealed) == 0 || len(w.Sealed) > 64<<10 {
		return false
	}
	if w.Holder == Recovery {
		return true
	}
	id, ok := strings.CutPrefix(w.Holder, "member:")
	if !ok {
		return false
	}
	_, err := store.ParseID(id)
	return err == nil
}

// AddWrap gives one more holder a key of the office: the current one when w.Key
// is zero, otherwise any it ever had. A holder whose wrap was ended gets a new
// one. The row joins the caller's next tx.Log; call Refresh afterwards.
func (s *Service) AddWrap(tx *store.Tx, program, office string, w Wrap) error {
	if !w.valid() {
		return errHolder
	}
	ctx := context.Background()
	if w.Key == ([16]byte{}) {
		current, ok, err := currentKey(ctx, tx, program, office)
		if err != nil {
			return err
		}
		if !ok {
			return errNoSuch
		}
		w.Key = current
	}
	all, err := readWraps(ctx, tx, program, office)
	if err != nil {
		return err
	}
	known := false
	for _, have := range all {
		known = known || have.Key == w.Key
		if have.Key != w.Key || have.Holder != w.Holder {
			continue
		}
		if have.Ended.IsZero() {
			return errWrapHeld
		}
		if err := renewWrap(tx, program, office, w); err != nil {
			return err
		}
		return refreshSoon(tx, program)
	}
	if !known {
		return errNoSuch
	}
	if err := insertWrap(tx, program, office, w); err != nil {
		return err
	}
	return refreshSoon(tx, program)
}

// EndWraps marks every wrap of a holder at the office as taken away: the holder
// leaves and the share that opened it is destroyed. It is refused while it would
// leave the current key with fewer than two. The office is then asked for a new
// key. Rows and Refresh as for AddWrap.
func (s *Service) EndWraps(tx *store.Tx, program, office, holder string) error {
	ctx := context.Background()
	current, _, err := currentKey(ctx, tx, program, office)
	if err != nil {
		return err
	}
	all, err := readWraps(ctx, tx, program, office)
	if err != nil {
		return err
	}
	left, takesCurrent := 0, false
	var ending []Wrap
	for _, w := range all {
		switch {
		case !w.Ended.IsZero():
		case w.Holder == holder:
			ending = append(ending, w)
			takesCurrent = takesCurrent || w.Key == current
		case w.Key == current:
			left++
		}
	}
	if takesCurrent && left < minWraps {
		return errLastWraps
	}
	for _, w := range ending {
		if err := endWrap(tx, program, office, w); err != nil {
			return err
		}
	}
	if takesCurrent {
		if err := s.askRotation(ctx, tx, program, office, ReasonLeft); err != nil {
			return err
		}
	}
	return refreshSoon(tx, program)
}

// refreshSoon makes another process that serves this database notice the change;
// the one that made it calls Refresh at once.
func refreshSoon(tx *store.Tx, program string) error {
	return jobs.Enqueue(tx, jobs.Job{Program: program, Kind: jobRefresh})
}

// Wraps lists the wraps of all the office's keys, the newest key's first, ended
// ones included.
func (s *Service) Wraps(ctx context.Context, program, office string) ([]Wrap, error) {
	return readWraps(ctx, s.cfg.DB, program, office)
}

// AllKeys lists every key the office ever had, newest first.
func (s *Service) AllKeys(ctx context.Context, program, office string) ([]Key, error) {
	rows, err := readKeys(ctx, s.cfg.DB, program)
	if err != nil {
		return nil, err
	}
	var out []Key
	for _, r := range rows {
		if r.office != office {
			continue
		}
		k, err := r.key()
		if err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	return out, nil
}

func (r keyRow) key() (Key, error) {
	pub, err := seal.ParsePublicKey(r.public)
	if err != nil {
		return Key{}, fault.Wrap(err, "parsing the key of "+r.office)
	}
	if pub.ID() != r.id {
		return Key{}, fault.New(fault.Internal, "agency_key_id", "A key does not have the name it stands under.")
	}
	return Key{Office: r.office, ID: r.id, Public: pub, Sign: r.sign, Created: r.created, Retired: r.retired, Wraps: r.wraps, SignedBy: r.signedBy, Signer: r.member}, nil
}

// usable says whether somebody can open what is sealed to the key, and no single
// passphrase that is lost would change that.
func (k Key) usable() bool { return k.Wraps >= minWraps && k.Lost < lostMarks }

// Keys is the current key of every office that is active and has one that counts:
// what reports are sealed to. It does not query. The map is not to be changed.
func (s *Service) Keys(program string) map[string]Key { return s.directory(program).keys }

// OwnKeys is the current key of every active office as its members hold it, also
// while the directory key has not signed it yet. It does not query. The map is
// not to be changed.
func (s *Service) OwnKeys(program string) map[string]Key { return s.directory(program).own }

// NeedsKey says whether the next member of the office who is to hold its key makes
// one: it has none, or nobody can use the one it has. It does not query.
func (s *Service) NeedsKey(program, office string) bool {
	own, ok := s.OwnKeys(program)[office]
	return !ok || s.pinned(program) != nil && (own.Lost >= lostMarks || own.Wraps == 0)
}

// Keyed says of an office whether reports can be sealed to it: it is active and
// its key has two living wraps or more and is not lost. It does not query.
func (s *Service) Keyed(program string) func(office string) bool {
	keys := s.directory(program).keys
	return func(office string) bool { return keys[office].usable() }
}
