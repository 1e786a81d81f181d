// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/release"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/prosecution/court"
	"waylight/internal/protection/conversation"
	"waylight/internal/protection/file"
	"waylight/internal/protection/report"
)

// bodies are what the pages' scripts post, by the address: well formed, so that whether it is taken hangs on who asks and not on its shape.
func bodies(pattern string) string {
	token, key, wrap := make([]byte, 32), strings.Repeat("00", 16), make([]byte, seal.WrapSize)
	opened := map[string]any{"token": token, "signature": make([]byte, 64)}
	onward := map[string]any{"office": "attorney-general", "key_id": key, "wrap": wrap, "basis": "court"}
	message := func(kind conversation.Kind) map[string]any {
		return map[string]any{"id": nothing, "kind": kind, "body": wrap, "key_id": key, "wrap": wrap, "reply": wrap, "sure": true}
	}
	body := map[string]map[string]any{
		"POST /staff/report/{id}/opened": opened, "POST /staff/report/{id}/reporter/opened": opened, "POST /staff/report/{id}/printed": {},
		"POST /staff/report/{id}/refer": onward, "POST /staff/report/{id}/rewrap": onward, "POST /staff/report/{id}/reporter/give": onward,
		"POST /staff/report/{id}/note":          {"key_id": key, "body": wrap},
		"POST /staff/report/{id}/messages/read": {"opened": []any{}}, "POST /staff/report/{id}/messages/write": message(conversation.Question),
		"POST /staff/report/{id}/messages/release":    message(conversation.Release),
		"POST /staff/report/{id}/files/{file}/opened": opened, "POST /staff/report/{id}/files/{file}/unopened": {},
		"POST /staff/report/{id}/files/{file}/downloaded": {"token": token, "signature": make([]byte, 64), "warned": true},
		"POST /staff/report/{id}/files/{file}/wrap":       {"office": "attorney-general", "key_id": key, "wrap": wrap},
		"POST /staff/device-link/{id}":                    {"public": token, "sealed": make([]byte, seal.SealToExtra+seal.RootSize)},
		"POST /staff/people/{id}/access":                  {"wraps": []any{}},
		"POST /staff/rounds/{round}/entries":              {"entries": []any{}},
	}[pattern]
	if body == nil {
		return "" // a form
	}
	out, _ := json.Marshal(body) // of strings, numbers and bytes
	return string(out)
}

// attach puts a file beside a report, and a message of everybody's office who may write one.
func (m *matrix) attach(th thing, sent report.Accepted) string {
	m.t.Helper()
	found, err := m.app.Reports.FindWords(ctx, sent.Receipt.Words("en"))
	m.fatal(err)
	f, err := m.app.Files.Receive(ctx, found, file.Form{}, "words.txt", "text/plain", strings.NewReader("words"))
	if errors.Is(err, file.ErrNoReader) { // as where the only office that held it gave it up
		return ""
	}
	m.fatal(err)
	for _, w := range m.walkers {
		if w.Program != sent.Program || !decide(policy.WriteMessage, w.who, th).Allowed {
			continue
		}
		id, key := store.NewID(), m.app.Agencies.Keys(w.Program)[w.Office]
		rec := seal.Record{Program: w.Program, ID: id}
		sealed, content, err := seal.Seal([]byte("words"), rec)
		m.fatal(err)
		wrap, err := content.Wrap(key.Public, rec, sealed.Hash, w.Office)
		m.fatal(err)
		m.fatal(m.app.Messages.Write(ctx, w.Member, sent.Report, conversation.Draft{ID: id, Kind: conversation.Question, Body: sealed.Ciphertext,
			OfficeKey: key.ID, WrapOffice: wrap, WrapReceipt: wrap, Sure: true}))
	}
	return f.ID.String()
}

// own are the ways in and the open links of those whom the walkers act on. Nobody's but one's own are there: for others they are nothing.
func (m *matrix) own() (ways, links []thing) {
	m.t.Helper()
	for _, w := range m.targets {
		if now, err := m.app.People.Member(ctx, w.Program, w.ID); err != nil || !now.Active {
			continue // ended in an earlier round
		}
		list, err := m.app.People.Ways(ctx, w.Member)
		m.fatal(err)
		for _, way := range list {
			ways = append(ways, thing{name: "a way in of " + w.Email, id: way.ID.String()})
		}
		link, _, err := m.app.People.MakeLink(ctx, w.Member)
		m.fatal(err)
		links = append(links, thing{name: "a link of " + w.Email, id: link.String()})
	}
	return ways, links
}

// anywhere is something that every program has under the same name.
func (m *matrix) anywhere(office, id string) []thing {
	return []thing{{name: id, id: id, objects: []policy.Object{m.office(here, office), m.office(there, office)}}}
}

// cases opens a case for two offices of a program.
func (m *matrix) cases(programID string) (cases []thing) {
	m.t.Helper()
	for _, office := range []string{"mcaht", "mbi-coordinator"} {
		m.dockets++
		by := identity.Member{Program: programID, ID: store.NewID(), Office: office}
		c, err := m.app.Courts.Open(ctx, by, court.Opening{Docket: fmt.Sprintf("1:26-cr-%d", m.dockets), Forum: court.Federal, Place: "MISSISSIPPI_SOUTHERN"})
		m.fatal(err)
		cases = append(cases, thing{name: programID + " case of " + office, id: c.ID.String(), objects: []policy.Object{m.office(programID, office)}})
	}
	return cases
}

// releases is a draft of a program, and one more wherever somebody may use it up.
func (m *matrix) releases(programID string) []thing {
	m.t.Helper()
	by := identity.WithMember(ctx, identity.Member{Program: programID, ID: store.NewID(), Office: seats[0], Roles: []string{policy.RoleProgramAdmin}})
	draft := func() string {
		words := map[string]string{"en": "Figures of a program", "es": "Cifras de un programa"}
		spec := figure.Spec{Measure: "tips", From: "2026-10-01", Through: "2026-10-31", Rows: "channel"}
		r, err := m.app.Releases.Make(by, release.Plan{Headline: words, From: spec.From, Through: spec.Through, Specs: []figure.Spec{spec}})
		m.fatal(err)
		return r.ID.String()
	}
	return []thing{{programID + " release", draft(), []policy.Object{{Program: programID}}, draft, ""}}
}
