// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"embed"
	"io/fs"
	"net/http"
	"strings"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
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
func (a *App) open(_ context.Context, program string) bool { return a.Agencies.IsOpen(program) }

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

// navigation lists the staff's pages and who may use them.
var navigation = []struct {
	label, href string
	roles       []string
}{
	{"Inbox", "/staff/inbox", []string{identity.RoleMember, identity.RoleSupervisor, identity.RoleDesk, identity.RoleAgencyAdmin}},
	{"Desk", "/staff/desk", []string{identity.RoleDesk}},
	{"Roster", "/staff/roster", []string{identity.RoleMember, identity.RoleSupervisor, identity.RoleDesk, identity.RoleAgencyAdmin}},
	{"People", "/staff/people", []string{identity.RoleMember, identity.RoleSupervisor, identity.RoleDesk, identity.RoleAgencyAdmin, identity.RoleProgramAdmin}},
	{"Channels", "/staff/channels", []string{identity.RoleProgramAdmin}},
	{"Offices", "/staff/offices", []string{identity.RoleProgramAdmin}},
	{"Setup", "/staff/setup", []string{identity.RoleProgramAdmin}},
	{"Work", "/staff/work", []string{identity.RoleProgramAdmin, identity.RoleAuditor}},
}

func (a *App) nav(r *http.Request) []web.NavItem {
	m, ok := identity.From(r.Context())
	if !ok {
		return nil
	}
	var items []web.NavItem
	for _, n := range navigation {
		if m.Has(n.roles...) {
			items = append(items, web.NavItem{Label: n.label, Href: n.href, Current: strings.HasPrefix(r.URL.Path, n.href)})
		}
	}
	return items
}
