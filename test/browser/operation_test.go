// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"strings"
	"testing"
	"time"

	"waylight/internal/platform/web/webtest"
)

// Somebody plans where another agency acts: both are told whom to call; the call is written down; the plan moves away, and the conflict is over.
func TestFromPlanToConflictToResolved(t *testing.T) {
	d := start(t)
	tab := webtest.Browser(t)
	signIn(t, tab, d, "dana@tipdesk.invalid")
	zone, err := time.LoadLocation("America/Chicago")
	if err != nil {
		t.Fatal(err)
	}
	from := time.Now().Add(25 * time.Hour).In(zone)
	if from.Hour() == 2 { // on one night of the year there is no such hour
		from = from.Add(time.Hour)
	}
	tab.Open(d.origin+"/staff/operations/new", 1200, 900)
	for field, value := range map[string]string{
		"#name": "Demo Kestrel", "#areas": "Hinds", "#contact": "Invented night desk", "#phone": "601-555-0177", "#from": from.Format("2006-01-02"), "#from_clock": from.Format("15:04"), "#from_turn": "first",
		"#to": from.Format("2006-01-02"), "#to_clock": "", "#to_turn": "first",
	} {
		write(tab, field, value)
	}
	tab.Click("main form button")
	wait(t, tab, `!!document.querySelector(".summary") && document.readyState === "complete"`)
	clean(t, tab, "a plan that was refused")
	if said := text(tab); !strings.Contains(said, "Nothing was changed") || webtest.Eval[string](tab, `document.querySelector("#name").value`) != "Demo Kestrel" {
		t.Fatalf("a plan without an end: %s", said)
	}
	to := from.Add(3 * time.Hour)
	write(tab, "#to", to.Format("2006-01-02"))
	write(tab, "#to_clock", to.Format("15:04"))
	tab.Click("main form button")
	wait(t, tab, `!!document.querySelector("#conflicts") && document.readyState === "complete"`)
	clean(t, tab, "a plan with a conflict")
	said := text(tab)
	for _, want := range []string{"Another agency acts near it", "Invented duty desk 1", "601-555-0130", "Nobody called yet"} {
		if !strings.Contains(said, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(said, "Demo tomorrow 1") {
		t.Error("the page names the other agency's operation")
	}
	write(tab, "#conflicts select", "agreed")
	tab.Click("#conflicts form button")
	wait(t, tab, `location.search === "?done=answered" && document.readyState === "complete"`)
	tab.Click(`main a[href$="/change"]`)
	wait(t, tab, `!!document.querySelector("#from") && document.readyState === "complete"`)
	away := from.AddDate(0, 0, 9)
	write(tab, "#from", away.Format("2006-01-02"))
	write(tab, "#to", away.Add(3*time.Hour).Format("2006-01-02"))
	tab.Click("main form button")
	wait(t, tab, `location.search === "?done=changed" && document.readyState === "complete"`)
	if said := text(tab); !strings.Contains(said, "Not near any more") || strings.Contains(said, "Nobody called yet") {
		t.Errorf("after moving away: %s", said)
	}
}
