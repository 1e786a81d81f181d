// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"crypto/ed25519"
	"errors"
	"slices"
	"strings"
)

// What a key's row says that it rests on. Of these words only the first is ever
// taken at its word, and only where no directory key is pinned.
const (
	firstKey       = "first"
	underKey       = "key:"       // signed by the office's key before it
	underDirectory = "directory:" // in the place of a key that nobody can use
)

// Why the rows of an office's keys are not believed. They go to the log.
var (
	errKeyGone     = errors.New("the key in use is gone or retired, and none follows it")
	errTwoKeys     = errors.New("more than one key is said to be in use")
	errNotEndorsed = errors.New("a key is not signed by the one before it, nor by the directory key")
	errLeftOut     = errors.New("a key is there that the one in use does not follow")
	errTakenBack   = errors.New("a key that was replaced is said to be in use again")
	errSignChanged = errors.New("a signing key is not the one that was known")
	errAwaits      = errors.New("the directory key has not signed the key yet")
)

// verdict is what the rows of an office's keys come to.
type verdict struct {
	counts Key   // what reports are sealed to
	own    Key   // what the office's members hold: also one that the directory key has not signed yet
	awaits bool  // the directory key is to sign it
	doubt  error // why the rows are not believed
}

// judge looks at all rows of an office's keys. pinned is the key that counted last
// in this process: when the rows are not believed it goes on counting while its
// row is there, and without one the office has no key and its desk reads for it.
func judge(prog string, rows []keyRow, pinned Key, directory ed25519.PublicKey) verdict {
	k, err := chained(prog, rows, pinned, directory)
	if err == nil {
		return verdict{counts: k, own: k}
	}
	var kept Key
	for _, r := range rows {
		if pinned.Public != nil && r.id == pinned.ID {
			kept = pinned
			kept.Wraps = r.wraps
		}
	}
	if errors.Is(err, errAwaits) {
		return verdict{counts: kept, own: k, awaits: true}
	}
	return verdict{counts: kept, own: kept, doubt: err}
}

// chained is the one key in use, when the signatures lead to it. As after a start,
// without a pinned key, every key that the office ever had must lie on the way;
// later the pinned one must, and the way never leads back behind it.
func chained(prog string, rows []keyRow, pinned Key, directory ed25519.PublicKey) (Key, error) {
	known := pinned.Public != nil
	if len(rows) == 0 && !known {
		return Key{}, nil
	}
	now, err := inUse(rows)
	if errors.Is(err, errKeyGone) && len(rows) > 0 && !slices.ContainsFunc(rows, func(r keyRow) bool { return r.wraps > 0 }) {
		return Key{}, nil // the office had closed, and makes a new key now that it is back
	}
	if err != nil {
		return Key{}, err
	}
	k, err := now.key()
	if err != nil {
		return Key{}, err
	}
	way := now.way(rows)
	switch {
	case !known && len(way) != len(rows):
		return Key{}, errLeftOut
	case known && k.ID != pinned.ID && slices.ContainsFunc(pinned.Links, func(l Link) bool { return l.ID == keyName(k.ID) }):
		return Key{}, errTakenBack
	case known && !slices.ContainsFunc(way, func(r keyRow) bool { return r.id == pinned.ID }):
		return Key{}, errNotEndorsed
	}
	for _, r := range way {
		if slices.ContainsFunc(pinned.Links, func(l Link) bool { return l.ID == keyName(r.id) && string(l.Sign) != string(r.sign) }) {
			return Key{}, errSignChanged
		}
	}
	k.Links, err = links(prog, way, directory)
	return k, err
}

// inUse is the one row that has not been retired.
func inUse(rows []keyRow) (keyRow, error) {
	rows = slices.DeleteFunc(slices.Clone(rows), func(r keyRow) bool { return !r.retired.IsZero() })
	switch len(rows) {
	case 0:
		return keyRow{}, errKeyGone
	case 1:
		return rows[0], nil
	}
	return keyRow{}, errTwoKeys
}

// way is the keys that this one says it follows, itself first. It proves nothing.
func (r keyRow) way(rows []keyRow) []keyRow {
	left := map[string]keyRow{}
	for _, row := range rows {
		left[keyName(row.id)] = row
	}
	var out []keyRow
	for ok := true; ok; r, ok = left[r.follows()] {
		out = append(out, r)
		delete(left, keyName(r.id)) // a way that runs in a circle ends here
	}
	return out
}

// follows is the name of the key before this one, or "".
func (r keyRow) follows() string {
	for _, word := range []string{underKey, underDirectory} {
		if name, ok := strings.CutPrefix(r.signedBy, word); ok {
			return name
		}
	}
	return ""
}

// links turns a way into the links that VerifyChain believes: from the last key
// that the directory key has signed, or without one from the first, to the one in
// use.
func links(prog string, way []keyRow, directory ed25519.PublicKey) ([]Link, error) {
	var out []Link // the newest first
	for i, r := range way {
		l := Link{ID: keyName(r.id), Sign: r.sign, By: byDirectory, Signature: r.directory}
		if l.holds(directory, prog, r.office, nil) {
			out = append(out, l)
			slices.Reverse(out)
			return out, nil
		}
		if strings.HasPrefix(r.signedBy, underKey) && i+1 < len(way) {
			before := []Link{{ID: keyName(way[i+1].id), Sign: way[i+1].sign}}
			l.By, l.Signature = r.follows(), r.signature
			if !l.holds(directory, prog, r.office, before) {
				return nil, errNotEndorsed
			}
			out = append(out, l)
			continue
		}
		switch {
		case directory != nil && !strings.HasPrefix(r.signedBy, underKey):
			return nil, errAwaits // or another directory key signed it, before this one was pinned
		case r.signedBy != firstKey || len(r.sign) != ed25519.PublicKeySize:
			return nil, errNotEndorsed
		}
		l.By, l.Signature = byFirst, nil
		out = append(out, l)
		slices.Reverse(out)
		return out, nil
	}
	return nil, errNotEndorsed
}
