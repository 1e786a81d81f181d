// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"waylight/internal/app"
	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/form"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/report"
)

// Figures of the response count tips that accuse nobody: whether anybody asked for help, accused an office or tried the form changes no number, of the public's
// tables or of the staff's; and a median is that of what was opened.
func TestMeasuresOfTheResponse(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			clock := storetest.NewClock(time.Date(2026, 9, 30, 23, 0, 0, 0, time.UTC)) // still September in Mississippi
			c := app.Config{Data: t.TempDir(), Demo: true, Now: clock.Now}
			if engine == "postgres" {
				c.Database = storetest.PostgresURL(t)
			}
			a, err := app.New(ctx, c)
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			for _, office := range seats {
				if err := a.Agencies.Join(ctx, agency.System(here), office); err != nil {
					t.Fatal(err)
				}
			}
			m := &matrix{t: t, app: a}
			for _, office := range []string{"mbi-desk", "help-desk", "mcaht"} {
				m.enroll(here, office, []string{policy.RoleMember}, "someone")
			}
			numbers := m.enroll(here, "help-desk", []string{policy.RoleFigures}, "someone")
			if t.Failed() {
				return
			}
			send := func(n int, via string, answers form.Answers) {
				t.Helper()
				for range n {
					_, err := a.Reports.Accept(ctx, report.Submission{Program: here, Language: "en", Key: []byte(store.NewID().String() + store.NewID().String()), Via: via, Answers: answers})
					if err != nil {
						t.Fatal(err)
					}
				}
			}
			compute := func(measure, rows, columns string) figure.Table {
				t.Helper()
				p, _ := a.Programs.Program(here)
				got, err := a.Releases.Measures().Compute(ctx, a.DB, here, p.Zone, figure.Spec{Measure: measure, From: "2026-09-01", Through: "2026-10-31", Rows: rows, Columns: columns})
				if err != nil {
					t.Fatal(err)
				}
				return got
			}
			send(12, report.ViaWeb, stories["tip"])
			clock.Advance(7 * time.Hour) // October
			send(3, report.ViaAPI, stories["tip"])
			tips := compute("tips", "channel", "month")
			if e := tips.Entries; e[0][0].Value != 12 || e[1][1].Value != 3 || e[3][2].Value != 15 {
				t.Errorf("%+v", e)
			}
			before := compute("referrals", "office", "clock")
			for name, via := range map[string]string{"help": report.ViaWeb, "help of a child": report.ViaWeb, "tip on police": report.ViaWeb, "tip on a helper": report.ViaAPI} {
				send(2, via, stories[name])
			}
			send(2, report.ViaTest, stories["tip"])
			for _, measure := range []string{"tips", "referrals", "delivery_median", "acknowledgement_p90"} {
				after := compute(measure, "month", "")
				if n := after.Entries[2][0].Value; measure == "tips" && n != 15 || measure == "referrals" && n != before.Entries[len(before.Rows)][4].Value || strings.Contains(measure, "_") && after.Entries[2][0].Rows != 0 {
					t.Errorf("%s: %+v", measure, after.Entries)
				}
			}
			if n := len(compute("referrals", "office", "clock").Rows); n != len(before.Rows) || n == 0 {
				t.Errorf("an office that only help, or an accusing report, was sent to stands in the figures: %d", n)
			}
			// Two are passed on by the desk, after ten and after forty minutes.
			for _, minutes := range []int64{10, 40} {
				err := a.DB.Write(ctx, func(tx *store.Tx) error {
					var id store.ID
					err := tx.QueryRow(ctx, `select id from referral where program = $1 and relay = 1 and mode = 'tip' and conflict = '' and test = 0 and origin = 'duty' and done_at is null order by id`, here).Scan(&id)
					if err != nil {
						return err
					}
					if _, err := tx.Exec(`update referral set done_at = accepted + $1, due = accepted + $2, state = 'done' where program = $3 and id = $4`, minutes*60_000_000, int64(30*60_000_000), here, id); err != nil {
						return err
					}
					if err := tx.Touch("referral", here, id); err != nil {
						return err
					}
					tx.Log(custody.Entry{Program: here, Event: "test.done", Record: "referral:" + id.String(), Actor: "system"})
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			half, nine := compute("acknowledgement_median", "", ""), compute("delivery_p90", "", "")
			if h, n := half.Entries[0][0], nine.Entries[0][0]; h.Value != 10*60_000_000 || n.Value != 40*60_000_000 || h.Rows != 2 {
				t.Errorf("half within %d, nine in ten within %d, of %d", h.Value, n.Value, h.Rows)
			}
			clocks := compute("referrals", "clock", "")
			if clocks.Entries[0][0].Value != 1 || clocks.Entries[1][0].Value < 1 {
				t.Errorf("one in time and one late: %+v", clocks.Entries)
			}
			// Staff meet the same wall: nothing below eleven.
			cookie := again(t, a, map[string]*http.Cookie{"figures at help-desk": numbers.cookie})["figures at help-desk"] // the session ended meanwhile
			get := func(page, from, through string) *httptest.ResponseRecorder {
				r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/staff/figures/offices"+page+"?from="+from+"&through="+through, nil)
				r.AddCookie(cookie)
				out := httptest.NewRecorder()
				a.Handler().ServeHTTP(out, r)
				return out
			}
			// Nor what one day adds: whole months that are over, on the page and in the file.
			for _, days := range [][2]string{{"2026-09-01", "2026-09-29"}, {"2026-09-02", "2026-09-30"}, {"2026-09-01", "2026-10-31"}, {"2026-10-31", "2026-09-01"}, {"x", ""}} {
				for _, page := range []string{"", ".csv"} {
					if out := get(page, days[0], days[1]); out.Code != http.StatusBadRequest || strings.Contains(out.Body.String(), "fewer than 11") {
						t.Errorf("%v of %q: %d %s", days, page, out.Code, out.Body)
					}
				}
			}
			out := get(".csv", "2026-09-01", "2026-09-30")
			if body := out.Body.String(); out.Code != http.StatusOK || !strings.Contains(body, "fewer than 11") || !strings.Contains(body, "not shown") || strings.Contains(body, "10 min") {
				t.Errorf("%d %s", out.Code, body)
			}
		})
	}
}
