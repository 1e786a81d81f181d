// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"waylight/internal/platform/store"
	"waylight/internal/platform/web/webtest"
)

// serve mounts the room's pages as the program does.
func (w *world) serve() *webtest.Client {
	w.t.Helper()
	w.site.Who = func(r *http.Request) string { m, _ := From(r.Context()); return m.Name }
	return webtest.Server(w.t, w.site, append(w.Room().Routes, w.more...), w.Guard)
}

// client is a browser in which m is signed in.
func (w *world) client(c *webtest.Client, m Member) *webtest.Client {
	w.t.Helper()
	cookie := w.newCookie(ms)
	err := w.db.Write(w.t.Context(), func(tx *store.Tx) error { return insertSession(tx, ms, w.sessionHash(cookie), m.ID, true) })
	if err != nil {
		w.t.Fatal(err)
	}
	own := *c
	own.Header = http.Header{"Cookie": {"waylight=" + cookie}}
	return &own
}

// Every page of the room works for everybody: labels, headings, references, nothing inline, nothing from elsewhere.
func TestPagesAreWellMade(t *testing.T) {
	w := one(t)
	admin, _ := w.joinAs(police, "admin@agency.test", RoleAgencyAdmin, RoleMember)
	ann, _ := w.joinAs(police, "ann@agency.test", RoleMember)
	locked := w.add(police, "<b>Locked</b> & co", "locked@agency.test", RoleMember)
	_ = w.db.Write(t.Context(), func(tx *store.Tx) error { _ = lockMember(tx, ms, locked.ID); return w.logged(tx) })
	kept := w.add(police, "Kept Out", "kept@agency.test", RoleMember)
	if err := w.Suspend(t.Context(), ms, kept.ID); err != nil {
		t.Fatal(err)
	}
	w.invite(police, "new@agency.test", RoleMember)
	public := w.serve()
	c := w.client(public, admin.Member)
	for _, path := range []string{
		"/staff", "/staff/people", "/staff/people?q=nobody-like-this", "/staff/people?gone=1&done=roles", "/staff/people/invite",
		"/staff/ways", "/staff/ways?done=added", "/staff/recover", "/staff/people/" + ann.Member.ID.String() + "/ways",
		"/staff/people/" + ann.Member.ID.String(), "/staff/people/" + locked.ID.String(), "/staff/people/" + kept.ID.String(), "/staff/people/" + admin.Member.ID.String(),
	} {
		doc := c.GetDoc(path)
		if doc.Status != http.StatusOK {
			t.Errorf("%s answers %d", path, doc.Status)
			continue
		}
		for _, problem := range webtest.Problems(doc) {
			t.Errorf("%s: %s", path, problem)
		}
		if strings.Contains(doc.Body, "<b>Locked") {
			t.Errorf("%s: a name is not escaped", path)
		}
	}
	for _, path := range []string{"/staff/sign-in", "/staff/sign-in?next=/staff/inbox", "/staff/enroll", "/staff/device"} {
		doc := public.GetDoc(path)
		if doc.Status != http.StatusOK || doc.One("noscript") == nil {
			t.Errorf("%s answers %d, or says nothing to browsers without JavaScript", path, doc.Status)
		}
		for _, problem := range webtest.Problems(doc) {
			t.Errorf("%s: %s", path, problem)
		}
	}
	for next, want := range map[string]string{"/staff/inbox?x=1": "/staff/inbox?x=1", "//evil.test": "/staff", "https://evil.test/": "/staff", `/\evil.test`: "/staff", "": "/staff"} {
		doc := public.GetDoc("/staff/sign-in?next=" + url.QueryEscape(next))
		if got := doc.One("form", "id", "sign-in").Attr["data-next"]; got != want {
			t.Errorf("next=%s leads to %s", next, got)
		}
	}
}

