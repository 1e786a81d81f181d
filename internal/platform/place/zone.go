// SPDX-License-Identifier: Apache-2.0

package place

import (
	"embed"
	"fmt"
	"time"
)

// The zones of the United States lie in the program, for machines that carry no zone
// files; those of the whole world take fifteen times the room.
//
//go:embed data/zones
var zones embed.FS

// Zone finds a time zone by its name: those of the United States everywhere and
// always the same, others where the machine knows them.
func Zone(name string) (*time.Location, error) {
	if data, err := zones.ReadFile("data/zones/" + name); err == nil {
		zone, err := time.LoadLocationFromTZData(name, data)
		if err != nil {
			return nil, fmt.Errorf("reading the zone %s: %w", name, err)
		}
		return zone, nil
	}
	return time.LoadLocation(name)
}
