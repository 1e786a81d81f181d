// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"waylight/internal/platform/custody"
)

// Loading says what an import is about to fill.
type Loading struct {
	ID       string   // tells this import's source from any other, so that it can be gone on with
	Programs []string // the programs it brings, which the database must hold nothing of
	Restart  bool     // take out what another unfinished import left
}

// Loader fills a database with whole programs, in bulk. From its first moment to
// Finish the database is marked, and neither Open nor Inspect takes it.
type Loader struct {
	db    *DB // the declared tables; nothing is written through it
	what  Loading
	pool  *sql.DB
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
	begun bool
	fresh bool // the file was made for this import
	done  int64
}

// ErrHasRows says that a database already holds what was to be brought into it.
var ErrHasRows = errors.New("already has rows in this database; a program is only brought to where it has never been")

// OpenLoader marks the database at url and makes its schema. Where the same
// import was interrupted, it is gone on with.
func OpenLoader(ctx context.Context, url string, o Options, what Loading) (*Loader, error) {
	schemas := append([]Schema{{Room: "custody", FS: custody.Migrations()}}, o.Schemas...)
	migrations, tables, err := ParseSchema(schemas)
	if err != nil {
		return nil, err
	}
	l := &Loader{db: &DB{tables: tables, order: coveredTables(tables), now: o.Now, inspecting: true}, what: what, stmts: map[string]*sql.Stmt{}}
	if err := l.open(ctx, url); err != nil {
		l.Close()
		return nil, fmt.Errorf("opening the database to fill it: %w", err)
	}
	if err := l.begin(ctx, migrations); err != nil {
		l.giveUp()
		return nil, err
	}
	return l, nil
}

