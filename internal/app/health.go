// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"net/http"

	"waylight/internal/partnership/policy"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// Three questions about the server, for three who ask:
//
//   - /livez, for whoever would restart it: does it answer at all? The database is not asked: restarting does not bring one back.
//   - /readyz, for whoever hands requests out: should this process get any? Not once it stops, or a newer release has taken over. The database is not asked here either: when it is away, it is away
//     for all processes, and a sender must meet our own page, which says what to do, and not a load balancer's.
//   - /healthz, for a person who is to be woken: does the database answer, and does somebody watch the log?
var healthPaths = []string{"/livez", "/readyz", "/healthz"}

func (a *App) healthRoutes() []web.Route {
	return []web.Route{
		{Pattern: "GET /livez", Access: policy.At(policy.ReadHealth), Handler: live},
		{Pattern: "GET /readyz", Access: policy.At(policy.ReadHealth), Handler: a.ready},
		{Pattern: "GET /healthz", Access: policy.At(policy.ReadHealth), Handler: a.health},
	}
}

func live(w http.ResponseWriter, _ *http.Request) error {
	return plain(w, "text/plain; charset=utf-8", []byte("ok\n"))
}

// ready says whether requests should be sent here. What comes while the server stops is still answered.
func (a *App) ready(w http.ResponseWriter, _ *http.Request) error {
	why := ""
	switch {
	case a.stopping.Load():
		why = "stopping\n"
	case a.older.Load():
		why = "older\n"
	default:
		return plain(w, "text/plain; charset=utf-8", []byte("ok\n"))
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, err := w.Write([]byte(why))
	return err
}

// health says whether the database answers, and whether somebody watches the log.
func (a *App) health(w http.ResponseWriter, r *http.Request) error {
	if err := a.DB.Ping(r.Context()); err != nil {
		return fault.New(fault.Unavailable, "storage", "The database does not answer.").With(err)
	}
	if a.Now().Sub(a.watched()) > watchLimit {
		return fault.New(fault.Unavailable, "unwatched", "Nobody has looked at the log for an hour.")
	}
	return plain(w, "text/plain; charset=utf-8", []byte("ok\n"))
}

// Alive comes back when the one writer of the embedded database has answered, with a failure as well: only a writer that hangs is one that a restart could help.
// A database on another machine may be away for hours, and nothing here is the better for a restart.
func (a *App) Alive(ctx context.Context) {
	if a.DB.File() == "" {
		return
	}
	// What it answers does not matter; /healthz and the log say what is wrong.
	_ = a.DB.Accept(ctx, func(*store.Tx) error { return nil })
}
