// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/keyring"
	"waylight/internal/platform/store"
	"waylight/internal/platform/witness"
	results "waylight/internal/prosecution/result"
	"waylight/internal/protection/file"
	"waylight/internal/protection/report"
)

// Verification says what to verify: an installation, and what outsiders kept.
type Verification struct {
	Data, Database, Keyring string
	Backup, Export          string   // a backup or an export to verify instead of a database
	Checkpoints, Promises   []string // texts
	Keys                    []string // verifier keys kept elsewhere; empty: those of the keyring
	WitnessKeys             []witness.Key
	Witnessed               int // how many of them must have signed; 0: none
	Now                     time.Time
	Memory                  int64                  // bytes that may be held before a temporary file is used; 0: custody.DefaultMemory
	Progress                func(custody.Progress) // may be nil
}

// verifying is one run.
type verifying struct {
	Verification
	out       io.Writer
	db        *store.DB
	verifiers map[string]note.Verifier // by program
	spools    map[note.Verifier]string // the program of each spool's log
	found     int
}

// ErrNoEnd means that what stood in the way of a verification says nothing about the
// database: it was stopped, the database went away, or there was no room for it.
var ErrNoEnd = errors.New("the verification came to no end")

// Run verifies every program that the database, the keyring or a kept text
// knows, and prints what it finds. It writes nothing. It returns the number of
// problems.
func (v Verification) Run(ctx context.Context, w io.Writer) (int, error) {
	if v.Now.IsZero() {
		v.Now = time.Now()
	}
	if v.Backup != "" {
		whole, err := v.whole(ctx, w)
		if err != nil {
			return 0, err
		}
		if !whole {
			return 1, nil
		}
	}
	if v.Export != "" {
		return verifyExport(ctx, v, w)
	}
	c := Config{Data: v.Data, Database: v.Database, Keyring: v.Keyring}.withDefaults()
	if file, ok := strings.CutPrefix(c.Database, "sqlite:"); ok {
		if _, err := os.Stat(file); err != nil {
			return 0, fmt.Errorf("there is no database to verify: %w", err)
		}
	}
	r := &verifying{Verification: v, out: w, verifiers: map[string]note.Verifier{}, spools: map[note.Verifier]string{}}
	if err := r.readKeys(c.Keyring); err != nil {
		return 0, err
	}
	var err error
	r.db, err = store.Inspect(ctx, c.Database, store.Options{Schemas: Schemas()})
	if err != nil {
		err = r.failed(ctx, "the database cannot be read", err)
		return r.found, err
	}
	defer r.db.Close()
	if err := r.structure(ctx); err != nil {
		return r.found, err
	}
	err = r.all(ctx)
	return r.found, err
}

func (r *verifying) problem(format string, args ...any) {
	r.found++
	fmt.Fprintf(r.out, format+"\n", args...)
}

// failed takes what could not be read as a problem of the database, and returns it where
// it is none: when the verification was stopped, the database went away or there was no
// room for it, nothing was found.
func (r *verifying) failed(ctx context.Context, what string, err error) error {
	switch {
	case err == nil:
	case ctx.Err() != nil || store.Away(err) || errors.Is(err, custody.ErrScratch):
		return fmt.Errorf("%w: %w", ErrNoEnd, err)
	default:
		r.problem("%s: %v", what, err)
	}
	return nil
}

// readKeys takes the keys that the caller kept, or those of the keyring.
func (r *verifying) readKeys(ring string) error {
	keys := r.Keys
	if len(keys) == 0 {
		own, err := keyring.Verifiers(ring)
		if err != nil {
			return err
		}
		if len(own) == 0 {
			return fmt.Errorf("there is no key to check signatures with in %s: name the keyring, or a key that was kept", ring)
		}
		keys = slices.Collect(maps.Values(own))
	}
	for _, key := range keys {
		verifier, err := note.NewVerifier(strings.TrimSpace(key))
		if err != nil {
			return fmt.Errorf("reading a log's key: %w", err)
		}
		_, program, ok := strings.Cut(verifier.Name(), "/log/")
		if !ok {
			return fmt.Errorf("the key %s is not that of a program's log", verifier.Name())
		}
		if program, _, spooled := strings.Cut(program, "/spool/"); spooled {
			r.spools[verifier] = program
			continue
		}
		r.verifiers[program] = verifier
	}
	return nil
}

// structure reports damage that the engine itself sees.
func (r *verifying) structure(ctx context.Context) error {
	damage, err := r.db.Integrity(ctx)
	for _, line := range damage {
		r.problem("integrity error: %s", line)
	}
	return r.failed(ctx, "integrity error", err)
}

func (r *verifying) all(ctx context.Context) error {
	programs, err := r.db.Programs(ctx)
	if err != nil {
		return r.failed(ctx, "the database is damaged", err)
	}
	for p := range r.verifiers {
		if !slices.Contains(programs, p) {
			programs = append(programs, p)
		}
	}
	slices.Sort(programs)
	kept := r.sort()
	for _, p := range programs {
		if r.verifiers[p] == nil {
			r.problem("%s: there is no key to check its log with", p)
			continue
		}
		if err := r.program(ctx, p, kept[p]); err != nil {
			return err
		}
	}
	return r.promises(ctx)
}

