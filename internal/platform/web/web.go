// SPDX-License-Identifier: Apache-2.0

// Package web turns rooms' handlers and templates into a site.
//
// It promises, for every page it serves: that the page works without scripts;
// that nothing on it comes from, or tells, another site; that no address,
// browser name or content of a request is written to a log; that one path
// turns every error into a page (or, under /api/, JSON) which says what
// happened, what was kept and what to do; that a public page can be left in a
// moment; and that all its words come from a catalog which has them in every
// language.
//
// # Writing a page
//
// A room's template is the inside of a page; the layout, with its single
// heading from View.Title left to the template, is added around it:
//
//	<h1>{{.T "inbox.title"}}</h1>
//	<p>{{.T "inbox.waiting" "count" .Data.Waiting}}</p>
//
// Inside range and with, the page is $: {{$.T "inbox.row"}}. Besides T there
// are .Lang, .Dir, .Demo, .Path, .Data, .Paragraphs "key", and the functions
// {{asset "x.js"}}, {{integrity "x.js"}} and, for times, {{date .At}}.
//
// Classes of the one stylesheet, for all rooms (see the gallery in the tests):
//
//	button, .button (a link as a button) with .second (quiet), .danger, .small; .buttons (a row of them)
//	.lead (opening words) .hint .error .notice (set apart) .notice-strong .good
//	.lines > li (a call line: <a class="line" href="tel:..."><b>..</b> ..</a>)
//	.code (words to keep: a receipt) .steps (numbered list of what happens)
//	.panel (a framed part) .columns (parts side by side) .stack (space between)
//	.facts (dl of names and values) .meta (small grey) .vh (for screen readers only)
//	.noprint .printonly
//	.tools (form of search and filters over a list) .table (div round a table)
//	table.cards (rows become cards on small screens: give td data-label)
//	td.num .tag with .t-new .t-wait .t-late .t-done .t-off .empty (no rows)
//	{{template "ui.paging" .Data.Paging}} takes a [Paging]
package web

import (
	"embed"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"waylight/internal/platform/gate"
)

//go:embed assets templates strings
var files embed.FS

// DefaultExit is where the quick exit leads unless a site says otherwise: a page
// that anybody may have open.
const DefaultExit = "https://www.google.com/"

// Handler answers a request, or says why it cannot: the site turns the error
// into a page or, under /api/, into JSON.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Access says who may use a route.
type Access struct {
	Public bool
	Action string // what the route does, as the guard's table of rules names it
}

// Public is the access of pages that are open to everybody.
var Public = Access{Public: true}

// Route is one address of the site.
type Route struct {
	Pattern string // as net/http has it: "GET /offices/{id}"
	Access  Access
	Handler Handler
	MaxBody int64      // bytes; 0 means 1 MiB
	Class   gate.Class // what it is about when more comes in than can be done
}

// NavItem is one entry of the staff's navigation.
type NavItem struct {
	Label, Href string
	Current     bool
	Count       int // shown beside the label when above zero
}

// Site is what all pages share. Its zero value with a Catalog works.
type Site struct {
	Catalog *Catalog
	Demo    bool                            // says so on every page
	Now     func() time.Time                // default time.Now
	Nav     func(r *http.Request) []NavItem // entries of the staff's navigation
	Who     func(r *http.Request) string    // name of the signed-in member, or ""
	Log     *slog.Logger                    // default slog.Default()
	ExitURL string                          // where the quick exit leads; default DefaultExit
	HTTPS   bool                            // reached over TLS that a proxy ends
	SignIn  string                          // path of the sign-in page; "" answers 401 instead
	SignOut string                          // path that a sign-out button posts to; "" shows none
	Idle    *Idle                           // how staff pages hide when nobody uses them; nil: they do not
	Zone    *time.Location                  // for times on pages; default UTC
	// Served is told of every answer: the pattern of its route and never its path, the status, how long it took. May be nil.
	Served  func(pattern string, status int, took time.Duration)
	Gate    *gate.Gate    // holds requests to what the machine can do; nil: nothing does
	Puzzles *gate.Puzzles // knows proofs of work; nil: none count
	assets  assets
	own     ownTemplates
	busy    sync.Map // pages for who is turned away, by class and language
}

// Idle says what a staff page does when nobody uses it: after so long it hides
// what it shows and leads to the page at Lock, to which it posts first. While
// somebody is there it posts to Keep now and then.
type Idle struct {
	Lock, Keep string
	After      time.Duration
}

func (s *Site) exitURL() string {
	if s.ExitURL == "" {
		return DefaultExit
	}
	return s.ExitURL
}

func (s *Site) log() *slog.Logger {
	if s.Log == nil {
		return slog.Default()
	}
	return s.Log
}

// Paging leads to the other parts of a list; empty addresses show nothing.
// Found, when set, says what the list shows.
type Paging struct{ Found, First, Next string }
