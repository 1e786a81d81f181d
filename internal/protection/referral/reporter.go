// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/protection/report"
)

// proofReporter is the kind of the proof that the reporter's own part was opened.
const proofReporter = "reporter"

// ReporterStatement is what a member's browser signs after it has opened the
// reporter's own part. Server and browser write it alike.
func ReporterStatement(programID string, id store.ID, hash [32]byte, office string, member store.ID) string {
	return fmt.Sprintf("waylight/reporter-opened/v1\nprogram %s\nreport %s\nbody %s\noffice %s\nmember %s\n",
		programID, id, hex.EncodeToString(hash[:]), office, member)
}

// Reporter gives the reporter's own part as the member's office may have it.
// ErrNoName is one answer for two things: that the part is not for the office,
// and that nothing was said. An office learns neither from the other.
func (s *Service) Reporter(ctx context.Context, m identity.Member, id store.ID) (report.ReporterPart, error) {
	p, o, err := s.office(m)
	if err != nil {
		return report.ReporterPart{}, err
	}
	e, err := s.envelope(ctx, m, id)
	if err != nil {
		return report.ReporterPart{}, err
	}
	part, err := s.reports.Reporter(ctx, m.Program, id, m.Office)
	switch {
	case errors.Is(err, report.ErrNoReport):
		return report.ReporterPart{}, ErrNoName
	case err != nil:
		return report.ReporterPart{}, fault.Wrap(err, "reading the part about a reporter")
	case part.Wrap == nil, !p.MayName(e, o.ID): // the second holds even if a row says otherwise
		return report.ReporterPart{}, ErrNoName
	}
	return part, nil
}

// OpenReporter records that the member opened the reporter's own part, on the
// same proof as Open. It changes no state and starts no clock.
func (s *Service) OpenReporter(ctx context.Context, m identity.Member, id store.ID, token [32]byte, signature []byte) error {
	part, err := s.Reporter(ctx, m, id)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(token[:])
	if subtle.ConstantTimeCompare(sum[:], part.Token[:]) != 1 {
		return ErrProof
	}
	if !s.people.VerifySignature(m, ReporterStatement(m.Program, id, part.Hash, m.Office, m.ID), signature) {
		return ErrProof
	}
	return s.change(ctx, m, id, func(tx *store.Tx, mine []Referral) (bool, error) {
		err := insertEvidence(tx, mine[0], Evidence{Member: m.ID, Office: m.Office, Kind: proofReporter, Signature: signature})
		if err != nil {
			return false, err
		}
		return true, s.named(tx, mine[0], m, ActOpenReporter, "reporter.opened", "")
	})
}

// named writes a step about the reporter's own part, and its custody entry.
func (s *Service) named(tx *store.Tx, r Referral, m identity.Member, act Act, event, code string) error {
	err := insertStep(tx, Step{Program: r.Program, Referral: r.ID, Report: r.Report, Act: act, Actor: m.Actor(), Office: m.Office,
		Before: r.State, After: r.State, Code: code})
	if err != nil {
		return err
	}
	tx.Log(custody.Entry{Program: r.Program, Event: event, Record: "report:" + r.Report.String(), Actor: m.Actor(), Rule: s.version(r.Program)})
	return nil
}

// GiveReporter keeps the reporter's own part wrapped, in the member's browser,
// for another office that holds the report already. The member's office must have
// opened it. Of a help report only a desk outside the police may, since the
// answer tells that the other office holds it.
func (s *Service) GiveReporter(ctx context.Context, m identity.Member, id store.ID, o Onward) error {
	p, from, err := s.office(m)
	if err != nil {
		return err
	}
	e, err := s.envelope(ctx, m, id)
	if err != nil {
		return err
	}
	if e.Mode == program.Help && (from.Police || !s.isDesk(m)) {
		return ErrName
	}
	if err := s.checkName(ctx, m, id, p, e, Onward{Office: o.Office, KeyID: o.KeyID, Reporter: o.Wrap}); err != nil {
		return err
	}
	key, ok := s.agencies.Keys(m.Program)[o.Office]
	if !ok || !s.agencies.Keyed(m.Program)(o.Office) || key.ID != o.KeyID {
		return ErrKey
	}
	return s.change(ctx, m, id, func(tx *store.Tx, mine []Referral) (bool, error) {
		all, err := referralsOf(ctx, tx, m.Program, id)
		if err != nil {
			return false, err
		}
		holds := slices.ContainsFunc(all, func(r Referral) bool { return r.Origin != OriginReminder && holds(p.Offices[o.Office], r) })
		if !holds || o.Office == m.Office {
			return false, ErrName
		}
		return true, s.giveName(tx, m, mine[0], o.Office, o.KeyID, o.Wrap)
	})
}

// holds says whether an office's own people may know of a referral.
func holds(o program.Office, r Referral) bool {
	return sees(identity.Member{Program: r.Program, Office: o.ID, Roles: []string{identity.RoleMember}}, o, r)
}

// checkName refuses to pass the reporter's own part on where nothing may: to an
// accused office or one from which a law keeps it, or by an office that has not
// opened it itself.
func (s *Service) checkName(ctx context.Context, m identity.Member, id store.ID, p *program.Program, e program.Envelope, o Onward) error {
	if o.Reporter == nil {
		return nil
	}
	if !p.MayName(e, o.Office) {
		return ErrName
	}
	if len(o.Reporter) != seal.WrapSize {
		return ErrProof
	}
	if _, err := s.Reporter(ctx, m, id); err != nil {
		return err
	}
	proofs, err := evidenceOf(ctx, s.db, m.Program, id)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(proofs, func(e Evidence) bool { return e.Kind == proofReporter && e.Office == m.Office }) {
		return ErrNameUnopened
	}
	return nil
}

// hasName says whether an office has the reporter's own part for its present key.
func (s *Service) hasName(ctx context.Context, programID string, id store.ID, o Onward) (bool, error) {
	part, err := s.reports.Reporter(ctx, programID, id, o.Office)
	return part.Wrap != nil && part.KeyID == o.KeyID, fault.Wrap(err, "reading the part about a reporter")
}

// giveName keeps a wrap of the reporter's own part. One that is there already
// stays as it is.
func (s *Service) giveName(tx *store.Tx, m identity.Member, from Referral, office string, keyID [16]byte, wrap []byte) error {
	if wrap == nil {
		return nil
	}
	err := s.reports.AddReporterWrap(tx, m.Program, from.Report, office, keyID, wrap)
	if errors.Is(err, store.ErrExists) {
		return ErrHasName.With(err)
	}
	if err != nil {
		return fault.Wrap(err, "keeping a wrap of the part about a reporter")
	}
	return s.named(tx, from, m, ActGiveReporter, "reporter.given", office)
}
