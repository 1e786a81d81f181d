// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
	"waylight/internal/protection/report"
)

// reporterView is what a page says of the reporter's own part.
type reporterView struct {
	State   string         // yours, none, waiting or not: see the template
	Warning string         // what the program tells its people about a name
	Lacks   []receiverView // offices that hold the report without that part, and may be given it
}

// nameWarning is the pack's notice about a reporter's name, for its people.
const nameWarning = "reporter-name"

// reporterView gathers what a page says of the reporter's own part. Whether
// anything was said is told only to whom it is for.
func (s *Service) reporterView(ctx context.Context, v viewer, id store.ID, e program.Envelope, all []Referral) (reporterView, error) {
	part, err := s.reports.Reporter(ctx, v.p.ID, id, v.m.Office)
	none := errors.Is(err, report.ErrNoReport)
	if err != nil && !none {
		return reporterView{}, fault.Wrap(err, "reading the part about a reporter")
	}
	plan := v.p.Route(e, s.agencies.Keyed(v.p.ID))
	out := reporterView{State: "not", Warning: v.p.Told[nameWarning].In("en")}
	switch {
	case !v.p.MayName(e, v.m.Office), part.Wrap == nil && !slices.Contains(plan.Audience, v.m.Office):
		return out, nil
	case none:
		out.State = "none"
		return out, nil
	case part.Wrap == nil:
		out.State = "waiting"
		return out, nil
	}
	out.State = "yours"
	out.Lacks, err = s.lacking(ctx, v, id, e, all)
	return out, err
}

// lacking lists the other holders that could be given the reporter's own part. Of
// a help report, only those that were to have it.
func (s *Service) lacking(ctx context.Context, v viewer, id store.ID, e program.Envelope, all []Referral) ([]receiverView, error) {
	if e.Mode == program.Help && (v.p.Offices[v.m.Office].Police || !v.desk) {
		return nil, nil
	}
	keys, chains, keyed := s.agencies.Keys(v.p.ID), s.agencies.Directory(v.p.ID), s.agencies.Keyed(v.p.ID)
	var out []receiverView
	for _, r := range all {
		o := v.p.Offices[r.Holder]
		if r.Origin == OriginReminder || o.ID == v.m.Office || !holds(o, r) || !keyed(o.ID) || !v.p.MayName(e, o.ID) ||
			slices.ContainsFunc(out, func(x receiverView) bool { return x.ID == o.ID }) {
			continue
		}
		part, err := s.reports.Reporter(ctx, v.p.ID, id, o.ID)
		if err != nil {
			return nil, fault.Wrap(err, "reading the part about a reporter")
		}
		meant := e.Mode != program.Help || part.Wrap != nil || slices.Contains(v.p.Route(e, keyed).Audience, o.ID)
		if meant && (part.Wrap == nil || part.KeyID != keys[o.ID].ID) {
			x, err := receiverOf(o, chains)
			if err != nil {
				return nil, err
			}
			out = append(out, x)
		}
	}
	return out, nil
}

// unnamed says why an operator must not give an office the reporter's name, or
// "" where nothing is against it.
func (s *Service) unnamed(v viewer, e program.Envelope, office string) (why []citation, no bool) {
	if law := v.p.Offices[office].Withheld; law != "" {
		return citations(v.p, []string{law}), true
	}
	for _, d := range v.p.Route(e, s.agencies.Keyed(v.p.ID)).Deliveries {
		if d.Recipient == office && !d.Named {
			return citations(v.p, []string{d.Withheld}), true
		}
	}
	return nil, !v.p.MayName(e, office)
}

// reporterJSON sends the reporter's own part to the browser of a member whose
// office may have it.
func (s *Service) reporterJSON(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	m := me(r)
	part, err := s.Reporter(r.Context(), m, id)
	if err != nil {
		return err
	}
	if err := s.looked(r.Context(), m, "reporter.fetched", "report:"+id.String()); err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, sealedReport{
		Program: m.Program, Report: id.String(), Office: m.Office, Member: m.ID.String(), Hash: part.Hash[:], Ciphertext: part.Ciphertext,
		Wrap: part.Wrap, SealedBy: part.SealedBy, Questions: s.questions(m.Program),
	})
}

func (s *Service) reporterOpenedPost(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	token, signature, err := openingOf(r)
	if err != nil {
		return err
	}
	if err := s.OpenReporter(r.Context(), me(r), id, token, signature); err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, map[string]bool{"ok": true})
}

func (s *Service) reporterGivePost(w http.ResponseWriter, r *http.Request) error {
	return wrapPost(w, r, func(id store.ID, o Onward) error { return s.GiveReporter(r.Context(), me(r), id, o) })
}
