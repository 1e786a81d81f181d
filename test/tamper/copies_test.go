// SPDX-License-Identifier: Apache-2.0

package tamper

import (
	"database/sql"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"waylight/internal/app"
	"waylight/internal/platform/store"
)

// altered is a copy that is being altered.
type altered struct {
	db  *sql.DB
	url string
	rid func() error
}

func begin(driver, dsn, address string, rid func() error) (*altered, error) {
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return nil, err
	}
	return &altered{db: db, url: address, rid: rid}, nil
}

// alter does one thing to the copy, whole or not at all.
func (a *altered) alter(do func(s *site) (wanted, bool)) (want wanted, ok bool, err error) {
	tx, err := a.db.Begin()
	if err != nil {
		return want, false, err
	}
	defer tx.Rollback()
	if strings.HasPrefix(a.url, "postgres") {
		if _, err := tx.Exec("set session_replication_role = replica"); err != nil {
			return want, false, err
		}
	}
	want, ok = do(&site{tx: tx})
	if ok {
		err = tx.Commit()
	}
	a.db.Close()
	return want, ok, err
}

func (a *altered) end() error {
	a.db.Close()
	return a.rid()
}

// fillPostgres makes the same database on the other engine, row by row.
func fillPostgres(t *testing.T, w *world, url string) {
	t.Helper()
	made, err := store.Open(ctx, url, store.Options{Schemas: app.Schemas()})
	if err != nil {
		t.Fatal(err)
	}
	made.Close()
	a, err := begin("pgx", url, url, func() error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	defer a.end()
	_, ok, err := a.alter(func(s *site) (wanted, bool) {
		for name, rows := range w.now {
			for _, values := range rows {
				if !s.insert(w.tables[name], values) {
					t.Errorf("%s: a row was refused", name)
					return wanted{}, false
				}
			}
		}
		for i, l := range w.log {
			if !s.insert(w.tables["custody_leaf"], []any{l.Program, int64(i), l.Commitment[:], l.Salt[:], l.Opening, l.Rows}) {
				return wanted{}, false
			}
		}
		return wanted{}, true
	})
	if !ok || err != nil {
		t.Fatalf("filling PostgreSQL: %v", err)
	}
	if n, _, said, err := w.verify(url); n != 0 || err != nil {
		t.Fatalf("on PostgreSQL, before any alteration: %s, %v", said, err)
	}
}

// copyPostgres makes a database from another as its template.
func copyPostgres(from string, worker int) (*altered, error) {
	u, err := url.Parse(from)
	if err != nil {
		return nil, err
	}
	template := strings.TrimPrefix(u.Path, "/")
	name := fmt.Sprintf("%s_%d", template, worker)
	u.Path = "/postgres"
	admin, err := sql.Open("pgx", u.String())
	if err != nil {
		return nil, err
	}
	defer admin.Close()
	drop := "drop database if exists " + name + " with (force)"
	if _, err := admin.Exec(drop); err != nil {
		return nil, err
	}
	if _, err := admin.Exec("create database " + name + " template " + template); err != nil {
		return nil, err
	}
	server := u.String()
	u.Path = "/" + name
	return begin("pgx", u.String(), u.String(), func() error {
		admin, err := sql.Open("pgx", server)
		if err != nil {
			return err
		}
		defer admin.Close()
		_, err = admin.Exec(drop)
		return err
	})
}
