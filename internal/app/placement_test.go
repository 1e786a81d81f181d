// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"testing"

	"waylight/internal/app"
	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/store"
	"waylight/internal/prevention/placement"
)

// The code of a sheet in a train leads to the form like every other: the question names the
// train, and no county beside it.
func TestCodeOfATrain(t *testing.T) {
	t.Parallel()
	a := installation(t, app.Config{Data: t.TempDir(), Demo: true, Origin: "http://127.0.0.1"})
	head := identity.Member{Program: here, ID: store.NewID(), Office: seats[0], Roles: []string{policy.RoleSupervisor}}
	train, wrong, err := a.Placements.AddPlace(ctx, head, placement.Typed{"kind": "train", "name": "City of New Orleans", "several": "restroom: car 2"})
	if err != nil {
		t.Fatal(wrong, err)
	}
	sheet, wrong, err := a.Placements.Add(ctx, head, placement.Draft{Place: train.ID, Notice: "us-station", Spot: "restroom", Label: "car 2"})
	if err != nil {
		t.Fatal(wrong, err)
	}
	c, ok := a.Codes.Place(ctx, here, sheet.Code.Text)
	if !ok || c.County != "" || c.Where() != "City of New Orleans" {
		t.Errorf("the code says %+v, %v", c, ok)
	}
}
