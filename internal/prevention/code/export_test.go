// SPDX-License-Identifier: Apache-2.0

package code

import (
	"context"

	"waylight/internal/platform/store"
)

// AddSoon is what Run does every few seconds.
func (s *Service) AddSoon(ctx context.Context) error {
	for turn := range Turns {
		if err := s.AddTurn(ctx, turn); err != nil {
			return err
		}
	}
	return nil
}

// Turns are how many turns a round of Run has, and AddTurn is one of them.
const Turns = portions

// AddTurn adds what has its turn.
func (s *Service) AddTurn(ctx context.Context, turn int) error {
	_, err := s.addSoon(ctx, turn)
	return err
}

// Counted are counts as they are shown of what stands in the database: of each code,
// for each week.
func Counted(weeks []string, ids []store.ID, n map[store.ID][]int64) (Counts, error) {
	var found []dayCount
	for id, all := range n {
		for i, week := range weeks {
			found = append(found, dayCount{id, week, all[i]})
		}
	}
	return Counts{Weeks: weeks}.fill(ids, found)
}
