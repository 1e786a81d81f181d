// SPDX-License-Identifier: Apache-2.0

package court

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/jobs"
)

func (w *world) clocks(c Case) map[string]Clock {
	w.t.Helper()
	list, err := clocksOf(ctx, w.db, here, c.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	out := map[string]Clock{}
	for _, k := range list {
		if k.Deadline != "us-victims-told" {
			out[k.Deadline] = k
		}
	}
	return out
}

// Deadlines begin with their step, are counted by the court's calendar, end with what meets them, and are void when their step is withdrawn.
func TestDatesOfACase(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.open("3:26-cr-12")
		w.enter(c, steps(t, `2026-03-02 charged 1 indictment counts:1=us-18-1591
2026-05-04 plea 1 guilty counts:1
2026-05-05 sentencing_set 1 - other_day:2026-11-09`)...)
		k := w.clocks(c)["us-restitution-list"]
		if k.Due != 20260910 || k.State != ClockOpen || !strings.Contains(k.Computed, "60 days before 2026-11-09") || k.LimitBy != "law" || !slices.Contains(k.Basis, "us-18-3664-d-1") || k.Version == "" {
			t.Errorf("%+v", k)
		}
		w.enter(c, steps(t, "2026-08-05 sentencing_set 1 - other_day:2026-11-16\n2026-09-11 restitution_requested 1 - cents:100\n2026-11-12 sentence 1 prison months:180")...)
		clocks := w.clocks(c)
		if k := clocks["us-restitution-list"]; k.State != ClockDone || !k.Late(20261123) || k.EndedOn != 20260911 || len(clocks) != 3 {
			t.Errorf("asked for a day late: %+v", clocks)
		}
		if k := clocks["us-appeal"]; k.Due != 20261127 || !strings.Contains(k.Computed, "Thanksgiving") {
			t.Errorf("fourteen days end on Thanksgiving: %+v", k)
		}
		if k := clocks["us-restitution"]; k.Due != 20270210 || k.Late(20261123) || !k.Late(20270211) {
			t.Errorf("%+v", k)
		}
		entries, _ := entriesOf(ctx, w.db, here, c.ID)
		if err := w.Say(ctx, ann, c.ID, entries[len(entries)-1].ID, Word{Standing: Withdrawn, Why: "docket_corrected"}); err != nil {
			t.Fatal(said(err))
		}
		if k := w.clocks(c)["us-appeal"]; k.State != ClockVoid || k.Due != 20261127 {
			t.Errorf("the sentence is withdrawn: %+v", k)
		}
		w.enter(c, steps(t, "2026-11-13 sentence 1 prison months:180\n2026-11-20 appeal_noticed 1\n2026-11-20 restitution_ordered - joint cents:100 item:1 shares:1=100\n2026-11-20 victims_notified -")...)
		for id, k := range w.clocks(c) {
			if k.State == ClockOpen {
				t.Errorf("%s is not done: %+v", id, k)
			}
		}
	})
}

func TestStateCourtsHaveTheirOwnDates(t *testing.T) {
	w := one(t)
	c, err := w.Open(ctx, ann, Opening{Docket: "CR-2026-7", Forum: Circuit, Place: "28033"})
	if err != nil {
		t.Fatal(err)
	}
	w.enter(c, steps(t, "2026-03-02 charged 1 indictment counts:1=ms-97-3-54-1\n2026-03-27 plea 1 guilty counts:1\n2026-03-28 sentence 1 prison months:60")...)
	clocks := w.clocks(c)
	if k := clocks["ms-appeal"]; k.Due != 20260428 || !strings.Contains(k.Computed, "Confederate Memorial Day") {
		t.Errorf("%+v", k)
	}
	w.enter(c, steps(t, "2026-03-10 victims_notified -")...)
	told, _ := clocksOf(ctx, w.db, here, c.ID)
	for _, k := range told { // what was told before a step does not tell of it
		if want := map[bool]string{true: ClockDone, false: ClockOpen}[k.Begins == 20260302]; k.Deadline == "ms-victims-told" && k.State != want {
			t.Errorf("%+v is not %s", k, want)
		}
	}
	if _, ok := clocks["us-appeal"]; ok {
		t.Error("a federal date in a state court")
	}
	far, err := w.Open(ctx, ann, Opening{Docket: "1:26-cr-1", Forum: Federal, Place: "NEW_YORK_SOUTHERN"})
	if err != nil {
		t.Fatal(err)
	}
	w.enter(far, steps(t, "2026-03-02 charged 1 indictment counts:1=us-18-1591")...)
	list, _ := clocksOf(ctx, w.db, here, far.ID)
	if len(list) != 1 || far.State != "NY" {
		t.Errorf("%+v", list)
	}
}

// The office is reminded three times at most, by mails that say nothing, and the program when nobody is there.
func TestReminders(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.open("3:26-cr-12")
		w.enter(c, steps(t, "2026-11-20 charged 1 indictment counts:1=us-18-1591")...) // the victims are told by the 27th
		run := func() (to []string) {
			t.Helper()
			w.mails = nil
			if err := w.remind(ctx, jobs.Job{Program: here}); err != nil {
				t.Fatal(err)
			}
			runner := jobs.New(w.db, []string{here}, map[string]jobs.Handler{KindMail: w.mailOne}, nil, w.clock.Now, w.Site.Log)
			if _, err := runner.RunDue(ctx); err != nil {
				t.Fatal(err)
			}
			for _, m := range w.mails {
				to = append(to, m.To)
				if strings.Contains(m.Subject+m.Text, "cr-00012") || strings.Contains(m.Text, "victim") || !strings.Contains(m.Text, "https://tips.example.gov/staff/court/clocks") {
					t.Errorf("%+v", m)
				}
			}
			slices.Sort(to)
			return to
		}
		both := []string{"abe@example.invalid", "ann@example.invalid"}
		for _, day := range []struct {
			ahead int
			want  []string
		}{{0, both}, {1, nil}, {2, both}, {1, nil}, {1, both}, {5, nil}} {
			w.clock.Advance(time.Duration(day.ahead) * 24 * time.Hour)
			if got := run(); !slices.Equal(got, day.want) {
				t.Errorf("%s: %v, want %v", w.today(here), got, day.want)
			}
		}
		w.people = slices.DeleteFunc(w.people, func(m identity.Member) bool { return m.Office == lead })
		w.enter(c, steps(t, "2026-12-01 charged 2 indictment counts:1=us-18-1591")...)
		if got := run(); !slices.Equal(got, []string{"boss@example.invalid"}) {
			t.Errorf("nobody is at the office: %v", got)
		}
		w.refuses = errors.New("the mail server is away")
		if err := w.mailOne(ctx, jobs.Job{Program: here, Payload: []byte(`"` + boss.ID.String() + `"`)}); err == nil {
			t.Error("a mail that was not sent counts as sent")
		}
	})
}
