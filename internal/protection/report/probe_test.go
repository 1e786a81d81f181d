// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
)

// Whoever came by the seven words of a receipt, and has nothing else of its report,
// learns from no refusal whether a report was made with them: the words that were
// never used, those of a report that is there, and those of a closed one are
// refused alike, whatever they are refused for.
func TestRefusalsDoNotTellReceiptsApart(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock, tipDesk, tipPolice)
		receipts := map[string]seal.Receipt{"unknown": {1, 2, 3}, "wrong": {}}
		whole := map[string][]byte{}
		for _, state := range []string{"open", "closed"} {
			b := w.browser(clearTip())
			whole[state] = b.sealed(b.story(canary), nil)
			accepted(t, w.post(whole[state]), http.StatusCreated)
			receipts[state] = b.Receipt
			receipts[state+", sealed by the server"] = w.accept(w.submission(w.tip(nil))).Receipt
		}
		for state, receipt := range receipts {
			if state == "wrong" { // one word of the list in place of another
				receipt = receipts["open"]
				receipt[9]++
				receipts[state] = receipt
			}
			if state == "closed" || state == "closed, sealed by the server" {
				if err := w.reports.Close(t.Context(), receipt.Words("en")); err != nil {
					t.Fatal(err)
				}
			}
		}
		stored := w.count("report")

		// what is posted under each receipt, for each reason to refuse it
		probe := func(receipt seal.Receipt, edit func(*browser)) []byte {
			b := w.browser(clearTip())
			b.Receipt = receipt
			b.ask()
			edit(b)
			return b.sealed(b.story(otherWords), nil)
		}
		fine := func(*browser) {}
		stale := func(b *browser) { b.clear.Set("age", "under18") }
		steps := []struct {
			code   string
			edit   func(*browser)
			change func([]byte) []byte
			before func()
		}{
			{code: "who_changed", edit: stale},
			{code: "who_changed", edit: func(b *browser) { b.shown = "" }},
			{code: "words_sent", edit: func(b *browser) { b.clear.Set(w.story(), otherWords) }},
			{code: "answers", edit: func(b *browser) { b.clear.Set("mode", "neither") }},
			{code: "language_unknown", edit: fine, change: func(d []byte) []byte { return bytes.Replace(d, []byte("lang=en"), []byte("lang=xx"), 1) }},
			{code: "keys_changed", edit: fine, change: func(d []byte) []byte { return bytes.Replace(d, []byte("_form=ms%40"), []byte("_form=xx%40"), 1) }},
			{code: "keys_changed", edit: fine, before: func() { w.key(tipDesk); w.key(tipPolice) }},
			{code: "form_closed", edit: fine, before: w.close},
		}
		for _, step := range steps {
			sent := map[string][]byte{}
			for state, receipt := range receipts {
				sent[state] = probe(receipt, step.edit)
				if step.change != nil {
					sent[state] = step.change(sent[state])
				}
			}
			if step.before != nil {
				step.before()
			}
			want := ""
			for state, data := range sent {
				doc := w.post(data)
				doc.Header.Del("Date")
				got := fmt.Sprintf("%d %v %s", doc.Status, doc.Header, doc.Body)
				if code(t, doc) != step.code || want != "" && got != want {
					t.Errorf("%s: %s\nothers: %s", state, got, want)
				}
				want = got
			}
		}
		if got := w.count("report"); got != stored {
			t.Errorf("%d reports, were %d", got, stored)
		}

		// The very same bytes are a repeat all the same: their sender has more than the words.
		for state, data := range whole {
			if doc := w.post(data); doc.Status != http.StatusOK {
				t.Errorf("%s, the same again: %d %s", state, doc.Status, doc.Body)
			}
		}
	})
}

// What nothing else refuses is kept where the words were never used: whoever tries
// words in this way leaves a report, and a report that is there is not told from a
// closed one.
func TestProbingThatNothingRefusesLeavesAReport(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk, tipPolice)
	var answers []string
	for _, state := range []string{"unknown", "open", "closed"} {
		b := w.browser(clearTip())
		if state != "unknown" {
			accepted(t, w.post(b.sealed(b.story(canary), nil)), http.StatusCreated)
		}
		if state == "closed" {
			if err := w.reports.Close(t.Context(), b.Receipt.Words("en")); err != nil {
				t.Fatal(err)
			}
		}
		before := w.count("report")
		doc := w.post(b.sealed(b.story(otherWords), nil))
		if state == "unknown" {
			if doc.Status != http.StatusCreated || w.count("report") != before+1 {
				t.Errorf("%s: %d, %d reports", state, doc.Status, w.count("report")-before)
			}
			continue
		}
		if code(t, doc) != "new_receipt_needed" || w.count("report") != before {
			t.Errorf("%s: %d %s", state, doc.Status, doc.Body)
		}
		answers = append(answers, doc.Body)
	}
	if len(slices.Compact(answers)) != 1 {
		t.Errorf("answered %q", answers)
	}
}
