// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/place"
	"waylight/internal/platform/store"
	"waylight/internal/protection/report"
)

// Record stores the referrals of an accepted report inside its transaction: one
// row per delivery, and one job that tells who is on duty. A holder that had no
// key gets a referral that cannot be opened, which the desk sees at once.
func (s *Service) Record(tx *store.Tx, ref report.Ref, plan program.Plan) error {
	if ref.Via == report.ViaCanary {
		return s.recordCanary(tx, ref, plan)
	}
	about := subjectOf(ref.Envelope)
	for _, d := range plan.Deliveries {
		r := about.referral(ref, d.Duty)
		r.Holder, r.Relay, r.State = d.Holder, d.Relay, Waiting
		if slices.Contains(ref.Keyless, d.Holder) {
			r.State = CannotOpen
		}
		if r.Starts.Kind == program.Accepted {
			r.start(s.ladder(r), ref.Accepted)
		}
		if err := insert(tx, r, about.words, orderOf(r)); err != nil {
			return err
		}
	}
	return enqueueNotice(tx, ref.Program, notice{Report: ref.Report}, tx.Now())
}

// orderOf places a referral in its queue: by its due time, or by arrival while no clock runs.
func orderOf(r Referral) time.Time {
	if r.Due.IsZero() {
		return r.Accepted
	}
	return r.Due
}

// start lets the clock of r run from at.
func (r *Referral) start(l program.Ladder, at time.Time) {
	r.Started, r.Due = at, at.Add(r.Limit)
	r.NextAt = r.rungTime(l, r.Level+1)
}

// subject is what referrals of one report have in common.
type subject struct {
	mode, place, age, kind, words string
	danger, child                 bool
	conflict                      []string
}

// subjectOf takes from an envelope what a queue shows and searches.
func subjectOf(e program.Envelope) subject {
	a := subject{mode: e.Mode, age: e.Age, kind: e.Kind, danger: e.Danger, child: e.Child(), conflict: e.Conflict}
	words := []string{e.Mode, e.Age, e.Kind, e.Who, e.Land, e.Language}
	for _, p := range []place.Place{e.Happened, e.Now, e.Lives} {
		if p == (place.Place{}) {
			continue
		}
		if a.place == "" {
			a.place = p.String()
		}
		words = append(words, p.String(), placeName(p))
	}
	for word, holds := range map[string]bool{"danger": e.Danger, "child": a.child, "missing": e.Missing} {
		if holds {
			words = append(words, word)
		}
	}
	slices.Sort(words)
	a.words = strings.ToLower(strings.Join(slices.Compact(words), " "))
	return a
}

// placeName is a place in words: "DeSoto County, Mississippi".
func placeName(p place.Place) string {
	var parts []string
	if c, ok := place.CountyByFIPS(p.County); ok {
		parts = append(parts, c.Name)
	}
	if st, ok := place.StateByCode(p.State); ok {
		parts = append(parts, st.Name)
	}
	return strings.Join(parts, ", ")
}

// ruleOf names all rules that made a duty.
func ruleOf(d program.Duty) string {
	if len(d.Rules) == 0 {
		return d.Rule
	}
	return strings.Join(d.Rules, ",")
}

// referral makes the referral of one duty, without holder, state and clock.
func (a subject) referral(ref report.Ref, d program.Duty) Referral {
	return Referral{
		Program: ref.Program, ID: NewID(ref.Report), Report: ref.Report, Origin: OriginDuty, Rule: ruleOf(d), Recipient: d.Recipient,
		Obligor: d.Obligor, StandsFor: d.InPlaceOf, AtOnce: d.AtOnce, Means: d.Means, Proofs: d.Proof, Basis: d.Basis, LimitBy: d.LimitBy, Limit: d.Limit, Starts: d.Starts,
		Accepted: ref.Accepted, Courtesy: d.Courtesy, Mode: a.mode, Danger: a.danger, Child: a.child, Test: ref.Via == report.ViaTest || ref.Via == report.ViaCanary,
		Place: a.place, Age: a.age, Kind: a.kind, Conflict: a.conflict,
	}
}

