// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"maps"
	"time"

	"waylight/internal/platform/custody"
)

// followEvery is how soon a server knows what another one changed in the directory: offices, their keys, checked lines, whether the form is open. All
// else is read from the database each time.
const followEvery = time.Second

// following keeps this server's picture of the directory in line with the
// database, where other servers may stand on the same one. Whatever changes the
// directory makes the log grow, so the log's size tells when to look again.
func (a *App) following(ctx context.Context) {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	seen := map[string]int64{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now, err := a.follow(ctx, seen)
		if err != nil && ctx.Err() == nil {
			a.Log.Error("following the directory", "error", err.Error())
			continue
		}
		seen = now
	}
}

// follow reads the directory again if a log has grown since it was seen.
func (a *App) follow(ctx context.Context, seen map[string]int64) (map[string]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	now, err := custody.Sizes(ctx, a.DB)
	if err != nil || maps.Equal(now, seen) {
		return now, err
	}
	if err := a.Agencies.Refresh(ctx); err != nil {
		return seen, err
	}
	return now, a.keepDirectory(ctx)
}
