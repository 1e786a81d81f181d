// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"

	"waylight/internal/platform/store"
)

// Reply is how offices can write to the sender of a report.
type Reply struct {
	Key    []byte // X-Wing: what is sealed to it opens with the receipt's seed
	Closed bool   // its holder switched the receipt off: nobody could read it
}

// Reply tells how the sender of a report can be written to, or ErrNoReport.
func (s *Service) Reply(ctx context.Context, programID string, id store.ID) (Reply, error) {
	return s.ReplyIn(ctx, s.DB, programID, id)
}

// ReplyIn is Reply as a transaction sees it, for what must still be so when it
// is kept.
func (s *Service) ReplyIn(ctx context.Context, q store.Reader, programID string, id store.ID) (Reply, error) {
	h, ok, err := readHeld(ctx, q, programID, id)
	if err != nil {
		return Reply{}, err
	}
	if !ok {
		return Reply{}, ErrNoReport
	}
	return Reply{Key: h.replyKey, Closed: h.closed}, nil
}
