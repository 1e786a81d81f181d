// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// insertSpooled keeps how a report's time in a spool is proven, and enters the
// spool's checkpoint into this program's log when it is new.
func insertSpooled(tx *store.Tx, w Waiting, proof SpoolProof) error {
	if err := enterCheckpoint(tx, w.Program, proof); err != nil {
		return err
	}
	err := tx.Insert("report_spooled", store.Row{
		"program": w.Program, "report": w.Report, "origin": proof.Origin, "verifier": proof.Verifier, "kept": w.Kept,
		"commitment": proof.Leaf.Commitment, "salt": proof.Leaf.Salt, "opening": string(proof.Leaf.Opening), "proof": proof.Proof.String(),
	})
	if err != nil {
		return err
	}
	tx.Log(custody.Entry{Program: w.Program, Event: "report.forwarded", Record: recordName(w.Report), Actor: "system"})
	return nil
}

func enterCheckpoint(tx *store.Tx, programID string, proof SpoolProof) error {
	var one int
	err := tx.QueryRow(context.Background(), `select 1 from spool_checkpoint where program = $1 and origin = $2 and size = $3`, programID, proof.Origin, proof.Size).Scan(&one)
	if !errors.Is(err, sql.ErrNoRows) {
		return fault.Wrap(err, "looking for a spool's checkpoint")
	}
	err = tx.Insert("spool_checkpoint", store.Row{"program": programID, "origin": proof.Origin, "size": proof.Size, "note": proof.Proof.Checkpoint})
	if err != nil {
		return err
	}
	tx.Log(custody.Entry{Program: programID, Event: "spool.checkpoint", Record: fmt.Sprintf("spool:%s:%d", proof.Origin, proof.Size), Actor: "system"})
	return nil
}

// ErrNotSpooled says that no report came through a spool under this promise.
var ErrNotSpooled = errors.New("no report came through a spool under this promise")

// SpooledProof finds the proof of a promise that a spool gave, by its commitment.
func SpooledProof(ctx context.Context, r store.Reader, programID string, commitment [32]byte) (proof custody.Proof, verifier string, err error) {
	var text string
	err = r.QueryRow(ctx, `select proof, verifier from report_spooled where program = $1 and commitment = $2`, programID, commitment[:]).Scan(&text, &verifier)
	if errors.Is(err, sql.ErrNoRows) {
		return custody.Proof{}, "", ErrNotSpooled
	}
	if err != nil {
		return custody.Proof{}, "", fault.Wrap(err, "looking for a spool's promise")
	}
	proof, err = custody.ParseProof(text)
	return proof, verifier, err
}
