// SPDX-License-Identifier: Apache-2.0

package app

import (
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"waylight/internal/partnership/policy"
	"waylight/internal/platform/gate"
	"waylight/internal/platform/keyring"
	"waylight/internal/platform/web"
)

// defaultConnections is how many connections are let in at once unless Config
// says otherwise; what one needs while its report waits is some 40 KB.
const defaultConnections = 4096

// behindGate puts a site behind a gate.
func behindGate(site *web.Site, ring *keyring.Ring, log *slog.Logger) *gate.Gate {
	g := gate.New()
	g.Tell = func(r gate.Rush) { tellRush(log, r) }
	site.Gate, site.Puzzles = g, gate.NewPuzzles(ring.Pepper())
	return g
}

// puzzle is what a sender's browser is asked to solve while there are two lines.
func (a *App) puzzle() *gate.Work {
	if !a.Gate.Siege() {
		return nil
	}
	w := a.Site.Puzzles.New()
	return &w
}

// tellRush notes the beginning and the end of a rush. It says how many waited,
// which by then is more than can be at work, and nothing of any one of them.
func tellRush(log *slog.Logger, r gate.Rush) {
	if r.Ended.IsZero() {
		log.Warn("more reports come in than can be taken at once; they wait, and other requests make way")
		return
	}
	log.Warn("the rush is over", "lasted", r.Ended.Sub(r.Began), "waited_most", r.Most, "longest_wait", r.Longest, "others_turned_away", r.Turned)
}

// heavy are pages that go through everything that hangs, and files of hundreds of sheets.
var heavy = []string{"/staff/placements/print", "/staff/placements/print.pdf", "/staff/placements/print.zip", "/staff/placements/coverage"}

// classOf says what a route is about when more comes in than can be done. Words
// of a sender, in a report or in a message, are the one thing that always waits.
func classOf(r web.Route) gate.Class {
	method, path, _ := strings.Cut(r.Pattern, " ")
	switch r.Access.Action {
	case string(policy.SendReport):
		if method == http.MethodGet {
			return gate.Page
		}
		return gate.Intake
	case string(policy.WriteReceipt):
		if strings.HasPrefix(path, "/receipt/files") {
			return gate.File
		}
		return gate.Intake
	case string(policy.OpenReceipt):
		return gate.Receipt
	case string(policy.BeginSession), string(policy.Enroll):
		return gate.Door
	case string(policy.ReadFigures):
		return gate.Heavy
	}
	switch {
	case path == "/healthz", path == "/livez", path == "/readyz":
		return gate.Free
	case method == http.MethodPost && path == "/staff/places/imports":
		return gate.File // read as it comes: 96 MB would hold the scale that long words of senders weigh on
	case strings.HasSuffix(path, ".csv"), slices.Contains(heavy, path), strings.Contains(path, "/signs/sheet/"):
		return gate.Heavy
	case r.Access.Public:
		return gate.Page
	}
	return gate.Staff
}
