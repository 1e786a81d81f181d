// SPDX-License-Identifier: Apache-2.0

package printrun_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/form"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web"
	"waylight/internal/platform/web/webtest"
	"waylight/internal/prevention/campaign"
	"waylight/internal/prevention/code"
	"waylight/internal/prevention/poster"
	"waylight/internal/prevention/printrun"
	"waylight/programs"
)

const here = "ms"

func person(role string) identity.Member {
	return identity.Member{Program: here, ID: store.NewID(), Office: "mcaht", Name: "Somebody", Roles: []string{role}, Active: true}
}

var (
	head    = person(policy.RoleSupervisor)
	ana     = person(policy.RoleMember)
	admin   = person(policy.RoleProgramAdmin)
	auditor = person(policy.RoleAuditor)
)

// world is the room with those it stands on, on a database of its own.
type world struct {
	*printrun.Service
	t         *testing.T
	db        *store.DB
	clock     *storetest.Clock
	site      *web.Site
	codes     *code.Service
	campaigns *campaign.Service
	pack      *program.Program
	number    string // of the line that the notice names
	unproved  bool   // nobody verified it lately
	hours     string // in which a person reads
}

// notice is one that nobody is bound to post, in two languages, for any size.
func notice() program.Notice {
	words := func(heading, line string) program.NoticeWords {
		return program.NoticeWords{Heading: heading, Body: []string{line}, Call: []string{"{phone:emergency-911}"}, Scan: heading, Status: "unverified"}
	}
	return program.Notice{ID: "test-sign", Jurisdiction: "MS", Title: form.Text{"en": "A sign of the tests", "es": "Un letrero de las pruebas"}, Version: "1",
		From: time.Date(2020, 1, 1, 12, 0, 0, 0, time.UTC), Paper: program.Paper{Width: 144, Height: 144}, LeastPoints: 7, Languages: []string{"en", "es"}, CheckedOn: "2026-11-01",
		Words: map[string]program.NoticeWords{"en": words("Help is near", "You can leave."), "es": words("Hay ayuda", "Usted puede irse."), "ko": words("도움이 있습니다", "떠날 수 있습니다.")}}
}

func newWorld(t *testing.T, db *store.DB, clock *storetest.Clock) *world {
	t.Helper()
	set, err := program.Load(programs.FS)
	check(t, err)
	w := &world{t: t, db: db, clock: clock, number: "911", hours: "8 to 5", site: webtest.Site(t, code.Strings(), campaign.Strings())}
	w.site.Now = clock.Now
	w.pack, _ = set.Program(here)
	w.pack.Notices = []program.Notice{notice()}
	open := func(context.Context, string) bool { return true }
	w.codes, err = code.New(code.Config{DB: db, Patience: time.Minute, Programs: set, Site: w.site, Now: clock.Now, Open: open,
		Form: func(program, lang, text string) string { return "/" + program + "/" + lang + "?c=" + text },
		Lines: func(string, string) []code.Line {
			return []code.Line{{Name: "Emergency", Says: "Call 911", Href: "tel:911"}}
		}})
	check(t, err)
	subject := func(m identity.Member) policy.Subject {
		return policy.Subject{Program: m.Program, Member: m.ID.String(), Office: m.Office, Roles: m.Roles}
	}
	w.campaigns, err = campaign.New(campaign.Config{DB: db, Programs: set, Codes: w.codes, Site: w.site, Origin: origin, Now: clock.Now, Open: open, Subject: subject,
		Runs: func(ctx context.Context, r store.Reader, program string, id store.ID) ([]store.ID, error) {
			return w.CodesFor(ctx, r, program, id)
		}})
	check(t, err)
	w.Service, err = printrun.New(printrun.Config{DB: db, Programs: set, Subject: subject, Codes: w.codes, Campaigns: w.campaigns, Press: poster.NewPress(), Origin: origin, Site: w.site, Now: clock.Now,
		Sheet: w.sheet, Name: func(context.Context, string, string) string { return "Somebody" }})
	check(t, err)
	return w
}

const origin = "https://tips.example.gov"

func (w *world) sheet(_ context.Context, _ string, n program.Notice) (poster.Sheet, error) {
	reads := map[string]string{"en": "Read " + w.hours, "es": "Se lee " + w.hours}
	return poster.Sheet{Notice: n, Day: w.clock.Now(), Reads: reads, Lines: func(string) (program.Channel, bool) { return program.Channel{Phone: w.number}, !w.unproved }}, nil
}

func schemas() []store.Schema {
	return []store.Schema{code.Schema(), campaign.Schema(), printrun.Schema()}
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) { fn(t, newWorld(t, db, clock)) })
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// draft is a run of cards for truck stops, changed as asked.
func draft(change ...func(*printrun.Draft)) printrun.Draft {
	d := printrun.Draft{Place: "a truck stop of the tests", County: "28049", Small: true, Notice: "test-sign", Paper: "letter", Copies: 3, Partner: "Invented truck stops"}
	for _, c := range change {
		c(&d)
	}
	return d
}

func (w *world) make(change ...func(*printrun.Draft)) printrun.Run {
	w.t.Helper()
	r, err := w.Make(w.t.Context(), head, draft(change...))
	check(w.t, err)
	return r
}

// print prints a run.
func (w *world) print(r printrun.Run, copies int) ([]byte, error) {
	var out bytes.Buffer
	err := w.Print(w.t.Context(), head, r.ID, copies, func(printrun.Run) io.Writer { return &out })
	return out.Bytes(), err
}

// leaves is how long the custody log is.
func (w *world) leaves() (n int64) {
	w.t.Helper()
	check(w.t, w.db.QueryRow(w.t.Context(), `select count(*) from custody_leaf where program = $1`, here).Scan(&n))
	return n
}

// as is a browser of somebody who is signed in.
func (w *world) as(m identity.Member) *webtest.Client {
	w.t.Helper()
	return webtest.Server(w.t, w.site, slices.Concat(w.Room().Routes, w.campaigns.Room().Routes), func(_ web.Access, h web.Handler) web.Handler {
		return func(rw http.ResponseWriter, r *http.Request) error {
			return h(rw, r.WithContext(identity.WithMember(r.Context(), m)))
		}
	})
}

// read gives the text of each page of a document, and what the codes on them hold.
func read(t *testing.T, document []byte) (pages []string, codes string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "run.pdf")
	check(t, os.WriteFile(file, document, 0o600))
	text := string(webtest.Tool(t, "poppler-utils", "pdftotext", "-enc", "UTF-8", file, "-"))
	webtest.Tool(t, "poppler-utils", "pdftoppm", "-r", "72", "-gray", file, filepath.Join(dir, "page"))
	drawn, err := filepath.Glob(filepath.Join(dir, "page*.pgm"))
	check(t, err)
	codes = string(webtest.Tool(t, "zbar-tools", "zbarimg", append([]string{"--quiet", "--raw", "-Sdisable", "-Sqrcode.enable"}, drawn...)...))
	return strings.Split(strings.TrimRight(text, "\f"), "\f"), strings.TrimSpace(codes)
}
