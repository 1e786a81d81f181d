// SPDX-License-Identifier: Apache-2.0

package operation_test

import (
	"path/filepath"
	"testing"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
	"waylight/internal/platform/keyring"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/prosecution/operation"
)

// BenchmarkPlan is the answer to one plan among ten thousand of a year. `waylight bench conflicts` measures among as many as are asked for, on either engine.
func BenchmarkPlan(b *testing.B) {
	clock := storetest.NewClock(storetest.Start)
	db, err := store.Open(b.Context(), "sqlite:"+filepath.Join(b.TempDir(), "w.db"), store.Options{Schemas: schemas(), Now: clock.Now})
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	must(err)
	defer db.Close()
	set, err := packs()
	must(err)
	ring, err := keyring.Open(filepath.Join(b.TempDir(), "keyring"))
	must(err)
	agencies, err := agency.New(agency.Config{DB: db, Programs: set, Now: clock.Now})
	must(err)
	people, err := identity.New(identity.Config{DB: db, Programs: set, Agencies: agencies, Ring: ring, Now: clock.Now})
	must(err)
	s, err := operation.New(operation.Config{DB: db, Programs: set, People: people, Ring: ring, Mail: &letters{}, Now: clock.Now, Limits: many})
	must(err)
	w := &world{clock: clock}
	spread := func(n int) operation.Draft {
		return w.draft(func(d *operation.Draft) {
			d.From = d.From.Add(time.Duration(n*7919%8700) * time.Hour)
			d.To = d.From.Add(4 * time.Hour)
			d.Point = &operation.Point{Lat: 30.5 + float64(n*31%400)/100, Lon: -91 + float64(n*17%250)/100}
		})
	}
	for n := 0; n < 10_000; n += 500 {
		var drafts []operation.Draft
		for i := range 500 {
			drafts = append(drafts, spread(n+i))
		}
		must(s.Fill(b.Context(), officer(state), state, drafts))
	}
	m, n := officer(tribal), 0
	for b.Loop() {
		_, _, err := s.Plan(b.Context(), m, spread(n))
		must(err)
		n++
	}
}
