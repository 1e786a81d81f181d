// SPDX-License-Identifier: Apache-2.0

package app

import "waylight/internal/prevention/placement"

// makePlacements makes the room of places and of what hangs there.
func (a *App) makePlacements() (err error) {
	a.Placements, err = placement.New(placement.Config{DB: a.DB, Programs: a.Programs, Subject: a.People.Subject, Name: a.nameOf, Site: a.Site, Now: a.Now})
	return err
}
