// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"crypto/sha256"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

// ErrNoNameReader says that somebody can read the words and nobody the name.
// Keeping the one and dropping the other would be a loss that nobody notices.
var ErrNoNameReader = fault.New(fault.Unavailable, "no_name_reader",
	"Nobody who may know your name can read it right now. Nothing was kept. Leave out the part about you and send it again, or call or text one of the lines.")

// Part is what of a report is sealed under a content key of its own.
type Part struct {
	Sealed seal.Sealed
	Wraps  []wrapped
}

// ReporterPart is the stored part about the reporter, as one holder may have it.
type ReporterPart struct {
	Program    string
	Report     store.ID
	Form       string // the form that the answers belong to
	SealedBy   string
	Ciphertext []byte
	Hash       [32]byte // SHA-256 of Ciphertext
	Token      [32]byte // SHA-256 of the opening token
	Holder     string
	KeyID      [16]byte // the holder's key that Wrap is for
	Wrap       []byte   // nil when the holder is not among those who may have it
}

// ReporterRecord is what the part about the reporter and its wraps are bound
// to: not the report's own record, so that the one never opens as the other.
func ReporterRecord(programID string, id store.ID) seal.Record {
	sum := sha256.Sum256(append([]byte("waylight/reporter/v1"), id[:]...))
	return seal.Record{Program: programID, ID: [16]byte(sum[:16])}
}

// sealReporter seals what is about the reporter for the plan's audience alone.
func (s *Service) sealReporter(d *draft, answers map[string][]string, language string) error {
	answers = answered(answers)
	if len(answers) == 0 {
		return nil
	}
	plain, err := Body{Version: bodyVersion, Form: formName(d.program), Language: language, Answers: answers}.Marshal()
	if err != nil {
		return err
	}
	rec := ReporterRecord(d.program.ID, d.id)
	sealed, content, err := seal.Seal(plain, rec)
	if err != nil {
		return fault.Wrap(err, "sealing the part about a reporter")
	}
	part := &Part{Sealed: sealed}
	keys := s.Keys(d.program.ID)
	for _, holder := range d.plan.Audience {
		key, ok := keys[holder]
		if !ok || key.Public == nil {
			continue // a planned reader without a key: the desk is asked, as for the words
		}
		wrap, err := content.Wrap(key.Public, rec, sealed.Hash, holder)
		if err != nil {
			return fault.Wrap(err, "wrapping the part about a reporter for "+holder)
		}
		part.Wraps = append(part.Wraps, wrapped{holder, key.ID, wrap})
	}
	if len(part.Wraps) == 0 {
		return ErrNoNameReader
	}
	d.reporter = part
	return nil
}

// Reporter gives the part about the reporter as one holder may have it.
// ErrNoReport also says that nothing of it was answered. Whether the caller may
// have it is for the caller to decide; without a wrap it does not open.
func (s *Service) Reporter(ctx context.Context, programID string, id store.ID, holder string) (ReporterPart, error) {
	p, err := readReporter(ctx, s.DB, programID, id)
	if err != nil {
		return ReporterPart{}, err
	}
	p.Holder = holder
	p.KeyID, p.Wrap, err = readReporterWrap(ctx, s.DB, programID, id, holder)
	return p, err
}

// AddReporterWrap keeps a wrap of the part about the reporter that a member's
// browser made for another holder, or for a holder's newer key. Its row waits
// for the caller's tx.Log. The same wrap twice is store.ErrExists.
func (s *Service) AddReporterWrap(tx *store.Tx, programID string, id store.ID, holder string, keyID [16]byte, wrap []byte) error {
	return insertReporterWrap(tx, programID, id, wrapped{holder, keyID, wrap})
}
