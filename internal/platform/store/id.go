// SPDX-License-Identifier: Apache-2.0

package store

import (
	"crypto/rand"
	"database/sql/driver"
	"encoding/base32"
	"errors"
	"fmt"
	"time"
)

// ID is a random public id: no order, no count and no time in it.
type ID [16]byte

var idText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NewID returns a random id.
func NewID() ID {
	var id ID
	rand.Read(id[:]) // never fails: crypto/rand ends the process instead
	return id
}

// ErrID says that a text is no id.
var ErrID = errors.New("not an id")

// ParseID reads an id's text form.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 26 {
		return id, ErrID
	}
	b, err := idText.DecodeString(s)
	if err != nil || len(b) != 16 || idText.EncodeToString(b) != s {
		return id, ErrID
	}
	return ID(b), nil
}

// String is the id's text form: 26 lower-case letters and digits.
func (id ID) String() string { return idText.EncodeToString(id[:]) }

// IsZero says that the id was never set.
func (id ID) IsZero() bool { return id == ID{} }

// MarshalText implements encoding.TextMarshaler.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *ID) UnmarshalText(b []byte) error {
	parsed, err := ParseID(string(b))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

// Value implements driver.Valuer.
func (id ID) Value() (driver.Value, error) { return id[:], nil }

// Scan implements sql.Scanner. A null leaves the zero id.
func (id *ID) Scan(src any) error {
	switch b := src.(type) {
	case nil:
		*id = ID{}
		return nil
	case []byte:
		if len(b) == 16 {
			*id = ID(b)
			return nil
		}
	}
	return fmt.Errorf("scanning an id: %w", ErrID)
}

// Micros is how a time stands in the database: microseconds since 1970, UTC;
// the zero time is 0.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Time reads what Micros wrote.
func Time(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
