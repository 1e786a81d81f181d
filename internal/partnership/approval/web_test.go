// SPDX-License-Identifier: Apache-2.0

package approval_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"waylight/internal/partnership/approval"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
	"waylight/internal/platform/web/webtest"
)

func (w *world) serve() *webtest.Client {
	return webtest.Server(w.t, w.Site, w.Room().Routes, func(a web.Access, h web.Handler) web.Handler {
		return func(rw http.ResponseWriter, r *http.Request) error {
			for _, s := range []policy.Subject{ana, ben, cora, tess} {
				if s.Member == r.Header.Get("Test-Member") && policy.Allow(policy.Action(a.Action), s) {
					return h(rw, r.WithContext(as(r.Context(), s)))
				}
			}
			return fault.New(fault.Forbidden, "role", "Your roles do not allow this.")
		}
	})
}

func TestThePage(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.serve()
		id := w.asked(ana, policy.CloseOffice, "office:shelter").String()
		look := func(s policy.Subject, path string) *webtest.Doc {
			t.Helper()
			c.Header.Set("Test-Member", s.Member)
			doc := c.GetDoc(path)
			for _, p := range webtest.Problems(doc) {
				t.Errorf("%s: %s", path, p)
			}
			return doc
		}
		doc := look(ana, "/staff/approvals")
		if doc.Status != http.StatusOK || !strings.Contains(doc.Main(), "Close an office: The Shelter") || !strings.Contains(doc.Main(), "Ana Example") ||
			doc.One("button", "formaction", "/staff/approvals/"+id+"/approve") != nil {
			t.Errorf("who asked sees: %d %s", doc.Status, doc.Main())
		}
		if got := c.PostForm("/staff/approvals/"+id+"/approve", nil); got.Status != http.StatusForbidden {
			t.Errorf("who asked approves: %d", got.Status)
		}
		doc = look(ben, "/staff/approvals?q=March")
		if doc.One("button", "formaction", "/staff/approvals/"+id+"/approve") == nil {
			t.Errorf("the second person cannot approve: %s", doc.Main())
		}
		doc = c.PostForm("/staff/approvals/"+id+"/decline", url.Values{"reason": {strings.Repeat("é", 501)}})
		if doc.Status != http.StatusBadRequest || !strings.Contains(doc.Body, strings.Repeat("é", 501)) || !strings.Contains(doc.Main(), approval.ErrReason.Message) {
			t.Errorf("a long reason: %d", doc.Status)
		}
		for _, bad := range []string{"x", store.NewID().String()} {
			if got := c.PostForm("/staff/approvals/"+bad+"/approve", nil); got.Status != http.StatusNotFound {
				t.Errorf("%s: %d", bad, got.Status)
			}
		}
		if doc = look(ben, "/staff/approvals?q=October"); strings.Contains(doc.Main(), "The Shelter") {
			t.Error("the search finds what was not typed")
		}
		doc = c.PostForm("/staff/approvals/"+id+"/approve", nil)
		if doc.Status != http.StatusSeeOther || len(w.done) != 1 {
			t.Errorf("%d %v", doc.Status, w.done)
		}
		if doc = look(ben, doc.Header.Get("Location")); !strings.Contains(doc.Main(), "Approved, and done.") || strings.Contains(doc.Main(), "The Shelter") {
			t.Errorf("%s", doc.Main())
		}
		if doc = look(ana, "/staff/approvals?state=all"); !strings.Contains(doc.Main(), "approved") {
			t.Errorf("%s", doc.Main())
		}
		c.Header.Set("Test-Member", ben.Member)
		if doc = c.GetDoc("/staff/approvals.csv?state=all"); !strings.Contains(doc.Body, "Close an office,The Shelter,No more staff since March,Ana Example") {
			t.Errorf("%s", doc.Body)
		}
		if doc = look(tess, "/staff/approvals?state=all"); strings.Contains(doc.Main(), "Shelter") {
			t.Error("another program's requests are shown")
		}
	})
}

// The list is read in parts that neither miss nor repeat a request.
func TestTheListIsPaged(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const n = 113
		for i := range n {
			w.asked(ana, policy.LiftHold, fmt.Sprintf("hold:%03d", i))
			if i%3 == 0 {
				w.clock.Advance(time.Second)
			}
		}
		c := w.serve()
		c.Header.Set("Test-Member", ben.Member)
		seen := map[string]bool{}
		for path, pages := "/staff/approvals", 0; path != ""; pages++ {
			doc := c.GetDoc(path)
			for _, h := range doc.All("h2") {
				subject := h.Text()
				if seen[subject] || pages > 3 {
					t.Fatalf("%s again", subject)
				}
				seen[subject] = true
			}
			path = ""
			if next := doc.One("a", "rel", "next"); next != nil {
				path = next.Attr["href"]
			}
		}
		if len(seen) != n {
			t.Errorf("%d of %d", len(seen), n)
		}
	})
}

// What somebody may not know of leaves no gap in the pages: a page is full as long as there is more, and nothing follows the last one.
func TestHiddenRequestsLeaveNoGap(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const n = 150 // two of three are hidden: what remains fills exactly one page
		for i := range n {
			name := "secret"
			if i%3 == 0 {
				name = "open"
			}
			w.asked(ana, policy.LiftHold, fmt.Sprintf("hold:%s-%03d", name, i))
			w.clock.Advance(time.Second)
		}
		w.About = func(_ context.Context, _ store.Reader, r approval.Request) (policy.Object, error) {
			if strings.Contains(r.Subject, "secret") {
				return policy.Object{Program: "tx"}, nil
			}
			return policy.Object{Program: r.Program}, nil
		}
		c := w.serve()
		c.Header.Set("Test-Member", ben.Member)
		doc := c.GetDoc("/staff/approvals")
		rows := strings.Count(doc.Main(), "hold:open")
		if rows != n/3 || strings.Contains(doc.Main(), "secret") || doc.One("a", "rel", "next") != nil {
			t.Errorf("%d rows; next: %v", rows, doc.One("a", "rel", "next"))
		}
		w.asked(ana, policy.LiftHold, "hold:open-last")
		doc = c.GetDoc("/staff/approvals")
		next := doc.One("a", "rel", "next")
		if rows := strings.Count(doc.Main(), "hold:open"); rows != n/3 || next == nil {
			t.Fatalf("%d rows; next: %v", rows, next)
		}
		if doc = c.GetDoc(next.Attr["href"]); strings.Count(doc.Main(), "hold:open") != 1 || doc.One("a", "rel", "next") != nil {
			t.Errorf("the last page: %s", doc.Main())
		}
	})
}
