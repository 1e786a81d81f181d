// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"waylight/internal/partnership/policy"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/keyring"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// kindCheckpoint is the job that publishes a program's log.
const kindCheckpoint = "custody.checkpoint"

// errNoLogPage answers for what the public log does not hold.
var errNoLogPage = fault.New(fault.NotFound, "log_part_unknown", "The public log has no such part.")

// openLogs makes the programs' logs. Their origin carries a random name that
// is made once and kept with the keys, so that it does not depend on an address
// that may change.
func openLogs(ring *keyring.Ring, programs []string, every time.Duration) (map[string]*custody.Log, error) {
	name, err := ring.LogName()
	if err != nil {
		return nil, err
	}
	logs := map[string]*custody.Log{}
	for _, p := range programs {
		signer, verifier, err := ring.SignerFor(p, name+"/log/"+p)
		if err != nil {
			return nil, err
		}
		if logs[p], err = custody.NewLog(p, signer, verifier, every); err != nil {
			return nil, err
		}
	}
	return logs, nil
}

// pin refuses to run a database with a keyring that is not its own.
func (a *App) pin(ctx context.Context) error {
	err := a.DB.Accept(ctx, func(tx *store.Tx) error {
		for _, log := range a.logs {
			if err := log.Pin(tx, a.Ring.Mark()); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, custody.ErrOtherKey) {
		return fmt.Errorf("%w: name the right folder with --keyring, or restore it from its backup", err)
	}
	return err
}

// publish is the scheduled checkpoint.
func (a *App) publish(ctx context.Context, j jobs.Job) error {
	log := a.logs[j.Program]
	if log == nil {
		return fmt.Errorf("there is no log of program %s", j.Program)
	}
	return a.DB.Accept(ctx, func(tx *store.Tx) error {
		_, err := log.Publish(tx, a.Now())
		if err != nil || len(a.Witnesses) == 0 {
			return err
		}
		return jobs.Enqueue(tx, jobs.Job{Program: j.Program, Kind: kindWitness, Key: "published"})
	})
}

func (a *App) logRoutes() []web.Route {
	return []web.Route{
		{Pattern: "GET /log/{program}/checkpoint", Access: policy.At(policy.ReadSite), Handler: a.checkpoint},
		{Pattern: "GET /log/{program}/key", Access: policy.At(policy.ReadSite), Handler: a.logKey},
		{Pattern: "GET /log/{program}/scripts", Access: policy.At(policy.ReadSite), Handler: a.scripts},
		{Pattern: "GET /log/{program}/tile/{path...}", Access: policy.At(policy.ReadSite), Handler: a.tile},
	}
}

// checkpoint serves the latest signed tree head, with what witnesses signed of it
// below the log's own signature.
func (a *App) checkpoint(w http.ResponseWriter, r *http.Request) error {
	if a.logs[r.PathValue("program")] == nil {
		return errNoLogPage
	}
	cp, err := custody.Latest(r.Context(), a.DB, r.PathValue("program"))
	if err != nil {
		return err
	}
	if cp.Note == "" {
		return errNoLogPage
	}
	text, err := a.witnessed(r.Context(), r.PathValue("program"), cp)
	if err != nil {
		return err
	}
	return plain(w, "text/plain; charset=utf-8", []byte(text))
}

// logKey serves the key that checkpoints and promises are checked with.
func (a *App) logKey(w http.ResponseWriter, r *http.Request) error {
	log := a.logs[r.PathValue("program")]
	if log == nil {
		return errNoLogPage
	}
	return plain(w, "text/plain; charset=utf-8", []byte(log.VerifierKey()+"\n"))
}

func (a *App) tile(w http.ResponseWriter, r *http.Request) error {
	data, err := custody.Tile(r.Context(), a.DB, r.PathValue("program"), r.PathValue("path"))
	if errors.Is(err, custody.ErrNoTile) {
		return errNoLogPage
	}
	if err != nil {
		return err
	}
	return plain(w, "application/octet-stream", data)
}

func plain(w http.ResponseWriter, kind string, data []byte) error {
	w.Header().Set("Content-Type", kind)
	_, err := w.Write(data)
	return err
}

// PublishAll publishes a checkpoint of every program at once, outside the
// schedule: for a demo that has just been filled.
func (a *App) PublishAll(ctx context.Context) error {
	for _, p := range a.Programs.IDs() {
		if err := a.publish(ctx, jobs.Job{Program: p}); err != nil {
			return err
		}
	}
	return nil
}
