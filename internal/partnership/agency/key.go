// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
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
	Created time.Time
	Retired time.Time // zero for the current key
	Wraps   int       // living wraps
	Lost    int       // members who say that nobody can open it
	// SignedBy is "first" for an office's first key, otherwise "key:<id>" of the
	// key under which Signer signed for this one.
	SignedBy string
	Signer   store.ID
}

// Wrap is an office key's seed, sealed to one holder.
type Wrap struct {
	Key            [16]byte // which key; SetKey fills it in
	Holder         string   // "member:<id>" or Recovery
	Sealed         []byte
	Created, Ended time.Time // as read; Ended: the holder's share is destroyed
}

// Faults of keys.
var (
	errFewWraps  = fault.New(fault.Invalid, "agency_few_wraps", "A key needs two wraps or more, to different holders.")
	errHolder    = fault.New(fault.Invalid, "agency_holder", "A wrap needs a holder, a member or the recovery shares, and the sealed key.")
	errUnsigned  = fault.New(fault.Forbidden, "agency_unsigned_key", "A new key must be signed by a member who holds the key before it.")
	errHasKey    = fault.New(fault.Conflict, "agency_has_key", "This office already has a key. A new one must be signed by a member who holds it.")
	errKeyUsed   = fault.New(fault.Conflict, "agency_key_used", "This key is already one of the office's keys.")
	errWrapHeld  = fault.New(fault.Conflict, "agency_wrap_held", "This holder already has a wrap of this key.")
	errLastWraps = fault.New(fault.Conflict, "agency_last_wraps", "This would leave the office's key with fewer than two wraps. Give a colleague access first.")
)

// Endorsement is a member's signature under a rotation of the office's key, which
// Endorse has checked. The zero value endorses nothing.
type Endorsement struct {
	ok              bool
	program, office string
	previous, next  [16]byte
	member          store.ID
	public          ed25519.PublicKey
	signature       []byte
	at              time.Time
}

// RotationStatement is the text that a member signs to hand the office's trust
// from one key to the next.
func RotationStatement(program, office string, previous, next [16]byte) string {
	return "waylight/office-key-rotation/v1\nprogram " + program + "\noffice " + office +
		"\nprevious " + keyName(previous) + "\nnext " + keyName(next) + "\n"
}

func keyName(id [16]byte) string { return hex.EncodeToString(id[:]) }

// Endorse checks a member's signature for a rotation from the office's current
// key to next. The caller vouches that sign is the member's key. Call it before
// the transaction that calls SetKey.
func (s *Service) Endorse(program, office string, next *seal.PublicKey, member store.ID, sign ed25519.PublicKey, signature []byte) (Endorsement, error) {
	current, ok := s.Keys(program)[office]
	if !ok || next == nil || len(sign) != ed25519.PublicKeySize {
		return Endorsement{}, errUnsigned
	}
	if !ed25519.Verify(sign, []byte(RotationStatement(program, office, current.ID, next.ID())), signature) {
		return Endorsement{}, errUnsigned
	}
	return Endorsement{true, program, office, current.ID, next.ID(), member, sign, signature, s.now()}, nil
}

// SetKey makes pub the office's current key. It is refused with fewer than two
// wraps, and for a later key without an endorsement by the current one. Old keys
// and their wraps stay, so that what was sealed to them can be read. The rows
// join the caller's next tx.Log; call Refresh after the transaction.
func (s *Service) SetKey(tx *store.Tx, program, office string, pub *seal.PublicKey, wraps []Wrap, by ...Endorsement) error {
	if pub == nil || len(wraps) < minWraps {
		return errFewWraps
	}
	holders := map[string]bool{}
	for _, w := range wraps {
		if !w.valid() {
			return errHolder
		}
		if holders[w.Holder] {
			return errFewWraps
		}
		holders[w.Holder] = true
	}
	ctx := context.Background()
	if err := activeOffice(ctx, tx, program, office); err != nil {
		return err
	}
	current, rotates, err := currentKey(ctx, tx, program, office)
	if err != nil {
		return err
	}
	var e Endorsement
	if rotates {
		if len(by) == 0 {
			return errHasKey
		}
		if !by[0].covers(program, office, current, pub.ID()) {
			return errUnsigned
		}
		e = by[0]
		if err := retireKey(tx, program, office, current); err != nil {
			return err
		}
	}
	if err := insertKey(tx, program, office, pub, e); err != nil {
		return err
	}
	for _, w := range wraps {
		w.Key = pub.ID()
		if err := insertWrap(tx, program, office, w); err != nil {
			return err
		}
	}
	return refreshSoon(tx, program)
}

func (e Endorsement) covers(program, office string, previous, next [16]byte) bool {
	return e.ok && e.program == program && e.office == office && e.previous == previous && e.next == next
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
// leave the current key with fewer than two. Rows and Refresh as for AddWrap.
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
	return Key{Office: r.office, ID: r.id, Public: pub, Created: r.created, Retired: r.retired, Wraps: r.wraps, SignedBy: r.signedBy, Signer: r.member}, nil
}

// usable says whether somebody can open what is sealed to the key, and no single
// passphrase that is lost would change that.
func (k Key) usable() bool { return k.Wraps >= minWraps && k.Lost < lostMarks }

// Keys is the current key of every office that is active and has one. It does
// not query. The map is not to be changed.
func (s *Service) Keys(program string) map[string]Key { return s.directory(program).keys }

// Keyed says of an office whether reports can be sealed to it: it is active and
// its key has two living wraps or more and is not lost. It does not query.
func (s *Service) Keyed(program string) func(office string) bool {
	keys := s.directory(program).keys
	return func(office string) bool { return keys[office].usable() }
}
