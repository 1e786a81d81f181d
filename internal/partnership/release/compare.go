// SPDX-License-Identifier: Apache-2.0

package release

import (
	"context"
	"slices"
	"time"

	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
)

// compareJob looks at every published release of a program.
func (s *Service) compareJob(ctx context.Context, j jobs.Job) error {
	p, ok := s.Programs.Program(j.Program)
	if !ok || s.measures == nil {
		return nil
	}
	below := int64(1) << 62
	for {
		page, err := list(ctx, s.DB, p.ID, true, below, 20)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, r := range page {
			if err := s.compare(ctx, p, r, "system"); err != nil {
				return err
			}
			below = r.Number
		}
	}
}

// Compare looks whether the rows behind a published release changed since.
func (s *Service) Compare(ctx context.Context, id store.ID) error {
	who, p, err := s.who(ctx, policy.MakeRelease)
	if err != nil {
		return err
	}
	r, err := byID(ctx, s.DB, who.Program, id)
	if err != nil {
		return err
	}
	if r.State != Published {
		return ErrState
	}
	return s.compare(ctx, p, r, actor(who))
}

// compare computes the tables as they would be today. What was restated is not
// looked at any more: the later release is.
func (s *Service) compare(ctx context.Context, p *program.Program, r Release, by string) error {
	later, err := restatedBy(ctx, s.DB, r.Program, r.ID)
	if err != nil || later != 0 {
		return err
	}
	for _, spec := range r.Specs {
		if _, err := s.measures.Check(spec, false); err != nil {
			return nil // nobody counts that any more: there is nothing to compare with
		}
	}
	now, err := s.tables(ctx, p, r.Specs)
	if err != nil {
		return err
	}
	doc, err := figure.ParseDocument([]byte(r.Document))
	if err != nil {
		return err
	}
	changes := []figure.Change{}
	for i := range now {
		if i < len(r.Computed) && i < len(doc.Tables) {
			changes = append(changes, told(bare(now[i]).Changes(bare(r.Computed[i]), i+1), doc.Tables[i])...)
		}
	}
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		if err := saveWatch(tx, r.Program, r.ID, changes); err != nil {
			return err
		}
		event := "release.compared"
		if len(changes) > 0 {
			event = "release.differs"
		}
		return s.logged(tx, r.Program, r.ID, event, by, "")
	})
}

// told are the changes of figures that the public was shown: that one which is
// hidden moved would tell of it.
func told(changes []figure.Change, t figure.Published) []figure.Change {
	shown := map[[2]string]bool{}
	table := t.Table()
	table.Each(func(row, column string, e *figure.Entry) {
		shown[[2]string{row, column}] = e.State == figure.Shown || e.State == figure.Rounded
	})
	return slices.DeleteFunc(changes, func(c figure.Change) bool { return !shown[[2]string{c.Row, c.Column}] })
}

// bare is a table with every number, as nobody but this room compares it.
func bare(t figure.Table) figure.Published {
	t = clone([]figure.Table{t})[0]
	for i := range t.Entries {
		for j := range t.Entries[i] {
			t.Entries[i][j].State = figure.Shown
		}
	}
	return t.Publish()
}

// since is what a page says of rows that changed.
type since struct {
	Compared time.Time
	Changes  []figure.Change
}

func (s *Service) since(ctx context.Context, r Release) (since, error) {
	w, err := readWatch(ctx, s.DB, r.Program, r.ID)
	return since{Compared: w.compared, Changes: w.changes}, err
}
