// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
	"waylight/internal/platform/witness"
)

// kindWitness is the job that asks the witnesses to sign a published checkpoint.
const kindWitness = "custody.witness"

// unseenAfter is how long a witness may stay silent before a person is told.
const unseenAfter = 24 * time.Hour

// witness asks every witness at once. One that does not answer is asked again at
// the next checkpoint: the log goes on without it, and the audit watch tells a
// person after a day.
func (a *App) witness(ctx context.Context, j jobs.Job) error {
	cp, err := custody.Latest(ctx, a.DB, j.Program)
	if err != nil || cp.Note == "" {
		return err
	}
	var all sync.WaitGroup
	for _, peer := range a.Witnesses {
		all.Go(func() {
			err := a.ask(ctx, peer, j.Program, cp)
			a.heard(j.Program, peer, err)
		})
	}
	all.Wait()
	return nil
}

// ask gets one witness's signature and keeps it.
func (a *App) ask(ctx context.Context, peer witness.Peer, program string, cp custody.Checkpoint) error {
	old, _, err := witness.Last(ctx, a.DB, program, peer.Key().Name())
	if err != nil {
		return err
	}
	c, err := peer.Ask(ctx, cp.Note, cp.Size, old, func(old int64) (witness.Request, error) {
		r := witness.Request{Old: old}
		if old == 0 || old >= cp.Size {
			return r, nil
		}
		r.Proof, err = custody.ProveGrowth(ctx, a.DB, program, old, cp.Size)
		return r, err
	})
	if err != nil {
		return err
	}
	return a.DB.Write(ctx, func(tx *store.Tx) error { return witness.Keep(tx, program, cp.Size, c) })
}

// heard remembers whether a witness has seen another history.
func (a *App) heard(program string, peer witness.Peer, err error) {
	if err != nil {
		a.Log.Warn("a witness did not sign", "program", program, "witness", peer.Key().Name(), "error", err.Error())
	}
	a.audit.mu.Lock()
	defer a.audit.mu.Unlock()
	switch {
	case errors.Is(err, witness.ErrForked):
		a.audit.forked[program+" "+peer.Key().Name()] = true
	case err == nil:
		delete(a.audit.forked, program+" "+peer.Key().Name())
	}
}

// forked says whether a witness has seen another history of the log.
func (a *App) forked(_ context.Context, program string) (bool, error) {
	a.audit.mu.Lock()
	defer a.audit.mu.Unlock()
	for key := range a.audit.forked {
		if strings.HasPrefix(key, program+" ") {
			return true, nil
		}
	}
	return false, nil
}

// unseen says whether a witness has not signed for a day. A server that has just
// started gets the time to ask.
func (a *App) unseen(ctx context.Context, program string) (bool, error) {
	for _, peer := range a.Witnesses {
		_, last, err := witness.Last(ctx, a.DB, program, peer.Key().Name())
		if err != nil {
			return false, err
		}
		since := last.At
		if a.audit.began.After(since) {
			since = a.audit.began
		}
		if a.Now().Sub(since) > unseenAfter {
			return true, nil
		}
	}
	return false, nil
}

// witnessed is a checkpoint with its cosignatures. Whoever checks the log's own
// signature alone passes them over.
func (a *App) witnessed(ctx context.Context, program string, cp custody.Checkpoint) (string, error) {
	return cosigned(ctx, a.DB, program, cp.Note, cp.Size)
}

func cosigned(ctx context.Context, r store.Reader, program, note string, size int64) (string, error) {
	list, err := witness.Cosignatures(ctx, r, program, size)
	for _, c := range list {
		note += c.Line
	}
	return note, err
}

// mostLooked is how many checkpoints back verify looks for one that enough
// witnesses signed.
const mostLooked = 1000

// witnesses holds the kept checkpoints, or where none was kept the newest that
// the site serves, against the number of witnesses that must have signed.
func (r *verifying) witnesses(ctx context.Context, program string, kept []string) error {
	if r.Witnessed == 0 {
		return nil
	}
	for _, text := range kept {
		if signed := witness.Cosigned(text, r.WitnessKeys); len(signed) < r.Witnessed {
			r.problem("%s: a kept checkpoint is signed by %d of the known witnesses, not %d", program, len(signed), r.Witnessed)
		}
	}
	if len(kept) > 0 {
		return nil
	}
	sizes, err := custody.Published(ctx, r.db, program, mostLooked)
	if err != nil {
		return err
	}
	for _, cp := range sizes {
		text, err := cosigned(ctx, r.db, program, cp.Note, cp.Size)
		if err != nil {
			return err
		}
		if signed := witness.Cosigned(text, r.WitnessKeys); len(signed) >= r.Witnessed {
			fmt.Fprintf(r.out, "%s: %d witnesses signed the checkpoint of size %d, published %s\n", program, len(signed), cp.Size, cp.Published.Format("2006-01-02 15:04 MST"))
			return nil
		}
	}
	r.problem("%s: none of the last %d checkpoints is signed by %d of the known witnesses", program, len(sizes), r.Witnessed)
	return nil
}
