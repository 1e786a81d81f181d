// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// ErrNoRelease says that no scripts were recorded.
var ErrNoRelease = fault.New(fault.NotFound, "scripts_unknown", "No scripts are recorded for this program.")

// Release is a set of scripts with its entry in the log.
type Release struct {
	List string // ScriptList of what was served
	Leaf custody.Leaf
}

// ScriptList is the one spelling of a set of scripts: a line "<name> <SHA-256>"
// for each, sorted by name.
func ScriptList(scripts map[string][32]byte) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(scripts)) {
		sum := scripts[name]
		fmt.Fprintf(&b, "%s %x\n", name, sum[:])
	}
	return b.String()
}

// ScriptsRecord is what the log's entry of a list is about: it names the list by
// its SHA-256, so that the entry's opening alone says which scripts they were.
func ScriptsRecord(list string) string {
	digest := sha256.Sum256([]byte(list))
	return "scripts:" + hex.EncodeToString(digest[:])
}

// RecordScripts logs for every program which scripts the site serves from now
// on, unless they are the ones that were served before. Call it when every room
// has added its own, before the first page is served.
func (s *Service) RecordScripts(ctx context.Context, scripts map[string][32]byte) error {
	list := ScriptList(scripts)
	digest := sha256.Sum256([]byte(list))
	for _, id := range s.Programs.IDs() {
		p, err := s.program(id)
		if err != nil {
			return err
		}
		if s.movedTo(id) != "" {
			continue // nothing is logged here any more
		}
		err = s.DB.Accept(ctx, func(tx *store.Tx) error {
			last, _, err := readRelease(ctx, tx, id)
			if err == nil && last == list || err != nil && !errors.Is(err, ErrNoRelease) {
				return err
			}
			if err := tx.Insert("script_release", store.Row{"program": id, "since": tx.Now(), "digest": digest, "list": list}); err != nil {
				return err
			}
			leaf := tx.Log(custody.Entry{Program: id, Event: "site.script", Record: ScriptsRecord(list), Actor: "system", Rule: p.Version})
			return tx.Insert("script_leaf", store.Row{"program": id, "since": tx.Now(), "commitment": leaf.Commitment})
		})
		if err != nil && !errors.Is(err, store.ErrExists) { // another server of the same site was quicker
			return fault.Wrap(err, "recording the scripts of "+id)
		}
	}
	return nil
}

// ServedScripts gives the scripts that a program's pages are served with, as the log
// has them.
func (s *Service) ServedScripts(ctx context.Context, programID string) (Release, error) {
	list, commitment, err := readRelease(ctx, s.DB, programID)
	if err != nil {
		return Release{}, err
	}
	leaf, err := custody.Find(ctx, s.DB, programID, commitment)
	return Release{List: list, Leaf: leaf}, fault.Wrap(err, "reading the log's entry of the scripts")
}
