// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
)

// A statement means the same in whatever order it names its arguments, how often, and how many; also what only looks like one stays what it is.
func TestArgumentsMeanTheSame(t *testing.T) {
	t.Parallel()
	storetest.Each(t, nil, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		many, numbers := []string{}, []any{}
		for i := range 300 {
			many, numbers = append(many, fmt.Sprintf("cast($%d as bigint) * %d", i+1, i%7)), append(numbers, i)
		}
		sum := 0
		for i := range 300 {
			sum += i * (i % 7)
		}
		for _, c := range []struct {
			q    string
			args []any
			want string
		}{
			{`select cast($1 as text) || cast($2 as text) || cast($3 as text)`, []any{"a", "b", "c"}, "abc"},
			{`select cast($3 as text) || cast($1 as text) || cast($2 as text)`, []any{"a", "b", "c"}, "cab"},
			{`select cast($2 as text) || cast($1 as text) || cast($2 as text)`, []any{"a", "b"}, "bab"},
			{`select '$2' || cast($2 as text) || 'it''s $1' || cast($1 as text)`, []any{"a", "b"}, "$2bit's $1a"},
			{`select cast($1 as text) || '?' -- and $2`, []any{"a"}, "a?"},
			{`select cast($1 as text) from (select 1 as n union all select 2) as two order by n limit $2`, []any{"a", 1}, "a"},
			{`select 'limit $1' || cast(n as text) from (select 1 as n union all select 2) as two order by n limit $1 offset $2`, []any{1, 1}, "limit $12"},
			{`select cast(` + strings.Join(many, " + ") + ` as text)`, numbers, fmt.Sprint(sum)},
		} {
			var read, written string
			if err := db.QueryRow(t.Context(), c.q, c.args...).Scan(&read); err != nil || read != c.want {
				t.Errorf("%.80s is %q, %v", c.q, read, err)
			}
			err := db.Write(t.Context(), func(tx *store.Tx) error {
				return tx.QueryRow(t.Context(), c.q, slices.Clone(c.args)...).Scan(&written)
			})
			if err != nil || written != c.want {
				t.Errorf("while writing, %.80s is %q, %v", c.q, written, err)
			}
		}
	})
}
