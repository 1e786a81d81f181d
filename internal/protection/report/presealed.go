// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"net/url"
	"slices"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/form"
	"waylight/internal/platform/gate"
	"waylight/internal/platform/seal"
)

const sealedByBrowser = "browser"

// Faults of a report that the sender's browser seals. Nothing was kept after any
// of them, and the browser knows what to do: ask again, or make new words.
var (
	ErrKeysChanged = fault.New(fault.Conflict, "keys_changed", "The keys of the offices have changed. Nothing was kept. Ask again who will read this, and seal it for them.")
	ErrWhoChanged  = fault.New(fault.Conflict, "who_changed", "Who will be told has changed. Nothing was kept. Show the new list before you send.")
	ErrNewReceipt  = fault.New(fault.Conflict, "new_receipt_needed", "Other words were kept under this receipt. Make a new one, and seal the report anew.")
	errWordsSent   = fault.New(fault.Invalid, "words_sent", "Only the answers that decide who is told belong here. Nothing was kept.")
)

// readers is the answer to a browser that wants to seal: the id that its report
// will have, and whose keys to seal to. Nothing is stored.
type readers struct {
	Report   string         `json:"report"`
	Form     string         `json:"form"` // the form that the answers belong to
	Readers  []agency.Chain `json:"readers"`
	Reporter []string       `json:"reporter"`       // those of them that may have the part about the sender
	Work     *gate.Work     `json:"work,omitempty"` // a puzzle: with its proof the report goes ahead of those without
}

// seals says whether the page's script may seal for a program: where no directory
// key is pinned a browser cannot tell an office's key from another's.
func (s *Service) seals(programID string) bool { return s.pinned[programID] != "" }

// sealFor answers whose keys a report with these envelope answers is sealed to.
func (s *Service) sealFor(ctx context.Context, p *program.Program, posted url.Values, language string, lookup [32]byte, via string) (readers, error) {
	if !s.mayCome(ctx, p.ID, via) {
		return readers{}, ErrClosed
	}
	r, err := s.routeSealed(p, posted, language, via)
	if err != nil {
		return readers{}, err
	}
	chains := s.Chains(p.ID)
	out := readers{Report: reportID(s.Pepper, p.ID, lookup).String(), Form: formName(p), Readers: []agency.Chain{}, Reporter: []string{}}
	for _, holder := range r.plan.Readers {
		chain, ok := chains[holder]
		if !ok {
			continue
		}
		out.Readers = append(out.Readers, chain)
		if slices.Contains(r.plan.Audience, holder) {
			out.Reporter = append(out.Reporter, holder)
		}
	}
	if len(out.Readers) == 0 {
		return readers{}, ErrNoReader
	}
	if s.Work != nil {
		out.Work = s.Work()
	}
	return out, nil
}

// routeSealed routes what a browser sends in clear. Answers that routing does not
// need are refused unread: they belong into the sealed part.
func (s *Service) routeSealed(p *program.Program, posted url.Values, language, via string) (routed, error) {
	if !slices.Contains(p.Languages, language) {
		return routed{}, ErrLanguage.At("language")
	}
	for name := range posted {
		if !s.clearFields[p.ID][name] {
			return routed{}, errWordsSent.At(cut(name))
		}
	}
	answers, problems := decodeValues(p, posted)
	problems = slices.DeleteFunc(problems, func(problem form.Problem) bool {
		q, known := p.Form.Question(problem.Question)
		return known && !q.Envelope && problem.Code == form.Required
	})
	if len(problems) > 0 {
		return routed{}, &AnswersError{problems}
	}
	return s.route(p, answers, language, via)
}

