// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

func urlBase64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func fromURLBase64(text string) ([]byte, error) {
	return base64.RawURLEncoding.Strict().DecodeString(text)
}

// Status is what a receipt shows: never the sender's words, never an outcome.
type Status struct {
	Program  string
	Mode     string
	Received time.Time
	// Offices is empty in help mode: there not even the kinds are shown, since
	// somebody may be standing behind the sender. Read says it all.
	Offices []Progress
	Read    time.Time // when the first office opened it; zero: not yet
	Waiting bool      // it is kept in this server's spool, and has reached no office yet
	Proof   Proof
}

// Proof is what the public log holds of a report.
type Proof struct {
	Commitment  [32]byte
	Salt        [32]byte
	Opening     string // what Commitment commits to
	VerifierKey string
	By          time.Time     // latest time of inclusion, as promised
	Included    custody.Proof // zero until a public checkpoint covers it
	Public      bool          // Included is there
	Broken      string        // BrokenLate, BrokenMissing, or "" while the promise stands
}

// How a promise is broken.
const (
	BrokenLate    = "late"    // its time has passed and no public checkpoint covers it
	BrokenMissing = "missing" // the entry cannot be found, or is not the report's; Commitment to Opening are zero then
)

// Status looks up a receipt. The faults of a receipt that does not exist, was
// closed, or does not fit together are one and the same, after the same work; a
// word that is not in the list is told, since that says nothing about reports.
func (s *Service) Status(ctx context.Context, words string) (Status, error) {
	_, h, err := s.openReceipt(ctx, words)
	if err != nil {
		return Status{}, err
	}
	return s.status(ctx, h)
}

// mistyped says whether the words themselves are wrong, whatever reports exist.
func mistyped(err error) bool {
	var word *seal.WordError
	var count *seal.CountError
	return errors.As(err, &word) || errors.As(err, &count)
}

// maxWords is far more than seven words take, however they are typed. Beyond it
// nothing is looked at or given back.
const maxWords = 1 << 10

func clip(words string) string {
	words = strings.TrimSpace(words)
	return strings.ToValidUTF8(words[:min(len(words), maxWords)], " ")
}

func (s *Service) status(ctx context.Context, h held) (Status, error) {
	progress, err := s.progress(ctx, h)
	if err != nil {
		return Status{}, fault.Wrap(err, "reading how far a report got")
	}
	proof, err := s.proof(ctx, h)
	if err != nil {
		return Status{}, err
	}
	st := Status{Program: h.program, Mode: h.mode, Received: h.accepted, Proof: proof, Waiting: h.waiting}
	for _, p := range progress {
		if !p.Read.IsZero() && (st.Read.IsZero() || p.Read.Before(st.Read)) {
			st.Read = p.Read
		}
	}
	if h.mode != program.Help {
		st.Offices = progress
	}
	return st, nil
}

// standing is which log a report is entered in, and as what.
type standing struct {
	reader store.Reader
	event  string
	log    *custody.Log
}

// stands says where a report is kept: in the database, or still in the spool.
func (s *Service) stands(h held) standing {
	if h.waiting {
		return standing{s.Spool.Reader(), SpooledEvent, s.Spool.Log(h.program)}
	}
	return standing{s.DB, acceptedEvent, s.Log(h.program)}
}

// entry gives the log's entry of a report's acceptance. One that is gone, damaged
// or of something else is custody.ErrNoLeaf.
func (s *Service) entry(ctx context.Context, h held) (custody.Leaf, error) {
	at := s.stands(h)
	leaf, err := custody.Find(ctx, at.reader, h.program, h.commitment)
	if err == nil && custody.Commitment(leaf.Salt, leaf.Opening) == h.commitment {
		o, err := custody.ParseOpening(leaf.Opening)
		if err == nil && o.Event == at.event && o.Record == recordName(h.report) {
			return leaf, nil
		}
	}
	if err == nil || errors.Is(err, custody.ErrNoLeaf) || errors.Is(err, custody.ErrOpening) {
		s.log(ctx, "a report's line in the directory, or its entry in the log, is gone or forged", custody.ErrNoLeaf)
		return custody.Leaf{}, custody.ErrNoLeaf
	}
	return custody.Leaf{}, fault.Wrap(err, "reading a report's entry in the log")
}

// proof says how the promise stands. A broken one is told, never hidden behind
// an error: the status is owed all the same.
func (s *Service) proof(ctx context.Context, h held) (Proof, error) {
	at := s.stands(h)
	p := Proof{VerifierKey: at.log.VerifierKey(), By: at.log.Due(at.log.Due(h.accepted))}
	leaf, err := s.entry(ctx, h)
	if errors.Is(err, custody.ErrNoLeaf) {
		p.Broken = BrokenMissing
		return p, nil
	}
	if err != nil {
		return Proof{}, err
	}
	p.By = at.log.Due(at.log.Due(leaf.At)) // later than the acceptance where the report waited in a spool
	p.Commitment, p.Salt, p.Opening = leaf.Commitment, leaf.Salt, string(leaf.Opening)
	included, err := custody.Prove(ctx, at.reader, h.program, h.commitment)
	switch {
	case errors.Is(err, custody.ErrNotYet):
		if s.Now().After(p.By) {
			p.Broken = BrokenLate
		}
		return p, nil
	case err != nil:
		return Proof{}, fault.Wrap(err, "proving a report's place in the log")
	}
	p.Included, p.Public = included, true
	return p, nil
}

// Close ends a receipt for its holder: from then on it is answered like one
// that never existed. The report itself stays with the offices.
func (s *Service) Close(ctx context.Context, words string) error {
	_, h, err := s.openReceipt(ctx, words)
	if err != nil {
		return err
	}
	return s.closeHeld(ctx, h)
}

func (s *Service) closeHeld(ctx context.Context, h held) error {
	if h.waiting {
		return s.Spool.CloseReceipt(context.WithoutCancel(ctx), h.program, h.report)
	}
	return s.DB.Accept(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		closed, err := closeReceipt(tx, h.program, h.report)
		if err != nil || !closed {
			return err
		}
		tx.Log(custody.Entry{Program: h.program, Event: "receipt.closed", Record: recordName(h.report), Actor: "sender"})
		return nil
	})
}
