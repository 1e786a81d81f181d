// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// maybe is a time that may be absent, as it is stored.
func maybe(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return store.Micros(t)
}

// word is a text that may be absent.
func word(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// link is an id that may be absent.
func link(id store.ID) any {
	if id.IsZero() {
		return nil
	}
	return id[:]
}

const operationColumns = `o.program, o.id, o.lead, o.kind, o.state, o.surge, o.version, o.body, o.made_at, o.made_by, o.planned_at, o.planned_by, o.approved_at, o.approved_by,
	o.closed_at, o.closed_by, o.reviewed_at, o.reviewed_by, o.cancelled_at, o.cancelled_by, o.level`

// scanOperation reads a row and opens what is encrypted in it. Its partners are read by withPartners.
func (s *Service) scanOperation(row store.Scanner) (Operation, error) {
	var o Operation
	var body []byte
	var made, planned int64
	var approved, closed, reviewed, cancelled sql.NullInt64
	var approvedBy, closedBy, reviewedBy, cancelledBy, level sql.NullString
	err := row.Scan(&o.Program, &o.ID, &o.Lead, &o.Kind, &o.State, &o.Surge, &o.Version, &body, &made, &o.MadeBy, &planned, &o.PlannedBy, &approved, &approvedBy,
		&closed, &closedBy, &reviewed, &reviewedBy, &cancelled, &cancelledBy, &level)
	if err != nil {
		return o, err
	}
	o.Made, o.PlannedAt, o.ApprovedAt, o.ClosedAt = store.Time(made), store.Time(planned), store.Time(approved.Int64), store.Time(closed.Int64)
	o.ReviewedAt, o.CancelledAt = store.Time(reviewed.Int64), store.Time(cancelled.Int64)
	o.ApprovedBy, o.ClosedBy, o.ReviewedBy, o.CancelledBy, o.Level = approvedBy.String, closedBy.String, reviewedBy.String, cancelledBy.String, level.String
	return o, s.openBody(o.Program, o.place(), body, &o.Details)
}

// place is where an operation's body stands, for the key that encrypts it.
func (o Operation) place() string { return "operation/body/" + o.ID.String() }

func (s *Service) openBody(programID, place string, sealed []byte, into any) error {
	t := s.tenants[programID]
	if t == nil {
		return ErrNotFound
	}
	plain, err := t.Open(place, sealed)
	if err != nil {
		return fault.Wrap(err, "opening a plan")
	}
	return fault.Wrap(json.Unmarshal(plain, into), "reading a plan")
}

func (s *Service) sealBody(programID, place string, body any) ([]byte, error) {
	t := s.tenants[programID]
	if t == nil {
		return nil, ErrNotFound
	}
	plain, err := json.Marshal(body)
	if err != nil {
		return nil, fault.Wrap(err, "writing a plan")
	}
	return t.Seal(place, plain), nil
}

// byID reads an operation with its partners, whoever asks.
func (s *Service) byID(ctx context.Context, r store.Reader, programID string, id store.ID) (Operation, error) {
	o, err := s.scanOperation(r.QueryRow(ctx, `select `+operationColumns+` from operation o where o.program = $1 and o.id = $2`, programID, id))
	if errors.Is(err, sql.ErrNoRows) {
		return o, ErrNotFound
	}
	if err != nil {
		return o, fault.Wrap(err, "reading an operation")
	}
	o.Partners, err = partnersOf(ctx, r, programID, id)
	return o, err
}

func partnersOf(ctx context.Context, r store.Reader, programID string, id store.ID) ([]string, error) {
	return store.Collect(ctx, r, "reading who takes part", func(row store.Scanner) (string, error) {
		var office string
		err := row.Scan(&office)
		return office, err
	}, `select office from operation_office where program = $1 and operation = $2 and part = $3 order by office`, programID, id, partPartner)
}

const (
	partLead    = "lead"
	partPartner = "partner"
)

func (s *Service) insertOperation(tx *store.Tx, o Operation) error {
	body, err := s.sealBody(o.Program, o.place(), o.Details)
	if err != nil {
		return err
	}
	err = tx.Insert("operation", store.Row{
		"program": o.Program, "id": o.ID, "lead": o.Lead, "kind": o.Kind, "state": string(o.State), "surge": link(o.Surge), "version": o.Version, "body": body,
		"made_at": o.Made, "made_by": o.MadeBy, "planned_at": o.PlannedAt, "planned_by": o.PlannedBy, "approved_at": nil, "approved_by": nil, "began": nil, "ended": nil,
		"closed_at": nil, "closed_by": nil, "reviewed_at": nil, "reviewed_by": nil, "cancelled_at": nil, "cancelled_by": nil, "level": nil,
	})
	if err != nil {
		return err
	}
	for i, office := range o.Offices() {
		part := partPartner
		if i == 0 {
			part = partLead
		}
		if err := insertOffice(tx, o, office, part); err != nil {
			return err
		}
	}
	return nil
}

func insertOffice(tx *store.Tx, o Operation, office, part string) error {
	return tx.Insert("operation_office", store.Row{"program": o.Program, "office": office, "operation": o.ID, "part": part, "made_at": o.Made})
}

// setPartners makes the partners of was those of o.
func setPartners(tx *store.Tx, was, o Operation) error {
	for _, office := range was.Partners {
		if slices.Contains(o.Partners, office) {
			continue
		}
		if _, err := tx.Exec(`delete from operation_office where program = $1 and office = $2 and operation = $3`, o.Program, office, o.ID); err != nil {
			return fault.Wrap(err, "ending a partner's part")
		}
		if err := tx.Touch("operation_office", o.Program, office, o.ID); err != nil {
			return err
		}
	}
	for _, office := range o.Partners {
		if slices.Contains(was.Partners, office) {
			continue
		}
		if err := insertOffice(tx, o, office, partPartner); err != nil {
			return err
		}
	}
	return nil
}

// update writes what an operation has become, unless somebody else changed it since it was read.
func (s *Service) update(tx *store.Tx, o Operation) error {
	body, err := s.sealBody(o.Program, o.place(), o.Details)
	if err != nil {
		return err
	}
	var began, ended any
	if o.State == Closed || o.State == Reviewed { // before that, when it runs is nobody's business
		began, ended = store.Micros(o.Began), store.Micros(o.Ended)
	}
	n, err := tx.Exec(`update operation set kind = $1, state = $2, surge = $3, version = version + 1, body = $4, planned_at = $5, planned_by = $6, approved_at = $7, approved_by = $8,
		began = $9, ended = $10, closed_at = $11, closed_by = $12, reviewed_at = $13, reviewed_by = $14, cancelled_at = $15, cancelled_by = $16, level = $17
		where program = $18 and id = $19 and version = $20`,
		o.Kind, string(o.State), link(o.Surge), body, store.Micros(o.PlannedAt), o.PlannedBy, maybe(o.ApprovedAt), word(o.ApprovedBy), began, ended,
		maybe(o.ClosedAt), word(o.ClosedBy), maybe(o.ReviewedAt), word(o.ReviewedBy), maybe(o.CancelledAt), word(o.CancelledBy), word(o.Level), o.Program, o.ID, o.Version)
	if err != nil {
		return fault.Wrap(err, "changing an operation")
	}
	if n == 0 {
		return errStep
	}
	return tx.Touch("operation", o.Program, o.ID)
}
