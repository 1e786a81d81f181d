// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"time"

	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

const pageSize = 50

// person is one row of the list, or the page of one member.
type person struct {
	Member
	OfficeName, State, Tag string
	RoleNames              []string
}

func (s *Service) person(m Member, waiting bool) person {
	v := person{Member: m, OfficeName: s.officeName(m.Program, m.Office), RoleNames: roleNames(m.Roles), State: "Active", Tag: "t-done"}
	switch {
	case m.Suspended:
		v.State, v.Tag = "Suspended", "t-late"
	case !m.Active:
		v.State, v.Tag = "Left", "t-off"
	case m.Locked:
		v.State, v.Tag = "Locked", "t-late"
	case waiting:
		v.State, v.Tag = "Waiting for access", "t-wait"
	}
	return v
}

func (s *Service) officeName(programID, office string) string {
	o, err := s.office(programID, office)
	if err != nil {
		return office
	}
	return o.Name.In("en")
}

// filter reads what the list is narrowed to; nobody gets beyond the offices whose people they may see.
func (s *Service) filter(r *http.Request) Filter {
	q, by := r.URL.Query(), me(r)
	f := Filter{Office: q.Get("office"), Search: strings.TrimSpace(q.Get("q")), Gone: q.Get("gone") == "1"}
	if len(f.Search) > 100 {
		f.Search = f.Search[:100]
	}
	f.Search = strings.ToValidUTF8(f.Search, "")
	if !by.Has(RoleProgramAdmin, RoleAuditor) {
		f.Office = by.Office
	}
	return f
}

func (f Filter) record() string {
	if f.Office == "" {
		return "people:all"
	}
	return "people:" + f.Office
}

func (s *Service) officeChoices(by Member, chosen string) []choice {
	var list []choice
	for _, id := range s.officesSeen(by) {
		list = append(list, choice{Value: id, Label: s.officeName(by.Program, id), Chosen: id == chosen})
	}
	return list
}

func (s *Service) peoplePage(w http.ResponseWriter, r *http.Request) error {
	ctx, by, f := r.Context(), me(r), s.filter(r)
	var at after
	err := web.DecodeCursor(r.URL.Query().Get("after"), &at.find, &at.id)
	if err != nil {
		return err
	}
	page, next, err := listMembers(ctx, s.db, by.Program, f, at, pageSize)
	if err != nil {
		return err
	}
	waiting, err := s.waiting(ctx, page)
	if err != nil {
		return err
	}
	open, err := openInvitations(ctx, s.db, by.Program, f.Office, "", s.now())
	if err != nil {
		return err
	}
	err = s.look(ctx, by, "people.viewed", f.record())
	if err != nil {
		return err
	}
	data := struct {
		Filter      Filter
		Offices     []choice
		People      []person
		Invitations []invited
		MayInvite   bool
		Done, CSV   string
		Paging      web.Paging
	}{
		Filter: f, Offices: s.officeChoices(by, f.Office), Invitations: s.invitedRows(by, open), MayInvite: by.Has(RoleAgencyAdmin, RoleProgramAdmin),
		Done: doneText(r), CSV: address("/staff/people.csv", r, ""),
	}
	for _, m := range page {
		data.People = append(data.People, s.person(m, waiting[m.Actor()]))
	}
	if at != (after{}) {
		data.Paging.First = address("/staff/people", r, "")
	}
	if next != (after{}) {
		data.Paging.Next = address("/staff/people", r, web.EncodeCursor(next.find, next.id))
	}
	return s.pages.Staff(w, r, http.StatusOK, "people", web.View{Title: "People", Data: data})
}

// address is a list's address with its filter, at a place in the list.
func address(path string, r *http.Request, cursor string) string {
	q := r.URL.Query()
	q.Del("after")
	q.Del("done")
	if cursor != "" {
		q.Set("after", cursor)
	}
	return web.WithQuery(path, q)
}

// invited is a row of the list of open invitations.
type invited struct {
	invitation
	OfficeName string
	RoleNames  []string
	MayEnd     bool
}

