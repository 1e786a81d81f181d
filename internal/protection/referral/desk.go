// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/store"
)

// Lease is how long an operator has a task before others may take it.
const Lease = 30 * time.Minute

// longestRetry is how far ahead a new attempt may be put.
const longestRetry = 24 * time.Hour

// The kinds of proof an operator can bring back.
const (
	ProofCode  = "confirmation_code" // a code or number that the recipient gave
	ProofReply = "written"           // the number in a written answer
)

// AttemptResults lists why an attempt did not get through.
func AttemptResults() []string {
	return []string{"no_answer", "busy", "voicemail", "wrong_number", "refused", "form_failed"}
}

// task reads one task of the desk that the member works at.
func (s *Service) task(ctx context.Context, q store.Reader, m identity.Member, id store.ID) (Referral, error) {
	if !s.isDesk(m) {
		return Referral{}, ErrNotFound
	}
	r, err := referralByID(ctx, q, m.Program, id)
	if err != nil {
		return Referral{}, err
	}
	mine, err := s.mine(ctx, q, m, r.Report)
	if err != nil {
		return Referral{}, err
	}
	if !r.Relay || !slices.ContainsFunc(mine, func(x Referral) bool { return x.ID == id }) {
		return Referral{}, ErrNotFound
	}
	return r, nil
}

// work runs fn on a task in one transaction.
func (s *Service) work(ctx context.Context, m identity.Member, id store.ID, fn func(tx *store.Tx, r Referral) error) error {
	return s.write(ctx, func(tx *store.Tx) error {
		r, err := s.task(ctx, tx, m, id)
		if err != nil {
			return err
		}
		return fn(tx, r)
	})
}

// Take gives the task to the member for as long as the lease lasts. Of many who
// take it at once exactly one gets it; the others get ErrTaken.
func (s *Service) Take(ctx context.Context, m identity.Member, id store.ID) error {
	return s.work(ctx, m, id, func(tx *store.Tx, r Referral) error {
		now := tx.Now()
		expired := r.State == Taken && r.TakenUntil.Before(now)
		if _, err := r.next(ActTake); err != nil && !expired {
			if r.State == Taken {
				return ErrTaken
			}
			return err
		}
		got, err := set(tx, r, "state = $3, taken_by = $4, taken_until = $5, owner = $4, retry_at = null",
			"(state = 'waiting' or taken_until < $6)",
			string(Taken), m.ID, store.Micros(now.Add(Lease)), store.Micros(now))
		if err != nil {
			return err
		}
		if !got {
			return ErrTaken
		}
		return s.step(tx, r, m.Actor(), m.Office, ActTake, Taken, "", 0)
	})
}

// holding refuses an act on a task that the member does not hold.
func holding(r Referral, m identity.Member, act Act) (State, error) {
	if r.State == Taken && r.TakenBy != m.ID {
		return "", ErrTaken
	}
	after, err := r.next(act)
	if err != nil {
		return "", ErrNotYours
	}
	return after, nil
}

const heldByMe = "taken_by = $3"

// Extend starts the member's lease anew.
func (s *Service) Extend(ctx context.Context, m identity.Member, id store.ID) error {
	return s.work(ctx, m, id, func(tx *store.Tx, r Referral) error {
		after, err := holding(r, m, ActExtend)
		if err != nil {
			return err
		}
		return s.handOver(tx, r, m, ActExtend, after, "", "taken_until = $4", store.Micros(tx.Now().Add(Lease)))
	})
}

// Release gives the task back for others to take.
func (s *Service) Release(ctx context.Context, m identity.Member, id store.ID) error {
	return s.work(ctx, m, id, func(tx *store.Tx, r Referral) error {
		after, err := holding(r, m, ActRelease)
		if err != nil {
			return err
		}
		return s.handOver(tx, r, m, ActRelease, after, "", "state = 'waiting', taken_by = null, taken_until = null, owner = null")
	})
}

// TryLater records an attempt that did not get through and puts the task back.
// At RetryAt those on duty are told again.
func (s *Service) TryLater(ctx context.Context, m identity.Member, id store.ID, a Attempt) error {
	if !slices.Contains(AttemptResults(), a.Result) {
		return ErrAttempt
	}
	return s.work(ctx, m, id, func(tx *store.Tx, r Referral) error {
		after, err := holding(r, m, ActAttempt)
		if err != nil {
			return err
		}
		if a.RetryAt.After(tx.Now().Add(longestRetry)) || !a.RetryAt.IsZero() && a.RetryAt.Before(tx.Now()) {
			return ErrRetry
		}
		if !s.usable(r, a.Channel) {
			return ErrChannel
		}
		err = s.handOver(tx, r, m, ActAttempt, after, strings.TrimSuffix(a.Result+":"+a.Channel, ":"),
			"state = 'waiting', taken_by = null, taken_until = null, owner = null, attempts = attempts + 1, retry_at = $4", micros(a.RetryAt))
		if err != nil || a.RetryAt.IsZero() {
			return err
		}
		return enqueueNotice(tx, r.Program, notice{Report: r.Report, Referral: r.ID, Since: store.Micros(a.RetryAt)}, a.RetryAt)
	})
}

