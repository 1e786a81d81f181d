// SPDX-License-Identifier: Apache-2.0

package code_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/prevention/code"
)

// Words that the public reads bring no number that nobody has tried, no address, and nothing that turns letters around. Years, dates, amounts and the lines that may be
// shown can stand in them.
func TestWordsForThePublic(t *testing.T) {
	w := one(t)
	for want, texts := range map[string][]string{
		"": {"", "Union Station, Jackson", "In 2026 we hang 400 signs", "2026-2027", "2026 - 2027", "January 11, 2027", "11-17 January 2027", "2027-01-11", "01/11/2027", "11.01.2027 - 17.01.2027", "from 01/11/2027 to 01/17/2027",
			"$250,000,000", "$1,250,000.50 (2026)", "1,000,000 people, 2,000,000 in 2027", "a fund of $250,000,000 in 2026.", "Jackson, MS 39201-1234", "24/7", "9-5", "call 911", "911 or 988", "600 x 315",
			"601-555-0199", "Call 1-601-555-0199 (24/7)", "(601) 555.0199 or 911", "911 601 555 0199", "text 2335550", "601-555-0199, 2026", "Highway 49, mile 112", "Store 1234, 4000 Main Street", "Año 2026, día 11"},
		"code.number": {"601-555-0123", "(601) 555-0123", "601.555.0123", "601 555 0123", "6015550123", "+1 601 555 0123", "1-601-555-2019", "555-0123", "Call 5550123 now", "601,555,0123", "601 - 555 - 0123", "601\u2011555\u20110123", "601\u00a0555\u00a00123",
			"601\u200b555\u200b0123", "60 15 55 01 23", "6 0 1 5 5 5 0 1 2 3", "601/555/0123", "６０１５５５０１２３", "٦٠١٥٥٥٠١٢٣", "601-555-0199 and 601-555-0123", "601-555-0199 601-555-0123", "16015550199123", "0601-555-0199-555-0123", "6015550177", "20270111"},
		"code.site":   {"See https://x.invalid", "WWW.x.invalid", "ftp://x"},
		"code.hidden": {"a\u202eb", "a\u2066b", "\u200fx", "x\u061c", "x\u200e"},
	} {
		for _, text := range texts {
			f, _ := fault.As(w.Words(here, text))
			if f == nil {
				f = &fault.Error{}
			}
			if f.Code != want {
				t.Errorf("%q: %q instead of %q", text, f.Code, want)
			}
		}
	}
	for _, place := range []string{"Call 601-555-0123", "Station\u202e"} {
		err := w.db.Write(t.Context(), func(tx *store.Tx) error {
			_, err := w.Issue(tx, code.Draft{Program: here, Kind: code.Batch, Subject: store.NewID(), Place: place, By: "system"})
			return err
		})
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("a code for %q: %v", place, err)
		}
	}
}

// However somebody writes a number of ten digits, it is found, whatever stands around it.
func TestNoNumberSlipsThrough(t *testing.T) {
	w := one(t)
	rapid.Check(t, func(t *rapid.T) {
		number := fmt.Sprint(rapid.IntRange(2, 9).Draw(t, "first")) + rapid.StringMatching(`[0-9]{9}`).Draw(t, "number")
		if number == "6015550199" {
			return
		}
		apart := rapid.SampledFrom([]string{"", "-", " ", ".", " - ", ") ", "/", "\u2013"})
		text := number[:3] + apart.Draw(t, "between") + number[3:6] + apart.Draw(t, "then") + number[6:]
		around := rapid.SampledFrom([]string{"", "Call ", "(", "tel. ", "$250,000 and ", "in 2026 ", "1-", "+1 ", "911 "})
		if text = around.Draw(t, "before") + text + rapid.SampledFrom([]string{"", " now", ".", ", 2026", ")"}).Draw(t, "after"); w.Words(here, text) == nil {
			t.Fatalf("%q is let through", text)
		}
	})
}
