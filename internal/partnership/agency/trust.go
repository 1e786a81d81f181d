// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"crypto/ed25519"
	"errors"

	"waylight/internal/platform/store"
)

// firstKey is what an office's first key rests on: it is trusted when it is
// first seen.
const firstKey = "first"

// Why the rows of an office's keys are not believed. They go to the log.
var (
	errKeyGone     = errors.New("the key in use is gone or retired, and none follows it")
	errTwoKeys     = errors.New("more than one key is said to be in use")
	errNotEndorsed = errors.New("a key is not endorsed by the one before it")
)

// believed is the key that counts among all rows of an office, and why the rows
// are not believed, if they are not. pinned is the key that counted last in this
// process: it goes on counting while its row is there, and without one the office
// has no key and its desk reads for it.
func believed(prog string, rows []keyRow, pinned Key) (Key, error) {
	k, err := chained(prog, rows, pinned)
	if err == nil {
		return k, nil
	}
	for _, r := range rows {
		if pinned.Public != nil && r.id == pinned.ID {
			pinned.Wraps = r.wraps
			return pinned, err
		}
	}
	return Key{}, err
}

// chained follows the endorsements from the one key in use back to the pinned
// one. Without one, as after a start, it follows them back to the first key, and
// every key the office ever had must lie on that way.
func chained(prog string, rows []keyRow, pinned Key) (Key, error) {
	known := pinned.Public != nil
	if len(rows) == 0 && !known {
		return Key{}, nil
	}
	all := map[store.ID]keyRow{}
	var inUse []keyRow
	for _, r := range rows {
		all[r.id] = r
		if r.retired.IsZero() {
			inUse = append(inUse, r)
		}
	}
	switch {
	case len(inUse) == 0:
		return Key{}, errKeyGone
	case len(inUse) > 1:
		return Key{}, errTwoKeys
	}
	for at := inUse[0]; !known || at.id != pinned.ID; {
		if at.signedBy == firstKey && !known && len(all) == 1 {
			break
		}
		before, ok := at.endorsedBy(prog, all)
		if !ok {
			return Key{}, errNotEndorsed
		}
		delete(all, at.id) // endorsements that run in a circle end here
		at = before
	}
	return inUse[0].key()
}

// endorsedBy is the key under which a member signed for this one. The signature
// is checked with the member's key as it was recorded with it.
func (r keyRow) endorsedBy(prog string, all map[store.ID]keyRow) (keyRow, bool) {
	for id, before := range all {
		if id != r.id && r.signedBy == "key:"+keyName(id) {
			return before, len(r.signer) == ed25519.PublicKeySize &&
				ed25519.Verify(r.signer, []byte(RotationStatement(prog, r.office, id, r.id)), r.signature)
		}
	}
	return keyRow{}, false
}
