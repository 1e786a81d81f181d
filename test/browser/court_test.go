// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"fmt"
	"strings"
	"testing"

	"waylight/internal/platform/web/webtest"
)

// From an indictment to the amount that a court is asked for: the prompt comes by itself, the sheet adds up, and nothing of it stays.
func TestFromIndictmentToWorksheet(t *testing.T) {
	d := start(t)
	tab := webtest.Browser(t)
	signIn(t, tab, d, "morgan@police.invalid")
	set := func(id, value string) {
		t.Helper()
		webtest.Eval[bool](tab, fmt.Sprintf(`(document.getElementById(%q).value = %q, true)`, id, value))
	}
	tab.Open(d.origin+"/staff/court/new", 1200, 900)
	set("docket", "3:26-cr-00999")
	tab.Click("#forum-federal")
	set("district", "MISSISSIPPI_NORTHERN")
	tab.Click("main form button")
	tab.WaitFor(`document.querySelector("h1").textContent === "Case 3:26-cr-00999"`)
	at := webtest.Eval[string](tab, `location.pathname`)
	step := func(name string, fields ...string) {
		t.Cleanup(func() {
			if t.Failed() {
				t.Log(name, text(tab))
			}
		})
		t.Helper()
		tab.Open(d.origin+at+"/enter?defendant=1&step="+name, 1200, 900)
		tab.WaitFor(`document.querySelector("#day")`)
		for i := 0; i+1 < len(fields); i += 2 {
			set(fields[i], fields[i+1])
		}
		if webtest.Eval[bool](tab, `!!document.getElementById("c-1")`) {
			tab.Click("#c-1")
		}
		if name == "sentence" {
			clean(t, tab, "the form of a sentence")
		}
		tab.Click("main form[method=post] button")
		tab.WaitFor(`document.querySelector(".good").textContent.startsWith("The step is entered")`)
	}
	step("charged", "day", "2025-03-03", "what", "indictment", "count-1", "us-18-1591")
	step("plea", "day", "2025-05-05", "what", "guilty")
	step("sentence", "day", "2025-08-04", "what", "prison", "months", "180")
	clean(t, tab, "the case with its prompt")
	tab.Click("#prompt-1 a")
	tab.WaitFor(`document.querySelector("h1").textContent === "Restitution worksheet"`)
	set("label", "Victim 1")
	set("loss-medical", "12,500.00")
	set("from-1", "2024-01-01")
	set("weeks-1", "10")
	set("hours-1", "84")
	tab.Click("main form button")
	tab.WaitFor(`document.getElementById("total").textContent === "$20,185.00"`)
	clean(t, tab, "the sheet")
	tab.Click("#result ~ .buttons a")
	tab.WaitFor(`document.getElementById("cents").value === "20,185.00"`)
	set("day", "2025-08-04")
	tab.Click("main form[method=post] button")
	tab.WaitFor(`document.querySelector(".good") && !document.getElementById("prompt-1")`)
	if body := text(tab); !strings.Contains(body, "requested") || strings.Contains(body, "Victim 1") {
		t.Errorf("after the request: %s", body)
	}
}
