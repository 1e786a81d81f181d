// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"

	"waylight/internal/partnership/policy"
	"waylight/internal/platform/store"
	"waylight/internal/prosecution/operation"
	"waylight/internal/prosecution/result"
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

// knownOperations is what the room of results asks of operations.
type knownOperations struct{ app *App }

// Operation finds one that the member may know of, once it has begun.
func (k knownOperations) Operation(ctx context.Context, r store.Reader, who policy.Subject, id string) (result.Operation, bool, error) {
	at, err := store.ParseID(id)
	if err != nil {
		return result.Operation{}, false, nil // no operation is called so
	}
	if may, err := k.app.Operations.MaySee(ctx, r, who, at); err != nil || !may {
		return result.Operation{}, false, err
	}
	o, ok, err := k.app.Operations.Find(ctx, r, who.Program, at)
	if err != nil || !ok || !o.Begun() {
		return result.Operation{}, false, err
	}
	return asResult(o), true, nil
}

// choice is how many operations somebody is given to choose from.
const choice = 200

func (k knownOperations) Mine(ctx context.Context, r store.Reader, who policy.Subject) ([]result.Operation, error) {
	all, err := k.app.Operations.Visible(ctx, r, who, "", choice)
	if err != nil {
		return nil, err
	}
	out := make([]result.Operation, 0, len(all))
	for _, o := range all {
		out = append(out, asResult(o))
	}
	return out, nil
}

func (k knownOperations) Name(ctx context.Context, r store.Reader, program, id string) (string, error) {
	at, err := store.ParseID(id)
	if err != nil {
		return "", nil // no operation is called so
	}
	o, _, err := k.app.Operations.Find(ctx, r, program, at)
	return o.Name, err
}

func (k knownOperations) Surges(ctx context.Context, r store.Reader, program string) (map[string]string, error) {
	of, err := k.app.Operations.Surges(ctx, r, program)
	if err != nil {
		return nil, err
	}
	out := make(map[string]string, len(of))
	for operation, surge := range of {
		out[operation.String()] = surge.String()
	}
	return out, nil
}

func (k knownOperations) SurgeName(ctx context.Context, r store.Reader, program, id string) (string, error) {
	at, err := store.ParseID(id)
	if err != nil {
		return "", nil // no surge is called so
	}
	return k.app.Operations.SurgeName(ctx, r, program, at)
}

func asResult(o operation.Known) result.Operation {
	return result.Operation{ID: o.ID.String(), Name: o.Name, From: o.From, To: o.To, Offices: append([]string{o.Lead}, o.Partners...)}
}
