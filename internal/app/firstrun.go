// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"
	"io"
	"slices"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
)

// PrintFirstRun prints, while a program has no administrator, an invitation
// for the first one, and what the program's checklist still misses.
func (a *App) PrintFirstRun(ctx context.Context, w io.Writer, email, name string) error {
	for _, program := range a.Programs.IDs() {
		link, err := a.FirstAdministrator(ctx, program, email, name)
		if err != nil {
			return fmt.Errorf("inviting the first administrator of %s: %w", program, err)
		}
		if link != "" {
			fmt.Fprintf(w, "%s: no administrator has enrolled yet. This link invites %s, once, within seven days:\n  %s\n", program, addressOf(email), link)
		}
		open, missing := a.Agencies.Ready(ctx, program)
		if open {
			fmt.Fprintf(w, "%s: the public form is open.\n", program)
		} else {
			fmt.Fprintf(w, "%s: the public form is closed and shows only lines to call. Before it opens:\n", program)
		}
		for _, item := range missing {
			fmt.Fprintf(w, "  [ ] %s\n", item.Text)
		}
	}
	return nil
}

// defaultAdmin is whom the first invitation goes to when nobody is named; it
// is a name to sign in with, and gets no mail.
const defaultAdmin = "administrator@localhost"

func addressOf(email string) string {
	if email == "" {
		return defaultAdmin
	}
	return email
}

// adminDesk is where the first administrator stands: a desk that is not police,
// because who administers must not come to know of requests for help through
// an office that may not.
func (a *App) adminDesk(program string) string {
	p, _ := a.Programs.Program(program)
	for _, desk := range p.Desks {
		if !p.Offices[desk].Police {
			return desk
		}
	}
	return a.Agencies.Desk(program)
}

// FirstAdministrator invites a program's first administrator. It returns "" when there is one already.
func (a *App) FirstAdministrator(ctx context.Context, program, email, name string) (link string, err error) {
	members, err := a.People.Members(ctx, program, "")
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(members, func(m identity.Member) bool { return m.Has(identity.RoleProgramAdmin) }) {
		return "", nil
	}
	desk := a.adminDesk(program)
	if !a.Agencies.Joined(program, desk) {
		if err := a.Agencies.Join(ctx, agency.System(program), desk); err != nil {
			return "", err
		}
	}
	token, err := a.People.Invite(ctx, program, desk, name, addressOf(email), []string{identity.RoleProgramAdmin})
	if err != nil {
		return "", err
	}
	return a.Origin + "/staff/enroll#" + token, nil
}
