// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// takeTurn waits until nobody else of the program asks for conflicts, and keeps it so until this transaction has ended. What the one before wrote is durable by then, and a
// query that begins after this call sees it: on SQLite because there is one writer, on PostgreSQL because the row is locked and every statement of a transaction reads what
// was committed before it began. Under a stricter isolation the update fails and the transaction runs again.
func takeTurn(tx *store.Tx, programID string) error {
	_, err := tx.Exec(`insert into operation_turn (program, turn) values ($1, 0) on conflict (program) do nothing`, programID)
	if err == nil {
		_, err = tx.Exec(`update operation_turn set turn = turn + 1 where program = $1`, programID)
	}
	return fault.Wrap(err, "waiting for one's turn")
}

// sizes are how many values one statement carries. Lists are filled up to a few sizes, so that few statements are prepared.
var sizes = []int{4, 16, 64, 256}

// filled repeats the last value until the list has one of the sizes.
func filled[T any](list []T) []T {
	for _, n := range sizes {
		if len(list) <= n {
			for len(list) < n {
				list = append(list, list[len(list)-1])
			}
			return list
		}
	}
	return list
}

// found is an operation that shares a cell, as the index has it.
type found struct {
	id    store.ID
	reach []byte
}

// sharing reads what stands under any of the tokens, each operation once.
func sharing(ctx context.Context, r store.Reader, programID string, tokens [][]byte) ([]found, error) {
	var out []found
	seen := map[store.ID]bool{}
	for part := range slices.Chunk(tokens, sizes[len(sizes)-1]) {
		args := []any{programID}
		for _, t := range filled(slices.Clone(part)) {
			args = append(args, t)
		}
		rows, err := store.Collect(ctx, r, "looking for operations nearby", func(row store.Scanner) (found, error) {
			var f found
			err := row.Scan(&f.id, &f.reach)
			return f, err
		}, `select operation, reach from operation_index where program = $1 and token in (`+marks(2, len(args)-1)+`)`, args...)
		if err != nil {
			return nil, err
		}
		for _, f := range rows {
			if !seen[f.id] {
				seen[f.id] = true
				out = append(out, f)
			}
		}
	}
	return out, nil
}

// marks are n placeholders from the given number on.
func marks(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "$%d", from+i)
	}
	return b.String()
}

// putIndex writes an operation under its tokens.
func putIndex(tx *store.Tx, programID string, id store.ID, reach []byte, tokens [][]byte) error {
	const atOnce = 32
	for part := range slices.Chunk(tokens, atOnce) {
		args := []any{programID, id[:], reach}
		var b strings.Builder
		for i, t := range part {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "($1,$%d,$2,$3)", i+4)
			args = append(args, t)
		}
		if _, err := tx.Exec(`insert into operation_index (program, token, operation, reach) values `+b.String(), args...); err != nil {
			return fault.Wrap(err, "entering an operation for others to find")
		}
	}
	return nil
}

// dropIndex takes an operation out: it conflicts with nothing any more.
func dropIndex(tx *store.Tx, programID string, id store.ID) error {
	_, err := tx.Exec(`delete from operation_index where program = $1 and operation = $2`, programID, id)
	return fault.Wrap(err, "taking an operation out of the way")
}

// --- who asked how often

// asked is how often somebody asked since a moment.
type asked struct{ member, finds, office int }

func askedSince(ctx context.Context, r store.Reader, programID, office, member string, since int64) (asked, error) {
	var a asked
	err := r.QueryRow(ctx, `select count(*), coalesce(sum(case when found > 0 then 1 else 0 end), 0) from operation_check where program = $1 and member = $2 and at > $3`,
		programID, member, since).Scan(&a.member, &a.finds)
	if err == nil {
		err = r.QueryRow(ctx, `select count(*) from operation_check where program = $1 and office = $2 and at > $3`, programID, office, since).Scan(&a.office)
	}
	return a, fault.Wrap(err, "counting questions")
}

func insertCheck(tx *store.Tx, programID, office, member string, n int) error {
	return tx.Insert("operation_check", store.Row{"program": programID, "id": store.NewID(), "office": office, "member": member, "at": tx.Now(), "found": n})
}

// Asker is how often a member asked for conflicts in some days.
type Asker struct {
	Office, Member       string // the member as custody entries name them
	Asked, Finds, Nearby int    // questions; those that found something; what they found
}

// askers lists who asked since a moment, most finds first; office "" is every office of the program.
func askers(ctx context.Context, r store.Reader, programID, office string, since int64) ([]Asker, error) {
	return store.Collect(ctx, r, "reading who asked", func(row store.Scanner) (Asker, error) {
		var a Asker
		err := row.Scan(&a.Office, &a.Member, &a.Asked, &a.Finds, &a.Nearby)
		return a, err
	}, `select office, member, count(*), sum(case when found > 0 then 1 else 0 end) as finds, sum(found) from operation_check
		where program = $1 and ($2 = '' or office = $2) and at > $3 group by office, member order by finds desc, office, member limit 1000`, programID, office, since)
}

// dropChecks forgets an office's questions that are older than anybody counts; the log keeps them.
func dropChecks(tx *store.Tx, programID, office string, before int64) error {
	_, err := tx.Exec(`delete from operation_check where program = $1 and office = $2 and at < $3`, programID, office, before)
	return fault.Wrap(err, "forgetting old questions")
}