func (l *Loader) open(ctx context.Context, url string) (err error) {
	file, ok := strings.CutPrefix(url, "sqlite:")
	if !ok {
		return l.openPostgres(ctx, url)
	}
	l.db.engine = sqlite
	if l.db.file, err = filepath.Abs(file); err != nil {
		return err
	}
	if info, err := os.Stat(l.db.file); err != nil || info.Size() == 0 {
		l.fresh = true
	}
	f, err := os.OpenFile(l.db.file, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	f.Close()
	l.pool, err = sql.Open("sqlite", sqliteURL(l.db.file, "journal_mode(WAL)", "synchronous(FULL)", "temp_store(2)", "cache_size(-131072)", "foreign_keys(0)"))
	if err != nil {
		return err
	}
	l.pool.SetMaxOpenConns(1)
	if l.conn, err = l.pool.Conn(ctx); err != nil {
		return err
	}
	l.db.readers, err = sql.Open("sqlite", sqliteURL(l.db.file, "query_only(1)"))
	return err
}

// importLock keeps two imports off one PostgreSQL database.
const importLock = 0x7761796c6d6f7665

func (l *Loader) openPostgres(ctx context.Context, url string) (err error) {
	l.db.engine = postgres
	if l.pool, err = sql.Open("pgx", url); err != nil {
		return err
	}
	l.pool.SetMaxOpenConns(1)
	if l.conn, err = l.pool.Conn(ctx); err != nil {
		return err
	}
	if err := l.alone(ctx); err != nil {
		return err
	}
	l.db.readers, err = sql.Open("pgx", url)
	return err
}

// leaving is how long a server may take to end the session of a program that went
// away: an import that is begun again at once must not stumble over its own end.
const leaving = 10 * time.Second

// alone takes the lock, and asks that nobody else is connected.
func (l *Loader) alone(ctx context.Context) error {
	for begun := time.Now(); ; {
		busy, err := l.busy(ctx)
		if err != nil || busy == nil {
			return err
		}
		if time.Since(begun) > leaving {
			return busy
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// busy says who else is at the database, nil when nobody is and the lock is ours.
func (l *Loader) busy(ctx context.Context) (busy, err error) {
	var got bool
	err = l.conn.QueryRowContext(ctx, `select pg_try_advisory_lock($1)`, int64(importLock)).Scan(&got)
	if err != nil {
		return nil, err
	}
	if !got {
		return errors.New("another import fills this database right now"), nil
	}
	var others int
	err = l.conn.QueryRowContext(ctx, `select count(*) from pg_stat_activity where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`).Scan(&others)
	if err != nil {
		return nil, err
	}
	if others > 0 { // the lock is taken again next time, and counts: it ends with the session
		return fmt.Errorf("%d other connections to this database are open: stop every Waylight and every other program that uses it first", others), nil
	}
	return nil, nil
}

// begin goes on with this import, or marks the database for it.
func (l *Loader) begin(ctx context.Context, migrations []Migration) error {
	has, err := hasTable(ctx, l.conn, l.db.engine, "store_import")
	if err != nil {
		return err
	}
	if has {
		had, err := l.resume(ctx)
		if had || err != nil {
			return err
		}
	}
	if err := l.exec(ctx, "begin"); err != nil {
		return err
	}
	err = l.mark(ctx, migrations)
	if err != nil {
		return errors.Join(err, l.exec(ctx, "rollback"))
	}
	return l.exec(ctx, "commit")
}

// resume looks for an unfinished import, and says whether it is this one.
func (l *Loader) resume(ctx context.Context) (bool, error) {
	var id, programs string
	var fresh, done int64
	err := l.conn.QueryRowContext(ctx, `select id, programs, fresh, done from store_import`).Scan(&id, &programs, &fresh, &done)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading whether an import is unfinished: %w", err)
	}
	l.fresh = l.fresh || fresh == 1
	if id == l.what.ID {
		l.done = done
		return true, nil
	}
	if !l.what.Restart {
		return false, errors.New("an import from another file was begun here and is not finished: go on with that one, or pass --restart to take out what it left")
	}
	return false, l.clear(ctx, strings.Split(programs, ","))
}

func (l *Loader) mark(ctx context.Context, migrations []Migration) error {
	if err := runMigrations(ctx, l.conn, l.db.engine, migrations); err != nil {
		return err
	}
	for _, t := range InOrder(l.db.tables) {
		for _, p := range l.what.Programs {
			var n int
			err := l.conn.QueryRowContext(ctx, `select count(*) from (select program from `+t.Name+` where program = $1 limit 1) as found`, p).Scan(&n)
			if err != nil {
				return fmt.Errorf("looking into %s: %w", t.Name, err)
			}
			if n > 0 {
				return fmt.Errorf("%s %w", p, ErrHasRows)
			}
		}
	}
	if err := l.exec(ctx, importTable); err != nil {
		return err
	}
	fresh := 0
	if l.fresh {
		fresh = 1
	}
	return l.exec(ctx, `insert into store_import (id, programs, fresh, done) values ($1, $2, $3, 0)`, l.what.ID, strings.Join(l.what.Programs, ","), fresh)
}

func (l *Loader) exec(ctx context.Context, q string, args ...any) error {
	if _, err := l.conn.ExecContext(ctx, q, args...); err != nil {
		return fmt.Errorf("filling the database: %w", err)
	}
	return nil
}

// Done is what Keep was last told, in this run or in one that was interrupted.
func (l *Loader) Done() int64 { return l.done }

// Tables are the declared tables by name.
func (l *Loader) Tables() map[string]*Table { return l.db.tables }

// Add puts rows into a table, each with a value for every declared column.
func (l *Loader) Add(ctx context.Context, t *Table, rows [][]any) error {
	if !l.begun {
		if err := l.exec(ctx, "begin"); err != nil {
			return err
		}
		l.begun = true
	}
	var err error
	if l.db.engine == postgres {
		err = l.copyIn(ctx, t, rows)
	} else {
		err = l.insert(ctx, t, rows)
	}
	if err != nil {
		return fmt.Errorf("filling %s: %w", t.Name, err)
	}
	return nil
}

func (l *Loader) insert(ctx context.Context, t *Table, rows [][]any) error {
	stmt := l.stmts[t.Name]
	if stmt == nil {
		var err error
		if stmt, err = l.conn.PrepareContext(ctx, t.insert[sqlite]); err != nil {
			return err
		}
		l.stmts[t.Name] = stmt
	}
	for _, row := range rows {
		if _, err := stmt.ExecContext(ctx, row...); err != nil {
			return err
		}
	}
	return nil
}

// Keep makes what was added durable, together with how far the source was read.
func (l *Loader) Keep(ctx context.Context, done int64) error {
	if !l.begun {
		return nil
	}
	if err := l.exec(ctx, `update store_import set done = $1`, done); err != nil {
		return err
	}
	if err := l.exec(ctx, "commit"); err != nil {
		return err
	}
	l.begun, l.done = false, done
	return nil
}

// Reader reads what was filled in so far and kept, to verify it.
func (l *Loader) Reader() *DB { return l.db }

// Finish runs fn in the last transaction, which also takes the mark away: from
// then on the database can be served.
func (l *Loader) Finish(ctx context.Context, fn func(tx *Tx) error) error {
	if err := l.references(ctx); err != nil {
		return err
	}
	if err := l.exec(ctx, "begin"); err != nil {
		return err
	}
	tx := &Tx{db: l.db, on: connSession{l.conn, l.db.engine}, now: l.db.now()}
	err := fn(tx)
	if err == nil {
		err = tx.finish()
	}
	if err == nil {
		err = integrate(tx, tx.leaves)
	}
	if err == nil {
		err = l.exec(ctx, `delete from store_import`)
	}
	if err != nil {
		return errors.Join(err, l.exec(ctx, "rollback"))
	}
	return l.exec(ctx, "commit")
}

// references looks on SQLite whether every row that is referred to is there; on
// PostgreSQL the engine did while it was filled.
func (l *Loader) references(ctx context.Context) error {
	if l.db.engine != sqlite {
		return nil
	}
	var table string
	err := l.conn.QueryRowContext(ctx, `select "table" from pragma_foreign_key_check limit 1`).Scan(&table)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("checking references: %w", err)
	}
	return fmt.Errorf("a row of %s refers to one that was not in the source", table)
}

// Undo takes out everything that this import brought, and its mark.
func (l *Loader) Undo(ctx context.Context) error {
	if l.begun {
		if err := l.exec(ctx, "rollback"); err != nil {
			return err
		}
		l.begun = false
	}
	if err := l.clear(ctx, l.what.Programs); err != nil {
		return err
	}
	l.giveUp()
	return nil
}

// giveUp closes the database, and removes a file that was made for nothing.
func (l *Loader) giveUp() {
	unused := l.fresh && l.db.engine == sqlite && l.conn != nil
	if unused {
		marked := 0
		err := l.conn.QueryRowContext(context.Background(), `select count(*) from store_import`).Scan(&marked)
		unused = err != nil || marked == 0
	}
	l.Close()
	if unused {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			os.Remove(l.db.file + suffix)
		}
	}
}

func (l *Loader) clear(ctx context.Context, programs []string) error {
	if err := l.exec(ctx, "begin"); err != nil {
		return err
	}
	tables := InOrder(l.db.tables)
	slices.Reverse(tables)
	for _, t := range tables {
		has, err := hasTable(ctx, l.conn, l.db.engine, t.Name)
		if err != nil {
			return err
		}
		for _, p := range programs {
			if !has {
				break
			}
			if err := l.exec(ctx, `delete from `+t.Name+` where program = $1`, p); err != nil {
				return err
			}
		}
	}
	if err := l.exec(ctx, `delete from store_import`); err != nil {
		return err
	}
	return l.exec(ctx, "commit")
}

// Close ends the work. What was not kept is lost; the mark stays until Finish.
func (l *Loader) Close() error {
	var err error
	for _, s := range l.stmts {
		err = errors.Join(err, s.Close())
	}
	l.stmts = nil
	if l.db.readers != nil {
		err = errors.Join(err, l.db.readers.Close())
	}
	if l.conn != nil {
		err = errors.Join(err, l.conn.Close())
	}
	if l.pool != nil {
		err = errors.Join(err, l.pool.Close())
	}
	return err
}
