// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// A canary is a report that the program sends itself, through the ways in that
// senders use, to see that they work. It carries a mark that only this program
// can make: a keyed hash over what the submission is repeated under. A report
// with a mark that does not fit is a report like any other: nothing that a sender
// or a server in front does can make one disappear.

// CanaryHeader is where the mark stands in a request.
const CanaryHeader = "Waylight-Canary"

// CanaryMark marks a submission: key is its idempotency key, or the lookup of a
// receipt that a browser made, in base64url; "" marks a question that sends
// nothing.
func (s *Service) CanaryMark(programID, key string) string {
	mac := hmac.New(sha256.New, s.Pepper)
	mac.Write([]byte("waylight/canary/v1\n" + programID + "\n" + key))
	return hex.EncodeToString(mac.Sum(nil))
}

// via is the way a request came: as a canary when its mark fits, else the one given.
func (s *Service) via(r *http.Request, programID, key, way string) string {
	mark := r.Header.Get(CanaryHeader)
	if mark != "" && hmac.Equal([]byte(mark), []byte(s.CanaryMark(programID, key))) {
		return ViaCanary
	}
	return way
}

// mayCome says whether a submission is taken now: tests also while the form is closed.
func (s *Service) mayCome(ctx context.Context, programID, via string) bool {
	return inside(via) || s.Open(ctx, programID)
}

// inside says whether a submission is the program's own, and goes to its desk alone.
func inside(via string) bool { return via == ViaTest || via == ViaCanary }

var errNotCanary = fault.New(fault.NotFound, "canary_unknown", "There is no such test report.")

// ClearCanary deletes a canary's rows. Their absence waits for the caller's tx.Log.
// It asks for the lookup of the receipt, which of anybody else's report only its
// sender has: whoever can write into the database cannot have a report deleted by
// calling it a canary.
func (s *Service) ClearCanary(ctx context.Context, tx *store.Tx, programID string, lookup [32]byte) (store.ID, error) {
	id := reportID(s.Pepper, programID, lookup)
	return id, clearCanary(ctx, tx, programID, id)
}
