// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"context"
	"strings"
	"time"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

const (
	stateActive = "active"
	stateClosed = "closed"
)

// Office is an office of the pack that has joined the program.
type Office struct {
	ID              string
	State           string // "active" or "closed"
	Joined          time.Time
	AgreementSigned time.Time // zero until signed
	AgreementBy     string    // the person who signed for the office
	Closed          time.Time
}

// Faults of offices.
var (
	errNoOffice   = fault.New(fault.NotFound, "agency_office", "There is no such office in the pack.")
	errJoined     = fault.New(fault.Conflict, "agency_joined", "This office has already joined.")
	errNotJoined  = fault.New(fault.Conflict, "agency_not_joined", "This office has not joined the program, or has left it.")
	errSigner     = fault.New(fault.Invalid, "agency_signer", "Write the full name of the person who signed the agreement for the office.")
	errConfirm    = fault.New(fault.Invalid, "agency_confirm", "To have the office closed, type its short name as it stands on the page.")
	errLastDesk   = fault.New(fault.Conflict, "agency_last_desk", "This is the desk of an open program. Close the public form or add another desk first.")
	errLastResort = fault.New(fault.Conflict, "agency_last_resort",
		"Without this desk nobody could read a report that accuses the police or another office. Close the public form or add another such desk first.")
)

// Join records that an office of the pack joins the program. It can then invite
// people, and its first member makes its key. One that had left comes back without
// keys: it makes a new one, which the directory key signs, and signs the agreement
// again.
func (s *Service) Join(ctx context.Context, a Actor, office string) error {
	if err := s.mayProgram(a, office); err != nil {
		return err
	}
	if active, known := s.directory(a.Program).joined[office]; known && !active {
		return s.write(ctx, a, "agency.joined_again", "office:"+office, func(tx *store.Tx) error { return reopenOffice(tx, a.Program, office) })
	}
	return s.write(ctx, a, "agency.joined", "office:"+office, func(tx *store.Tx) error {
		return insertOffice(tx, a.Program, office)
	})
}

// SignAgreement records who signed the program's agreement for an office.
func (s *Service) SignAgreement(ctx context.Context, a Actor, office, by string) error {
	if err := s.mayProgram(a, office); err != nil {
		return err
	}
	by = strings.TrimSpace(by)
	if by == "" || tooLong(by, maxName) {
		return errSigner.At("by")
	}
	return s.write(ctx, a, "agency.agreement_signed", "office:"+office, func(tx *store.Tx) error {
		if err := activeOffice(ctx, tx, a.Program, office); err != nil {
			return err
		}
		return signOffice(tx, a.Program, office, by)
	})
}

// Offices lists the offices that have joined, closed ones included, by id.
func (s *Service) Offices(ctx context.Context, prog string) ([]Office, error) {
	return readOffices(ctx, s.cfg.DB, prog)
}

// Joined says whether the office has joined and is active. It does not query.
func (s *Service) Joined(prog, office string) bool { return s.directory(prog).joined[office] }

// officeName is the office's English name, for staff pages.
func officeName(p *program.Program, id string) string {
	if o, ok := p.Offices[id]; ok && o.Name.In("en") != "" {
		return o.Name.In("en")
	}
	return id
}

// mayProgram lets the program's administrators change an office of the pack.
func (s *Service) mayProgram(a Actor, office string) error {
	p, err := s.program(a.Program)
	if err != nil {
		return err
	}
	if _, ok := p.Offices[office]; !ok {
		return errNoOffice
	}
	if !a.system() && !a.Has(roleProgramAdmin) {
		return errForbidden
	}
	return nil
}
