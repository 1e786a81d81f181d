// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"crypto/rand"
	"fmt"
	"testing/fstest"
	"time"

	"golang.org/x/mod/sumdb/note"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
)

// Verified is how long a verification took.
type Verified struct {
	Engine        string  `json:"engine"`
	Leaves        int64   `json:"leaves"`
	Rows          int64   `json:"rows"`
	Checkpoints   int     `json:"checkpoints"`
	MakingSeconds float64 `json:"making_seconds"`
	Seconds       float64 `json:"seconds"`
	LeavesASecond int     `json:"leaves_a_second"`
	Peak          float64 `json:"resident_peak_mb"` // of the process, making included; 0 where the system does not tell
	Problems      int     `json:"problems"`
}

// lifeSchema is what a report's life leaves behind, in the shape and the sizes
// of the real tables.
var lifeSchema = store.Schema{Room: "life", FS: fstest.MapFS{"0001_life.sql": {Data: []byte(`
create table life_report ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  mode text not null, -- clear
  language text not null, -- clear
  arrived bigint not null, -- clear
  rule text not null, -- clear
  body bytes not null, -- sealed
  primary key (program, id)
);
create table life_wrap ( -- covered
  program text not null, -- clear
  report bytes not null, -- clear
  office text not null, -- clear
  wrap bytes, -- sealed
  primary key (program, report, office)
);
create table life_referral ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  report bytes not null, -- clear
  office text not null, -- clear
  state text not null, -- clear
  duty text not null, -- clear
  due bigint, -- clear
  made bigint not null, -- clear
  primary key (program, id)
);
create index life_referral_of on life_referral (program, report);
create table life_step ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  referral bytes not null, -- clear
  step text not null, -- clear
  actor text not null, -- clear
  at bigint not null, -- clear
  primary key (program, id)
);
create index life_step_of on life_step (program, referral);
`)}}}

// What an invented report leaves behind: what a demonstration's reports do on
// average, each handled by several offices.
const (
	lifeReferrals = 5
	lifeSteps     = 28
	lifeLeaves    = 1 + lifeSteps
)

// LifeSchema is the tables that MakeLives fills.
func LifeSchema() store.Schema { return lifeSchema }

// MakeLives adds invented reports and what became of them until the log has at
// least so many leaves, with a checkpoint after every ten thousand.
func MakeLives(ctx context.Context, db *store.DB, log *custody.Log, leaves int, made func(leaves int)) error {
	const reports = 100
	for n, at := 0, 0; n < leaves; {
		err := db.Accept(ctx, func(tx *store.Tx) error {
			for range reports {
				if err := makeLife(tx, log.Program); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("making reports to verify: %w", err)
		}
		n += reports * lifeLeaves
		if n/10_000 > at || n >= leaves {
			at = n / 10_000
			err := db.Accept(ctx, func(tx *store.Tx) error {
				_, err := log.Publish(tx, tx.Now())
				return err
			})
			if err != nil {
				return err
			}
		}
		if made != nil {
			made(n)
		}
	}
	return nil
}

func makeLife(tx *store.Tx, program string) error {
	report, now := store.NewID(), tx.Now()
	entry := func(event string) custody.Entry {
		return custody.Entry{Program: program, Event: event, Record: "report:" + report.String(), Actor: "member:" + report.String(), Rule: "ms@0123456789abcdef"}
	}
	err := tx.Insert("life_report", store.Row{"program": program, "id": report, "mode": "tip", "language": "en", "arrived": now, "rule": "ms@0123456789abcdef", "body": random(1536)})
	for i := range 2 {
		if err == nil {
			err = tx.Insert("life_wrap", store.Row{"program": program, "report": report, "office": fmt.Sprint("office-", i), "wrap": random(1200)})
		}
	}
	var referrals [lifeReferrals]store.ID
	for i := range referrals {
		referrals[i] = store.NewID()
		if err == nil {
			err = tx.Insert("life_referral", store.Row{"program": program, "id": referrals[i], "report": report, "office": fmt.Sprint("office-", i), "state": "open", "duty": "an-invented-duty", "due": now, "made": now})
		}
		if err == nil {
			err = makeStep(tx, program, referrals[i], "made")
		}
	}
	tx.Log(entry("report.accepted"))
	for i := range lifeSteps {
		of := referrals[i%lifeReferrals]
		if err == nil {
			err = tx.Touch("life_referral", program, of)
		}
		if err == nil {
			err = makeStep(tx, program, of, "handled")
		}
		tx.Log(entry("referral.handled"))
	}
	return err
}

func makeStep(tx *store.Tx, program string, referral store.ID, step string) error {
	return tx.Insert("life_step", store.Row{"program": program, "id": store.NewID(), "referral": referral, "step": step, "actor": "member:" + referral.String(), "at": tx.Now()})
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

// BenchVerify makes a log of so many leaves at url and measures how long it
// takes to verify it.
func BenchVerify(ctx context.Context, url string, leaves int, memory int64, said func(format string, args ...any)) (Verified, error) {
	private, public, err := note.GenerateKey(rand.Reader, "bench.invalid/log/bench")
	if err != nil {
		return Verified{}, err
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		return Verified{}, err
	}
	log, err := custody.NewLog("bench", signer, public, time.Minute)
	if err != nil {
		return Verified{}, err
	}
	db, err := store.Open(ctx, url, store.Options{Schemas: []store.Schema{lifeSchema}})
	if err != nil {
		return Verified{}, err
	}
	defer db.Close()
	start := time.Now()
	err = MakeLives(ctx, db, log, leaves, func(n int) { said("making leaves: %d of %d", n, leaves) })
	if err != nil {
		return Verified{}, err
	}
	making := time.Since(start)
	start = time.Now()
	result, err := custody.Check{Program: "bench", Verifier: log.Verifier(), Memory: memory, Progress: func(p custody.Progress) {
		said("verifying: %d of %d leaves, %d rows", p.Leaves, p.Size, p.Rows)
	}}.Run(ctx, db)
	took := time.Since(start)
	_, peak := resident()
	return Verified{
		Engine: db.Engine(), Leaves: result.Leaves, Rows: result.Rows, Checkpoints: result.Checkpoints, MakingSeconds: making.Seconds(), Seconds: took.Seconds(),
		LeavesASecond: int(float64(result.Leaves) / took.Seconds()), Peak: peak, Problems: len(result.Problems) + result.More,
	}, err
}
