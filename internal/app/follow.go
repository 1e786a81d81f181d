// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strings"
	"time"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// followEvery is how soon a server knows what another one changed in the directory: offices, their keys, checked lines, whether the form is open. All
// else is read from the database each time.
const followEvery = time.Second

// following keeps this server's picture of the directory in line with the
// database, where other servers may stand on the same one. Whatever changes the
// directory makes the log grow, so the log's size tells when to look again. When
// one of them is of a newer release, this one steps aside.
func (a *App) following(ctx context.Context, rest func()) {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	seen := map[string]int64{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		a.stepAside(ctx, rest)
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

// stepAside looks whether a newer release has changed the tables, once. What this
// server wrote of rows with new columns would disagree with the log: so it does no
// more jobs, takes no more of members, and asks to be left out by whoever hands
// requests out. Reports are new rows, without those columns, and are taken as before.
func (a *App) stepAside(ctx context.Context, rest func()) {
	if a.older.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := a.DB.Newer(ctx); errors.Is(err, store.ErrNewer) {
		a.older.Store(true)
		rest()
		a.Log.Error("a newer release serves from this database: replace this server", "error", err.Error())
	}
}

var errOlder = fault.New(fault.Unavailable, "older", "Waylight is being renewed, and this server is not yet. Nothing was changed; do it again in a moment.")

// untilOlder refuses what members would change at a server that steps aside.
func (a *App) untilOlder(h web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if a.older.Load() && r.Method != http.MethodGet && strings.HasPrefix(r.URL.Path, "/staff") {
			return errOlder
		}
		return h(w, r)
	}
}
