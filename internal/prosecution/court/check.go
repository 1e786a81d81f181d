// SPDX-License-Identifier: Apache-2.0

package court

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
)

// checkedAtOnce is how many cases a day's check derives anew, beginning anywhere.
const checkedAtOnce = 2000

var errSums = errors.New("the sums of the courts' figures are not what they are sums of: do not publish them")

// check is the daily job that compares the figures of a program with what they
// come from. A difference is an error, which a person sees on the page of work;
// nothing is put right silently.
func (s *Service) check(ctx context.Context, j jobs.Job) error {
	return s.checkFrom(ctx, j.Program, store.NewID(), checkedAtOnce)
}

// Check derives the figures of all cases of a program anew from the steps, which
// the custody log covers, and says whether they are what stands.
func (s *Service) Check(ctx context.Context, programID string) error {
	return s.checkFrom(ctx, programID, store.ID{}, 1<<31)
}

func (s *Service) checkFrom(ctx context.Context, programID string, from store.ID, limit int) error {
	p, err := s.program(programID)
	if err != nil {
		return err
	}
	moment, err := s.DB.Moment(ctx)
	if err != nil {
		return fmt.Errorf("taking a moment to check the figures of the courts: %w", err)
	}
	defer moment.Close()
	summed, err := summedFacts(ctx, moment, programID)
	if err != nil {
		return err
	}
	have, err := talliesOf(ctx, moment, programID)
	if err != nil {
		return err
	}
	if !maps.Equal(summed, have) {
		return errSums
	}
	for limit > 0 {
		cases, err := after(ctx, moment, programID, from, min(limit, 500))
		if err != nil {
			return err
		}
		for _, c := range cases {
			if err := checkCase(ctx, moment, c, p); err != nil {
				return err
			}
			from = c.ID
		}
		if len(cases) < min(limit, 500) {
			return nil
		}
		limit -= len(cases)
	}
	return nil
}

func checkCase(ctx context.Context, q store.Reader, c Case, p *program.Program) error {
	entries, err := entriesOf(ctx, q, c.Program, c.ID)
	if err != nil {
		return err
	}
	picture, err := fold(entries)
	if err != nil {
		return fmt.Errorf("case %s: its steps do not follow each other: %w", c.ID, err)
	}
	have, err := factsOf(ctx, q, c.Program, c.ID)
	if err != nil {
		return err
	}
	if gone, come := change(have, picture.facts(c, p)); len(gone)+len(come) > 0 {
		return fmt.Errorf("case %s: the figures do not count what its steps say (%d differences): do not publish them", c.ID, len(gone)+len(come))
	}
	return nil
}
