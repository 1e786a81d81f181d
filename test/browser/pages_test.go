// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"fmt"
	"strings"
	"testing"

	"waylight/internal/platform/web/webtest"
)

// Every page that a role has in its navigation is sound, says that it is a
// demo, and can be used by keyboard.
func TestStaffPages(t *testing.T) {
	d := start(t)
	for email, pages := range map[string][]string{
		"dana@tipdesk.invalid":    {"/staff", "/staff/inbox", "/staff/desk", "/staff/desk?list=late", "/staff/desk → th a[href^='/staff/desk/']", "/staff/roster", "/staff/people"},
		"lucia@helpdesk.invalid":  {"/staff/inbox", "/staff/desk"},
		"admin@program.invalid":   {"/staff", "/staff/setup", "/staff/channels", "/staff/channels/mdcps-line", "/staff/channels/emergency-911", "/staff/offices", "/staff/offices/mdcps", "/staff/people", "/staff/people/invite", "/staff/people → a[href^='/staff/people/']:not([href$='invite']):not([href*='?'])", "/staff/work"},
		"auditor@program.invalid": {"/staff", "/staff/work"},
		"ana@helper.invalid":      {"/staff/inbox", "/staff/roster", "/staff/people"},
	} {
		t.Run(email, func(t *testing.T) {
			tab := webtest.Browser(t)
			signIn(t, tab, d, email)
			for _, page := range pages {
				page, link, follow := strings.Cut(page, " → ")
				tab.Open(d.origin+page, 1200, 900)
				if follow { // the first page that a link of this page leads to
					tab.Open(webtest.Eval[string](tab, fmt.Sprintf(`document.querySelector(%q).href`, link)), 1200, 900)
				}
				clean(t, tab, page)
				body := text(tab)
				if !strings.Contains(body, "Demo") {
					t.Errorf("%s does not say that it is a demo", page)
				}
				if broken := webtest.Eval[bool](tab, `!document.querySelector("h1") || !!document.querySelector("main .trouble")`); broken {
					t.Errorf("%s: no heading, or an error: %.200s", page, body)
				}
				if page == "/staff/desk" && !follow && email == "dana@tipdesk.invalid" {
					picture(t, tab, "desk")
				}
				if wide := webtest.Eval[bool](tab, `document.documentElement.scrollWidth > innerWidth`); wide {
					t.Errorf("%s scrolls sideways", page)
				}
			}
		})
	}
}

// The pages outside the report: mail, the list of programs, what is not there.
func TestOtherPublicPages(t *testing.T) {
	d := start(t)
	tab := webtest.Browser(t)
	for _, page := range []string{"/", "/demo/mail", "/nowhere", "/staff/sign-in", "/staff/enroll", "/receipt"} {
		tab.Open(d.origin+page, 390, 800)
		clean(t, tab, page)
		if wide := webtest.Eval[bool](tab, `document.documentElement.scrollWidth > innerWidth`); wide {
			t.Errorf("%s scrolls sideways on a telephone", page)
		}
	}
}

// The quick exit replaces the page, so that going back does not return to it.
func TestQuickExit(t *testing.T) {
	d := start(t)
	tab := webtest.Browser(t)
	tab.Open(d.origin+"/ms/en", 390, 800)
	write(tab, "#q-story", "words that must not stay")
	press(tab, `a[href="/exit"], form[action="/exit"] button`)
	wait(t, tab, `!document.body || !document.body.innerText.includes("words that must not stay")`)
	if strings.Contains(webtest.Eval[string](tab, `location.href`), "/ms/en") {
		t.Error("the exit did not leave the page")
	}
}
