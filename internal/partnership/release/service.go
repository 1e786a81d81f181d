// SPDX-License-Identifier: Apache-2.0

package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"waylight/internal/partnership/approval"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/store"
)

const (
	maxHeadline = 140
	maxWhy      = 500
)

// who is the signed-in member, if the table lets them do this.
func (s *Service) who(ctx context.Context, does policy.Action) (policy.Subject, *program.Program, error) {
	who, ok := s.Viewer(ctx)
	if !ok {
		return who, nil, errSignIn
	}
	if !policy.Decide(does, who, policy.Object{Program: who.Program}).Allowed {
		return who, nil, ErrForbidden
	}
	p, ok := s.Programs.Program(who.Program)
	if !ok {
		return who, nil, ErrNone
	}
	return who, p, nil
}

func actor(who policy.Subject) string { return "member:" + who.Member }

func record(id store.ID) string { return "release:" + id.String() }

// Plan is what somebody wants to release.
type Plan struct {
	Headline      map[string]string
	From, Through string
	Specs         []figure.Spec
	Set           string // a set of indicators whose tables are added; "" for none
}

// Make begins a draft.
func (s *Service) Make(ctx context.Context, plan Plan) (Release, error) {
	who, _, err := s.who(ctx, policy.MakeRelease)
	if err != nil {
		return Release{}, err
	}
	r := Release{Program: who.Program, ID: store.NewID(), State: Draft, Headline: plan.Headline, From: plan.From, Through: plan.Through, Specs: plan.Specs,
		Set: plan.Set, Why: map[string]string{}, MadeBy: actor(who), Findings: []Finding{}}
	if r.Headline, err = s.cleanWords(plan.Headline, maxHeadline, ErrHeadline); err != nil {
		return Release{}, err
	}
	if _, _, err := figure.Period(r.From, r.Through, time.UTC); err != nil {
		return Release{}, err
	}
	if plan.Set != "" {
		set, ok := s.Set(plan.Set)
		if !ok {
			return Release{}, ErrSet
		}
		r.Specs = append(slices.Clone(r.Specs), set.specs(s.measures, r.From, r.Through)...)
	}
	if err := s.checkSpecs(r.Specs); err != nil {
		return Release{}, err
	}
	return s.begin(ctx, r)
}

func (s *Service) begin(ctx context.Context, r Release) (Release, error) {
	err := s.DB.Write(ctx, func(tx *store.Tx) error {
		r.Made = tx.Now()
		made, err := insert(tx, r)
		if err != nil {
			return err
		}
		r = made
		tx.Log(custody.Entry{Program: r.Program, Event: "release.made", Record: record(r.ID), Actor: r.MadeBy})
		return nil
	})
	return r, err
}

func (s *Service) checkSpecs(specs []figure.Spec) error {
	if len(specs) > maxTables {
		return ErrNoTables
	}
	for _, spec := range specs {
		if _, err := s.measures.Check(spec, true); err != nil {
			return err
		}
	}
	return nil
}

// cleanWords holds a text to be there in every language.
func (s *Service) cleanWords(in map[string]string, most int, wrong *fault.Error) (map[string]string, error) {
	out := map[string]string{}
	for _, lang := range s.Site.Catalog.Langs() {
		words := strings.Join(strings.Fields(in[lang]), " ")
		if words == "" || !utf8.ValidString(words) || utf8.RuneCountInString(words) > most || strings.ContainsRune(words, 0) {
			return nil, wrong.At(lang)
		}
		out[lang] = words
	}
	return out, nil
}

// edit changes a draft. Whatever was checked before must be checked again.
func (s *Service) edit(ctx context.Context, id store.ID, change func(*Release) error) error {
	who, _, err := s.who(ctx, policy.MakeRelease)
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		r, err := byID(ctx, tx, who.Program, id)
		if err != nil {
			return err
		}
		if err := change(&r); err != nil {
			return err
		}
		if ok, err := saveDraft(tx, r); err != nil || !ok {
			return orState(err)
		}
		return s.logged(tx, r.Program, r.ID, "release.changed", actor(who), "")
	})
}

func orState(err error) error {
	if err != nil {
		return err
	}
	return ErrState
}

// logged writes the entry of a step of a release.
func (s *Service) logged(tx *store.Tx, programID string, id store.ID, event, by, rule string) error {
	if err := tx.Touch("release", programID, id); err != nil {
		return err
	}
	tx.Log(custody.Entry{Program: programID, Event: event, Record: record(id), Actor: by, Rule: rule})
	return nil
}

// AddTable adds a table to a draft.
func (s *Service) AddTable(ctx context.Context, id store.ID, spec figure.Spec) error {
	return s.edit(ctx, id, func(r *Release) error {
		if spec.From == "" {
			spec.From, spec.Through = r.From, r.Through
		}
		r.Specs = append(r.Specs, spec)
		return s.checkSpecs(r.Specs)
	})
}

// DropTable takes a table out of a draft; n counts from 1.
func (s *Service) DropTable(ctx context.Context, id store.ID, n int) error {
	return s.edit(ctx, id, func(r *Release) error {
		if n < 1 || n > len(r.Specs) {
			return ErrTable
		}
		r.Specs = slices.Delete(r.Specs, n-1, n)
		return nil
	})
}

// Word changes the headline of a draft, and of a restatement why it is one.
func (s *Service) Word(ctx context.Context, id store.ID, headline, why map[string]string) error {
	headline, err := s.cleanWords(headline, maxHeadline, ErrHeadline)
	if err != nil {
		return err
	}
	return s.edit(ctx, id, func(r *Release) error {
		r.Headline = headline
		if r.Restates == (store.ID{}) {
			return nil
		}
		r.Why, err = s.cleanWords(why, maxWhy, ErrWhy)
		return err
	})
}

