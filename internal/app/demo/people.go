// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"sync"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
)

// week is how long the demo has been running when it starts.
const week = 7 * 24 * time.Hour

// tried is the office whose recovery parts are printed, to be tried out.
const tried = "mdcps"

// person is an invented member.
type person struct {
	office, name, email string
	roles               []string
	holder              *identity.Holder
}

// cast is everybody, office by office; the first of an office makes its key.
func cast() []*person {
	member := []string{identity.RoleMember}
	lead := []string{identity.RoleMember, identity.RoleSupervisor, identity.RoleAgencyAdmin}
	desk := []string{identity.RoleDesk, identity.RoleMember}
	deskLead := []string{identity.RoleDesk, identity.RoleMember, identity.RoleSupervisor, identity.RoleAgencyAdmin}
	return []*person{
		{office: "mbi-desk", name: "Dana Example", email: "dana@tipdesk.invalid", roles: deskLead},
		{office: "mbi-desk", name: "Rob Sample", email: "rob@tipdesk.invalid", roles: desk},
		{office: "help-desk", name: "Lucía Ejemplo", email: "lucia@helpdesk.invalid", roles: deskLead},
		{office: "help-desk", name: "Sam Placeholder", email: "sam@helpdesk.invalid", roles: desk},
		{office: "help-desk", name: "Alex Admin", email: "admin@program.invalid", roles: []string{identity.RoleProgramAdmin}},
		{office: "help-desk", name: "Sidney Second", email: "second@program.invalid", roles: []string{identity.RoleProgramAdmin}},
		{office: "help-desk", name: "Fern Figures", email: "figures@program.invalid", roles: []string{identity.RoleFigures}},
		{office: "help-desk", name: "Audra Audit", email: "auditor@program.invalid", roles: []string{identity.RoleAuditor}},
		{office: "help-desk", name: "Ines Inspector", email: "inspector@program.invalid", roles: []string{identity.RoleInspector}},
		{office: "mdcps", name: "Chris Specimen", email: "chris@child.invalid", roles: lead},
		{office: "mdcps", name: "Pat Invented", email: "pat@child.invalid", roles: member},
		{office: "mbi-coordinator", name: "Morgan Madeup", email: "morgan@police.invalid", roles: lead},
		{office: "mbi-coordinator", name: "Lee Fictional", email: "lee@police.invalid", roles: member},
		{office: helper, name: "Ana Imaginaria", email: "ana@helper.invalid", roles: lead},
		{office: helper, name: "Toni Pretend", email: "toni@helper.invalid", roles: member},
	}
}

// enroll makes the offices join and their people accept their invitations.
// Stretching a passphrase is slow on purpose, so offices go side by side.
func (d *Demo) enroll(ctx context.Context) error {
	d.people = cast()
	offices := map[string][]*person{}
	for _, who := range d.people {
		if offices[who.office] == nil {
			if err := d.App.Agencies.Join(ctx, system(), who.office); err != nil {
				return err
			}
			if err := d.App.Agencies.SignAgreement(ctx, system(), who.office, who.name); err != nil {
				return err
			}
		}
		offices[who.office] = append(offices[who.office], who)
	}
	var wg sync.WaitGroup
	failures := make(chan error, len(offices))
	for _, members := range offices {
		wg.Go(func() { failures <- d.enrollOffice(ctx, members) })
	}
	wg.Wait()
	for range offices {
		if err := <-failures; err != nil {
			return err
		}
	}
	return d.roster(ctx)
}

func (d *Demo) enrollOffice(ctx context.Context, members []*person) error {
	for i, who := range members {
		token, err := d.App.People.Invite(ctx, Program, who.office, who.name, who.email, who.roles)
		if err != nil {
			return err
		}
		var parts []string
		if who.holder, parts, err = d.App.People.EnrollHolder(ctx, token, Passphrase); err != nil {
			return err
		}
		if who.office == tried {
			d.parts = append(d.parts, parts...)
		}
		if i > 0 && who.holder.Member.HoldsKey() {
			if err := d.App.People.Grant(ctx, members[0].holder, who.holder.Member.ID); err != nil {
				return err
			}
			if who.holder, err = d.App.People.UnlockHolder(ctx, Program, who.holder.Member.ID, Passphrase); err != nil {
				return err
			}
		}
	}
	return nil
}

// roster puts two people of each office on alternating days, the other
// standing in, from the demo's first day to the week after today.
func (d *Demo) roster(ctx context.Context) error {
	byOffice := map[string][]*person{}
	for _, who := range d.people {
		if who.holder.Member.HoldsKey() {
			byOffice[who.office] = append(byOffice[who.office], who)
		}
	}
	start := d.clock.Now().Truncate(24 * time.Hour)
	for office, members := range byOffice {
		if err := d.App.Agencies.SetHours(ctx, system(), office, "Mon-Sun 00:00-24:00"); err != nil {
			return err
		}
		var shifts []agency.Shift
		for day := range 15 {
			from := start.Add(time.Duration(day) * 24 * time.Hour)
			for i, who := range members {
				kind := agency.On
				if (day+i)%2 == 1 {
					kind = agency.StandIn
				}
				shifts = append(shifts, agency.Shift{Member: who.holder.Member.ID, Office: office, Kind: kind, Starts: from, Ends: from.Add(24 * time.Hour)})
			}
		}
		if _, err := d.App.Agencies.AddShifts(ctx, system(), shifts); err != nil {
			return err
		}
	}
	return nil
}

// on gives a member of the office who holds its key, by turns.
func (d *Demo) on(office string, turn int) *person {
	var members []*person
	for _, who := range d.people {
		if who.office == office && who.holder.Member.HoldsKey() {
			members = append(members, who)
		}
	}
	if len(members) == 0 {
		return nil
	}
	return members[turn%len(members)]
}
