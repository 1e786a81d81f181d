// SPDX-License-Identifier: Apache-2.0

package custody

import (
	"context"
	"fmt"
)

// Since calls row for every covered row that an entry from one place in a log on
// says was added, changed or taken away, as often as one says so.
func Since(ctx context.Context, r Reader, program string, from int64, row func(table string, key []byte)) error {
	rows, err := r.Query(ctx, `select row_list from custody_leaf where program = $1 and idx >= $2 order by idx`, program, from)
	if err != nil {
		return fmt.Errorf("reading what changed: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var list []byte
		if err := rows.Scan(&list); err != nil {
			return fmt.Errorf("reading what changed: %w", err)
		}
		err := eachRow(list, func(table, key []byte, _ bool, _ [32]byte) { row(string(table), key) })
		if err != nil {
			return fmt.Errorf("reading what changed: %w", err)
		}
	}
	return rows.Err()
}
