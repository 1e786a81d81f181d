// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"errors"
	"fmt"
	"io"
)

// What the tests look at from outside.
var (
	DrawMap     = drawMap
	ReadCSV     = told(readCSV)
	ReadGeoJSON = told(readGeoJSON)
	ReadPlace   = readPlace
)

// TypedOf is a place as its form shows it.
func TypedOf(p Place) Typed { return p.typed() }

// ToldRow is a row that a file was read into.
type ToldRow struct {
	Line int
	T    Typed
	Bad  []Problem
}

// told reads a file and says what it has, and why it cannot be read on, "" if it can.
func told(read func(io.Reader, int, func(rawRow) error) error) func(file io.Reader) ([]ToldRow, string, error) {
	return func(file io.Reader) (rows []ToldRow, why string, err error) {
		err = read(file, 1, func(r rawRow) error {
			rows = append(rows, ToldRow{r.line, r.t, r.bad})
			return nil
		})
		var bad *unreadable
		switch {
		case errors.As(err, &bad):
			return rows, fmt.Sprintf("%d %s: %s", bad.line, bad.column, bad.reason), nil
		case errors.Is(err, errUpload):
			return rows, errUpload.Message, nil
		}
		return rows, "", err
	}
}