// Who gets which answer, for every route of the room: a route that is not in this table fails the test.
func TestEveryRouteAndRole(t *testing.T) {
	w := one(t)
	public := w.serve()
	people := map[string]Member{
		"member": w.add(police, "Member", "member@agency.test", RoleMember), "office admin": w.add(police, "Admin", "admin@agency.test", RoleAgencyAdmin),
		"program admin": w.add(police, "Head", "head@agency.test", RoleProgramAdmin), "auditor": w.add(police, "Auditor", "auditor@agency.test", RoleAuditor),
		"far admin": w.add(helpers, "Far", "far@helpers.test", RoleAgencyAdmin),
	}
	const ok, away, out, no, none, bad = http.StatusOK, http.StatusSeeOther, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusBadRequest
	order := []string{"nobody", "member", "office admin", "program admin", "auditor", "far admin"}
	table := map[string][]int{
		"GET /staff":                                  {away, ok, ok, ok, ok, ok},
		"GET /staff/sign-in":                          {ok, ok, ok, ok, ok, ok},
		"POST /staff/sign-in/salt":                    {bad, bad, bad, bad, bad, bad},
		"POST /staff/sign-in":                         {bad, bad, bad, bad, bad, bad},
		"POST /staff/sign-out":                        {away, away, away, away, away, away},
		"GET /staff/keys":                             {away, ok, ok, ok, ok, ok},
		"GET /staff/keys/ways":                        {away, ok, ok, ok, ok, ok},
		"POST /staff/sign-in/passkey/options":         {bad, bad, bad, bad, bad, bad},
		"POST /staff/sign-in/passkey":                 {bad, bad, bad, bad, bad, bad},
		"POST /staff/enroll/passkey":                  {bad, bad, bad, bad, bad, bad},
		"POST /staff/enroll/passkey/made":             {bad, bad, bad, bad, bad, bad},
		"POST /staff/enroll/passphrase":               {bad, bad, bad, bad, bad, bad},
		"GET /staff/ways":                             {away, ok, ok, ok, ok, ok},
		"POST /staff/ways":                            {out, bad, bad, bad, bad, bad},
		"POST /staff/ways/passkey":                    {out, 503, 503, 503, 503, 503}, // at an address in numbers
		"POST /staff/ways/passphrase":                 {out, ok, ok, ok, ok, ok},
		"POST /staff/ways/{id}/end":                   {out, none, none, none, none, none},
		"POST /staff/ways/agency":                     {out, none, none, none, none, none},
		"POST /staff/device-link":                     {out, ok, ok, ok, ok, ok},
		"POST /staff/device-link/close":               {out, http.StatusNoContent, http.StatusNoContent, http.StatusNoContent, http.StatusNoContent, http.StatusNoContent},
		"GET /staff/device-link/{id}":                 {away, none, none, none, none, none},
		"POST /staff/device-link/{id}":                {out, bad, bad, bad, bad, bad},
		"GET /staff/device":                           {ok, ok, ok, ok, ok, ok},
		"POST /staff/device/open":                     {bad, bad, bad, bad, bad, bad},
		"POST /staff/device/root":                     {bad, bad, bad, bad, bad, bad},
		"POST /staff/device/passkey":                  {bad, bad, bad, bad, bad, bad},
		"POST /staff/device/passphrase":               {bad, bad, bad, bad, bad, bad},
		"POST /staff/device":                          {bad, bad, bad, bad, bad, bad},
		"GET /staff/recover":                          {away, ok, ok, no, no, ok},
		"GET /staff/recover/wraps":                    {away, ok, ok, no, no, ok},
		"POST /staff/recover":                         {out, bad, bad, no, no, bad},
		"GET /staff/people/{id}/ways":                 {away, no, ok, ok, no, none},
		"POST /staff/people/{id}/ways/{way}/end":      {out, no, none, none, no, none},
		"POST /staff/people/{id}/renew":               {out, no, ok, ok, no, none},
		"GET /staff/session":                          {away, http.StatusNoContent, http.StatusNoContent, http.StatusNoContent, http.StatusNoContent, http.StatusNoContent},
		"GET /staff/words/{list}":                     {ok, ok, ok, ok, ok, ok},
		"GET /staff/enroll":                           {ok, ok, ok, ok, ok, ok},
		"POST /staff/enroll/invitation":               {bad, bad, bad, bad, bad, bad},
		"POST /staff/enroll":                          {bad, bad, bad, bad, bad, bad},
		"GET /staff/sign-in/agency":                   {ok, ok, ok, ok, ok, ok},
		"POST /staff/sign-in/agency":                  {bad, bad, bad, bad, bad, bad},
		"GET /staff/sign-in/agency/back":              {no, no, no, no, no, no},
		"GET /staff/people/sign-on":                   {away, ok, ok, ok, ok, ok},
		"POST /staff/people/sign-on":                  {out, no, no, bad, no, no},
		"POST /staff/people/sign-on/end":              {out, no, no, bad, no, no},
		"POST /staff/people/{id}/sign-on":             {out, no, bad, bad, no, none},
		"GET /staff/people":                           {away, ok, ok, ok, ok, ok},
		"GET /staff/people.csv":                       {away, ok, ok, ok, ok, ok},
		"GET /staff/people/invite":                    {away, no, ok, ok, no, ok},
		"POST /staff/people/invite":                   {out, no, bad, bad, no, bad},
		"POST /staff/people/invitation/{id}/withdraw": {out, no, none, none, no, none},
		"POST /staff/session":                         {out, http.StatusNoContent, http.StatusNoContent, http.StatusNoContent, http.StatusNoContent, http.StatusNoContent},
		"GET /staff/lock":                             {away, away, away, away, away, away},
		"POST /staff/lock":                            {out, away, away, away, away, away},
		"POST /staff/lock/ask":                        {out, http.StatusConflict, http.StatusConflict, http.StatusConflict, http.StatusConflict, http.StatusConflict},
		"POST /staff/lock/open":                       {out, http.StatusConflict, http.StatusConflict, http.StatusConflict, http.StatusConflict, http.StatusConflict},
		"GET /staff/people/review":                    {away, no, ok, ok, no, ok},
		"GET /staff/people/review.csv":                {away, no, ok, ok, no, ok},
		"POST /staff/people/{id}/review":              {out, no, bad, bad, no, none},
		"POST /staff/people/{id}/till":                {out, no, away, away, no, none},
		"GET /staff/people/{id}":                      {away, ok, ok, ok, ok, none},
		"POST /staff/people/{id}/access":              {out, bad, bad, no, no, none},
		"POST /staff/people/{id}/roles":               {out, no, bad, bad, no, none},
		"POST /staff/people/{id}/release":             {out, no, http.StatusConflict, http.StatusConflict, no, none},
		"POST /staff/people/{id}/suspend":             {out, no, away, away, no, none},
		"POST /staff/people/{id}/resume":              {out, no, http.StatusConflict, http.StatusConflict, no, none},
		"POST /staff/people/{id}/deactivate":          {out, no, away, away, no, none},

		"GET /staff/office":              {away, ok, ok, no, no, ok},
		"GET /staff/office/current":      {away, ok, ok, ok, ok, ok},
		"GET /staff/office/rotate":       {away, ok, ok, no, no, ok},
		"GET /staff/office/holders":      {away, no, no, no, no, no}, // nobody here holds a key
		"POST /staff/office/rotate":      {out, bad, bad, no, no, bad},
		"GET /staff/office/parts":        {away, ok, ok, no, no, ok},
		"POST /staff/office/parts":       {out, bad, bad, no, no, bad},
		"GET /staff/office/drill":        {away, ok, ok, no, no, ok},
		"POST /staff/office/drill/begin": {out, http.StatusConflict, http.StatusConflict, no, no, http.StatusConflict},
		"POST /staff/office/drill":       {out, bad, bad, no, no, bad},
	}
	for _, route := range w.Room().Routes {
		want := table[route.Pattern]
		if want == nil {
			t.Errorf("%s is not in the table", route.Pattern)
			continue
		}
		for i, who := range order {
			target := w.add(police, "Target", fmt.Sprintf("t%s%d@agency.test", store.NewID(), i), RoleMember)
			c := public
			if who != "nobody" {
				c = w.client(public, people[who])
			}
			method, path, _ := strings.Cut(route.Pattern, " ")
			path = strings.ReplaceAll(path, "{id}", target.ID.String())
			var doc *webtest.Doc
			if method == http.MethodGet {
				doc = c.GetDoc(path)
			} else {
				doc = c.PostForm(path, url.Values{})
			}
			if doc.Status != want[i] {
				t.Errorf("%s, %s: %d, want %d", route.Pattern, who, doc.Status, want[i])
			}
			if who == "nobody" && want[i] == away && !strings.HasPrefix(doc.Header.Get("Location"), "/staff/sign-in") {
				t.Errorf("%s leads strangers to %s", route.Pattern, doc.Header.Get("Location"))
			}
		}
	}
}

