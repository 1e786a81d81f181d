// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"

	"waylight/internal/platform/store"
	"waylight/internal/prosecution/operation"
)

func (a *App) makeOperations() (err error) {
	a.Operations, err = operation.New(operation.Config{
		DB: a.DB, Programs: a.Programs, People: a.People, Ring: a.Ring, Mail: postman{a}, Origin: a.Origin, Site: a.Site, Now: a.Now,
	})
	return err
}

// openWork counts what an office must finish before it is closed. Reports and operations are added up: whoever looks after the program learns that there is work, and not
// that an operation is planned.
func (a *App) openWork(ctx context.Context, r store.Reader, program, office string) (int, error) {
	reports, err := a.Referrals.OpenWork(ctx, r, program, office)
	if err != nil {
		return 0, err
	}
	operations, err := a.Operations.OpenWork(ctx, r, program, office)
	return reports + operations, err
}
