// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"database/sql"
	"strings"

	"waylight/internal/platform/store"
)

// rows reads the rows of a report as they would be inserted.
func (s *stock) rows(ctx context.Context, table string, id store.ID, each func(store.Row)) error {
	t := s.app.DB.Tables()[table]
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	key := map[bool]string{true: "id", false: "report"}[table == "report"]
	rows, err := s.app.DB.Query(ctx, "select "+strings.Join(names, ", ")+" from "+table+" where program = $1 and "+key+" = $2", benchProgram, id)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		values, into := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		row := store.Row{}
		for i, c := range t.Columns {
			row[c.Name] = values[i]
			if text, ok := values[i].([]byte); ok && c.Type == "text" {
				row[c.Name] = string(text)
			}
		}
		each(row)
	}
	return rows.Err()
}

// settleStatistics does what PostgreSQL does by itself some minutes after so much came in.
func (a *App) settleStatistics(ctx context.Context) error {
	if a.DB.Engine() != "postgres" {
		return nil
	}
	rows, err := a.DB.Query(ctx, "vacuum analyze")
	if err != nil {
		return err
	}
	return rows.Close()
}

// inPostgres runs a statement beside everything that is measured.
func inPostgres(ctx context.Context, address, statement string) error {
	db, err := sql.Open("pgx", address)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, statement)
	return err
}
