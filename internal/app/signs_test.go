// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"waylight/internal/app"
	"waylight/internal/platform/store/storetest"
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
