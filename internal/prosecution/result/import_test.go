// SPDX-License-Identifier: Apache-2.0

package result_test

import (
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
	"waylight/internal/prosecution/result"
)

// A file's rows are those that somebody would have typed one by one, in the same number and with the same sums, however they are ordered in it, and every one of them
// stands in the log; what was put aside of the file is gone.
func TestAFilesRowsAreThoseTyped(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		names := []string{"kind", "date", "county", "role", "age", "offense", "booking", "item", "count", "amount", "unit", "evidence", "number"}
		var file strings.Builder
		file.WriteString(strings.Join(names, ",") + "\n")
		var typed []result.Line
		for i := range 8_700 { // more than are put in order together
			x := i * 7919 % 8_700
			values := map[string]string{"date": fmt.Sprintf("2026-%02d-%02d", 1+x%9, 1+x%28), "county": []string{"MS-28049", "MS-28047", ""}[x%3], "evidence": []string{"report", ""}[x%2]}
			if values["evidence"] != "" {
				values["number"] = fmt.Sprintf("R-%d", x)
			}
			switch x % 4 {
			case 0:
				maps.Copy(values, map[string]string{"kind": "weapon", "item": "knife", "count": fmt.Sprint(1 + x%5)})
			case 1:
				maps.Copy(values, map[string]string{"kind": "narcotic", "item": "heroin", "amount": fmt.Sprintf("%d.%03d", x%7, 1+x%999), "unit": "kg"})
			default:
				maps.Copy(values, map[string]string{"kind": "arrest", "role": "buyer", "age": "adult", "booking": fmt.Sprintf("B-%d", x)})
			}
			var cells, pairs []string
			for _, name := range names {
				cells, pairs = append(cells, values[name]), append(pairs, name, values[name])
			}
			file.WriteString(strings.Join(cells, ",") + "\n")
			if i%20 == 0 {
				typed = append(typed, line(pairs...))
			}
		}
		im, err := w.Upload(ctx, w.cora, "all.csv", strings.NewReader(file.String()))
		check(t, err)
		if im.State != result.Ready {
			list, err := w.Problems(ctx, w.cora, im.ID, 0)
			t.Fatal(im.State, list[:min(3, len(list))], err)
		}
		check(t, w.Commit(ctx, w.cora, im.ID))
		w.due()
		rows, wrong, err := w.Enter(ctx, w.ana, typed)
		if err != nil {
			t.Fatal(wrong, err)
		}
		imported := w.contents(`origin = $1`, im.ID)
		if n := len(imported); n != 8_700 {
			t.Errorf("%d rows are there", n)
		}
		for _, r := range w.contents(`origin <> $1 and office = 'mbi-coordinator'`, im.ID) {
			if !slices.Contains(imported, r) {
				t.Fatalf("typed, and not imported: %s", r)
			}
		}
		if len(rows) != len(typed) {
			t.Errorf("%d rows of %d were typed", len(rows), len(typed))
		}
		var left int
		check(t, w.db.QueryRow(ctx, `select count(*) from result_import_part`).Scan(&left))
		if left != 0 {
			t.Errorf("%d parts are left", left)
		}
		w.recounted()
		_, public, err := note.GenerateKey(rand.Reader, "test.invalid/ms")
		check(t, err)
		verifier, err := note.NewVerifier(public)
		check(t, err)
		if found, err := custody.Verify(ctx, w.db, here, verifier); err != nil || !found.OK() {
			t.Errorf("the rows are not those of the log: %v, %v", found.Problems, err)
		}
	})
}

// contents are rows without what differs between any two of them.
func (w *world) contents(where string, args ...any) []string {
	w.t.Helper()
	out, err := store.Collect(w.t.Context(), w.db, "reading results", func(row store.Scanner) (string, error) {
		var c [14]string
		var n [3]int64
		err := row.Scan(&c[0], &c[1], &c[2], &c[3], &c[4], &c[5], &c[6], &c[7], &c[8], &n[0], &n[1], &n[2], &c[9])
		return fmt.Sprint(c, n), err
	}, `select kind, state, county, organization, role, offense, item, age, evidence, day, quantity, amount, qualifier from result where `+where, args...)
	check(w.t, err)
	return out
}
