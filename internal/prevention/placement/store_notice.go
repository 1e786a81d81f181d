// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"

	"waylight/internal/platform/store"
)

// noticeCounts counts the sheets of each notice that are not gone, and what is to be
// done about them. versions are those of today.
func noticeCounts(ctx context.Context, q store.Reader, program string, versions map[string]string) (map[string]NoticeCount, error) {
	type row struct {
		notice, version string
		state           State
		n               int64
	}
	sheets, err := store.Collect(ctx, q, "counting the sheets of notices", func(s store.Scanner) (r row, err error) {
		err = s.Scan(&r.notice, &r.version, &r.state, &r.n)
		return r, err
	}, `select notice, notice_version, state, count(*) from placement where program = $1 and state not in ('replaced', 'removed') group by notice, notice_version, state`, program)
	if err != nil {
		return nil, err
	}
	tasks, err := store.Collect(ctx, q, "counting the tasks of notices", func(s store.Scanner) (r row, err error) {
		err = s.Scan(&r.notice, &r.n)
		return r, err
	}, `select t.notice, count(*) from placement_task k join placement t on t.program = k.program and t.id = k.placement where k.program = $1 and k.state = 'open' group by t.notice`, program)
	if err != nil {
		return nil, err
	}
	out := map[string]NoticeCount{}
	for _, r := range sheets {
		c := out[r.notice]
		switch {
		case r.state == Planned:
			c.Planned += r.n
		case r.version == versions[r.notice]:
			c.Present += r.n
		default:
			c.Older += r.n
		}
		out[r.notice] = c
	}
	for _, r := range tasks {
		c := out[r.notice]
		c.Open += r.n
		out[r.notice] = c
	}
	return out, nil
}
