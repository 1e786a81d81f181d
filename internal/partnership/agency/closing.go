// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"context"
	"slices"
	"strings"
	"time"

	"waylight/internal/partnership/approval"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// Statement is one thing that somebody attests when an office is closed.
type Statement struct{ ID, Text string }

// The statements whose id is needed elsewhere.
const (
	saidHandedOver = "work_handed_over"
	saidSecond     = "second_person" // what the second person says by agreeing
)

// Statements is the closed list of what is attested when an office is closed. Only
// the first must be: an office that cannot say the others says so by leaving them
// out, and the record shows it.
func Statements() []Statement {
	return []Statement{
		{saidHandedOver, "Every open matter of the office was finished or handed to another office."},
		{"copies_destroyed", "The office destroyed or gave back its print-outs, downloads and other copies."},
		{"parts_destroyed", "The printed recovery parts were collected and destroyed."},
		{"devices_cleared", "The members signed out, and removed their passkeys for this site from their devices."},
		{"backups_named", "Whoever keeps backups knows that this office closed, and by when the older copies are overwritten."},
	}
}

// Faults of closing.
var (
	errHeld       = fault.New(fault.Conflict, "agency_held", "A legal hold stands on this office. It cannot be closed before the hold is lifted.")
	errOpenWork   = fault.New(fault.Conflict, "agency_open_work", "This office has reports or cases that are still open. Finish them or hand them to another office first.")
	errHandedOver = fault.New(fault.Invalid, "agency_handed_over", "Somebody must attest that the office's open matters were finished or handed over.")
	errStatement  = fault.New(fault.Invalid, "agency_statement", "One of the statements is not on the list.")
)

// Attestation is what somebody said when an office was closed.
type Attestation struct {
	Office    string
	Closing   store.ID // the request
	Member    string   // actor
	Statement string
	At        time.Time
}

// AskClose asks for a second person to close an office: its wraps are ended and
// the shares of its members destroyed, so that what it received is not opened any
// more. said is what the first person attests.
func (s *Service) AskClose(ctx context.Context, a Actor, office string, said []string) error {
	if err := s.mayAskClose(a, office); err != nil {
		return err
	}
	detail, err := attested(said)
	if err != nil {
		return err
	}
	return s.write(ctx, a, "agency.closing_asked", "office:"+office, func(tx *store.Tx) error {
		if err := s.mayClose(ctx, tx, a.Program, office); err != nil {
			return err
		}
		id, err := s.cfg.Approvals.Ask(tx, approval.Request{Program: a.Program, Action: policy.CloseOffice, Subject: "office:" + office, By: a.String(), Detail: detail})
		if err != nil {
			return err
		}
		for _, statement := range said {
			if err := insertAttestation(tx, a.Program, Attestation{Office: office, Closing: id, Member: a.String(), Statement: statement}); err != nil {
				return err
			}
		}
		return nil
	})
}

// mayAskClose says why somebody may not ask to close an office, if so.
func (s *Service) mayAskClose(a Actor, office string) error {
	if err := s.mayProgram(a, office); err != nil {
		return err
	}
	if a.system() { // it takes two people
		return errForbidden
	}
	if err := s.may(a, policy.CloseOffice, s.Object(a.Program, office)); err != nil {
		return err
	}
	if s.cfg.Approvals == nil {
		return errNoSecond
	}
	return nil
}

// attested puts what was said, and what was not, into words for the second person.
func attested(said []string) (string, error) {
	var yes, no []string
	for _, st := range Statements() {
		if slices.Contains(said, st.ID) {
			yes = append(yes, st.Text)
		} else {
			no = append(no, st.Text)
		}
	}
	switch {
	case len(yes) != len(said):
		return "", errStatement
	case !slices.Contains(said, saidHandedOver):
		return "", errHandedOver.At("said")
	}
	detail := "The office's wraps are ended and its members' shares destroyed, for good.\nAttested by who asks:\n" + strings.Join(yes, "\n")
	if len(no) > 0 {
		detail += "\nNot attested:\n" + strings.Join(no, "\n")
	}
	return detail, nil
}

