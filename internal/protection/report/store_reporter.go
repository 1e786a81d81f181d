// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"database/sql"
	"errors"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// insertReporter writes the part about the reporter. Its rows wait for the
// report's own custody entry.
func insertReporter(tx *store.Tx, programID string, id store.ID, p *Part) error {
	if p == nil {
		return nil
	}
	err := tx.Insert("report_reporter", store.Row{
		"program": programID, "report": id, "body": p.Sealed.Ciphertext, "body_hash": p.Sealed.Hash, "token_hash": p.Sealed.Token,
	})
	if err != nil {
		return err
	}
	for _, w := range p.Wraps {
		if err := insertReporterWrap(tx, programID, id, w); err != nil {
			return err
		}
	}
	return nil
}

func insertReporterWrap(tx *store.Tx, programID string, id store.ID, w wrapped) error {
	return tx.Insert("report_reporter_wrap", store.Row{
		"program": programID, "report": id, "holder": w.holder, "key_id": w.keyID, "added": tx.Now(), "wrap": w.wrap,
	})
}

func readReporter(ctx context.Context, r store.Reader, programID string, id store.ID) (ReporterPart, error) {
	p := ReporterPart{Program: programID, Report: id}
	var hash, token []byte
	err := r.QueryRow(ctx, `select report.form, report.sealed_by, report_reporter.body, report_reporter.body_hash, report_reporter.token_hash
		from report_reporter join report on report.program = report_reporter.program and report.id = report_reporter.report
		where report_reporter.program = $1 and report_reporter.report = $2`, programID, id).
		Scan(&p.Form, &p.SealedBy, &p.Ciphertext, &hash, &token)
	if errors.Is(err, sql.ErrNoRows) {
		return ReporterPart{}, ErrNoReport
	}
	copy(p.Hash[:], hash)
	copy(p.Token[:], token)
	return p, fault.Wrap(err, "reading the part about a reporter")
}

// readReporterWrap gives the newest wrap for a holder, nil when there is none.
func readReporterWrap(ctx context.Context, r store.Reader, programID string, id store.ID, holder string) (keyID [16]byte, wrap []byte, err error) {
	var key []byte
	err = r.QueryRow(ctx, `select key_id, wrap from report_reporter_wrap
		where program = $1 and report = $2 and holder = $3 order by added desc, key_id limit 1`, programID, id, holder).
		Scan(&key, &wrap)
	if errors.Is(err, sql.ErrNoRows) {
		return keyID, nil, nil
	}
	copy(keyID[:], key)
	return keyID, wrap, fault.Wrap(err, "reading a wrap of the part about a reporter")
}
