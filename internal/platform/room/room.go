// SPDX-License-Identifier: Apache-2.0

// Package room is the plug between a room and the program that serves it: the
// one value a room hands to app.
package room

import (
	"io/fs"

	"waylight/internal/platform/figure"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// Room is everything a room offers: its pages, its background work, its tables
// and its words. A nil part means the room has none.
type Room struct {
	Name      string
	Routes    []web.Route
	Jobs      map[string]jobs.Handler
	Schedules []jobs.Schedule
	Schema    store.Schema
	Measures  []figure.Measure
	Strings   fs.FS // strings/en.yaml, strings/es.yaml
}
