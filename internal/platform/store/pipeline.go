// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// raw lends the driver's own connection to fn.
func raw(conn *sql.Conn, fn func(ctx context.Context, c *pgconn.PgConn) error) error {
	return conn.Raw(func(dc any) error { return fn(context.Background(), dc.(*stdlib.Conn).Conn().PgConn()) })
}

// sendAll sends statements without waiting for the answer to each, and says which
// one failed.
func sendAll(conn *sql.Conn, list []statement) (at int, err error) {
	err = conn.Raw(func(dc any) error {
		var batch pgx.Batch
		for _, s := range list {
			batch.Queue(s.q, s.args...)
		}
		results := dc.(*stdlib.Conn).Conn().SendBatch(context.Background(), &batch)
		for i := range list {
			if _, err := results.Exec(); err != nil {
				at = i
				return errors.Join(err, results.Close())
			}
		}
		return results.Close()
	})
	return at, err
}

// widest is how many rows one statement adds at most.
const widest = 32

// widened lets one statement add the rows of several that have the same text. With
// mixed these may stand apart: then rows of one table come before those of another
// when its first row did.
func widened(list []statement, mixed bool) []statement {
	if mixed {
		order := map[string]int{}
		for _, s := range list {
			if _, ok := order[s.q]; !ok {
				order[s.q] = len(order)
			}
		}
		list = slices.Clone(list)
		slices.SortStableFunc(list, func(a, b statement) int { return order[a.q] - order[b.q] })
	}
	var out []statement
	for len(list) > 0 {
		same := 1
		for same < len(list) && same < widest && list[same].q == list[0].q {
			same++
		}
		rows := 1 // a power of two, so that there are few texts to prepare
		for rows*2 <= same {
			rows *= 2
		}
		if s, ok := joined(list[:rows]); ok {
			out, list = append(out, s), list[rows:]
			continue
		}
		out, list = append(out, list[0]), list[1:]
	}
	return out
}

// joined is one statement that adds the rows of several equal ones.
func joined(list []statement) (statement, bool) {
	if len(list) == 1 {
		return statement{}, false
	}
	q := wide(list[0].q, len(list))
	if q == "" {
		return statement{}, false
	}
	s := statement{q: q, table: list[0].table, args: make([]any, 0, len(list)*len(list[0].args))}
	for _, one := range list {
		s.args = append(s.args, one.args...)
	}
	return s, true
}

// wideTexts keeps what wide made: for each of the program's inserts as many as widest.
var wideTexts sync.Map

type wideKey struct {
	q    string
	rows int
}

// wide is an insert's text for several rows; "" when it is no plain insert.
func wide(q string, rows int) string {
	key := wideKey{q, rows}
	if text, ok := wideTexts.Load(key); ok {
		return text.(string)
	}
	text := widen(q, rows)
	wideTexts.Store(key, text)
	return text
}

func widen(q string, rows int) string {
	head, rest, ok := strings.Cut(q, " values (")
	tuple, tail, closed := strings.Cut(rest, ")")
	tail = strings.TrimSpace(tail)
	plain := tail == "" || strings.HasPrefix(tail, "on conflict ") && strings.HasSuffix(tail, " do nothing")
	if !ok || !closed || !plain || !strings.HasPrefix(head, "insert into ") {
		return ""
	}
	values := strings.Split(tuple, ",")
	marks := strings.Count(tuple, "$")
	var b strings.Builder
	b.WriteString(head + " values ")
	for row := range rows {
		if row > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('(')
		for i, v := range values {
			if i > 0 {
				b.WriteString(", ")
			}
			v = strings.TrimSpace(v)
			if number, ok := strings.CutPrefix(v, "$"); ok {
				n, err := strconv.Atoi(number)
				if err != nil {
					return ""
				}
				v = "$" + strconv.Itoa(row*marks+n)
			}
			b.WriteString(v)
		}
		b.WriteByte(')')
	}
	if tail != "" {
		b.WriteString(" " + tail)
	}
	return b.String()
}
