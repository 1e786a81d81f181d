// SPDX-License-Identifier: Apache-2.0

package conversation

import (
	"context"
	"crypto/subtle"
	"errors"
	"slices"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

// message checks the shape of a draft: all that a server can check of what it
// cannot read.
func (d Draft) message(t Thread, side Side) (Message, error) {
	if d.ID.IsZero() || !slices.Contains(side.Kinds(), d.Kind) || len(d.WrapOffice) != seal.WrapSize {
		return Message{}, ErrMessage
	}
	if len(d.Body) > maxBody {
		return Message{}, ErrLong
	}
	if (side == Office) != (len(d.WrapReceipt) == seal.WrapSize) || side == Sender && d.WrapReceipt != nil {
		return Message{}, ErrMessage
	}
	sealed, err := seal.Inspect(d.Body)
	if err != nil {
		return Message{}, ErrMessage.With(err)
	}
	return Message{Program: t.Program, Report: t.Report, Office: t.Office, ID: d.ID, Side: side, Kind: d.Kind, Answers: d.Answers,
		Body: d.Body, Hash: sealed.Hash, Token: sealed.Token, OfficeKey: d.OfficeKey, WrapOffice: d.WrapOffice, WrapReceipt: d.WrapReceipt,
		SealedBy: d.SealedBy}, nil
}

// keep stores a message at the end of its thread, once: a repeat of the very same
// message is no error and changes nothing.
func keep(ctx context.Context, tx *store.Tx, t Thread, m Message) (repeat bool, err error) {
	had, err := readMessage(ctx, tx, t, m.ID)
	switch {
	case err == nil:
		if !same(had, m) {
			return false, ErrTaken
		}
		return true, nil
	case !errors.Is(err, ErrNotFound):
		return false, err
	}
	if err := answerable(ctx, tx, t, m); err != nil {
		return false, err
	}
	last, err := lastAt(ctx, tx, t)
	if err != nil {
		return false, err
	}
	if m.At = tx.Now(); !m.At.After(last) {
		m.At = last.Add(time.Microsecond)
	}
	return false, insertMessage(tx, m)
}

// same says whether a message is a repeat of one that was kept. What the server
// seals has new bytes each time; its id holds the words.
func same(had, m Message) bool {
	if had.Side != m.Side || had.Member != m.Member || had.Kind != m.Kind || had.Answers != m.Answers || had.SealedBy != m.SealedBy {
		return false
	}
	return m.SealedBy == SealedByServer || subtle.ConstantTimeCompare(had.Hash[:], m.Hash[:]) == 1
}

// answerable refuses an answer to nothing, or to one's own side.
func answerable(ctx context.Context, tx *store.Tx, t Thread, m Message) error {
	if m.Answers.IsZero() {
		if m.Kind == Answer {
			return ErrMessage
		}
		return nil
	}
	to, err := readMessage(ctx, tx, t, m.Answers)
	switch {
	case errors.Is(err, ErrNotFound):
		return ErrMessage
	case err != nil:
		return err
	case to.Side == m.Side, m.Side == Sender && m.Kind != Answer:
		return ErrMessage
	}
	return nil
}

// calmRead is calm, unless the sender wrote something that nobody opened, but for
// as many as were passed over: then the clock goes on, and the error is ErrUnread.
func calmRead(ctx context.Context, tx *store.Tx, t Thread, passed int) error {
	sent, err := countSent(ctx, tx, t, tx.Now())
	if err == nil && sent.unread > passed {
		err = ErrUnread
	}
	if err != nil {
		return err
	}
	return calm(tx, t)
}

// calm ends the clock of a thread: somebody answered, or nobody must.
func calm(tx *store.Tx, t Thread) error {
	if t.Since.IsZero() && t.NextAt.IsZero() {
		return nil
	}
	now := t
	now.Since, now.Due, now.Level, now.Told, now.NextAt = time.Time{}, time.Time{}, 0, "", time.Time{}
	held, err := setClock(tx, t, now)
	if err == nil && !held {
		err = errMoved
	}
	return fault.Wrap(err, "ending a clock")
}
