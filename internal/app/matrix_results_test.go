// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"fmt"
	"strings"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/store"
	"waylight/internal/prosecution/result"
)

// results are rows, imports and pairs of every office whose people may enter any.
func (m *matrix) results() (rows, imports, pairs []thing) {
	m.t.Helper()
	for _, w := range m.walkers {
		if !policy.Allow(policy.ChangeResults, w.who) {
			continue
		}
		colleague := w.Member // somebody else of the office, whom a walker may confirm
		colleague.ID = store.NewID()
		o := m.office(w.Program, w.Office)
		object := func() []policy.Object { return []policy.Object{o} }
		row := func() string { return m.result(colleague, store.NewID().String()) }
		rows = append(rows, thing{name: w.Program + " result of " + w.Office, id: row(), objects: object(), another: row})
		bring := func() string { return m.bring(colleague) }
		imports = append(imports, thing{name: w.Program + " import of " + w.Office, id: bring(), objects: object(), another: bring})
		pair := func() string { return m.pair(colleague) }
		pairs = append(pairs, thing{name: w.Program + " pair of " + w.Office, id: pair(), objects: object(), another: pair})
	}
	return rows, imports, pairs
}

func (m *matrix) result(by identity.Member, booking string) string {
	m.t.Helper()
	rows, _, err := m.app.Results.Enter(ctx, by, []result.Line{result.Typed(map[string]string{"kind": result.Arrest, "date": "2026-11-01", "role": "buyer", "age": "adult",
		"booking": "B-1" + booking, "evidence": "report", "number": "R-1"})})
	m.fatal(err)
	return rows[0].ID.String()
}

func (m *matrix) bring(by identity.Member) string {
	m.t.Helper()
	im, err := m.app.Results.Upload(ctx, by, "some.csv", strings.NewReader(fmt.Sprintf("kind,date,item,evidence,number\nweapon,2026-11-01,knife,report,F-1%s\n", store.NewID())))
	m.fatal(err)
	return im.ID.String()
}

func (m *matrix) pair(by identity.Member) string {
	m.t.Helper()
	booking := store.NewID().String()
	m.result(by, booking)
	id, err := store.ParseID(m.result(by, booking))
	m.fatal(err)
	list, err := m.app.Results.Matches(ctx, by, id)
	m.fatal(err)
	return list[0].ID.String()
}