// Complete records that the task was passed on, with the proof. For everyone's
// clocks the recipient then has the report and has acknowledged it: it gave a
// number of its own for it.
func (s *Service) Complete(ctx context.Context, m identity.Member, id store.ID, proof Proof) error {
	r, err := s.task(ctx, s.db, m, id)
	if err != nil {
		return err
	}
	e, err := s.envelope(ctx, m, r.Report)
	if err != nil {
		return err
	}
	proof.Code = strings.TrimSpace(proof.Code)
	if err := s.checkProof(r, proof); err != nil {
		return err
	}
	return s.work(ctx, m, id, func(tx *store.Tx, r Referral) error {
		after, err := holding(r, m, ActComplete)
		if err != nil {
			return err
		}
		if r.OpenedAt.IsZero() {
			return ErrUnopened
		}
		err = insertEvidence(tx, r, Evidence{Member: m.ID, Office: m.Office, Kind: proof.Kind, Code: proof.Code, Channel: proof.Channel, Answered: proof.Answered})
		if err != nil {
			return err
		}
		err = s.handOver(tx, r, m, ActComplete, after, proof.Kind, "state = 'done', taken_until = null, done_at = $4, next_at = null", store.Micros(tx.Now()))
		if err != nil {
			return err
		}
		for _, kind := range []string{program.Delivered, program.Acknowledged} {
			if err := s.startClocks(ctx, tx, r, e, program.Event{Kind: kind, Office: r.Recipient}); err != nil {
				return err
			}
		}
		return nil
	})
}

// handOver changes a task that the member holds, and records it.
func (s *Service) handOver(tx *store.Tx, r Referral, m identity.Member, act Act, after State, code, assignments string, args ...any) error {
	held, err := set(tx, r, assignments, heldByMe, append([]any{m.ID}, args...)...)
	if err != nil {
		return err
	}
	if !held {
		return ErrNotYours
	}
	return s.step(tx, r, m.Actor(), m.Office, act, after, code, 0)
}

// code is what confirmation codes look like when nothing closer is known: a
// few letters and digits with at least one digit, perhaps in groups. It keeps
// words and names out.
var code = regexp.MustCompile(`^[A-Za-z]{0,8}[-#./ ]?[0-9][A-Za-z0-9]{0,15}([-#./ ][A-Za-z0-9]{1,12}){0,4}$`)

// maxAnswered is the size of a sealed "who answered": a note of up to 1 KiB.
const maxAnswered = 4 << 10

// proofKinds are the proofs that a task's rule takes from an operator.
func proofKinds(r Referral) []string {
	var kinds []string
	for _, kind := range []string{ProofCode, ProofReply} {
		if slices.Contains(r.Proofs, kind) {
			kinds = append(kinds, kind)
		}
	}
	if kinds == nil {
		return []string{ProofCode, ProofReply}
	}
	return kinds
}

// checkProof refuses a proof that cannot be one.
func (s *Service) checkProof(r Referral, proof Proof) error {
	if !slices.Contains(proofKinds(r), proof.Kind) {
		return ErrCode
	}
	if len(proof.Code) < 3 || len(proof.Code) > 40 || !code.MatchString(proof.Code) || sameAsNumber(s.numbers(r), proof.Code) {
		return ErrCode
	}
	if !s.usable(r, proof.Channel) {
		return ErrChannel
	}
	if len(proof.Answered) > maxAnswered {
		return ErrNote
	}
	return nil
}

// sameAsNumber catches the telephone number typed where the code belongs.
func sameAsNumber(numbers []program.Channel, typed string) bool {
	digits := onlyDigits(typed)
	return len(digits) >= 3 && slices.ContainsFunc(numbers, func(c program.Channel) bool {
		return digits == onlyDigits(c.Phone) || "1"+digits == onlyDigits(c.Phone) || digits == onlyDigits(c.Text)
	})
}

func onlyDigits(s string) string {
	return strings.Map(func(c rune) rune {
		if c < '0' || c > '9' {
			return -1
		}
		return c
	}, s)
}

// numbers lists the channels by which the recipient of a task can be reached,
// in the pack's order: those a person verified, also when that is too long ago,
// and those printed in an official document, which the page marks. Drafts and
// what was contradicted or withdrawn are never among them.
func (s *Service) numbers(r Referral) []program.Channel {
	p, ok := s.programs.Program(r.Program)
	if !ok {
		return nil
	}
	state := s.agencies.Channels(r.Program)
	var out []program.Channel
	for _, id := range p.Offices[r.Recipient].Channels {
		c, ok := p.Channels[id]
		if !ok {
			continue
		}
		if state != nil {
			c.State = state(id)
		}
		if c.State.Showable(true) {
			out = append(out, c)
		}
	}
	return out
}

// usable reports whether the channel is one of the task's. A task whose
// recipient has none that may be shown is done by whatever way the operator
// found, and says so by naming no channel.
func (s *Service) usable(r Referral, channel string) bool {
	numbers := s.numbers(r)
	if channel == "" {
		return len(numbers) == 0
	}
	return slices.ContainsFunc(numbers, func(c program.Channel) bool { return c.ID == channel })
}
