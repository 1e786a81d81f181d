// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// within is the time in which questions are counted.
const within = 24 * time.Hour

// errTooMany stops who asks too often. It says what an honest planner can do.
var errTooMany = fault.New(fault.Conflict, "operation.too_many",
	"You, or your office, asked for conflicts more often in the last day than planning needs. Nothing was saved. Your supervisor sees this. A colleague can go on, or you can tomorrow.")

func (l Limits) orDefault() Limits {
	or := func(n *int, otherwise int) {
		if *n == 0 {
			*n = otherwise
		}
	}
	or(&l.Member, 60)
	or(&l.Finds, 12)
	or(&l.Office, 400)
	return l
}

// deconflict enters an operation where others find it and tells both sides of what is near: the conflicts that there were and are no longer end, new ones begin. It returns
// how many operations of other offices are near now. What is past meets nobody and asks nothing.
//
// The turn must have been taken, and the operation been written, in the same transaction.
func (s *Service) deconflict(ctx context.Context, tx *store.Tx, m identity.Member, o Operation) (int, error) {
	if err := dropIndex(tx, o.Program, o.ID); err != nil {
		return 0, err
	}
	var near []neighbor
	if !o.past(tx.Now()) {
		if err := s.mayAsk(ctx, tx, m, o.Lead); err != nil {
			return 0, err
		}
		var err error
		if near, err = s.enter(ctx, tx, o); err != nil {
			return 0, err
		}
		if err := dropChecks(tx, o.Program, o.Lead, store.Micros(tx.Now().AddDate(0, -3, 0))); err != nil {
			return 0, err
		}
		if err := insertCheck(tx, o.Program, o.Lead, m.Actor(), len(near)); err != nil {
			return 0, err
		}
	}
	return len(near), s.settle(ctx, tx, o, near, m.Actor())
}

// neighbor is an operation of another office that is near.
type neighbor struct {
	id   store.ID
	lead string
}

// enter looks for what is near, and then stands where others find it.
func (s *Service) enter(ctx context.Context, tx *store.Tx, o Operation) ([]neighbor, error) {
	t := s.tenants[o.Program]
	mine := reachOf(o.Lead, o.Plan)
	tokens := s.tokens(o.Program, mine)
	all, err := sharing(ctx, tx, o.Program, tokens)
	if err != nil {
		return nil, err
	}
	var near []neighbor
	for _, f := range all {
		plain, err := t.Open(indexPlace(f.id), f.reach)
		if err != nil {
			return nil, fault.Wrap(err, "reading the index")
		}
		theirs, err := decodeReach(plain)
		if err != nil {
			return nil, err
		}
		if f.id != o.ID && theirs.lead != o.Lead && mine.near(theirs, true) {
			near = append(near, neighbor{f.id, theirs.lead})
		}
	}
	return near, putIndex(tx, o.Program, o.ID, t.Seal(indexPlace(o.ID), mine.encode()), tokens)
}

// tokens are the keyed hashes of the cells that an operation reaches into.
func (s *Service) tokens(programID string, r reach) [][]byte {
	var out [][]byte
	for _, c := range r.cells() {
		token := s.tenants[programID].Token("operation/index", c)
		out = append(out, token[:])
	}
	return out
}

func indexPlace(id store.ID) string { return "operation/index/" + id.String() }

// mayAsk stops who asks more often than planning needs.
func (s *Service) mayAsk(ctx context.Context, tx *store.Tx, m identity.Member, office string) error {
	a, err := askedSince(ctx, tx, m.Program, office, m.Actor(), store.Micros(tx.Now().Add(-within)))
	if err != nil {
		return err
	}
	if a.member >= s.Limits.Member || a.finds >= s.Limits.Finds || a.office >= s.Limits.Office {
		return errTooMany
	}
	return nil
}

// refusedToAsk writes down that somebody was stopped, which the transaction that was refused could not.
func (s *Service) refusedToAsk(ctx context.Context, m identity.Member, err error) error {
	if !errors.Is(err, errTooMany) {
		return err
	}
	return errors.Join(err, s.looked(ctx, m, "check_refused", "office:"+m.Office))
}

// encode writes what is compared; which areas it has follows from the cells under which it stands.
func (r reach) encode() []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(r.from))
	b = binary.BigEndian.AppendUint64(b, uint64(r.to))
	for _, f := range []float64{r.lat, r.lon, r.meters} {
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(f))
	}
	if r.point {
		b = append(b, 1)
	} else {
		b = append(b, 0)
	}
	return append(b, r.lead...)
}

func decodeReach(b []byte) (reach, error) {
	const size = 5*8 + 1
	if len(b) < size {
		return reach{}, errors.New("operation: an entry of the index is cut short")
	}
	number := func(i int) uint64 { return binary.BigEndian.Uint64(b[8*i:]) }
	return reach{from: int64(number(0)), to: int64(number(1)), lat: math.Float64frombits(number(2)), lon: math.Float64frombits(number(3)), meters: math.Float64frombits(number(4)),
		point: b[size-1] == 1, lead: string(b[size:])}, nil
}

// settle makes the conflicts of an operation those with the ones that are near now, and has both sides told of what changed.
func (s *Service) settle(ctx context.Context, tx *store.Tx, o Operation, near []neighbor, by string) error {
	open, err := openConflicts(ctx, tx, o.Program, o.ID)
	if err != nil {
		return err
	}
	changed := false
	now := map[store.ID]bool{}
	for _, n := range near {
		now[n.id] = true
	}
	for _, c := range open {
		other := c.other(o.ID)
		if now[other] {
			delete(now, other) // it stands, and what each side said of it too
			continue
		}
		why := "moved"
		if !o.State.ahead() {
			why = string(o.State)
		}
		if err := endConflict(tx, c, why, by); err != nil {
			return err
		}
		changed = true
		if err := s.tell(tx, o.Program, other); err != nil {
			return err
		}
	}
	for _, other := range near {
		if !now[other.id] {
			continue
		}
		if err := insertConflict(tx, o, other, by); err != nil {
			return err
		}
		changed = true
		if err := s.tell(tx, o.Program, other.id); err != nil {
			return err
		}
	}
	if !changed {
		return nil
	}
	return s.tell(tx, o.Program, o.ID)
}

// logged is an entry about an operation.
func logged(tx *store.Tx, event string, o Operation, by string) {
	tx.Log(custody.Entry{Program: o.Program, Event: "operation." + event, Record: o.record(), Actor: by})
}