// Progress answers, per kind of office, when a report was received and when it
// was read there, to the hour: zero until that holds for every office of the
// kind, and then the latest of their times, so that one office's reading never
// stands for another's that was not told. It names no office and no outcome.
func (s *Service) Progress(ctx context.Context, programID string, id store.ID) ([]report.Progress, error) {
	p, ok := s.programs.Program(programID)
	if !ok {
		return nil, ErrNotFound
	}
	all, err := referralsOf(ctx, s.db, programID, id)
	if err != nil {
		return nil, err
	}
	kinds := map[string]*reached{}
	for _, r := range all {
		if !r.counts() {
			continue
		}
		kind := p.Offices[r.Recipient].Kind
		if kinds[kind] == nil {
			kinds[kind] = &reached{}
		}
		kinds[kind].add(r)
	}
	out := make([]report.Progress, 0, len(kinds))
	for kind, k := range kinds {
		out = append(out, report.Progress{Kind: kind, Received: k.received.time(), Read: k.read.time()})
	}
	slices.SortFunc(out, func(a, b report.Progress) int { return strings.Compare(a.Kind, b.Kind) })
	return out, nil
}

// counts says whether a receipt tells of r. What an office passed on counts once
// the other took it on: until then it must not take back what the sender saw.
func (r Referral) counts() bool {
	switch r.Origin {
	case OriginDuty, OriginCanary:
		return true
	case OriginOnward:
		return r.State == Acknowledged || r.State == Closed
	}
	return false
}

// reached gathers how far one kind of office got.
type reached struct{ received, read latest }

// add counts one referral in. An office that stepped back holds nothing up; what
// it had read by then stays true.
func (k *reached) add(r Referral) {
	received, read := r.received()
	if gone := r.State == Recused || r.State == Replaced; gone && read.IsZero() {
		return
	}
	k.received.add(received, r.Accepted)
	k.read.add(read, r.Accepted)
}

// latest is the latest of some times, or zero when there is none or one of them
// has not come.
type latest struct {
	at      time.Time
	missing bool
	floor   time.Time // nothing shows as earlier than the report itself
}

func (l *latest) add(t, accepted time.Time) {
	l.missing = l.missing || t.IsZero()
	if l.floor.IsZero() || accepted.Before(l.floor) {
		l.floor = accepted
	}
	if t.After(l.at) {
		l.at = t
	}
}

func (l latest) time() time.Time {
	if l.missing {
		return time.Time{}
	}
	if t := coarse(l.at); t.After(l.floor) {
		return t
	}
	return l.floor
}

// received says when the recipient had the report and when it was read there.
// What a desk passes on counts as both once there is proof, and not before.
func (r Referral) received() (received, read time.Time) {
	switch {
	case r.Relay:
		return r.DoneAt, r.DoneAt
	case r.State == CannotOpen && r.OpenedAt.IsZero():
		return time.Time{}, time.Time{}
	case r.Origin == OriginOnward:
		return r.Started, r.OpenedAt
	}
	return r.Accepted, r.OpenedAt
}

func coarse(t time.Time) time.Time { return t.Truncate(time.Hour) }

// KindNotice and KindClock are the room's jobs.
const (
	KindNotice = "referral.notice"
	KindClock  = "referral.clock"
)

// notice is the payload of a notice job: ids only. Without a referral it is the
// first notice of a report to all its holders.
type notice struct {
	Report   store.ID `json:"report"`
	Referral store.ID `json:"referral"`
	Level    int      `json:"level"`
	Tell     []string `json:"tell,omitempty"`  // whom, as a rung of a ladder says; none: who gets the first notice
	Since    int64    `json:"since"`           // microseconds; an earlier mail does not count
	Tries    int      `json:"tries,omitempty"` // how often it failed before
	Away     bool     `json:"away,omitempty"`  // whoever had it cannot sign in: also of what they had acknowledged
}

func enqueueNotice(tx *store.Tx, programID string, n notice, at time.Time) error {
	payload, err := json.Marshal(n)
	if err != nil {
		return fault.Wrap(err, "writing a notice job")
	}
	j := jobs.Job{Program: programID, Kind: KindNotice, Payload: payload, RunAt: at}
	if n.Tries > 0 { // one retry at a time, however long the mail server is away
		j.Key = fmt.Sprintf("again/%s/%s/%d", n.Report, n.Referral, n.Level)
	}
	return fault.Wrap(jobs.Enqueue(tx, j), "queuing a notice")
}
