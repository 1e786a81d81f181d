// SPDX-License-Identifier: Apache-2.0

package court

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"waylight/internal/platform/figure"
)

const fileHead = "docket,court,place,day,step,defendant,what,counts,months,probation,cents,item,other_day,shares,docket_entry,standing\n"

const fileRows = `1:26-cr-1,federal,MISSISSIPPI_NORTHERN,2026-03-02,charged,1,indictment,1=us-18-1591;2=us-18-1594,,,,,,,1,confirmed
1:26-cr-1,federal,MISSISSIPPI_NORTHERN,2026-05-04,plea,1,guilty,1,,,,,,,40,confirmed
1:26-cr-1,federal,MISSISSIPPI_NORTHERN,2026-08-03,sentence,1,prison,,180,60,,,,,88,confirmed
1:26-cr-1,federal,MISSISSIPPI_NORTHERN,2026-08-03,restitution_ordered,,joint,,,,"1,200,000.50",1,,1=1200000.50,89,confirmed
CR-2026-7,circuit,28033,2026-04-02,charged,1,indictment,1=ms-97-3-54-1,,,,,,,,
`

// A file is stored whole, and what it says is in the figures.
func TestAFileIsStored(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		done, err := w.Import(ctx, abe, []byte("\ufeff"+fileHead+fileRows))
		if err != nil || done != (Imported{5, 2, 2}) {
			t.Fatalf("%+v %v %s", done, err, said(err))
		}
		if got := w.cells(mOrdered, figure.Query{By: []string{dimState}}); got["MS"].Value != 120000050 {
			t.Errorf("%+v", got)
		}
		if got := w.cells(mIndictments, figure.Query{By: []string{dimDistrict}}); got["MISSISSIPPI_NORTHERN"].Value != 1 || got["state"].Unproven != 1 {
			t.Errorf("%+v", got)
		}
		more := fileHead + "1:26-cr-00001,federal,MISSISSIPPI_NORTHERN,2026-09-01,restitution_paid,,,,,,100.25,1,,,99,confirmed\n"
		if done, err := w.Import(ctx, abe, []byte(more)); err != nil || done != (Imported{1, 1, 0}) {
			t.Errorf("%+v %v", done, err)
		}
		for what, file := range map[string]string{"the same charges again": fileHead + fileRows, "the same payment again": more} {
			var refused *ErrImport
			if _, err := w.Import(ctx, abe, []byte(file)); !errors.As(err, &refused) {
				t.Errorf("%s: %v", what, err)
			}
		}
		// What the order of a case lets come again is not taken again from a file, unless the docket says that it came again.
		loose := "1:26-cr-1,federal,MISSISSIPPI_NORTHERN,2026-09-02,restitution_paid,,,,,,50.00,1,,,,\n1:26-cr-1,federal,MISSISSIPPI_NORTHERN,2026-04-02,restitution_requested,1,,,,,,,,,41,confirmed\n" +
			"1:26-cr-1,federal,MISSISSIPPI_NORTHERN,2026-06-01,sentencing_set,1,,,,,,,2026-08-03,,,\n1:26-cr-1,federal,MISSISSIPPI_NORTHERN,2026-09-03,restitution_amended,,joint,,,,\"1,200,000.00\",1,,1=1200000.00,,\n"
		if _, err := w.Import(ctx, abe, []byte(fileHead+loose)); err != nil {
			t.Fatal(err, said(err))
		}
		for i, row := range append(strings.SplitAfter(strings.TrimSuffix(loose, "\n"), "\n"), loose) {
			var refused *ErrImport
			if _, err := w.Import(ctx, abe, []byte(fileHead+row)); !errors.As(err, &refused) || !strings.Contains(refused.Broken[0].Why, "in the case already") {
				t.Errorf("row %d of it again: %v", i, err)
			}
		}
		payment := loose[:strings.Index(loose, "\n")+1]
		other := strings.Replace(payment, ",,,,\n", ",,,101,\n", 1)
		for what, rows := range map[string]string{"a payment that may be the one without a docket entry": other,
			"two of a file that may be one": strings.ReplaceAll(payment+other, "2026-09-02", "2026-09-05"), "in the other order": strings.ReplaceAll(other+payment, "2026-09-02", "2026-09-05")} {
			var refused *ErrImport
			if _, err := w.Import(ctx, abe, []byte(fileHead+rows)); !errors.As(err, &refused) || len(refused.Broken) != 1 || !strings.Contains(refused.Broken[0].Why, "may be in the") {
				t.Errorf("%s: %v %s", what, err, said(err))
			}
		}
		c, there, err := caseByDocket(ctx, w.db, here, Federal, "MISSISSIPPI_NORTHERN", "1:26-cr-00001")
		if err != nil || !there {
			t.Fatal(there, err)
		}
		entries, err := entriesOf(ctx, w.db, here, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		first := entries[slices.IndexFunc(entries, func(e Entry) bool { return e.Step == RestitutionPaid && e.DocketEntry == 0 })]
		if err := w.Say(ctx, ann, c.ID, first.ID, Word{Standing: Confirmed, DocketEntry: 100}); err != nil {
			t.Fatal(said(err))
		}
		if _, err := w.Import(ctx, abe, []byte(fileHead+other)); err != nil {
			t.Errorf("another payment of that day, with its docket entry: %v %s", err, said(err))
		}
		if _, err := w.Import(ctx, pat, []byte(more)); err == nil || !strings.Contains(fmt.Sprint(err), "1 broken") {
			t.Errorf("another office's case: %v", err)
		}
		if err := w.Check(ctx, here); err != nil {
			t.Error(err)
		}
	})
}