// acceptSealed stores a report that the sender's browser sealed, as accept does
// one that it seals itself.
func (s *Service) acceptSealed(ctx context.Context, p *program.Program, in sealedReport, via string) (Accepted, error) {
	n := names{lookupHash: seal.LookupHash(s.Pepper, in.lookup), id: reportID(s.Pepper, p.ID, in.lookup)}
	d, err := s.prepareSealed(ctx, p, in, n, via)
	if err != nil {
		return s.refused(ctx, p, n, in.body.Sealed.Hash, err)
	}
	return s.keep(ctx, d)
}

func (s *Service) prepareSealed(ctx context.Context, p *program.Program, in sealedReport, n names, via string) (*draft, error) {
	if !s.mayCome(ctx, p.ID, via) {
		return nil, ErrClosed
	}
	if in.head.Get(formField) != formName(p) {
		return nil, ErrKeysChanged // asking again answers with the form of now
	}
	lang := in.head.Get("lang")
	r, err := s.routeSealed(p, in.head, lang, via)
	if err != nil {
		return nil, err
	}
	if !newShown(speaker{s, p, lang}.base(r)).covers(r.plan, in.head.Get(shownField)) {
		return nil, ErrWhoChanged
	}
	d, err := newDraft(n, p, via, r)
	if err != nil {
		return nil, err
	}
	d.sealedBy, d.body, d.replyKey = sealedByBrowser, in.body.Sealed, in.replyKey
	if d.wraps, err = s.usable(ctx, p.ID, in.body.Wraps, r.plan.Readers); err != nil {
		return nil, err
	}
	for _, holder := range r.plan.Readers {
		if !slices.ContainsFunc(d.wraps, func(w wrapped) bool { return w.holder == holder }) {
			d.keyless = append(d.keyless, holder)
		}
	}
	if in.reporter != nil {
		part := Part{Sealed: in.reporter.Sealed}
		if part.Wraps, err = s.usable(ctx, p.ID, in.reporter.Wraps, r.plan.Audience); err != nil {
			return nil, err
		}
		d.reporter = &part
	}
	return d, nil
}

// usable keeps one wrap for each office of a list, if it was made for a key of
// that office: the current one, or one that took its leave between asking and
// sending, and still opens. All others are dropped.
func (s *Service) usable(ctx context.Context, programID string, wraps []wrapped, offices []string) ([]wrapped, error) {
	var out []wrapped
	current := s.Keys(programID)
	for _, w := range wraps {
		if !slices.Contains(offices, w.holder) || slices.ContainsFunc(out, func(have wrapped) bool { return have.holder == w.holder }) {
			continue
		}
		if key := current[w.holder]; key.Public == nil || key.ID != w.keyID {
			old, err := s.hadKey(ctx, programID, w)
			if err != nil {
				return nil, err
			}
			if !old {
				continue
			}
		}
		out = append(out, w)
	}
	if len(out) == 0 {
		return nil, ErrKeysChanged
	}
	return out, nil
}

func (s *Service) hadKey(ctx context.Context, programID string, w wrapped) (bool, error) {
	if s.AllKeys == nil || s.Spool != nil && s.Spool.Away() {
		return false, nil // the browser asks for the keys of now and seals anew
	}
	keys, err := s.AllKeys(ctx, programID, w.holder)
	if err != nil {
		return false, fault.Wrap(err, "reading an office's keys")
	}
	return slices.ContainsFunc(keys, func(k agency.Key) bool { return k.ID == w.keyID }), nil
}

// clearFields are the fields of a program's form that a browser may send in
// clear: what routing needs, and the page's own.
func clearFields(p *program.Program) map[string]bool {
	out := map[string]bool{"lang": true, askField: true, shownField: true, formField: true, toldField: true}
	for _, name := range watchedFields(p.Form) {
		out[name] = true
	}
	return out
}

// lookupOf reads the lookup of a receipt as a browser posts it.
func lookupOf(text string) (lookup [32]byte, err error) {
	raw, err := fromURLBase64(text)
	if err != nil || len(raw) != len(lookup) {
		return lookup, ErrReceipt
	}
	return [32]byte(raw), nil
}
