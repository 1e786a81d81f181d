// SPDX-License-Identifier: Apache-2.0

package app

import (
	"net/http"
	"slices"

	"waylight/internal/partnership/policy"
	"waylight/internal/platform/web"
)

// demoRoutes are the pages that only a demo has.
func (a *App) demoRoutes() []web.Route {
	if !a.Demo || a.Mailbox == nil {
		return nil
	}
	return []web.Route{{Pattern: "GET /demo/mail", Access: policy.At(policy.ReadMailbox), Handler: a.mailbox}}
}

// mailbox shows the mail that the demo caught, newest first.
func (a *App) mailbox(w http.ResponseWriter, r *http.Request) error {
	messages := slices.Clone(a.Mailbox())
	slices.Reverse(messages)
	if len(messages) > 100 {
		messages = messages[:100]
	}
	return a.pages.Public(w, r, http.StatusOK, "mailbox", web.View{Title: a.Site.Catalog.T(web.Lang(r), "mailbox.title"), Data: messages})
}
