// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"database/sql"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
)

func openAt(t *testing.T, url string) *store.DB {
	t.Helper()
	db, err := store.Open(ctx, url, store.Options{Schemas: []store.Schema{thing}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// What was lost before the commit is done again; what is read goes to a
// connection that works.
func TestLostConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	p := newProxy(t)
	p.serve()
	db := openAt(t, p.url())
	id, runs := store.NewID(), 0
	err := db.Write(ctx, func(tx *store.Tx) error {
		if runs++; runs == 1 {
			p.cut()
		}
		defer tx.Log(custody.Entry{Program: "p", Event: "thing.made"})
		return tx.Insert("thing", store.Row{"program": "p", "id": id, "word": nil, "n": 1})
	})
	if err != nil || runs != 2 {
		t.Errorf("%d runs, %v", runs, err)
	}
	p.cut()
	if n := count(t, db); n != 1 {
		t.Errorf("%d rows", n)
	}
}

// An answer to COMMIT that does not arrive leaves the outcome open, whichever it
// was; the same work done again tells.
func TestCommitWithoutAnswerIsUnknown(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		how  int32
		rows int
	}{"never sent": {cutBefore, 0}, "answer lost": {cutAfter, 1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProxy(t)
			p.serve()
			db := openAt(t, p.url())
			id := store.NewID()
			p.onCommit.Store(tc.how)
			err := insert(db, "p", id, 1)
			if !errors.Is(err, store.ErrUnknown) || fault.KindOf(err) != fault.Unavailable {
				t.Fatalf("%v", err)
			}
			if f, _ := fault.As(err); strings.Contains(f.Message, "Nothing was changed") {
				t.Errorf("what is not known is said: %s", f.Message)
			}
			if n := count(t, db); n != tc.rows {
				t.Errorf("%d rows, want %d", n, tc.rows)
			}
			again := insert(db, "p", id, 1)
			if errors.Is(again, store.ErrExists) != (tc.rows == 1) || count(t, db) != 1 {
				t.Errorf("again: %v", again)
			}
		})
	}
}

// A server that stops answering is given up, and what is left of the wait is told
// as what it is. Once it answers, work goes on.
func TestSilentServerIsGivenUp(t *testing.T) {
	t.Parallel()
	p := newProxy(t)
	p.serve()
	db := openAt(t, p.url())
	store.Hurry(db, 3*time.Second)
	kept := func(n int) {
		t.Helper()
		id := store.NewID()
		for { // a slow machine may need more than one try, and have kept what it could not tell of
			err := insert(db, "p", id, n)
			if err == nil || errors.Is(err, store.ErrExists) {
				return
			}
			if fault.KindOf(err) != fault.Unavailable {
				t.Fatal(err)
			}
		}
	}
	kept(1)
	p.silent.Store(true)
	if err := insert(db, "p", store.NewID(), 2); fault.KindOf(err) != fault.Unavailable || errors.Is(err, store.ErrUnknown) {
		t.Fatalf("%v", err)
	}
	p.silent.Store(false)
	kept(3)
	if n := count(t, db); n != 2 {
		t.Errorf("%d rows", n)
	}
}

// A standby is neither read nor written to; once the address leads to a primary
// again, work goes on.
func TestStandbyIsNotUsed(t *testing.T) {
	t.Parallel()
	p := newProxy(t)
	p.serve()
	db := openAt(t, p.url())
	admin, err := sql.Open("pgx", p.url()+"&default_transaction_read_only=off")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { admin.Close() })
	readOnly := func(mode string) {
		if _, err := admin.Exec("alter database " + strings.TrimPrefix(p.database, "/") + " set default_transaction_read_only = " + mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := insert(db, "p", store.NewID(), 1); err != nil {
		t.Fatal(err)
	}
	readOnly("on")
	p.cut()
	var n int
	if err := db.QueryRow(ctx, `select count(*) from thing`).Scan(&n); err == nil {
		t.Error("a standby was read")
	}
	if err := insert(db, "p", store.NewID(), 2); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("writing to a standby: %v", err)
	}
	readOnly("off")
	if err := insert(db, "p", store.NewID(), 3); err != nil {
		t.Errorf("once it is the primary: %v", err)
	}
	if n := count(t, db); n != 2 {
		t.Errorf("%d rows", n)
	}
}

