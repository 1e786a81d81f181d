// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"context"
	"net/http"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

const pagePath = "/staff/canary"

func (s *Service) routes() []web.Route {
	change := policy.At(policy.ChangeCanary)
	return []web.Route{
		{Pattern: "GET " + pagePath, Access: policy.At(policy.ReadCanary), Handler: s.page},
		{Pattern: "POST " + pagePath + "/address", Access: change, Handler: s.acting("asked", func(ctx context.Context, m identity.Member, r *http.Request) error {
			return s.AskAddress(ctx, m, r.PostForm.Get("address"))
		})},
		{Pattern: "POST " + pagePath + "/code", Access: change, Handler: s.acting("confirmed", func(ctx context.Context, m identity.Member, r *http.Request) error {
			return s.ConfirmAddress(ctx, m, r.PostForm.Get("code"))
		})},
		{Pattern: "POST " + pagePath + "/end", Access: change, Handler: s.acting("ended", func(ctx context.Context, m identity.Member, _ *http.Request) error {
			return s.EndAddress(ctx, m)
		})},
	}
}

// addressPage is an office's own test address.
type addressPage struct {
	Address string // that counts; "" for none
	Waits   string // whose code was not typed back yet
	Way     Way
	Tested  bool
	Done    string
	Trouble string
	Field   string // what the trouble is about
	Typed   string
	Ready   bool // a mail server is set up
}

func (s *Service) page(w http.ResponseWriter, r *http.Request) error {
	m, _ := identity.From(r.Context())
	err := s.DB.Write(r.Context(), func(tx *store.Tx) error {
		tx.Log(custody.Entry{Program: m.Program, Event: "canary.viewed", Record: "office:" + m.Office, Actor: m.Actor()})
		return nil
	})
	if err != nil {
		return fault.Wrap(err, "recording a view")
	}
	return s.show(w, r, http.StatusOK, m, addressPage{Done: map[string]string{
		"asked": "A message with a code was sent there. Type the code here when it arrives.", "confirmed": "The address is confirmed. Each hour a test goes there.",
		"ended": "The address is given up. Nothing is sent there any more.",
	}[r.URL.Query().Get("done")]})
}

func (s *Service) show(w http.ResponseWriter, r *http.Request, status int, m identity.Member, page addressPage) error {
	have, err := addressesOf(r.Context(), s.DB, m.Program, m.Office)
	if err != nil {
		return err
	}
	for _, a := range have {
		switch {
		case a.counts():
			page.Address = a.Address
		case page.Waits == "" && s.Now().Sub(a.Asked) < codeLife:
			page.Waits = a.Address
		}
	}
	if page.Way, err = readWay(r.Context(), s.DB, m.Program, mailWay(m.Office)); err != nil {
		return err
	}
	page.Tested, page.Ready = !page.Way.Tried.IsZero(), s.Mail != nil
	return s.pages.Staff(w, r, status, "canary", web.View{Title: "Test address", Path: pagePath, Data: page})
}

// acting does what a form asks for; what is wrong with it stands on the page, with
// what was typed.
func (s *Service) acting(done string, do func(ctx context.Context, m identity.Member, r *http.Request) error) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		m, _ := identity.From(r.Context())
		if err := web.ParseForm(r); err != nil {
			return err
		}
		err := do(r.Context(), m, r)
		f, ok := fault.As(err)
		switch {
		case err == nil:
			http.Redirect(w, r, pagePath+"?done="+done, http.StatusSeeOther)
			return nil
		case ok && (f.Kind == fault.Invalid || f.Kind == fault.Unavailable):
			return s.show(w, r, web.StatusOf(f.Kind), m, addressPage{Trouble: f.Message, Field: f.Field, Typed: r.PostForm.Get("address")})
		}
		return err
	}
}
