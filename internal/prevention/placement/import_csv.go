// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"waylight/internal/platform/bulk"
)

// longestRow is how many bytes a row of a file may have: a quotation mark that is
// never closed must not take the rest of the file into memory.
const longestRow = 1 << 20

// rowReader gives so many bytes and then breaks off, unless a row was read meanwhile.
type rowReader struct {
	from io.Reader
	left int
}

var errRow = errors.New("a row is too long")

func (r *rowReader) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, errRow
	}
	n, err := r.from.Read(p[:min(len(p), r.left)])
	r.left -= n
	return n, err
}

// fresh begins a row.
func (r *rowReader) fresh() { r.left = longestRow }

func tooLong(line int) error {
	return &unreadable{line, "", fmt.Sprintf("from here on more than %d bytes are one row; a quotation mark or a bracket is not closed", longestRow)}
}

// readCSV reads a table with a head. An error of take, or what makes the rest
// unreadable, ends it.
func readCSV(file io.Reader, first int, take func(rawRow) error) error {
	rows := &rowReader{from: file, left: longestRow}
	r := csv.NewReader(rows)
	r.ReuseRecord, r.FieldsPerRecord = true, -1
	head, err := r.Read()
	if errors.Is(err, io.EOF) {
		return errUpload
	}
	columns, err := columnsOf(head, first, err)
	if err != nil {
		return err
	}
	last := first
	for {
		rows.fresh()
		record, err := r.Read()
		var bad *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, errRow):
			return tooLong(last + 1)
		case errors.As(err, &bad):
			last = bad.StartLine + first - 1
			err = take(rawRow{line: last, bad: []Problem{{"", quoteReason(bad, first)}}})
		case err == nil:
			n, _ := r.FieldPos(0)
			last = n + first - 1
			err = take(csvRow(record, columns, last))
		}
		if err != nil {
			return err
		}
	}
}

// quoteReason says what a line that is no CSV has.
func quoteReason(bad *csv.ParseError, first int) string {
	return fmt.Sprintf("a quotation mark stands where none can be (line %d, letter %d)", bad.Line+first-1, bad.Column)
}

// columnsOf reads the names of the columns.
func columnsOf(head []string, line int, err error) ([]string, error) {
	var bad *csv.ParseError
	switch {
	case errors.Is(err, errRow):
		return nil, tooLong(line)
	case errors.As(err, &bad):
		return nil, &unreadable{line, "", "the first line cannot be read: " + quoteReason(bad, line)}
	case err != nil:
		return nil, err
	}
	columns := make([]string, len(head))
	for i, name := range head {
		name = strings.ToLower(strings.TrimSpace(name))
		switch {
		case !slices.Contains(fields, name):
			return nil, &unreadable{line, bulk.Cut(name, 40), "is not a column that places have; they are: " + strings.Join(fields, ", ")}
		case slices.Contains(columns, name):
			return nil, &unreadable{line, name, "stands there twice"}
		}
		columns[i] = name
	}
	for _, name := range []string{"kind", "name"} {
		if !slices.Contains(columns, name) {
			return nil, &unreadable{line, name, "is missing: every file has it"}
		}
	}
	return columns, nil
}

func csvRow(record, columns []string, line int) rawRow {
	row := rawRow{line: line, t: Typed{}}
	if len(record) != len(columns) {
		row.bad = []Problem{{"", fmt.Sprintf("has %d cells, and the first line has %d", len(record), len(columns))}}
		return row
	}
	for i, name := range columns {
		row.t[name] = record[i]
	}
	return row
}
