// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// copyIn fills a PostgreSQL table by COPY, within the open transaction.
func (l *Loader) copyIn(ctx context.Context, t *Table, rows [][]any) error {
	err := l.conn.Raw(func(c any) error {
		conn, ok := c.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("the PostgreSQL driver is %T", c)
		}
		_, err := conn.Conn().CopyFrom(ctx, pgx.Identifier{t.Name}, t.columnNames(), pgx.CopyFromRows(rows))
		return err
	})
	var e *pgconn.PgError
	if errors.As(err, &e) && e.Code == "22021" {
		return fmt.Errorf("a text holds bytes that PostgreSQL does not keep as text: %w", err)
	}
	return err
}

// connSession runs the statements of a transaction that a loader has open.
type connSession struct {
	conn   *sql.Conn
	engine string
}

func (s connSession) exec(q string, args ...any) (sql.Result, error) {
	return s.conn.ExecContext(context.Background(), q, args...)
}

func (s connSession) query(ctx context.Context, q string, args ...any) (*sql.Rows, error) {
	return s.conn.QueryContext(ctx, q, args...)
}

func (s connSession) queryRow(ctx context.Context, q string, args ...any) *sql.Row {
	return s.conn.QueryRowContext(ctx, q, args...)
}

func (s connSession) duplicate(err error) bool {
	if s.engine == sqlite {
		return sqliteDuplicate(err)
	}
	return pgDuplicate(err)
}

// later runs at once.
func (s connSession) later(st statement) error {
	_, err := s.exec(st.q, st.args...)
	return st.explain(s, err)
}