// A server that acknowledges what is not on its disk is not served on.
func TestForgetfulServerIsRefused(t *testing.T) {
	t.Parallel()
	url := storetest.PostgresURL(t) + "&waylight.throwaway=off"
	_, err := store.Open(ctx, url, store.Options{Schemas: []store.Schema{thing}, Away: func(err error) { t.Errorf("waited for: %v", err) }})
	if err == nil || !strings.Contains(err.Error(), "synchronous_commit off") {
		t.Errorf("%v", err)
	}
}

func TestOpenWaitsForItsDatabase(t *testing.T) {
	t.Parallel()
	p := newProxy(t)
	p.away.Store(true)
	p.serve()
	if _, err := store.Open(ctx, p.url(), store.Options{Schemas: []store.Schema{thing}}); err == nil {
		t.Fatal("a database that is away was opened")
	}
	asked := 0
	db, err := store.Open(ctx, p.url(), store.Options{Schemas: []store.Schema{thing}, Away: func(error) {
		asked++
		p.away.Store(false)
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := insert(db, "p", store.NewID(), 1); err != nil || asked == 0 {
		t.Errorf("asked %d times, %v", asked, err)
	}
}

// A commit that was cut short while it waited for the standby is not
// acknowledged, though the server calls it a success; and what it left is settled
// only once the standby has it.
func TestCommitCutShortBeforeTheStandby(t *testing.T) {
	t.Parallel()
	url := storetest.PostgresURL(t)
	admin, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { admin.Close() })
	// The other tests' sessions do not wait for standbys: their synchronous_commit is off.
	standby := func(name string) {
		for _, q := range []string{"alter system set synchronous_standby_names = '" + name + "'", "select pg_reload_conf()"} {
			if _, err := admin.Exec(q); err != nil {
				t.Fatal(err)
			}
		}
	}
	db := openAt(t, url+"&synchronous_commit=on&application_name=waiting")
	standby("nobody")
	defer standby("")
	waiting := func() (pid int) {
		for pid == 0 {
			err := admin.QueryRow(`select coalesce(max(pid), 0) from pg_stat_activity where application_name = 'waiting' and wait_event = 'SyncRep'`).Scan(&pid)
			if err != nil {
				t.Fatal(err)
			}
		}
		return pid
	}
	wrote, before := make(chan error), 0
	go func() {
		err := insert(db, "p", store.NewID(), 1)
		for ; err == nil; before++ { // the server does not know yet that it has a standby to wait for
			err = insert(db, "p", store.NewID(), 1)
		}
		wrote <- err
	}()
	if _, err := admin.Exec("select pg_cancel_backend($1)", waiting()); err != nil {
		t.Fatal(err)
	}
	if err := <-wrote; !errors.Is(err, store.ErrUnknown) {
		t.Errorf("acknowledged: %v", err)
	}
	if n := count(t, db); n != before+1 {
		t.Errorf("%d rows, %d of them acknowledged", n, before)
	}
	settled := make(chan error)
	go func() { settled <- db.Settle(ctx) }()
	waiting()
	standby("")
	if err := <-settled; err != nil {
		t.Errorf("settling: %v", err)
	}
}

// Several processes that publish one program's log at once do so one after the
// other, each padding on from the one before.
func TestPublishingAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, []store.Schema{thing}, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		if err := insert(db, "p", store.NewID(), 1); err != nil {
			t.Fatal(err)
		}
		log := custodyLog(t, "p")
		var publishers sync.WaitGroup
		for range 8 {
			publishers.Go(func() {
				err := db.Accept(ctx, func(tx *store.Tx) error {
					_, err := log.Publish(tx, clock.Now())
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		publishers.Wait()
		result, err := custody.Verify(ctx, db, "p", log.Verifier())
		if err != nil || !result.OK() || result.Checkpoints != 8 {
			t.Errorf("%+v, %v", result, err)
		}
	})
}
