// SPDX-License-Identifier: Apache-2.0

// Package jobs is the outbox: work that is enqueued in the same transaction as
// the change that causes it, and done afterwards at least once.
//
// A job is leased while it runs, tried again with growing pauses, and after
// the last try stands in a dead-letter list that a person sees. Several
// processes may run the jobs of one database: one leases a job, and when it
// dies the job runs again after its lease and only then. A handler is given up
// long before the lease ends, but a process that stood still, or whose clock is
// wrong by minutes, can meet a job that another has by now. Then its outcome
// counts for nothing, and what it did stands: handlers must bear being run
// twice. Payloads carry ids, never words or names.
package jobs

import (
	"context"
	"embed"
	"encoding/binary"
	"fmt"
	"time"

	"waylight/internal/platform/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Schema is the outbox's own tables.
func Schema() store.Schema { return store.Schema{Room: "jobs", FS: migrations} }

// Job is one piece of work.
type Job struct {
	Program string
	Kind    string
	Key     string // while a job of this kind and key waits, a second one is not added; "" for none
	Payload []byte
	RunAt   time.Time // zero for now; at most a day ahead

	ID       store.ID // set when it runs
	Attempts int      // earlier tries

	leasedUntil int64 // microseconds; until when it is this runner's, and its fence
}

// Handler does a job. An error makes it run again later.
type Handler func(ctx context.Context, j Job) error

// Schedule is work repeated for every program.
type Schedule struct {
	Kind  string
	Every time.Duration
}

const (
	batch       = 4                // jobs leased at once
	perJob      = 40 * time.Second // how long a job may take
	lease       = batch*perJob + time.Minute
	maxAttempts = 12
	firstPause  = 15 * time.Second
	longest     = time.Hour
	farthest    = 24 * time.Hour // how far ahead a job may be put; what must wait longer has a time of its own in its room, and a schedule
)

// Enqueue adds a job to the transaction.
func Enqueue(tx *store.Tx, j Job) error {
	id := newID(tx.Now())
	name := j.Key
	if name == "" {
		name = id.String()
	}
	at := j.RunAt
	if at.IsZero() {
		at = tx.Now()
	}
	payload := j.Payload
	if payload == nil {
		payload = []byte{}
	}
	err := tx.Later(`insert into job (program, id, kind, name, payload, run_at, attempts, leased_until, dead, problem)
values ($1, $2, $3, $4, $5, $6, 0, 0, 0, null) on conflict (program, kind, name) do nothing`,
		j.Program, id[:], j.Kind, name, payload, store.Micros(at))
	if err != nil {
		return fmt.Errorf("enqueueing a %s job: %w", j.Kind, err)
	}
	return nil
}

// newID begins with the time in milliseconds, so that jobs that are made together stand together: with
// random ids each would touch pages of its own. What it tells of the time stands beside it.
func newID(at time.Time) store.ID {
	id := store.NewID()
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(at.UnixMilli()))
	copy(id[:6], ms[2:])
	return id
}

// LeasedUntil says until when a server may still be at work on a program's jobs;
// the zero time when none is.
func LeasedUntil(ctx context.Context, r store.Reader, program string, now time.Time) (time.Time, error) {
	var until int64
	err := r.QueryRow(ctx, `select coalesce(max(leased_until), 0) from job where program = $1 and dead = 0 and leased_until > $2`, program, store.Micros(now)).Scan(&until)
	if err != nil {
		return time.Time{}, fmt.Errorf("looking for work under way: %w", err)
	}
	return store.Time(until), nil
}
