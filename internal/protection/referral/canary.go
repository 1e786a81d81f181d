// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"waylight/internal/partnership/program"
	"waylight/internal/platform/store"
	"waylight/internal/protection/report"
)

// recordCanary stores the referrals of a test that the program sent itself: closed
// from the start, without a clock and without a notice, and in nobody's lists.
func (s *Service) recordCanary(tx *store.Tx, ref report.Ref, plan program.Plan) error {
	about := subjectOf(ref.Envelope)
	for _, d := range plan.Deliveries {
		r := about.referral(ref, d.Duty)
		r.Origin, r.Holder, r.Relay, r.State, r.Starts = OriginCanary, d.Holder, d.Relay, Closed, program.Event{Kind: program.Accepted}
		if err := insert(tx, r, about.words, ref.Accepted); err != nil {
			return err
		}
	}
	return nil
}
