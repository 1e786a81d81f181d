// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"net/url"
	"strings"
	"testing"

	"waylight/internal/platform/mail"
)

// The invitation's mail carries the link and no word of what the site is for.
func TestInvitationIsMailed(t *testing.T) {
	w := one(t)
	catcher := must(mail.NewCatcher("127.0.0.1:0"))(t)
	t.Cleanup(func() { catcher.Close() })
	w.mail = mail.NewSender(mail.Config{Addr: catcher.Addr(), From: "notices@site.test", TLS: mail.LoopbackOnly})
	w.origin = "https://staff.site.test"
	admin := w.add(police, "Admin", "admin@agency.test", RoleAgencyAdmin)
	w.https = false
	c := w.client(w.serve(), admin)
	doc := c.PostForm("/staff/people/invite", url.Values{"name": {"Ann Ex"}, "email": {"ann@agency.test"}, "office": {police}, "roles": {RoleMember}})
	if !strings.Contains(doc.Main(), "It was sent by e-mail") {
		t.Fatalf("%d: %s", doc.Status, doc.Main())
	}
	err := catcher.Wait(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	m := catcher.Messages()[0]
	link := doc.One("p", "id", "link").Text()
	if m.To != "ann@agency.test" || !strings.Contains(m.Text, link) || !strings.HasPrefix(link, "https://staff.site.test/staff/enroll#ms.") {
		t.Errorf("the mail to %s says %q, the page %s", m.To, m.Text, link)
	}
	for _, word := range []string{"traffick", "report", "victim", "abuse", "police", "waylight", "tip"} {
		if strings.Contains(strings.ToLower(m.Subject+strings.ReplaceAll(m.Text, link, "")), word) {
			t.Errorf("the mail says %q", word)
		}
	}
	catcher.Close()
	doc = c.PostForm("/staff/people/invite", url.Values{"name": {"Ben Ex"}, "email": {"ben@agency.test"}, "office": {police}, "roles": {RoleMember}})
	if !strings.Contains(doc.Main(), "could not be sent") || doc.One("p", "id", "link") == nil {
		t.Errorf("without a mail server: %s", doc.Main())
	}
}
