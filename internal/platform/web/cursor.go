// SPDX-License-Identifier: Apache-2.0

package web

import (
	"database/sql"
	"database/sql/driver"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"waylight/internal/platform/fault"
)

var errCursor = fault.New(fault.Invalid, "cursor", "This link to a part of the list does not work any more. Start again at the top of the list.")

const maxCursor = 1024

// EncodeCursor packs the values of the last row of a page, by which the list
// is sorted, into one word for a link. It takes integers, strings, bytes and
// values that databases take (ids). A cursor only says where to go on reading;
// what may be read is for the query to decide.
func EncodeCursor(parts ...any) string {
	packed := make([]any, len(parts))
	for i, part := range parts {
		if v, ok := part.(driver.Valuer); ok {
			value, err := v.Value()
			if err == nil {
				part = value
			}
		}
		packed[i] = part
	}
	data, err := json.Marshal(packed)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

// DecodeCursor unpacks a cursor into pointers of the types that were packed.
// The empty cursor leaves them as they are; anything else that EncodeCursor
// did not make is a fault of kind Invalid.
func DecodeCursor(s string, parts ...any) error {
	if s == "" {
		return nil
	}
	if len(s) > maxCursor {
		return errCursor
	}
	data, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return errCursor.With(err)
	}
	var packed []json.RawMessage
	err = json.Unmarshal(data, &packed)
	if err != nil {
		return errCursor.With(err)
	}
	if len(packed) != len(parts) {
		return errCursor.With(fmt.Errorf("%d parts instead of %d", len(packed), len(parts)))
	}
	for i, part := range parts {
		err = unpack(packed[i], part)
		if err != nil {
			return errCursor.With(err)
		}
	}
	return nil
}

func unpack(raw json.RawMessage, into any) error {
	scanner, ok := into.(sql.Scanner)
	if !ok {
		return json.Unmarshal(raw, into)
	}
	var b []byte
	err := json.Unmarshal(raw, &b)
	if err != nil {
		return err
	}
	return scanner.Scan(b)
}
