// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
)

// crowd holds the database busy until everybody stands in the queue, so that what
// they want is committed together.
func crowd(t *testing.T, db *store.DB, callers int, accept func(i int)) {
	t.Helper()
	var holding, all sync.WaitGroup
	release := make(chan struct{})
	for range 2 { // as many transactions as are ever under way at once
		held := make(chan struct{})
		holding.Go(func() {
			err := db.Accept(ctx, func(*store.Tx) error { close(held); <-release; return nil })
			if err != nil {
				t.Errorf("holding the queue up: %v", err)
			}
		})
		if db.Engine() == "sqlite" {
			<-held
			break // there is one writer
		}
		<-held
	}
	queued := make(chan struct{}, callers)
	for i := range callers {
		all.Go(func() {
			queued <- struct{}{}
			accept(i)
		})
	}
	for range callers {
		<-queued
	}
	close(release)
	holding.Wait()
	all.Wait()
}

// Of callers that are committed together each gets its own answer: a second row with
// the same key, a refusal and a mistake take nobody else down.
func TestAcceptedTogetherEachHasItsOwnAnswer(t *testing.T) {
	t.Parallel()
	storetest.Each(t, []store.Schema{thing}, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		const callers = 120
		refused := errors.New("refused")
		taken := store.NewID()
		if err := insert(db, "p0", taken, 1000); err != nil {
			t.Fatal(err)
		}
		answers := make([]error, callers)
		crowd(t, db, callers, func(i int) {
			id := store.NewID()
			if i%12 == 3 {
				id = taken
			}
			answers[i] = db.Accept(ctx, func(tx *store.Tx) error {
				program := fmt.Sprintf("p%d", i%3)
				if i%12 == 4 { // reads in between
					var n int
					if err := tx.QueryRow(ctx, `select count(*) from thing where program = $1 and n >= 1000`, "p0").Scan(&n); err != nil || n != 1 {
						return fmt.Errorf("%d rows, %w", n, err)
					}
				}
				if i%12 == 5 { // changes what it added
					if err := tx.Later(`insert into lease (program, id) values ($1, $2) on conflict (program, id) do nothing`, program, id[:]); err != nil {
						return err
					}
					if n, err := tx.Exec(`delete from lease where program = $1 and id = $2`, program, id[:]); err != nil || n != 1 {
						return fmt.Errorf("%d rows deleted, %w", n, err)
					}
				}
				for part := range 3 {
					row := id
					row[15] = byte(part)
					if i%12 == 3 {
						row = id
					}
					if err := tx.Insert("thing", store.Row{"program": program, "id": row, "word": "w", "n": i}); err != nil {
						return err
					}
				}
				tx.Log(custody.Entry{Program: program, Event: "thing.made"})
				switch i % 12 {
				case 0:
					return refused
				case 1:
					panic("a caller's mistake")
				case 2:
					_, err := tx.Exec(`insert into thing (program, id) values ($1, null)`, program) // a statement that fails
					return err
				}
				return nil
			})
		})
		for i, err := range answers {
			var want bool
			switch i % 12 {
			case 0:
				want = errors.Is(err, refused)
			case 1, 2:
				want = err != nil && !errors.Is(err, store.ErrExists) && !errors.Is(err, store.ErrUnknown)
			case 3:
				want = errors.Is(err, store.ErrExists)
			default:
				want = err == nil
			}
			if !want {
				t.Errorf("caller %d was answered %v", i, err)
			}
		}
		if n := count(t, db); n != 1+8*callers/12*3 {
			t.Errorf("%d rows kept, want %d", n, 1+8*callers/12*3)
		}
		for _, p := range []string{"p0", "p1", "p2"} {
			verify(t, db, clock, p)
		}
	})
}

// A failure that the caller does not hand on still undoes what the caller did: the
// server would answer its commit with "rollback" and no error.
func TestFailureThatIsKeptQuietUndoesItsCallerAlone(t *testing.T) {
	t.Parallel()
	storetest.Each(t, []store.Schema{thing}, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		const callers = 40
		answers := make([]error, callers)
		crowd(t, db, callers, func(i int) {
			answers[i] = db.Accept(ctx, func(tx *store.Tx) error {
				if err := tx.Insert("thing", store.Row{"program": "p", "id": store.NewID(), "word": nil, "n": i}); err != nil {
					return err
				}
				tx.Log(custody.Entry{Program: "p", Event: "thing.made"})
				if i%10 == 0 {
					var n int
					tx.QueryRow(ctx, `select n / (n - n) from thing where no_such_column = 1`).Scan(&n)
				}
				return nil
			})
		})
		kept := 0
		for i, err := range answers {
			if err == nil {
				kept++
			} else if i%10 != 0 {
				t.Errorf("caller %d was answered %v", i, err)
			}
		}
		if n := count(t, db); n != kept || kept < callers*9/10 {
			t.Errorf("%d rows, %d were told that theirs is kept", n, kept)
		}
		verify(t, db, clock, "p")
	})
}

// A server that is out of room says so to each caller as its own trouble, so that whoever can keep what it wrote elsewhere does.
func TestAServersOwnTroubleIsNotTheCallers(t *testing.T) {
	t.Parallel()
	db, _ := storetest.Postgres(t, []store.Schema{thing})
	err := db.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`create function full_disk() returns trigger language plpgsql as $$ begin if new.n < 0 then raise exception using errcode = '53100', message = 'no room'; end if; return new; end $$`)
		if err == nil {
			_, err = tx.Exec(`create trigger full_disk before insert on thing for each row execute function full_disk()`)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	const callers = 30
	answers := make([]error, callers)
	crowd(t, db, callers, func(i int) {
		n := i
		if i%10 == 0 {
			n = -1
		}
		answers[i] = db.Accept(ctx, func(tx *store.Tx) error {
			defer tx.Log(custody.Entry{Program: "p", Event: "thing.made"})
			return tx.Insert("thing", store.Row{"program": "p", "id": store.NewID(), "word": "w", "n": n})
		})
	})
	for i, err := range answers {
		if refused := fault.KindOf(err) == fault.Unavailable; refused != (i%10 == 0) || !refused && err != nil {
			t.Errorf("caller %d was answered %v", i, err)
		}
	}
}