func (s *Service) invitedRows(by Member, open []invitation) []invited {
	rows := make([]invited, len(open))
	for i, v := range open {
		target := Member{Program: v.Program, ID: v.ID, Office: v.Office, Roles: v.Roles}
		rows[i] = invited{v, s.officeName(v.Program, v.Office), roleNames(v.Roles), s.mayChange(by, target) == nil}
	}
	return rows
}

func (s *Service) peopleCSV(w http.ResponseWriter, r *http.Request) error {
	ctx, by, f := r.Context(), me(r), s.filter(r)
	err := s.look(ctx, by, "people.exported", f.record())
	if err != nil {
		return err
	}
	return web.CSV(w, "people.csv", []string{"name", "email", "office", "roles", "state", "joined"}, func(yield func([]string) error) error {
		known := held{}
		return s.each(ctx, by.Program, f, func(m Member) error {
			waits, err := s.waits(ctx, m, known)
			if err != nil {
				return err
			}
			v := s.person(m, waits)
			return yield([]string{m.Name, m.Email, m.Office, strings.Join(m.Roles, " "), v.State, m.Joined.UTC().Format("2006-01-02")})
		})
	})
}

// target reads whose page it is, if the member may see it.
func (s *Service) target(r *http.Request) (Member, error) {
	id, err := store.ParseID(r.PathValue("id"))
	if err != nil {
		return Member{}, errNoMember
	}
	m, err := s.Member(r.Context(), me(r).Program, id)
	if err != nil {
		return Member{}, err
	}
	if !seesPeople(me(r), m.Office) {
		return Member{}, errNoMember
	}
	return m, nil
}

func (s *Service) personPage(w http.ResponseWriter, r *http.Request) error {
	ctx, by := r.Context(), me(r)
	m, err := s.target(r)
	if err != nil {
		return err
	}
	waiting, err := s.waiting(ctx, []Member{m})
	if err != nil {
		return err
	}
	holders, err := s.holders(ctx, by.Program, by.Office)
	if err != nil {
		return err
	}
	office, err := s.office(m.Program, m.Office)
	if err != nil {
		return err
	}
	err = s.look(ctx, by, "member.viewed", m.Actor())
	if err != nil {
		return err
	}
	v, err := standingOf(ctx, s.db, m.Program, m.ID)
	if err != nil {
		return err
	}
	may := (m.Active || m.Suspended) && s.mayChange(by, m) == nil
	data := struct {
		Person                                          person
		Standing                                        standing
		Till, WhyOut                                    string
		KEM, Done                                       string
		MayGive, MayRelease, MayChange, WaitsForSomeone bool
		Roles                                           []choice
	}{
		Person: s.person(m, waiting[m.Actor()]), Standing: v, Till: s.lastDay(m.Program, v.Till), WhyOut: whyOutText(v.OutWhy), KEM: base64.StdEncoding.EncodeToString(m.KEM), Done: doneText(r),
		WaitsForSomeone: waiting[m.Actor()], MayGive: waiting[m.Actor()] && by.Office == m.Office && holders[by.Actor()],
		MayRelease: may && m.Locked, MayChange: may,
	}
	for _, role := range s.grants(by, office) {
		data.Roles = append(data.Roles, choice{Value: role, Label: roleName(role), Chosen: slices.Contains(m.Roles, role)})
	}
	return s.pages.Staff(w, r, http.StatusOK, "person", web.View{Title: "Person", Data: data, Scripts: []string{"people.js"}})
}

// lastDay is the last day of a temporary account, as its form has it; "" for a permanent one.
func (s *Service) lastDay(programID string, till time.Time) string {
	if till.IsZero() {
		return ""
	}
	zone := time.UTC
	if p, ok := s.programs.Program(programID); ok && p.Zone != nil {
		zone = p.Zone
	}
	return till.Add(-time.Microsecond).In(zone).Format("2006-01-02")
}

// whyOutText says why somebody is kept out, where no person decided it.
func whyOutText(why string) string {
	return map[string]string{
		outIdle:   "Nobody signed in with this account for ninety days, so it was disabled.",
		outTill:   "The account was for a limited time, which is over. It is closed for good three days after its last day.",
		outOffice: "The office is not in the program any more, so the account was disabled.",
	}[why]
}
