// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"maps"
	"slices"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

// DrillRecovery is the kind of test in which an office's shares rebuilt its
// recovery key.
const DrillRecovery = "recovery"

// drillEvery is how often the shares are tried: paper is lost without a sound.
const drillEvery = 365 * 24 * time.Hour

// errNotRebuilt says that the answer to a drill's challenge is not the right one.
var errNotRebuilt = fault.New(fault.Invalid, "agency_not_rebuilt", "The answer does not show that the recovery key was rebuilt, or the drill was begun more than a day ago. Begin again.")

// RecoveryDrill is a drill that was begun: whoever opens Challenge has rebuilt the
// recovery key.
type RecoveryDrill struct {
	ID        store.ID
	Recovery  RecoveryKey
	Challenge []byte
	// Wraps are the office's keys that are sealed to this recovery key.
	Wraps []Wrap
}

// DrillInfo is the info string under which a drill's challenge is sealed.
func DrillInfo(program, office string, id store.ID) string {
	return "waylight/recovery-drill/v1/" + program + "/" + office + "/" + id.String()
}

// BeginRecoveryDrill makes a challenge that only the office's rebuilt recovery key
// opens. The shares are typed in the browser and never reach the server.
func (s *Service) BeginRecoveryDrill(ctx context.Context, a Actor) (RecoveryDrill, error) {
	r, ok, err := readRecovery(ctx, s.cfg.DB, a.Program, a.Office)
	if err != nil {
		return RecoveryDrill{}, err
	}
	if !ok {
		return RecoveryDrill{}, errNoRecovery
	}
	pub, err := seal.ParsePublicKey(r.Public)
	if err != nil {
		return RecoveryDrill{}, fault.Wrap(err, "parsing a recovery key")
	}
	begun := RecoveryDrill{ID: store.NewID(), Recovery: r}
	secret := make([]byte, 32)
	rand.Read(secret) // never fails
	begun.Challenge, err = seal.SealTo(pub, secret, DrillInfo(a.Program, a.Office, begun.ID))
	if err != nil {
		return RecoveryDrill{}, fault.Wrap(err, "making a challenge")
	}
	all, err := readWraps(ctx, s.cfg.DB, a.Program, a.Office)
	if err != nil {
		return RecoveryDrill{}, err
	}
	for _, w := range all {
		if w.Holder == Recovery && w.Ended.IsZero() && !w.Created.Before(r.Made) {
			begun.Wraps = append(begun.Wraps, w)
		}
	}
	d := drill{id: begun.ID, kind: DrillRecovery, office: a.Office, code: answerHash(begun.ID, secret)}
	return begun, s.write(ctx, a, "drill.sent", "drill:"+d.id.String(), func(tx *store.Tx) error { return insertDrill(tx, a, d) })
}

// FinishRecoveryDrill records that the office's shares rebuilt its recovery key.
func (s *Service) FinishRecoveryDrill(ctx context.Context, a Actor, id store.ID, answer []byte) error {
	waiting, err := waitingDrills(ctx, s.cfg.DB, a.Program, DrillRecovery, s.now().Add(-codeLife))
	if err != nil {
		return err
	}
	i := slices.IndexFunc(waiting, func(d drill) bool { return d.id == id && d.office == a.Office })
	if i < 0 || subtle.ConstantTimeCompare(answerHash(id, answer), waiting[i].code) != 1 {
		return errNotRebuilt
	}
	return s.write(ctx, a, "recovery.drilled", "office:"+a.Office, func(tx *store.Tx) error {
		if err := acknowledgeDrill(tx, a, id); err != nil {
			return err
		}
		return s.lookSoon(tx, a.Program)
	})
}

func answerHash(id store.ID, answer []byte) []byte {
	sum := sha256.Sum256(append([]byte("waylight/recovery-answer/v1\n"+id.String()+"\n"), answer...))
	return sum[:]
}

// LastRecoveryDrill is when the office's shares last rebuilt the recovery key in
// use, zero for never, and until when they have to do so again.
func (s *Service) LastRecoveryDrill(ctx context.Context, program, office string) (last, due time.Time, err error) {
	r, ok, err := readRecovery(ctx, s.cfg.DB, program, office)
	if err != nil || !ok {
		return time.Time{}, time.Time{}, err
	}
	last, err = lastOfficeDrill(ctx, s.cfg.DB, program, DrillRecovery, office)
	if last.Before(r.Made) { // of the parts before these
		return time.Time{}, r.Made.Add(drillEvery), err
	}
	return last, last.Add(drillEvery), err
}

// lateDrills lists the active offices whose shares were not tried for a year.
func (s *Service) lateDrills(ctx context.Context, prog string) ([]string, error) {
	var out []string
	for _, office := range slices.Sorted(maps.Keys(s.OwnKeys(prog))) {
		_, due, err := s.LastRecoveryDrill(ctx, prog, office)
		if err != nil {
			return nil, err
		}
		if !due.IsZero() && !s.now().Before(due) {
			out = append(out, office)
		}
	}
	return out, nil
}

// recoveryItems asks for the yearly drill of every desk that has a recovery key.
func (s *Service) recoveryItems(ctx context.Context, prog, desk, name string) ([]Item, error) {
	_, due, err := s.LastRecoveryDrill(ctx, prog, desk)
	if err != nil || due.IsZero() {
		return nil, err
	}
	return []Item{{ID: "desk.recovery:" + desk, Text: "The desk's recovery parts were tried within a year: " + name, Link: "/staff/offices/" + desk, Done: s.now().Before(due)}}, nil
}
