// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"waylight/internal/app"
	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/prevention/printrun"
)

// mostSigns is how heavy the page about signs may be, in bytes before it is compressed:
// it is read on telephones, on the way.
const mostSigns = 24 << 10

// The page about signs offers every notice in every size, stays light, and what it leads
// to is there.
func TestSignsAreOfferedInEverySize(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC))
	a := installation(t, app.Config{Data: t.TempDir(), Demo: true, Origin: "https://tips.example.gov", Now: clock.Now})
	get := func(path string) *httptest.ResponseRecorder {
		out := httptest.NewRecorder()
		a.Handler().ServeHTTP(out, httptest.NewRequest(http.MethodGet, "http://127.0.0.1"+path, nil))
		return out
	}
	for lang, words := range map[string][]string{"en": {"letter (8.5", "A4", "card (3.5", "sticker (4"}, "es": {"carta (8.5", "A4", "tarjeta (3.5", "etiqueta adhesiva (4"}} {
		page := get("/ms/" + lang + "/signs").Body.String()
		for _, w := range words {
			if !strings.Contains(page, ">"+w) {
				t.Errorf("%s: there is no link to %q", lang, w)
			}
		}
		if len(page) > mostSigns {
			t.Errorf("%s: the page has %d bytes", lang, len(page))
		}
		t.Logf("%s: %d bytes, %d files", lang, len(page), strings.Count(page, "/signs/sheet/"))
		for _, size := range []string{"card", "sticker"} {
			link := regexp.MustCompile(`/ms/signs/sheet/[^"]*/` + size + `_[^"]*`).FindString(page)
			if got := get(link); got.Code != http.StatusOK || got.Header().Get("Content-Type") != "application/pdf" {
				t.Errorf("%s: %d", link, got.Code)
			}
		}
	}
}

// Sheets say the hours that the desk keeps: other hours are another sheet, and the run that
// was printed with the old ones is told of.
func TestSheetsSayTheDesksHours(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC))
	a := installation(t, app.Config{Data: t.TempDir(), Demo: true, Origin: "https://tips.example.gov", Now: clock.Now})
	head := identity.Member{Program: "ms", ID: store.NewID(), Office: "mbi-desk", Roles: []string{policy.RoleProgramAdmin}}
	run, err := a.Runs.Make(ctx, head, printrun.Draft{Place: "Invented", Notice: "us-station", Paper: "letter", Copies: 1})
	if err != nil {
		t.Fatal(err)
	}
	print := func() string {
		var out bytes.Buffer
		if err := a.Runs.Print(ctx, head, run.ID, 1, func(printrun.Run) io.Writer { return &out }); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	none, again := print(), print()
	if none != again {
		t.Error("the same sheet has other bytes")
	}
	desk := a.Agencies.Desk("ms")
	if err := errors.Join(a.Agencies.Join(ctx, agency.System("ms"), desk), a.Agencies.SetHours(ctx, agency.System("ms"), desk, "mon-fri 08:00-17:00")); err != nil {
		t.Fatal(err)
	}
	if print() == none {
		t.Error("the sheet does not say the hours of the desk")
	}
}