// sort gives each kept checkpoint to its program; one that no key signed is a
// problem, never passed over.
func (r *verifying) sort() map[string][]string {
	kept := map[string][]string{}
	for i, text := range r.Checkpoints {
		text = unix(text)
		known := false
		for program, verifier := range r.verifiers {
			if _, err := custody.ParseCheckpoint(text, verifier); err == nil {
				kept[program] = append(kept[program], text)
				known = true
			}
		}
		if !known {
			r.problem("kept checkpoint %d is not signed by any log of this installation", i+1)
		}
	}
	return kept
}

// unix undoes what mail and editors do to line ends.
func unix(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

func (r *verifying) program(ctx context.Context, program string, kept []string) error {
	check := custody.Check{Program: program, Verifier: r.verifiers[program], Kept: kept, Memory: r.Memory, Progress: r.Progress}
	result, err := check.Run(ctx, r.db)
	if err != nil {
		return r.failed(ctx, program+": the database is damaged", err)
	}
	for _, p := range result.Problems {
		r.problem("%s: %s", program, p.What)
	}
	for _, t := range result.Turns {
		fmt.Fprintf(r.out, "%s: at leaf %d the clock was set back from %s to %s; ask whoever keeps the machine why\n",
			program, t.Leaf, t.From.Format("2006-01-02 15:04:05 MST"), t.To.Format("2006-01-02 15:04:05 MST"))
	}
	if result.More > 0 {
		r.problem("%s: and %d more problems", program, result.More)
	}
	if len(result.Problems) > 0 && result.Problems[0].Leaf >= 0 {
		fmt.Fprintf(r.out, "%s: the first leaf that disagrees is %d\n", program, result.Problems[0].Leaf)
	}
	if err := r.failed(ctx, program+": its cosignatures cannot be read", r.witnesses(ctx, program, kept)); err != nil {
		return err
	}
	damaged, err := file.Damaged(ctx, r.db, program)
	if err := r.failed(ctx, program+": its files cannot be read", err); err != nil {
		return err
	}
	for _, line := range damaged {
		r.problem("%s: %s", program, line)
	}
	sums, err := results.Recount(ctx, r.db, program)
	if err := r.failed(ctx, program+": its results cannot be counted anew", err); err != nil {
		return err
	}
	for _, line := range sums {
		r.problem("%s", line)
	}
	if result.Leaves == 0 {
		r.problem("%s: its log is empty", program)
	}
	fmt.Fprintf(r.out, "%s: %d leaves, %d covered rows, %d checkpoints (%d kept elsewhere), %d problems\n",
		program, result.Leaves, result.Rows, result.Checkpoints, len(kept), len(result.Problems))
	return nil
}

// promises says whether each promise that a sender was given was kept.
func (r *verifying) promises(ctx context.Context) error {
	for i, text := range r.Promises {
		known := false
		for program, verifier := range r.verifiers {
			p, err := custody.ParsePromise(unix(text), verifier)
			if err != nil {
				continue
			}
			known = true
			if err := r.promise(ctx, program, p); err != nil {
				return err
			}
		}
		for verifier, program := range r.spools {
			p, err := custody.ParsePromise(unix(text), verifier)
			if err != nil {
				continue
			}
			known = true
			if err := r.spoolPromise(ctx, program, verifier, p); err != nil {
				return err
			}
		}
		if !known {
			r.problem("promise %d is not signed by any log of this installation", i+1)
		}
	}
	return nil
}

func (r *verifying) promise(ctx context.Context, program string, p custody.Promise) error {
	proof, err := custody.Prove(ctx, r.db, program, p.Commitment)
	if err == nil {
		err = proof.Check(p.Commitment, r.verifiers[program])
	}
	by := p.By.Format("2006-01-02 15:04 MST")
	switch {
	case err == nil:
		fmt.Fprintf(r.out, "%s: the promised entry is leaf %d\n", program, proof.Index)
	case errors.Is(err, custody.ErrNotYet) && r.Now.Before(p.By):
		fmt.Fprintf(r.out, "%s: the promised entry is in the log; it will be public by %s\n", program, by)
	case errors.Is(err, custody.ErrNotYet):
		r.problem("%s: a promised entry is in the log but in no public checkpoint, though promised by %s", program, by)
	default:
		return r.failed(ctx, program+": a promised entry is not in the log", err)
	}
	return nil
}

// spoolPromise says whether a promise was kept that a server's spool gave while the
// database was away.
func (r *verifying) spoolPromise(ctx context.Context, program string, verifier note.Verifier, p custody.Promise) error {
	proof, _, err := report.SpooledProof(ctx, r.db, program, p.Commitment)
	if errors.Is(err, report.ErrNotSpooled) {
		r.problem("%s: a promised entry has not reached the database from the spool of %s", program, verifier.Name())
		return nil
	}
	if err == nil {
		err = proof.Check(p.Commitment, verifier)
	}
	if err != nil {
		return r.failed(ctx, program+": the proof of a promised entry in a spool's log does not hold", err)
	}
	fmt.Fprintf(r.out, "%s: the promised entry is leaf %d of the log of a spool, whose report has arrived\n", program, proof.Index)
	return nil
}