// One broken row, and nothing is stored; every broken row is named by its line.
func TestABrokenFileLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		count := func() (n int) {
			for _, table := range []string{"court_case", "court_seat", "court_entry", "court_standing", "court_clock", "court_fact", "court_tally", "court_charge", "custody_leaf"} {
				var one int
				if err := w.db.QueryRow(ctx, "select count(*) from "+table).Scan(&one); err != nil {
					t.Fatal(err)
				}
				n += one
			}
			return n
		}
		before := count()
		broken := fileHead + fileRows + `1:26-cr-2,federal,MISSISSIPPI_NORTHERN,2026-05-04,verdict,1,guilty,1,,,,,,,40,
1:26-cr-2,federal,MISSISSIPPI_NORTHERN,2026-05-05,sentence,1,prison,,180,,,,,,40,
1:26-cr-3,federal,MISSISSIPPI_NORTHERN,2026-03-02,charged,1,indictment,1=us-18-1591,,,,,,,1,
1:26-cr-3,federal,MISSISSIPPI_NORTHERN,2026-03-02,charged,1,indictment,1=us-18-1591,,,,,,,1,
`
		var refused *ErrImport
		if _, err := w.Import(ctx, abe, []byte(broken)); !errors.As(err, &refused) {
			t.Fatal(err)
		}
		want := map[int]string{7: "has no Charge", 8: "no conviction", 10: "same one twice"}
		for _, b := range refused.Broken {
			if want[b.Line] == "" || !strings.Contains(b.Why, want[b.Line]) {
				t.Errorf("%+v", b)
			}
			delete(want, b.Line)
		}
		if len(want) > 0 {
			t.Errorf("not named: %v", want)
		}
		unread := fileHead + `1:26-cr-2,federal,NOWHERE,2026-05-04,verdict,1,guilty,1,,,,,,,40,
1:26-cr-2,federal,MISSISSIPPI_NORTHERN,2027-05-04,plea,1,guilty,1,,,,,,,40,
1:26-cr-2,federal,MISSISSIPPI_NORTHERN,2026-05-04,plea,1,guilty,1,,,,,,,,confirmed
1:26-cr-2,federal,MISSISSIPPI_NORTHERN,2026-05-04,plea,1,guilty,1,,,,,,,40,perhaps
1:26-cr-2,federal,MISSISSIPPI_NORTHERN,2026-05-04,charged,1,indictment,1=tx-1,,,,,,,40,
1:26-cr-2,federal,MISSISSIPPI_NORTHERN,2026-05-04
"1:26-cr-2" x,federal
1:26-cr-2,federal,MISSISSIPPI_NORTHERN,2026-05-04,sentence,1,prison,,1e5,,,,,,40,
`
		_, err := w.Import(ctx, abe, []byte(unread))
		if !errors.As(err, &refused) || len(refused.Broken) != 8 || refused.Rows != 8 || refused.Broken[0].Line != 2 || refused.Broken[7].Line != 9 {
			t.Errorf("%v %+v", err, refused)
		}
		for says, file := range map[string]string{
			"no first row": "", "no column": "name\n", "twice": "day,day\n", "missing": "docket\n", "no rows": fileHead, "UTF-8": "\xff\xfe", "over 2 MiB": strings.Repeat("x", maxImportBytes+1),
			"more than": fileHead + strings.Repeat("1:26-cr-2,federal,MISSISSIPPI_NORTHERN,2026-05-04,plea,1,guilty,1,,,,,,,40,\n", maxImport+1),
		} {
			if _, err := w.Import(ctx, abe, []byte(file)); !strings.Contains(said(err), says) {
				t.Errorf("%s: %q", says, said(err))
			}
		}
		if after := count(); after != before {
			t.Errorf("%d rows were left", after-before)
		}
	})
}

func TestTheImportsPage(t *testing.T) {
	w := one(t)
	c := w.serve(abe)
	doc := c.PostForm("/staff/court/import", url.Values{"rows": {fileHead + "1:26-cr-1,federal,MISSISSIPPI_NORTHERN,2026-05-04,verdict,1,guilty,1,,,,,,,40,\n"}})
	if doc.Status != http.StatusBadRequest || !strings.Contains(doc.Main(), "Nothing was stored") || !strings.Contains(doc.Main(), "no Charge before it") {
		t.Errorf("%d %s", doc.Status, doc.Main())
	}
	body := "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\n" + fileHead + fileRows + "\r\n--x--\r\n"
	doc = c.Do(http.MethodPost, "/staff/court/import", "multipart/form-data; boundary=x", strings.NewReader(body))
	if doc.Status != http.StatusOK || !strings.Contains(doc.Main(), "5 rows of 2 cases are stored; 2 cases are new") {
		t.Errorf("%d %s", doc.Status, doc.Main())
	}
}

func FuzzImport(f *testing.F) {
	f.Add([]byte(fileHead + fileRows))
	f.Add([]byte("docket,court,place,day,step,shares\n1:26-cr-1,federal,MISSISSIPPI_NORTHERN,2026-05-04,restitution_ordered,1=1;2=\n"))
	set, err := packs()
	if err != nil {
		f.Fatal(err)
	}
	p, _ := set.Program(here)
	s := &Service{Config: Config{Programs: set, Now: func() (t time.Time) { return time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC) }}}
	f.Fuzz(func(t *testing.T, data []byte) {
		lines, err := s.readImport(p, data)
		if err == nil && len(lines) == 0 {
			t.Error("a file without rows is taken")
		}
		for _, l := range lines {
			counts, ok := parseCounts(countsText(l.e.Counts))
			shares, ok2 := parseShares(sharesText(l.e.Shares))
			if !ok || !ok2 || len(counts) != len(l.e.Counts) || len(shares) != len(l.e.Shares) {
				t.Errorf("%+v does not come back", l.e)
			}
		}
	})
}