// Ask puts a checked release before a second person.
func (s *Service) Ask(ctx context.Context, id store.ID) error {
	who, _, err := s.who(ctx, policy.PublishRelease)
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		r, err := byID(ctx, tx, who.Program, id)
		switch {
		case err != nil:
			return err
		case r.State != Checked:
			return ErrState
		case r.stopped():
			return ErrStops
		}
		_, err = s.Approvals.Ask(tx, approval.Request{Program: who.Program, Action: policy.PublishRelease, Subject: record(id), Detail: r.DocumentHash, By: actor(who)})
		return err
	})
}

// approved is what a second person's yes does: the text that they saw, and no
// other, may be published.
func (s *Service) approved(ctx context.Context, tx *store.Tx, q approval.Request) error {
	id, err := store.ParseID(strings.TrimPrefix(q.Subject, "release:"))
	if err != nil {
		return ErrNone
	}
	r, err := byID(ctx, tx, q.Program, id)
	if err != nil {
		return err
	}
	if r.State != Checked || r.DocumentHash != q.Detail {
		return ErrState
	}
	if ok, err := move(tx, q.Program, id, Checked, Approved, "approved", q.DecidedBy); err != nil || !ok {
		return orState(err)
	}
	return s.logged(tx, q.Program, id, "release.approved", q.DecidedBy, hashRule(r.DocumentHash))
}

// hashRule names a document in an entry of the log, where everybody can read it.
func hashRule(hash string) string { return "document sha256:" + hash }

// Publish shows an approved release to everybody. Nothing changes it afterwards.
func (s *Service) Publish(ctx context.Context, id store.ID) error {
	who, _, err := s.who(ctx, policy.MakeRelease)
	if err != nil {
		return err
	}
	stale := false
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		r, err := byID(ctx, tx, who.Program, id)
		if err != nil {
			return err
		}
		n, err := published(ctx, tx, r.Program)
		if err != nil {
			return err
		}
		if stale = r.State == Approved && n != r.Weighed; stale {
			if ok, err := takeBack(tx, r.Program, id); err != nil || !ok {
				return orState(err)
			}
			return s.logged(tx, r.Program, id, "release.taken_back", actor(who), "")
		}
		if r.Restates != (store.ID{}) {
			if by, err := restatedBy(ctx, tx, r.Program, r.Restates); err != nil || by != 0 {
				return orRestated(err)
			}
		}
		if ok, err := move(tx, r.Program, id, Approved, Published, "published", actor(who)); err != nil || !ok {
			return orState(err)
		}
		if err := tx.Touch("release", r.Program, id); err != nil {
			return err
		}
		leaf := tx.Log(custody.Entry{Program: r.Program, Event: "release.published", Record: record(id), Actor: actor(who), Rule: hashRule(r.DocumentHash)})
		return insertWatch(tx, r.Program, id, leaf.Commitment)
	})
	switch {
	case errors.Is(err, store.ErrExists): // another release took its place in the same moment
		return s.Publish(ctx, id)
	case err == nil && stale:
		return ErrStale
	}
	return err
}

func orRestated(err error) error {
	if err != nil {
		return err
	}
	return ErrRestated
}

// Discard ends a release that is not published.
func (s *Service) Discard(ctx context.Context, id store.ID) error {
	who, _, err := s.who(ctx, policy.MakeRelease)
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		r, err := byID(ctx, tx, who.Program, id)
		if err != nil {
			return err
		}
		if r.State == Published || r.State == Discarded {
			return ErrState
		}
		if ok, err := move(tx, r.Program, id, r.State, Discarded, "", ""); err != nil || !ok {
			return orState(err)
		}
		return s.logged(tx, r.Program, id, "release.discarded", actor(who), "")
	})
}

// Restate begins a release that takes the place of a published one. It has the same
// tables; what became different is worked out when it is checked.
func (s *Service) Restate(ctx context.Context, id store.ID, why map[string]string) (Release, error) {
	who, _, err := s.who(ctx, policy.MakeRelease)
	if err != nil {
		return Release{}, err
	}
	why, err = s.cleanWords(why, maxWhy, ErrWhy)
	if err != nil {
		return Release{}, err
	}
	old, err := byID(ctx, s.DB, who.Program, id)
	if err != nil {
		return Release{}, err
	}
	if old.State != Published {
		return Release{}, ErrState
	}
	if taken, err := restating(ctx, s.DB, who.Program, id); err != nil || taken {
		return Release{}, orRestated(err)
	}
	return s.begin(ctx, Release{Program: old.Program, ID: store.NewID(), State: Draft, Headline: old.Headline, From: old.From, Through: old.Through, Specs: old.Specs,
		Set: old.Set, Restates: old.ID, Why: why, MadeBy: actor(who), Findings: []Finding{}})
}

// Release reads one, for staff.
func (s *Service) Release(ctx context.Context, id store.ID) (Release, error) {
	who, _, err := s.who(ctx, policy.ReadReleases)
	if err != nil {
		return Release{}, err
	}
	return byID(ctx, s.DB, who.Program, id)
}

// Called says in words which release an id is, "" where there is none.
func (s *Service) Called(ctx context.Context, programID, id string) string {
	release, err := store.ParseID(id)
	if err != nil {
		return ""
	}
	r, err := byID(ctx, s.DB, programID, release)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("Release %d: %s", r.Number, r.Headline["en"])
}

// Latest is the text of a program's latest published release, "" where there is none.
func (s *Service) Latest(ctx context.Context, programID string) (string, error) {
	found, err := list(ctx, s.DB, programID, true, int64(1)<<62, 1)
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0].Document, nil
}
