// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"embed"
	"io/fs"
	"net/http"
	"strings"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/approval"
	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/form"
	"waylight/internal/platform/mail"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
	"waylight/internal/protection/report"
)

//go:embed strings/*.yaml
var words embed.FS

//go:embed templates/*.html
var templates embed.FS

var _ fs.FS = words

// viewer tells the agency room who is signed in.
func viewer(ctx context.Context) (agency.Actor, bool) {
	m, ok := identity.From(ctx)
	if !ok {
		return agency.Actor{}, false
	}
	return agency.Actor{Program: m.Program, Member: m.ID, Office: m.Office, Roles: m.Roles}, true
}

func who(r *http.Request) string {
	m, _ := identity.From(r.Context())
	return m.Name
}

// people gives the agency room the members it puts on rosters.
func (a *App) people(ctx context.Context, program, office string) ([]agency.Person, error) {
	members, err := a.People.Members(ctx, program, office)
	if err != nil {
		return nil, err
	}
	list := make([]agency.Person, len(members))
	for i, m := range members {
		list[i] = agency.Person{ID: m.ID, Office: m.Office, Name: m.Name, Email: m.Email, Roles: m.Roles}
	}
	return list, nil
}

// open says whether the public may send.
func (a *App) open(_ context.Context, program string) bool {
	return a.Agencies.IsOpen(program) && a.DB.MovedTo(program) == ""
}

// postman sends notices where a mail server is configured.
type postman struct{ app *App }

// Send delivers one message.
func (p postman) Send(ctx context.Context, m mail.Message) error {
	if p.app.sender == nil {
		return errNoMail
	}
	return p.app.sender.Send(ctx, m)
}

// sendTestReport sends a report that says it is a test through the real way in.
func (a *App) sendTestReport(ctx context.Context, program string) error {
	key := store.NewID().String() + store.NewID().String()
	_, err := a.Reports.Accept(ctx, report.Submission{
		Program: program, Language: "en", Key: []byte(key), Via: report.ViaTest,
		Answers: form.Answers{"mode": {"tip"}, "age": {"adult"}, "story": {"This is a test of Waylight. Nothing happened and nobody needs help."}},
	})
	return err
}

// subject tells the approvals, and the navigation, who is signed in.
func (a *App) subject(ctx context.Context) (policy.Subject, bool) {
	m, ok := identity.From(ctx)
	if !ok {
		return policy.Subject{}, false
	}
	return a.People.Subject(m), true
}

// objectOf is what a request for a second person is about, as policy knows it.
func (a *App) objectOf(ctx context.Context, q store.Reader, r approval.Request) (policy.Object, error) {
	kind, id, _ := strings.Cut(r.Subject, ":")
	if kind == "office" {
		return a.Agencies.Object(r.Program, id), nil
	}
	thing, err := store.ParseID(id)
	if err != nil {
		return policy.Object{}, err
	}
	if kind == "release" {
		return policy.Object{Program: r.Program}, nil
	}
	if kind == "hold" {
		return a.Agencies.HoldObject(ctx, q, r.Program, thing)
	}
	return a.People.Object(ctx, q, r.Program, thing)
}

// nameOf says in words whom or what a request for a second person is about.
func (a *App) nameOf(ctx context.Context, programID, ref string) string {
	kind, id, _ := strings.Cut(ref, ":")
	switch kind {
	case "member":
		member, err := store.ParseID(id)
		if err != nil {
			return ""
		}
		m, err := a.People.Named(ctx, programID, member)
		if err != nil {
			return ""
		}
		return m
	case "release":
		return a.Releases.Called(ctx, programID, id)
	case "office":
		if p, ok := a.Programs.Program(programID); ok && p.Offices[id].ID != "" {
			return p.Offices[id].Name.In("en")
		}
	}
	return ""
}

// navigation lists the staff's pages. Who meets an entry is who may do what stands beside it.
var navigation = []struct {
	label, href string
	does        policy.Action
}{
	{"Inbox", "/staff/inbox", policy.ReadInbox},
	{"Desk", "/staff/desk", policy.ReadDesk},
	{"Operations", "/staff/operations", policy.ReadOperation},
	{"Courts", "/staff/court", policy.ReadCourt},
	{"Results", "/staff/results", policy.ReadResults},
	{"Placements", "/staff/placements", policy.ReadPlacements},
	{"Rounds", "/staff/rounds", policy.InspectPlacements},
	{"Print runs", "/staff/runs", policy.ReadRuns},
	{"Campaigns", "/staff/campaigns", policy.ReadCampaign},
	{"Codes", "/staff/codes", policy.ReadCodes},
	{"Roster", "/staff/roster", policy.ReadRoster},
	{"People", "/staff/people", policy.ReadPeople},
	{"Office key", "/staff/office", policy.ReadOfficeKey},
	{"Test address", "/staff/canary", policy.ReadCanary},
	{"Approvals", "/staff/approvals", policy.ReadApprovals},
	{"Channels", "/staff/channels", policy.ReadChannels},
	{"Offices", "/staff/offices", policy.ReadOffices},
	{"Holds", "/staff/holds", policy.ReadHolds},
	{"Featured locations", "/staff/locations", policy.ChangeLocation},
	{"Groups", "/staff/results/groups", policy.ReadOrganizations},
	{"Setup", "/staff/setup", policy.ReadSetup},
	{"Work", "/staff/work", policy.ReadWork},
	{"Figures", "/staff/figures", policy.ReadFigures},
	{"Releases", "/staff/releases", policy.ReadReleases},
}

func (a *App) nav(r *http.Request) []web.NavItem {
	who, ok := a.subject(r.Context())
	if !ok {
		return nil
	}
	var items []web.NavItem
	for _, n := range navigation {
		if !policy.Allow(n.does, who) {
			continue
		}
		item := web.NavItem{Label: n.label, Href: n.href, Current: r.URL.Path == n.href || strings.HasPrefix(r.URL.Path, n.href+"/")}
		if n.does == policy.ReadApprovals {
			item.Count, _ = a.Approvals.Count(r.Context()) // a page is not refused for the lack of a number beside its menu
		}
		if n.does == policy.ReadOperation {
			m, _ := identity.From(r.Context())
			item.Count, _ = a.Operations.Waiting(r.Context(), m)
		}
		items = append(items, item)
	}
	return items
}
