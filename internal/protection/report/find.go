// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

// Found is the report that a receipt leads to, for the rooms in which its holder
// acts: who may write and add files there.
type Found struct {
	Program  string
	Report   store.ID
	Mode     string // tip or help
	Envelope program.Envelope
	Told     []string // offices that got the report when it was accepted, in the order in which the sender was shown them
	ReplyKey []byte   // X-Wing: what is sealed to it opens with the receipt's seed
	// Receipt is set by FindWords alone, where the words came to the server. It
	// must not outlive the request.
	Receipt seal.Receipt
}

// Find looks up the lookup of a receipt, in one program or, where none is named,
// in all of them. A receipt that does not exist and one that was closed are
// ErrReceipt, after the same work.
func (s *Service) Find(ctx context.Context, programID string, lookup [32]byte) (Found, error) {
	programs := s.Programs.IDs()
	if programID != "" {
		if _, err := s.program(programID); err != nil {
			return Found{}, ErrReceipt
		}
		programs = []string{programID}
	}
	h, ok, err := s.findIn(ctx, programs, lookup)
	if err != nil {
		return Found{}, err
	}
	if !ok {
		return Found{}, ErrReceipt
	}
	return s.foundOf(h)
}

// FindWords is Find, in every program, for the words of a receipt as somebody
// typed them. A word that is not in the list is told (*seal.WordError, or
// *seal.CountError), since that says nothing about reports.
func (s *Service) FindWords(ctx context.Context, words string) (Found, error) {
	receipt, h, err := s.openReceipt(ctx, words)
	if err != nil {
		return Found{}, err
	}
	f, err := s.foundOf(h)
	f.Receipt = receipt
	return f, err
}

// openReceipt reads typed words and finds their report. It does the same work
// whatever there is to find.
func (s *Service) openReceipt(ctx context.Context, words string) (seal.Receipt, held, error) {
	receipt, parsed := seal.ParseReceipt(clip(words))
	h, ok, err := s.findIn(ctx, s.Programs.IDs(), receipt.Lookup())
	switch {
	case mistyped(parsed):
		return seal.Receipt{}, held{}, parsed
	case err != nil:
		return seal.Receipt{}, held{}, err
	case parsed != nil || !ok:
		return seal.Receipt{}, held{}, ErrReceipt
	}
	return receipt, h, nil
}

// held finds the report of a receipt: by its lookup where a browser sent that,
// else by its words.
func (s *Service) held(ctx context.Context, words, lookup string) (held, error) {
	if lookup == "" {
		_, h, err := s.openReceipt(ctx, words)
		return h, err
	}
	key, err := lookupOf(lookup)
	if err != nil {
		return held{}, err
	}
	h, ok, err := s.findIn(ctx, s.Programs.IDs(), key)
	if err == nil && !ok {
		err = ErrReceipt
	}
	return h, err
}

// findIn looks in every one of these programs, always in all of them, and in the
// spool. The id of a report follows from its receipt, so that no line of the
// directory can hide one. While the database is away, what is not in the spool may
// be there all the same: that is an error, never "not found".
func (s *Service) findIn(ctx context.Context, programs []string, lookup [32]byte) (held, bool, error) {
	var found held
	ok := false
	for _, id := range programs {
		h, here, err := s.findHeld(ctx, id, reportID(s.Pepper, id, lookup))
		if err != nil {
			return held{}, false, err
		}
		if here && !h.closed {
			found, ok = h, true
		}
	}
	return found, ok, nil
}

func (s *Service) findHeld(ctx context.Context, programID string, id store.ID) (held, bool, error) {
	if s.Spool == nil {
		return readHeld(ctx, s.reader, programID, id)
	}
	w, waits, spoolErr := s.Spool.Find(ctx, programID, id)
	if s.Spool.Away() {
		if spoolErr == nil && !waits {
			spoolErr = errAway
		}
		return w.held(), waits, spoolErr
	}
	h, here, err := readHeld(ctx, s.reader, programID, id)
	switch {
	case err == nil && here:
		return h, true, nil
	case spoolErr == nil && waits:
		return w.held(), true, nil
	case err == nil:
		err = spoolErr
	}
	return held{}, false, err
}

// errAway answers a look-up that only the database could answer.
var errAway = fault.New(fault.Unavailable, "lookup_away", "We cannot look this up right now. What was accepted is kept. Please try again in a few minutes.")

func (s *Service) foundOf(h held) (Found, error) {
	if h.waiting {
		return Found{}, errWaiting
	}
	envelope, err := program.ParseEnvelope([]byte(h.envelope))
	if err != nil {
		return Found{}, err
	}
	told, err := holdersTold(h.told)
	return Found{Program: h.program, Report: h.report, Mode: h.mode, Envelope: envelope, Told: told, ReplyKey: h.replyKey}, err
}
