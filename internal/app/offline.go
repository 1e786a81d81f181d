// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// errNotSealed answers for a report that was never sealed to the office.
var errNotSealed = fault.New(fault.Forbidden, "not_sealed", "This report was not sealed to this office, so its shares cannot open it.")

// OpenOffline opens one report with an office's recovery shares, without any
// member's passphrase. The opening is recorded in the custody log before the
// words are returned; whoever works on a copy of the database records it in
// that copy only.
func (a *App) OpenOffline(ctx context.Context, program, office, reportID string, shares []string) (words []byte, err error) {
	id, err := store.ParseID(reportID)
	if err != nil {
		return nil, fmt.Errorf("reading the report's id: %w", err)
	}
	holder, err := identity.RecoverOffice(ctx, a.Agencies, program, office, shares)
	if err != nil {
		return nil, err
	}
	sealed, err := a.Reports.Body(ctx, program, id, office)
	if err != nil {
		return nil, err
	}
	if sealed.Wrap == nil {
		return nil, errNotSealed
	}
	words, _, err = holder.OpenReport(office, sealed.Wrap, sealed.Ciphertext, sealed.Record(), sealed.Hash, office)
	if err != nil {
		return nil, fmt.Errorf("opening the report: %w", err)
	}
	err = a.DB.Accept(ctx, func(tx *store.Tx) error {
		tx.Log(custody.Entry{Program: program, Event: "report.opened_offline", Record: "report:" + id.String(), Actor: "recovery:" + office})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("recording the opening: %w", err)
	}
	return words, nil
}
