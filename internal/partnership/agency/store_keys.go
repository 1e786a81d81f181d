// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

// --- what the directory key signed

func signKey(tx *store.Tx, prog, office string, id [16]byte, signature []byte) error {
	n, err := tx.Exec(`update agency_key set directory_signature = $1, directory_at = $2 where program = $3 and office = $4 and id = $5 and retired is null`,
		signature, store.Micros(tx.Now()), prog, office, id[:])
	if err != nil {
		return fault.Wrap(err, "keeping a signature of the directory key")
	}
	if n == 0 {
		return errNoSuch
	}
	return tx.Touch("agency_key", prog, office, id)
}

// --- recovery keys

func readRecovery(ctx context.Context, r store.Reader, prog, office string) (k RecoveryKey, ok bool, err error) {
	var key store.ID
	var made int64
	err = r.QueryRow(ctx, `select public, needed, shares, key_id, signature, made_at from office_recovery
		where program = $1 and office = $2 and replaced_at is null`, prog, office).Scan(&k.Public, &k.Needed, &k.Shares, &key, &k.Signature, &made)
	if errors.Is(err, sql.ErrNoRows) {
		return RecoveryKey{}, false, nil
	}
	k.Key, k.Made = key, store.Time(made)
	return k, err == nil, fault.Wrap(err, "reading a recovery key")
}

// replaceRecovery puts a recovery key into use.
func replaceRecovery(ctx context.Context, tx *store.Tx, prog, office string, k RecoveryKey, by string) error {
	if err := retireRecovery(ctx, tx, prog, office); err != nil {
		return err
	}
	err := tx.Insert("office_recovery", store.Row{"program": prog, "office": office, "id": recoveryID(k.Public), "public": k.Public, "needed": k.Needed,
		"shares": k.Shares, "key_id": k.Key, "signature": k.Signature, "made_at": tx.Now(), "made_by": by, "replaced_at": nil})
	if errors.Is(err, store.ErrExists) {
		return errRecovery.With(err)
	}
	return err
}

// retireRecovery takes the recovery key in use, if there is one, out of use.
func retireRecovery(ctx context.Context, tx *store.Tx, prog, office string) error {
	old, ok, err := readRecovery(ctx, tx, prog, office)
	if err != nil || !ok {
		return err
	}
	id := recoveryID(old.Public)
	if _, err := tx.Exec(`update office_recovery set replaced_at = $1 where program = $2 and office = $3 and id = $4`,
		store.Micros(tx.Now()), prog, office, id[:]); err != nil {
		return fault.Wrap(err, "replacing a recovery key")
	}
	return tx.Touch("office_recovery", prog, office, id)
}

func recoveryID(public []byte) [16]byte {
	pub, err := seal.ParsePublicKey(public)
	if err != nil {
		return [16]byte{}
	}
	return pub.ID()
}

// --- keys that an office was asked to make

// askedRotation is one such asking.
type askedRotation struct {
	Office, Reason string
	ID             store.ID
	Asked, Due     time.Time
}

func insertRotation(tx *store.Tx, prog string, a askedRotation) error {
	return tx.Insert("office_rotation", store.Row{"program": prog, "office": a.Office, "id": a.ID, "reason": a.Reason, "asked_at": tx.Now(),
		"due": a.Due, "done_at": nil})
}

// readRotations lists what was asked and is not done, the one due first first;
// office "" means every office.
func readRotations(ctx context.Context, r store.Reader, prog, office string) ([]askedRotation, error) {
	return store.Collect(ctx, r, "reading which keys are to be made", func(rows store.Scanner) (a askedRotation, err error) {
		var asked, due int64
		err = rows.Scan(&a.Office, &a.ID, &a.Reason, &asked, &due)
		a.Asked, a.Due = store.Time(asked), store.Time(due)
		return a, err
	}, `select office, id, reason, asked_at, due from office_rotation where program = $1 and (office = $2 or $2 = '') and done_at is null order by due, id`, prog, office)
}

// endRotations notes that the office has made a new key.
func endRotations(tx *store.Tx, prog, office string) error {
	open, err := readRotations(context.Background(), tx, prog, office)
	if err != nil {
		return err
	}
	for _, a := range open {
		if _, err := tx.Exec(`update office_rotation set done_at = $1 where program = $2 and office = $3 and id = $4`,
			store.Micros(tx.Now()), prog, office, a.ID); err != nil {
			return fault.Wrap(err, "noting that a key was made")
		}
		if err := tx.Touch("office_rotation", prog, office, a.ID); err != nil {
			return err
		}
	}
	return nil
}
