// SPDX-License-Identifier: Apache-2.0

package release

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/store"
)

// Check computes a draft's tables, hides what must be hidden, attacks the result
// together with everything published before, and keeps the text that would be
// published. Whatever it finds is told in words.
func (s *Service) Check(ctx context.Context, id store.ID) (Release, error) {
	who, p, err := s.who(ctx, policy.MakeRelease)
	if err != nil {
		return Release{}, err
	}
	r, err := byID(ctx, s.DB, who.Program, id)
	if err != nil {
		return r, err
	}
	if r.State != Draft && r.State != Checked {
		return r, ErrState
	}
	if len(r.Specs) == 0 || len(r.Specs) > maxTables {
		return r, ErrNoTables
	}
	r.CheckedBy, r.Checked = actor(who), s.Now().UTC().Truncate(time.Microsecond)
	if err := s.compute(ctx, p, &r); err != nil {
		return r, err
	}
	sum := sha256.Sum256([]byte(r.Document))
	r.State, r.DocumentHash = Checked, hex.EncodeToString(sum[:])
	if r.stopped() {
		r.State = Draft
	}
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		if ok, err := saveChecked(tx, r, sum[:]); err != nil || !ok {
			return orState(err)
		}
		return s.logged(tx, r.Program, r.ID, "release.checked", actor(who), hashRule(r.DocumentHash))
	})
	return r, err
}

// compute fills in everything that checking works out.
func (s *Service) compute(ctx context.Context, p *program.Program, r *Release) error {
	log, err := s.logNow(ctx, r.Program)
	if err != nil {
		return err
	}
	exact, err := s.tables(ctx, p, r.Specs)
	if err != nil {
		return err
	}
	earlier, err := documents(ctx, s.DB, r.Program)
	if err != nil {
		return err
	}
	r.Findings, r.Weighed = []Finding{}, int64(len(earlier))
	rule := ruleOf(p, earlier)
	safe, found, err := protect(ctx, rule, r.Number, exact, earlier)
	if err != nil {
		return err
	}
	r.Findings = append(r.Findings, found...)
	r.Findings = append(r.Findings, fineness(safe, r.Restates == (store.ID{}))...)
	r.Computed, r.TreeSize, r.TreeRoot = exact, log.Size, log.Root
	doc := figure.Document{Format: figure.Format, Program: r.Program, Number: r.Number, Headline: r.Headline, From: r.From, Through: r.Through, Set: r.Set,
		Computed: r.Checked.Format(time.RFC3339), Log: log, Rule: rule, Tables: []figure.Published{}}
	if doc.Definitions, doc.DefinitionsHash, err = s.measures.Definitions(r.Specs); err != nil {
		return err
	}
	r.DefinitionHash = doc.DefinitionsHash
	for _, t := range safe {
		doc.Tables = append(doc.Tables, t.Publish())
	}
	if r.Restates != (store.ID{}) {
		if err := s.restate(ctx, r, &doc); err != nil {
			return err
		}
	}
	r.Findings = append(r.Findings, s.headline(*r, safe)...)
	r.Findings = append(r.Findings, s.reason(*r, safe, doc.Restates)...)
	data, err := json.Marshal(doc)
	r.Document = string(data)
	return fault.Wrap(err, "writing a release")
}

// logNow is where the public log stands.
func (s *Service) logNow(ctx context.Context, programID string) (figure.Log, error) {
	log := s.Log(programID)
	if log == nil {
		return figure.Log{}, ErrNoLog
	}
	cp, err := custody.Latest(ctx, s.DB, programID)
	if err != nil {
		return figure.Log{}, err
	}
	if cp.Note == "" {
		return figure.Log{}, ErrNoLog
	}
	head, err := custody.ParseCheckpoint(cp.Note, log.Verifier())
	if err != nil {
		return figure.Log{}, err
	}
	return figure.Log{Origin: log.Origin(), Size: head.N, Root: base64.StdEncoding.EncodeToString(head.Hash[:]), Checkpoint: cp.Note}, nil
}

// tables computes each table once.
func (s *Service) tables(ctx context.Context, p *program.Program, specs []figure.Spec) ([]figure.Table, error) {
	var out []figure.Table
	for i, spec := range specs {
		t, err := s.measures.Compute(ctx, s.DB, p.ID, p.Zone, spec)
		if err != nil {
			return nil, fault.Wrap(err, fmt.Sprintf("computing table %d", i+1))
		}
		out = append(out, t)
	}
	return out, nil
}

// fineness says where a table is asked for too finely to tell anything. A
// correction is let through all the same: what it corrects was shown.
func fineness(tables []figure.Table, stops bool) []Finding {
	var out []Finding
	for i, t := range tables {
		hidden, all, unproven := 0, 0, 0
		t.Each(func(_, _ string, e *figure.Entry) {
			all++
			switch e.State {
			case figure.Withheld:
				hidden++
			case figure.NoProof:
				unproven++
			}
		})
		if hidden*2 > all {
			out = append(out, Finding{Stops: stops && all > 1, Table: i + 1, Words: fmt.Sprintf(
				"The table is asked for too finely: %d of its %d figures would not be shown. Leave out a division, or choose a longer period.", hidden, all)})
		} else if hidden > 0 {
			out = append(out, Finding{Table: i + 1, Words: fmt.Sprintf("%d of its %d figures are not shown: they are small, or would let somebody work out a small one.", hidden, all)})
		}
		if unproven > 0 {
			out = append(out, Finding{Table: i + 1, Words: fmt.Sprintf("%d figures say that there is not enough proof yet: more of their rows are unconfirmed than confirmed.", unproven)})
		}
		if t.Unconfirmed() {
			out = append(out, Finding{Table: i + 1, Words: "Rows were reported that are not confirmed, or have no document. They are in none of the figures, and the page says so."})
		}
	}
	return out
}

// restate compares with the release whose place this one takes.
func (s *Service) restate(ctx context.Context, r *Release, doc *figure.Document) error {
	old, err := byID(ctx, s.DB, r.Program, r.Restates)
	if err != nil {
		return err
	}
	before, err := figure.ParseDocument([]byte(old.Document))
	if err != nil {
		return err
	}
	doc.Restates = &figure.Restated{Number: old.Number, Why: r.Why, Changes: []figure.Change{}}
	missing := 0
	for _, o := range before.Tables {
		i := slices.IndexFunc(doc.Tables, func(t figure.Published) bool { return t.Table().Spec.Same(o.Table().Spec) })
		if i < 0 {
			missing++
			continue
		}
		doc.Restates.Changes = append(doc.Restates.Changes, doc.Tables[i].Changes(o, i+1)...)
	}
	if missing > 0 {
		r.Findings = append(r.Findings, Finding{Stops: true, Words: fmt.Sprintf("%d tables of release %d are missing. A restatement has all of them, so that nothing disappears without a word.", missing, old.Number)})
	}
	if len(doc.Restates.Changes) == 0 {
		r.Findings = append(r.Findings, Finding{Stops: true, Words: fmt.Sprintf("No figure is different from release %d. There is nothing to restate.", old.Number)})
	}
	return nil
}
