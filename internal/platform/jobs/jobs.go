// SPDX-License-Identifier: Apache-2.0

// Package jobs is the outbox: work that is enqueued in the same transaction as
// the change that causes it, and done afterwards at least once.
//
// A job is leased while it runs, tried again with growing pauses, and after
// the last try stands in a dead-letter list that a person sees. Handlers must
// bear being run twice. Payloads carry ids, never words or names.
package jobs

import (
	"context"
	"embed"
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
	RunAt   time.Time // zero for now

	ID       store.ID // set when it runs
	Attempts int      // earlier tries
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
)

// Enqueue adds a job to the transaction.
func Enqueue(tx *store.Tx, j Job) error {
	id := store.NewID()
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
	_, err := tx.Exec(`insert into job (program, id, kind, name, payload, run_at, attempts, leased_until, dead, problem)
values ($1, $2, $3, $4, $5, $6, 0, 0, 0, null) on conflict (program, kind, name) do nothing`,
		j.Program, id[:], j.Kind, name, payload, store.Micros(at))
	if err != nil {
		return fmt.Errorf("enqueueing a %s job: %w", j.Kind, err)
	}
	return nil
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

// Dead is a job that was given up.
type Dead struct {
	ID       store.ID
	Kind     string
	Problem  string
	Attempts int
}

// DeadLetters lists a program's given-up jobs, for a person to see.
func DeadLetters(ctx context.Context, r store.Reader, program string) ([]Dead, error) {
	rows, err := r.Query(ctx, `select id, kind, coalesce(problem, ''), attempts from job where program = $1 and dead = 1 order by run_at, id limit 500`, program)
	if err != nil {
		return nil, fmt.Errorf("listing dead letters: %w", err)
	}
	defer rows.Close()
	var list []Dead
	for rows.Next() {
		var d Dead
		if err := rows.Scan(&d.ID, &d.Kind, &d.Problem, &d.Attempts); err != nil {
			return nil, fmt.Errorf("listing dead letters: %w", err)
		}
		list = append(list, d)
	}
	return list, rows.Err()
}

// Retry puts a given-up job back to work.
func Retry(tx *store.Tx, program string, id store.ID) error {
	n, err := tx.Exec(`update job set dead = 0, attempts = 0, run_at = $3, leased_until = 0 where program = $1 and id = $2 and dead = 1`,
		program, id[:], store.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("retrying a job: %w", err)
	}
	if n == 0 {
		return fmt.Errorf("retrying a job: none is given up under this id")
	}
	return nil
}
