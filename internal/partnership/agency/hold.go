// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"context"
	"strings"
	"time"

	"waylight/internal/partnership/approval"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// Faults of legal holds.
var (
	errBasis      = fault.New(fault.Invalid, "hold_basis", "Write what the hold rests on, such as a court's order or a case's number, in at most 1,000 characters. No names of people.")
	errHoldReport = fault.New(fault.Invalid, "hold_report", "This is not the id of a report. Copy it from the report's page, or leave it empty to hold everything of the office.")
	errHeldTwice  = fault.New(fault.Conflict, "hold_lifted", "This hold was lifted already.")
	errWhyLift    = fault.New(fault.Invalid, "hold_why", "Write why the hold can be lifted, in at most 500 characters.")
	errNoSecond   = fault.New(fault.Unavailable, "agency_no_second", "Acts that need a second person cannot be asked for here.")
)

const maxWhy = 500

// Hold is a duty to keep what an office holds, or one report of it.
type Hold struct {
	ID          store.ID
	Office      string
	Report      store.ID // zero: everything of the office
	Basis       string
	Placed      time.Time
	PlacedBy    string
	Lifted      time.Time // zero while it stands
	LiftedBy    string    // the second person
	LiftAskedBy string
}

func (h Hold) record() string { return "hold:" + h.ID.String() }

// PlaceHold places a legal hold on an office that has joined, also on one that has
// closed; report is the id of one report, or "". One person is enough to protect
// records.
func (s *Service) PlaceHold(ctx context.Context, a Actor, office, report, basis string) error {
	if err := s.mayProgram(a, office); err != nil {
		return err
	}
	h := Hold{ID: store.NewID(), Office: office, Basis: strings.TrimSpace(basis)}
	if h.Basis == "" || tooLong(h.Basis, maxWords) {
		return errBasis.At("basis")
	}
	if report = strings.TrimSpace(report); report != "" {
		id, err := store.ParseID(report)
		if err != nil {
			return errHoldReport.At("report")
		}
		h.Report = id
	}
	if _, known := s.directory(a.Program).joined[office]; !known {
		return errNotJoined
	}
	return s.write(ctx, a, "hold.placed", h.record(), func(tx *store.Tx) error { return insertHold(tx, a, h) })
}

// AskLift asks for a second person to lift a hold.
func (s *Service) AskLift(ctx context.Context, a Actor, id store.ID, why string) error {
	if a.system() || !a.Has(roleProgramAdmin) {
		return errForbidden
	}
	if s.cfg.Approvals == nil {
		return errNoSecond
	}
	why = strings.TrimSpace(why)
	if why == "" || tooLong(why, maxWhy) {
		return errWhyLift.At("why")
	}
	return s.write(ctx, a, "hold.lift_asked", Hold{ID: id}.record(), func(tx *store.Tx) error {
		h, err := holdByID(ctx, tx, a.Program, id)
		if err != nil {
			return err
		}
		if err := s.may(a, policy.LiftHold, s.objectOf(a.Program, h)); err != nil {
			return err
		}
		if !h.Lifted.IsZero() {
			return errHeldTwice
		}
		_, err = s.cfg.Approvals.Ask(tx, approval.Request{Program: a.Program, Action: policy.LiftHold, Subject: h.record(), By: a.String(),
			Detail: "Office: " + h.Office + "\nThe hold rests on: " + h.Basis + "\nIt can be lifted because: " + why})
		return err
	})
}

// liftApproved lifts a hold once a second person agreed.
func (s *Service) liftApproved(ctx context.Context, tx *store.Tx, r approval.Request) error {
	id, err := store.ParseID(strings.TrimPrefix(r.Subject, "hold:"))
	if err != nil {
		return errNoSuch.With(err)
	}
	h, err := holdByID(ctx, tx, r.Program, id)
	if err != nil {
		return err
	}
	if !h.Lifted.IsZero() {
		return errHeldTwice
	}
	if err := liftHold(tx, r.Program, id, r.DecidedBy, r.By); err != nil {
		return err
	}
	tx.Log(custody.Entry{Program: r.Program, Event: "hold.lifted", Record: h.record(), Actor: r.DecidedBy})
	return nil
}

// Holds lists the holds of a program, or of one office, the newest first; those
// that were lifted stay on the list.
func (s *Service) Holds(ctx context.Context, program, office string) ([]Hold, error) {
	return readHolds(ctx, s.cfg.DB, program, office)
}

// Held says whether a hold stands on an office, or on the report at the office.
// Whoever would take something away asks it in the same transaction.
func Held(ctx context.Context, r store.Reader, program, office string, report store.ID) (bool, error) {
	all, err := readHolds(ctx, r, program, office)
	for _, h := range all {
		if h.Lifted.IsZero() && (h.Report == (store.ID{}) || report == (store.ID{}) || h.Report == report) {
			return true, err
		}
	}
	return false, err
}
