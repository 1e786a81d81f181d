// SPDX-License-Identifier: Apache-2.0

package disclosure

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// MaxFile is the largest published file that is read, in bytes.
const MaxFile = 64 << 20

// Read reads a published table, as [Table.Write] wrote it, and checks it.
func Read(data []byte) (Table, error) {
	var t Table
	if len(data) > MaxFile {
		return t, tooLarge("a published table has at most %d bytes", MaxFile)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&t); err != nil {
		return Table{}, errTable.With(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Table{}, because(errTable, "something follows the table")
	}
	if err := t.check(); err != nil {
		return Table{}, err
	}
	return t, nil
}

// Write gives a published table as a file: JSON that [Read] takes.
func (t Table) Write() ([]byte, error) {
	data, err := json.Marshal(t)
	return append(data, '\n'), err
}
