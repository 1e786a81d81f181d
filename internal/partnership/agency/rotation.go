// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"context"
	"time"

	"waylight/internal/platform/store"
)

// rotateWithin is how long an office has to make a new key after somebody left:
// until then that person could open, with a copy of the key that they may have
// kept, what they should no longer read.
const rotateWithin = 7 * 24 * time.Hour

// Why a new key is asked for.
const (
	ReasonLeft = "left" // somebody who held the key left, or lost the means to open it
)

// Asked is a new key that an office was asked to make.
type Asked struct {
	Office, Reason string
	At, Due        time.Time
}

// AskedRotations lists the new keys that an office, or every office for "", was
// asked to make and has not, the one due first first.
func (s *Service) AskedRotations(ctx context.Context, program, office string) ([]Asked, error) {
	rows, err := readRotations(ctx, s.cfg.DB, program, office)
	var out []Asked
	for _, r := range rows {
		out = append(out, Asked{r.Office, r.Reason, r.Asked, r.Due})
	}
	return out, err
}

// askRotation asks an active office for a new key. A second asking while one
// stands changes nothing: the earlier date counts. The row joins the caller's next
// tx.Log.
func (s *Service) askRotation(ctx context.Context, tx *store.Tx, program, office, reason string) error {
	open, err := readRotations(ctx, tx, program, office)
	if err != nil || len(open) > 0 {
		return err
	}
	err = insertRotation(tx, program, askedRotation{Office: office, Reason: reason, ID: store.NewID(), Due: tx.Now().Add(rotateWithin)})
	if err != nil {
		return err
	}
	return s.lookSoon(tx, program)
}
