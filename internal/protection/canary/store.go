// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

var errNotCanary = fault.New(fault.NotFound, "canary_unknown", "There is no such test report.")

func insertSent(tx *store.Tx, w sent) error {
	return tx.Insert("canary_sent", store.Row{
		"program": w.program, "id": w.id, "way": w.way, "lookup": w.lookup, "commitment": w.commitment, "promised": int64(0), "sent_at": tx.Now(), "tries": int64(0),
	})
}

// promise notes what the log was promised to hold, and that the way was tried.
func promise(tx *store.Tx, w sent) error {
	_, err := tx.Exec(`update canary_sent set commitment = $3, promised = $4 where program = $1 and id = $2`, w.program, w.id, w.commitment[:], store.Micros(w.promised))
	if err != nil {
		return fault.Wrap(err, "noting a canary's promise")
	}
	_, err = tx.Exec(`insert into canary_way (program, way, state, since, tried_at, ok_at, tries, problem) values ($1, $2, 'sent', $3, $3, null, 0, '')
on conflict (program, way) do update set tried_at = excluded.tried_at`, w.program, w.way, store.Micros(tx.Now()))
	return fault.Wrap(err, "noting a canary's promise")
}

func triedSent(tx *store.Tx, w sent) error {
	_, err := tx.Exec(`update canary_sent set tries = tries + 1 where program = $1 and id = $2`, w.program, w.id)
	return fault.Wrap(err, "noting a canary's try")
}

func deleteSent(tx *store.Tx, w sent) error {
	_, err := tx.Exec(`delete from canary_sent where program = $1 and id = $2`, w.program, w.id)
	return fault.Wrap(err, "forgetting a canary")
}

const sentColumns = `select id, way, lookup, commitment, promised, tries from canary_sent where program = $1`

func scanSent(row interface{ Scan(...any) error }, programID string) (sent, error) {
	w := sent{program: programID}
	var lookup, commitment []byte
	var promised int64
	err := row.Scan(&w.id, &w.way, &lookup, &commitment, &promised, &w.tries)
	copy(w.lookup[:], lookup)
	copy(w.commitment[:], commitment)
	if promised != 0 {
		w.promised = store.Time(promised)
	}
	return w, err
}

func readSent(ctx context.Context, r store.Reader, programID, text string) (sent, error) {
	id, err := store.ParseID(text)
	if err != nil {
		return sent{}, errNotCanary
	}
	w, err := scanSent(r.QueryRow(ctx, sentColumns+` and id = $2`, programID, id), programID)
	if errors.Is(err, sql.ErrNoRows) {
		return sent{}, errNotCanary
	}
	return w, fault.Wrap(err, "reading a canary")
}

// sentBefore lists canaries that nobody came back to.
func sentBefore(ctx context.Context, r store.Reader, programID string, at time.Time) ([]sent, error) {
	rows, err := r.Query(ctx, sentColumns+` and sent_at < $2 order by sent_at limit 50`, programID, store.Micros(at))
	if err != nil {
		return nil, fault.Wrap(err, "listing canaries")
	}
	defer rows.Close()
	var list []sent
	for rows.Next() {
		w, err := scanSent(rows, programID)
		if err != nil {
			return nil, fault.Wrap(err, "listing canaries")
		}
		list = append(list, w)
	}
	return list, fault.Wrap(rows.Err(), "listing canaries")
}

// passWay notes that a way works.
func passWay(tx *store.Tx, programID, way string) error {
	_, err := tx.Exec(`insert into canary_way (program, way, state, since, tried_at, ok_at, tries, problem) values ($1, $2, 'ok', $3, $3, $3, 0, '')
on conflict (program, way) do update set since = case when canary_way.state = 'ok' then canary_way.since else excluded.since end,
	state = 'ok', tried_at = excluded.tried_at, ok_at = excluded.ok_at, tries = 0, problem = ''`, programID, way, store.Micros(tx.Now()))
	return fault.Wrap(err, "noting that a way works")
}

// tryWay notes that a way did not work and is tried again.
func tryWay(tx *store.Tx, programID, way string, tries int, why error) error {
	_, err := tx.Exec(`insert into canary_way (program, way, state, since, tried_at, ok_at, tries, problem) values ($1, $2, 'sent', $3, $3, null, $4, $5)
on conflict (program, way) do update set tried_at = excluded.tried_at, tries = excluded.tries, problem = excluded.problem`,
		programID, way, store.Micros(tx.Now()), int64(tries), shorten(why.Error()))
	return fault.Wrap(err, "noting a failed test")
}

// breakWay notes that a way is broken.
func breakWay(tx *store.Tx, programID, way string, why error) error {
	_, err := tx.Exec(`insert into canary_way (program, way, state, since, tried_at, ok_at, tries, problem) values ($1, $2, 'broken', $3, $3, null, $4, $5)
on conflict (program, way) do update set since = case when canary_way.state = 'broken' then canary_way.since else excluded.since end,
	state = 'broken', tried_at = excluded.tried_at, tries = excluded.tries, problem = excluded.problem`,
		programID, way, store.Micros(tx.Now()), int64(patience), shorten(why.Error()))
	return fault.Wrap(err, "noting a broken way")
}

// shorten cuts a problem for its column.
func shorten(text string) string {
	if r := []rune(text); len(r) > 300 {
		return string(r[:300])
	}
	return text
}

func readWay(ctx context.Context, r store.Reader, programID, way string) (Way, error) {
	all, err := readWays(ctx, r, programID)
	if i := slices.IndexFunc(all, func(w Way) bool { return w.Way == way }); i >= 0 {
		return all[i], err
	}
	return Way{Way: way, State: stateSent}, err
}

func readWays(ctx context.Context, r store.Reader, programID string) ([]Way, error) {
	rows, err := r.Query(ctx, `select way, state, since, tried_at, coalesce(ok_at, 0), tries, problem from canary_way where program = $1 order by way`, programID)
	if err != nil {
		return nil, fault.Wrap(err, "reading how the ways stand")
	}
	defer rows.Close()
	var list []Way
	for rows.Next() {
		var w Way
		var since, tried, ok int64
		if err := rows.Scan(&w.Way, &w.State, &since, &tried, &ok, &w.Tries, &w.Problem); err != nil {
			return nil, fault.Wrap(err, "reading how the ways stand")
		}
		w.Since, w.Tried = store.Time(since), store.Time(tried)
		if ok != 0 {
			w.OK = store.Time(ok)
		}
		list = append(list, w)
	}
	return list, fault.Wrap(rows.Err(), "reading how the ways stand")
}

// dropWays drops the states of ways that are not among these, and says whether
// there were any.
func (s *Service) dropWays(ctx context.Context, programID string, keep []string) (dropped bool, err error) {
	have, err := readWays(ctx, s.DB, programID)
	if err != nil || !slices.ContainsFunc(have, func(w Way) bool { return !slices.Contains(keep, w.Way) }) {
		return false, err
	}
	return true, s.DB.Write(ctx, func(tx *store.Tx) error {
		for _, w := range have {
			if slices.Contains(keep, w.Way) {
				continue
			}
			if _, err := tx.Exec(`delete from canary_way where program = $1 and way = $2`, programID, w.Way); err != nil {
				return fault.Wrap(err, "forgetting a way")
			}
		}
		return nil
	})
}
