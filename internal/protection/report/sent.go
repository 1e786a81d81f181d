// SPDX-License-Identifier: Apache-2.0

package report

import (
	"net/http"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/web"
)

// sentPage is what the sender sees once: the only place where the words of the
// receipt stand.
type sentPage struct {
	Words    string // "" where the sender's browser made them: it shows them itself
	Lookup   string // in their place then
	Browser  bool   // the sender's browser sealed the words
	At       string
	Told     []item
	Hours    string
	Repeated bool
	Closed   bool // the words were switched off: nothing else is shown
	Help     bool
	By       string
	Note     string
	Opening  string // "" when the log no longer holds the entry
	Key      string
	Waiting  bool // it is kept here, and not passed on yet
}

func (s *Service) showSent(w http.ResponseWriter, r *http.Request, v speaker, a Accepted, lookup string) error {
	page := sentPage{Repeated: true, Closed: true}
	if !a.Closed {
		page = s.sentPage(r, v, a, lookup)
	}
	return s.pages.Public(w, r, http.StatusOK, "report.sent", web.View{
		Lang: v.lang, Title: v.t("report.title"), Data: page, Langs: map[string]string{}, Secret: true, Scripts: append([]string{"report.js"}, s.Scripts...),
	})
}

func (s *Service) sentPage(r *http.Request, v speaker, a Accepted, lookup string) sentPage {
	page := sentPage{
		Lookup: lookup, Browser: a.SealedBy == sealedByBrowser, At: v.when(a.At), Hours: v.hours(s.Hours(r.Context(), v.p.ID)),
		Repeated: a.Repeated, Help: a.Mode == program.Help, By: v.when(a.Promise.By), Note: a.Promise.Note,
		Opening: a.Opening, Key: a.Key, Waiting: a.Waiting,
	}
	if !page.Browser {
		page.Words = a.Receipt.Words(v.lang)
	}
	for _, t := range a.Deliveries {
		d := program.Delivery{Duty: program.Duty{Recipient: t.Office, Means: t.Means}, Holder: t.Holder, Relay: t.How == HowRelay}
		page.Told = append(page.Told, item{Name: v.office(t.Office), Lines: []string{v.by(d)}})
	}
	return page
}
