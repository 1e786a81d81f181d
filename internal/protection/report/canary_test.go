// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/report"
)

const canaryKey = "0123456789abcdef0123456789abcdef"

// A mark makes a canary only of the submission that it was made for. Anything else that carries one is a report like any other and goes to everybody who must be told.
func TestWrongMarkIsAReport(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock, tipDesk, tipPolice, childCare)
		right := w.reports.CanaryMark("ms", canaryKey)
		for mark, want := range map[string]string{
			right: report.ViaCanary, "": report.ViaAPI, strings.ToUpper(right): report.ViaAPI, right[:63] + "x": report.ViaAPI,
			w.reports.CanaryMark("ms", canaryKey+"0"): report.ViaAPI, w.reports.CanaryMark("tx", canaryKey): report.ViaAPI, "1": report.ViaAPI,
		} {
			w.client.Header.Set(report.CanaryHeader, mark)
			doc := w.send(canaryKey, (`{"program":"ms","language":"en","answers":{"mode":"tip","age":"under18","` + w.story() + `":"words ` + mark + `"}}`))
			var got struct{ Report string }
			if err := json.Unmarshal([]byte(doc.Body), &got); err != nil || doc.Status != http.StatusCreated {
				t.Fatalf("%q: %d, %v", mark, doc.Status, err)
			}
			id, err := store.ParseID(got.Report)
			if err != nil {
				t.Fatal(err)
			}
			told := w.followed.at[id]
			if told.ref.Via != want || (len(told.plan.Readers) == 1) != (want == report.ViaCanary) {
				t.Errorf("mark %q: via %s, read by %v", mark, told.ref.Via, told.plan.Readers)
			}
		}
	})
}

// Only a canary is deleted: not a report of the public, whose receipt its own sender has, nor a test that people look at; and what is deleted is on record.
func TestOnlyCanariesAreCleared(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock, tipDesk, tipPolice, childCare)
		clear := func(receipt seal.Receipt) error {
			return db.Write(t.Context(), func(tx *store.Tx) error {
				defer tx.Log(custody.Entry{Program: "ms", Event: "canary.cleared", Record: "canary:test", Actor: "system"})
				_, err := w.reports.ClearCanary(t.Context(), tx, "ms", receipt.Lookup())
				return err
			})
		}
		for via, cleared := range map[string]bool{report.ViaWeb: false, report.ViaAPI: false, report.ViaTest: false, report.ViaCanary: true} {
			sub := w.submission(w.tip(nil))
			sub.Via = via
			a := w.accept(sub)
			if err := clear(a.Receipt); (err == nil) != cleared {
				t.Errorf("%s: %v", via, err)
			}
			_, err := w.reports.Find(t.Context(), "ms", a.Receipt.Lookup())
			if (err != nil) != cleared {
				t.Errorf("%s is there after that: %v", via, err)
			}
			if err := clear(a.Receipt); cleared && err != nil {
				t.Errorf("%s a second time: %v", via, err)
			}
		}
		result, err := custody.Verify(t.Context(), db, "ms", w.log.Verifier())
		if err != nil || !result.OK() {
			t.Errorf("%+v, %v", result.Problems, err)
		}
	})
}
