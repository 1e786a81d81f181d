// SPDX-License-Identifier: Apache-2.0

package result

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/keyring"
	"waylight/internal/platform/store"
)

// box seals and opens what only the running server may read, of one program, and
// hashes what agencies compare. Its keys come from the keyring, which is in no backup
// of the database: a stolen copy neither shows a document's number nor lets anybody
// try booking numbers one after the other.
type box struct{ tenant *keyring.Tenant }

func (s *Service) box(program string) (box, error) {
	t, err := s.Ring.Tenant(program)
	return box{t}, fault.Wrap(err, "results")
}

// hash is what is kept of a number that agencies compare. Signs between the
// letters and digits do not count, since agencies write them differently.
func (b box) hash(use, typed string) []byte {
	mark := b.tenant.Token("result/"+use, bare(typed))
	return mark[:]
}

// bare is a number without its punctuation.
func bare(typed string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9', r >= 'A' && r <= 'Z':
			return r
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		}
		return -1
	}, typed)
}

// at is where something sealed stands: moved elsewhere it does not open.
func at(column string, id store.ID, more ...any) string {
	return column + "/" + id.String() + "/" + fmt.Sprint(more...)
}

func (b box) seal(place string, v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("writing what is sealed: %w", err)
	}
	return b.tenant.Seal(place, data), nil
}

func (b box) open(place string, sealed []byte, into any) error {
	data, err := b.tenant.Open(place, sealed)
	if err != nil {
		return fmt.Errorf("opening what the server sealed: %w", err)
	}
	return json.Unmarshal(data, into)
}

// packed begins what was made smaller before it was sealed.
const packed = 'z'

// sealPacked is seal for much that is alike, such as many rows.
func (b box) sealPacked(place string, v any) ([]byte, error) {
	out := bytes.NewBuffer([]byte{packed})
	smaller, err := flate.NewWriter(out, flate.BestSpeed)
	if err != nil {
		return nil, fmt.Errorf("writing what is sealed: %w", err)
	}
	if err := errors.Join(json.NewEncoder(smaller).Encode(v), smaller.Close()); err != nil {
		return nil, fmt.Errorf("writing what is sealed: %w", err)
	}
	return b.tenant.Seal(place, out.Bytes()), nil
}

// openPacked opens what sealPacked or seal sealed.
func (b box) openPacked(place string, sealed []byte, into any) error {
	data, err := b.tenant.Open(place, sealed)
	if err != nil {
		return fmt.Errorf("opening what the server sealed: %w", err)
	}
	if len(data) == 0 || data[0] != packed {
		return json.Unmarshal(data, into)
	}
	return json.NewDecoder(flate.NewReader(bytes.NewReader(data[1:]))).Decode(into)
}
