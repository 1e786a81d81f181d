// SPDX-License-Identifier: Apache-2.0

package web

import (
	"bufio"
	"encoding/csv"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

var plainName = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// CSV writes a download for spreadsheets: UTF-8 with its mark, so that they
// keep accents, and with every cell that they would run as a formula made
// harmless by an apostrophe. When rows fails, the download breaks off rather
// than look complete.
func CSV(w http.ResponseWriter, filename string, header []string, rows func(yield func([]string) error) error) error {
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+plainName.ReplaceAllString(filename, "-")+`"`)
	bw := bufio.NewWriterSize(w, 32<<10) // an early failure still becomes an error page
	_, err := bw.WriteString("\ufeff")
	if err != nil {
		return err
	}
	cw := csv.NewWriter(bw)
	cw.UseCRLF = true
	write := func(cells []string) error {
		safe := make([]string, len(cells))
		for i, cell := range cells {
			safe[i] = safeCell(cell)
		}
		return cw.Write(safe)
	}
	err = write(header)
	if err != nil {
		return err
	}
	err = rows(write)
	if err != nil {
		return err
	}
	cw.Flush()
	return cw.Error()
}

// safeCell puts an apostrophe before what a spreadsheet would take for a
// formula. Plain numbers stay numbers.
func safeCell(cell string) string {
	trimmed := strings.TrimLeft(cell, " ")
	if trimmed == "" || !strings.ContainsAny(trimmed[:1], "=+-@\t\r\n") && !strings.HasPrefix(trimmed, "＝") && !strings.HasPrefix(trimmed, "＋") &&
		!strings.HasPrefix(trimmed, "－") && !strings.HasPrefix(trimmed, "＠") {
		return cell
	}
	_, err := strconv.ParseFloat(cell, 64)
	if err == nil && strings.Trim(cell, "+-0123456789.") == "" {
		return cell
	}
	return "'" + cell
}

// CSVPages writes a list that is read page by page as such a download: page gives the
// rows from a place on, and the next place, "" behind the last.
func CSVPages(w http.ResponseWriter, filename string, header []string, page func(after string) (rows [][]string, next string, err error)) error {
	return CSV(w, filename, header, func(yield func([]string) error) error {
		for after := ""; ; {
			rows, next, err := page(after)
			if err != nil {
				return err
			}
			for _, row := range rows {
				if err := yield(row); err != nil {
					return err
				}
			}
			if after = next; next == "" {
				return nil
			}
		}
	})
}