// Each look is an entry, and so is each download; the list of a member shows the own office only, whatever the address asks for.
func TestPeoplePageAndDownload(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		public := w.serve()
		admin := w.add(police, "Admin", "admin@agency.test", RoleAgencyAdmin)
		head := w.add(police, "Head", "head@agency.test", RoleProgramAdmin)
		w.add(helpers, "Far Away", "far@helpers.test", RoleMember)
		w.add(police, "=cmd()", "formula@agency.test", RoleMember)
		for range 55 {
			w.add(police, "Many", store.NewID().String()+"@agency.test", RoleMember)
		}
		c := w.client(public, admin)
		doc := c.GetDoc("/staff/people?office=" + helpers)
		if strings.Contains(doc.Main(), "Far Away") || !strings.Contains(doc.Main(), "Admin") {
			t.Error("an office's administrator sees another office")
		}
		if got := w.last(); got != "people.viewed people:"+police+" "+admin.Actor() {
			t.Errorf("the log says %s", got)
		}
		next := doc.One("a", "rel", "next")
		if next == nil {
			t.Fatal("58 people fit on one page")
		}
		second := c.GetDoc(next.Attr["href"])
		if n := len(second.All("th", "scope", "row")); n != 8 {
			t.Errorf("%d people on the second page", n)
		}
		if doc := c.GetDoc("/staff/people?after=nonsense"); doc.Status != http.StatusBadRequest {
			t.Errorf("a broken link to a page answers %d", doc.Status)
		}
		all := w.client(public, head)
		if doc := all.GetDoc("/staff/people?office=" + helpers); !strings.Contains(doc.Main(), "Far Away") || strings.Contains(doc.Main(), "formula@") {
			t.Error("the program's administrator does not see the office asked for")
		}
		sheet := all.GetDoc("/staff/people.csv")
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(sheet.Body, "\ufeff"))).ReadAll()
		if err != nil || len(rows) != 1+59 {
			t.Fatalf("%d rows: %v", len(rows), err)
		}
		if !slices.ContainsFunc(rows, func(r []string) bool { return r[0] == "'=cmd()" }) {
			t.Error("a name that is a formula was not made harmless")
		}
		if got := w.last(); got != "people.exported people:all "+head.Actor() {
			t.Errorf("the log says %s", got)
		}
	})
}

