// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"testing/fstest"

	"waylight/internal/partnership/agency"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

// benchSchema is the one table of the bare limit.
var benchSchema = store.Schema{Room: "bench", FS: fstest.MapFS{"0001_bench.sql": {Data: []byte(`
create table bench ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  body bytes not null, -- sealed
  primary key (program, id)
);
`)}}}

// KeyOffice gives an office that has not joined yet a fresh key, whose secret
// half is forgotten at once: nothing sealed to it can ever be opened. Only
// measurements use it.
func (a *App) KeyOffice(ctx context.Context, program, office string) error {
	if err := a.Agencies.Join(ctx, agency.System(program), office); err != nil {
		return err
	}
	seed := seal.NewSeed()
	secret, err := seal.PrivateFromSeed(seed)
	if err != nil {
		return err
	}
	k := agency.NewKey{Public: secret.Public(), Sign: seal.OfficeSigning(seed).Public().(ed25519.PublicKey)}
	for range 2 {
		k.Wraps = append(k.Wraps, agency.Wrap{Holder: "member:" + store.NewID().String(), Sealed: []byte("forgotten")})
	}
	err = a.DB.Write(ctx, func(tx *store.Tx) error {
		defer tx.Log(custody.Entry{Program: program, Event: "key.made", Record: "office:" + office, Actor: "system"})
		return a.Agencies.SetKey(tx, program, office, k)
	})
	if err != nil {
		return err
	}
	return a.Agencies.Refresh(ctx)
}

// Bare does of one report what nothing can be left out of: it seals the body, wraps
// it for each recipient, makes the sender's key, and commits all of it durably
// with one custody entry. Of a report that came sealed only the commit is left.
// What Accept reaches of its rate is what all the rest costs.
type Bare struct {
	db   *store.DB
	keys map[string]*seal.PublicKey
}

// OpenBare makes the bare limit's table in a database.
func OpenBare(ctx context.Context, url string, recipients int) (*Bare, error) {
	db, err := store.Open(ctx, url, store.Options{Schemas: []store.Schema{benchSchema}})
	if err != nil {
		return nil, err
	}
	b := &Bare{db: db, keys: map[string]*seal.PublicKey{}}
	for i := range recipients {
		secret, err := seal.PrivateFromSeed(seal.NewSeed())
		if err != nil {
			db.Close()
			return nil, err
		}
		b.keys[fmt.Sprintf("office-%d", i)] = secret.Public()
	}
	return b, nil
}

// Close closes the database.
func (b *Bare) Close() error { return b.db.Close() }

// Do seals and commits one body.
func (b *Bare) Do(ctx context.Context, body []byte, key []byte) error {
	row, id, err := b.sealed(body, key)
	if err != nil {
		return err
	}
	return b.Keep(ctx, id, row)
}

// Keep commits what was sealed before.
func (b *Bare) Keep(ctx context.Context, id store.ID, row []byte) error {
	return b.db.Accept(ctx, func(tx *store.Tx) error {
		defer tx.Log(custody.Entry{Program: "bench", Event: "bench"})
		return tx.Insert("bench", store.Row{"program": "bench", "id": id, "body": row})
	})
}

// sealed makes the bytes of one report: its body, the sender's key and the wraps.
func (b *Bare) sealed(body []byte, key []byte) ([]byte, store.ID, error) {
	rec := seal.Record{Program: "bench", ID: store.NewID()}
	receipt := seal.ReceiptFrom(key, sha256.Sum256(body))
	sender, err := seal.PrivateFromSeed(sliceOf(receipt.Seed()))
	if err != nil {
		return nil, rec.ID, err
	}
	sealed, content, err := seal.Seal(body, rec)
	if err != nil {
		return nil, rec.ID, err
	}
	row := append(sealed.Ciphertext, sender.Public().Bytes()...)
	for name, pub := range b.keys {
		wrap, err := content.Wrap(pub, rec, sealed.Hash, name)
		if err != nil {
			return nil, rec.ID, err
		}
		row = append(row, wrap...)
	}
	return row, rec.ID, nil
}

func sliceOf(b [32]byte) []byte { return b[:] }