// mayClose refuses an office under a hold, one with open work, and a desk without
// which a report to the open form could have no reader.
func (s *Service) mayClose(ctx context.Context, tx *store.Tx, prog, office string) error {
	if err := activeOffice(ctx, tx, prog, office); err != nil {
		return err
	}
	if s.IsOpen(prog) && s.Desk(prog) == office {
		return errLastDesk
	}
	if p, err := s.program(prog); err == nil && s.IsOpen(prog) && !s.directory(prog).everyReportRead(p, office) {
		return errLastResort
	}
	held, err := Held(ctx, tx, prog, office, store.ID{})
	if err != nil {
		return err
	}
	if held {
		return errHeld
	}
	if s.cfg.OpenWork == nil {
		return nil
	}
	open, err := s.cfg.OpenWork(ctx, tx, prog, office)
	if err != nil {
		return fault.Wrap(err, "counting an office's open work")
	}
	if open > 0 {
		return errOpenWork
	}
	return nil
}

// closeApproved closes an office once a second person agreed. Everything is looked
// at again: a hold may have been placed since.
func (s *Service) closeApproved(ctx context.Context, tx *store.Tx, r approval.Request) error {
	office := strings.TrimPrefix(r.Subject, "office:")
	if err := s.mayClose(ctx, tx, r.Program, office); err != nil {
		return err
	}
	if err := insertAttestation(tx, r.Program, Attestation{Office: office, Closing: r.ID, Member: r.DecidedBy, Statement: saidSecond}); err != nil {
		return err
	}
	if err := s.endKeys(ctx, tx, r.Program, office); err != nil {
		return err
	}
	if err := closeOffice(tx, r.Program, office); err != nil {
		return err
	}
	tx.Log(custody.Entry{Program: r.Program, Event: "agency.closed", Record: "office:" + office, Actor: r.DecidedBy})
	for _, fn := range s.closing {
		if err := fn(ctx, tx, r.Program, office, r.DecidedBy); err != nil {
			return err
		}
	}
	if err := refreshSoon(tx, r.Program); err != nil {
		return err
	}
	return s.lookSoon(tx, r.Program)
}

// endKeys takes every wrap of an office away, those for its recovery key too, and
// every key and asking out of use.
func (s *Service) endKeys(ctx context.Context, tx *store.Tx, prog, office string) error {
	wraps, err := readWraps(ctx, tx, prog, office)
	if err != nil {
		return err
	}
	for _, w := range wraps {
		if err := wipeWrap(tx, prog, office, w); err != nil {
			return err
		}
	}
	current, ok, err := currentKey(ctx, tx, prog, office)
	if err != nil {
		return err
	}
	if ok {
		if err := retireKey(tx, prog, office, current); err != nil {
			return err
		}
	}
	if err := retireRecovery(ctx, tx, prog, office); err != nil {
		return err
	}
	return endRotations(tx, prog, office)
}

// WhenClosed adds what else ends with an office, in the same transaction: the room
// of people ends its members and destroys their shares. Call it before anything is
// served.
func (s *Service) WhenClosed(fn func(ctx context.Context, tx *store.Tx, program, office, actor string) error) {
	s.closing = append(s.closing, fn)
}

// Attestations lists what was said when an office was closed, the newest closing
// first.
func (s *Service) Attestations(ctx context.Context, program, office string) ([]Attestation, error) {
	return readAttestations(ctx, s.cfg.DB, program, office)
}

// handleApprovals says what is done once a second person agreed.
func (s *Service) handleApprovals() {
	if s.cfg.Approvals == nil {
		return
	}
	read := func(ctx context.Context, _ approval.Request) error { return s.Refresh(context.WithoutCancel(ctx)) }
	s.cfg.Approvals.Handle(policy.CloseOffice, s.closeApproved, read)
	s.cfg.Approvals.Handle(policy.LiftHold, s.liftApproved)
}
