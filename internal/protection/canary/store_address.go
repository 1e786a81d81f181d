// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"context"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

func insertAddress(tx *store.Tx, a Address, by string) error {
	return tx.Insert("canary_address", store.Row{
		"program": a.Program, "office": a.Office, "id": a.ID, "address": a.Address, "code_hash": a.code, "asked_at": tx.Now(), "asked_by": by,
		"confirmed_at": nil, "ended_at": nil,
	})
}

func confirmAddress(tx *store.Tx, a Address) error {
	_, err := tx.Exec(`update canary_address set confirmed_at = $4 where program = $1 and office = $2 and id = $3 and confirmed_at is null`,
		a.Program, a.Office, a.ID, store.Micros(tx.Now()))
	if err != nil {
		return fault.Wrap(err, "confirming a test address")
	}
	return tx.Touch("canary_address", a.Program, a.Office, a.ID)
}

func endAddress(tx *store.Tx, a Address) error {
	_, err := tx.Exec(`update canary_address set ended_at = $4 where program = $1 and office = $2 and id = $3 and ended_at is null`,
		a.Program, a.Office, a.ID, store.Micros(tx.Now()))
	if err != nil {
		return fault.Wrap(err, "ending a test address")
	}
	return tx.Touch("canary_address", a.Program, a.Office, a.ID)
}

func dropWay(tx *store.Tx, programID, way string) error {
	_, err := tx.Exec(`delete from canary_way where program = $1 and way = $2`, programID, way)
	return fault.Wrap(err, "forgetting a way")
}

// addressesOf lists the addresses that were not given up, of one office or of all
// (""), the newest first.
func addressesOf(ctx context.Context, r store.Reader, programID, office string) ([]Address, error) {
	rows, err := r.Query(ctx, `select office, id, address, code_hash, asked_at, coalesce(confirmed_at, 0) from canary_address
where program = $1 and ($2 = '' or office = $2) and ended_at is null order by asked_at desc, id`, programID, office)
	if err != nil {
		return nil, fault.Wrap(err, "reading test addresses")
	}
	defer rows.Close()
	var list []Address
	for rows.Next() {
		a := Address{Program: programID}
		var asked, confirmed int64
		if err := rows.Scan(&a.Office, &a.ID, &a.Address, &a.code, &asked, &confirmed); err != nil {
			return nil, fault.Wrap(err, "reading test addresses")
		}
		a.Asked = store.Time(asked)
		if confirmed != 0 {
			a.Confirmed = store.Time(confirmed)
		}
		list = append(list, a)
	}
	return list, fault.Wrap(rows.Err(), "reading test addresses")
}
