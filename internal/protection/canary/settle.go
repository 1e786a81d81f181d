// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"context"
	"slices"
	"strings"
	"time"

	"waylight/internal/partnership/agency"
)

// late is how long a way may be without a test before that is an alarm itself.
const late = 3 * every

// office is whose test address a way is, or "".
func office(way string) string {
	of, ok := strings.CutPrefix(way, "mail:")
	if !ok {
		return ""
	}
	return of
}

// Way is what the last test of a way came to.
type Way struct {
	Way     string
	State   string
	Since   time.Time // when that began
	Tried   time.Time
	OK      time.Time // zero: never yet
	Tries   int
	Problem string
}

// Ways lists how the ways stand, in their order.
func (s *Service) Ways(ctx context.Context, programID string) ([]Way, error) {
	return readWays(ctx, s.DB, programID)
}

// Settle brings the alarms into line with how the ways stand. What was not tested
// for a long time is as much of an alarm as what failed; a server that has just
// started gets the time to test.
func (s *Service) Settle(ctx context.Context, programID string) error {
	all, err := s.Ways(ctx, programID)
	if err != nil {
		return err
	}
	wanted := map[string][]string{}
	for _, w := range all {
		overdue := s.Now().Sub(w.Tried) > late && s.Now().Sub(s.began) > late
		if w.State != stateBroken && !overdue {
			continue
		}
		kind, subject := agency.AlarmCanary, w.Way
		if of := office(w.Way); of != "" {
			kind, subject = agency.AlarmMailbox, of
		}
		wanted[kind] = append(wanted[kind], subject)
	}
	for _, subjects := range wanted {
		slices.Sort(subjects)
	}
	return s.Agencies.Settle(ctx, programID, []string{agency.AlarmCanary, agency.AlarmMailbox}, wanted)
}
