// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/keyring"
	"waylight/internal/platform/store"
	"waylight/internal/protection/report"
	"waylight/programs"
)

// errNotSealed answers for a report that was never sealed to the office.
var errNotSealed = fault.New(fault.Forbidden, "not_sealed", "This report was not sealed to this office, so its shares cannot open it.")

// RequireDatabase refuses a configuration whose database is not there, for
// verbs that work on an installation and must never start a new one by a typing
// mistake.
func RequireDatabase(c Config) error {
	c = c.withDefaults()
	file, ok := strings.CutPrefix(c.Database, "sqlite:")
	if !ok {
		return nil
	}
	if _, err := os.Stat(file); err != nil {
		return fmt.Errorf("there is no installation here: %w", err)
	}
	return nil
}

// OpenOffline opens one report with an office's recovery shares, without any
// member's passphrase. With the installation's keyring the opening is recorded
// in the custody log before the words are returned. Without it, as after a
// disaster that took the keyring, the database is only read, and nothing can be
// recorded.
func OpenOffline(ctx context.Context, c Config, program, office, reportID string, shares []string) (words []byte, recorded bool, err error) {
	if err := RequireDatabase(c); err != nil {
		return nil, false, err
	}
	id, err := store.ParseID(reportID)
	if err != nil {
		return nil, false, fmt.Errorf("reading the report's id: %w", err)
	}
	keys, err := keyring.Verifiers(c.withDefaults().Keyring)
	if err != nil {
		return nil, false, err
	}
	open := newReading
	if recorded = len(keys) > 0; recorded {
		open = New
	}
	a, err := open(ctx, c)
	if err != nil {
		return nil, false, err
	}
	defer a.Close()
	words, err = a.recover(ctx, program, office, id, shares)
	if err == nil && recorded {
		err = a.record(ctx, custody.Entry{Program: program, Event: "report.opened_offline", Record: "report:" + id.String(), Actor: "recovery:" + office})
	}
	if err != nil {
		return nil, false, err
	}
	return words, recorded, nil
}

func (a *App) record(ctx context.Context, e custody.Entry) error {
	err := a.DB.Accept(ctx, func(tx *store.Tx) error {
		tx.Log(e)
		return nil
	})
	if err != nil {
		return fmt.Errorf("recording the opening: %w", err)
	}
	return nil
}

func (a *App) recover(ctx context.Context, program, office string, id store.ID, shares []string) ([]byte, error) {
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
	words, _, err := holder.OpenReport(office, sealed.Wrap, sealed.Ciphertext, sealed.Record(), sealed.Hash, office)
	if err != nil {
		return nil, fmt.Errorf("opening the report: %w", err)
	}
	return words, nil
}

// newReading opens just what reading a sealed report takes: packs, database,
// offices and reports, but no keyring.
func newReading(ctx context.Context, c Config) (_ *App, err error) {
	a := &App{Config: c.withDefaults()}
	defer func() {
		if err != nil {
			a.Close()
		}
	}()
	if a.Programs, err = program.Load(programs.FS, c.Packs...); err != nil {
		return nil, err
	}
	if a.DB, err = store.Inspect(ctx, a.Database, store.Options{Schemas: Schemas()}); err != nil {
		return nil, err
	}
	if behind, err := a.DB.Behind(ctx); err != nil || behind {
		return nil, errors.Join(err, errBehind)
	}
	if err := a.makeSite(); err != nil {
		return nil, err
	}
	if a.Agencies, err = agency.New(agency.Config{DB: a.DB, Programs: a.Programs, Site: a.Site, Now: a.Now, Viewer: viewer}); err != nil {
		return nil, err
	}
	a.Reports, err = report.New(report.Config{
		DB: a.DB, Programs: a.Programs, Keys: a.Agencies.Keys, Referrals: noReferrals{}, Log: a.LogOf, Site: a.Site,
		Pepper: make([]byte, 32), // finds no receipt, and none is looked for
	})
	return a, err
}

// errBehind keeps a database from being read whose reports stand otherwise than this release knows them.
var errBehind = errors.New("an older release left this database: read it with that one, or let `waylight serve` bring a copy of the folder up to date first")

// noReferrals stands where nothing is accepted.
type noReferrals struct{}

// Record refuses: nothing can be accepted without a keyring.
func (noReferrals) Record(*store.Tx, report.Ref, program.Plan) error { return errNotSealed }

// Progress knows of none.
func (noReferrals) Progress(context.Context, string, store.ID) ([]report.Progress, error) {
	return nil, nil
}