// The invitation's link is shown once, to the inviter; a refused form gives back what was typed.
func TestInvitePage(t *testing.T) {
	w := one(t)
	admin := w.add(police, "Admin", "admin@agency.test", RoleAgencyAdmin)
	c := w.client(w.serve(), admin)
	doc := c.PostForm("/staff/people/invite", url.Values{"name": {"Ann Ex"}, "email": {"not an address"}, "office": {police}, "roles": {RoleDesk}})
	values := doc.Values("/staff/people/invite")
	if doc.Status != http.StatusBadRequest || values.Get("name") != "Ann Ex" || values.Get("email") != "not an address" || values.Get("roles") != RoleDesk {
		t.Errorf("%d, and the form holds %v", doc.Status, values)
	}
	doc = c.PostForm("/staff/people/invite", url.Values{"name": {"Ann Ex"}, "email": {"ann@agency.test"}, "office": {police}, "roles": {RoleMember}})
	link := doc.One("p", "id", "link").Text()
	base, token, _ := strings.Cut(link, "/staff/enroll#")
	if base != c.URL {
		t.Errorf("the link is %s", link)
	}
	b := must(w.Begin(t.Context(), token))(t)
	if b.Name != "Ann Ex" || !slices.Equal(b.Roles, []string{RoleMember}) {
		t.Errorf("the invitation: %+v", b)
	}
	list := c.GetDoc("/staff/people")
	if !strings.Contains(list.Main(), "Ann Ex") || strings.Contains(list.Body, token) {
		t.Error("the list does not show the invitation, or shows its token")
	}
	gone := c.PostForm("/staff/people/invitation/"+b.Member.String()+"/withdraw", nil)
	if _, err := w.Begin(t.Context(), token); gone.Status != http.StatusSeeOther || err == nil {
		t.Errorf("after withdrawing: %d, %v", gone.Status, err)
	}
}

// What scripts send is read strictly, and refused in words.
func TestJSONIsReadStrictly(t *testing.T) {
	w := one(t)
	c := w.serve()
	for name, body := range map[string]string{
		"not JSON": "hello", "a list": "[]", "an unknown field": `{"program":"ms","email":"a@b.test","x":1}`, "two values": `{"program":"ms"}{}`,
		"a number for a text": `{"program":1}`, "nothing": "", "no address": `{"program":"ms","email":"nobody"}`,
	} {
		doc := c.Do(http.MethodPost, "/staff/sign-in/salt", "application/json", strings.NewReader(body))
		var answer struct {
			Error struct{ Code, Message string }
		}
		err := doc.JSON(&answer)
		if doc.Status != http.StatusBadRequest || err != nil || answer.Error.Code == "" || answer.Error.Message == "" {
			t.Errorf("%s: %d %s", name, doc.Status, doc.Body)
		}
	}
	doc := c.Do(http.MethodPost, "/staff/sign-in/salt", "text/plain", strings.NewReader(`{"program":"ms","email":"a@b.test"}`))
	if doc.Status != http.StatusBadRequest {
		t.Errorf("as a form of another site could send it: %d", doc.Status)
	}
	doc = c.PostJSON("/staff/sign-in", map[string]any{"program": ms, "email": "a@b.test", "auth": make([]byte, 32), "notice": false})
	if doc.Status != http.StatusBadRequest || !strings.Contains(doc.Body, "sign_in_notice") {
		t.Errorf("without the notice: %d %s", doc.Status, doc.Body)
	}
	doc = c.PostJSON("/staff/sign-in", map[string]any{"program": ms, "email": "a@b.test", "auth": make([]byte, 31), "notice": true})
	if doc.Status != http.StatusBadRequest {
		t.Errorf("a cut secret: %d", doc.Status)
	}
	doc = c.Do(http.MethodPost, "/staff/sign-in", "application/json", strings.NewReader(`{"program":"`+strings.Repeat("a", 2<<20)+`"}`))
	if doc.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("two megabytes: %d", doc.Status)
	}
}
