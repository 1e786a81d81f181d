// SPDX-License-Identifier: Apache-2.0

package campaign_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/form"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web"
	"waylight/internal/platform/web/webtest"
	"waylight/internal/prevention/campaign"
	"waylight/internal/prevention/code"
	"waylight/programs"
)

const here = "ms"

func person(office string, roles ...string) identity.Member {
	return identity.Member{Program: here, ID: store.NewID(), Office: office, Name: "Somebody", Roles: roles, Active: true}
}

var (
	admin  = person("mbi-coordinator", policy.RoleProgramAdmin)
	lead   = person("mcaht", policy.RoleAgencyAdmin)
	helper = person("mdcps", policy.RoleSupervisor)
)

// world is the room with the codes it needs, on a database of its own.
type world struct {
	*campaign.Service
	t     *testing.T
	db    *store.DB
	clock *storetest.Clock
	codes *code.Service
	site  *web.Site
	shut  bool
	hung  campaign.Placed
}

// pack is Mississippi with a notice of the test's own: right to left, with a number that may be shown and one that may not.
var pack = sync.OnceValues(func() (*program.Set, error) {
	set, err := program.Load(programs.FS)
	if err != nil {
		return nil, err
	}
	p, _ := set.Program(here)
	p.Notices = append(p.Notices, program.Notice{
		ID: "test-sign", Jurisdiction: "US", Title: form.Text{"en": "A sign of the tests", "es": "Un letrero de las pruebas"}, Version: "1", From: time.Date(2020, 1, 1, 12, 0, 0, 0, time.UTC),
		Words: map[string]program.NoticeWords{
			"en": {Heading: "Help is near", Body: []string{"You can leave."}, Call: []string{"Call {phone:emergency-911} now.", "Or {phone:mdcps-line}."}, Scan: "Scan", Status: "checked"},
			"ar": {Heading: "المساعدة قريبة", Body: []string{"يمكنك المغادرة."}, Call: []string{"اتصل {phone:emergency-911} الآن."}, Scan: "امسح", Status: "unverified"},
			"ko": {Heading: "도움이 있습니다", Body: []string{"떠날 수 있습니다."}, Call: []string{"{phone:emergency-911}"}, Scan: "스캔", Status: "unverified"},
		},
	})
	return set, nil
})

func newWorld(t *testing.T, db *store.DB, clock *storetest.Clock) *world {
	t.Helper()
	set, err := pack()
	check(t, err)
	w := &world{t: t, db: db, clock: clock, site: webtest.Site(t, code.Strings(), campaign.Strings())}
	w.site.Now = clock.Now
	open := func(context.Context, string) bool { return !w.shut }
	w.codes, err = code.New(code.Config{DB: db, Patience: time.Minute, Programs: set, Site: w.site, Now: clock.Now, Open: open,
		Form: func(program, lang, text string) string { return "/" + program + "/" + lang + "?c=" + text },
		Lines: func(string, string) []code.Line {
			return []code.Line{{Name: "Emergency", Says: "Call 911", Href: "tel:911"}}
		},
	})
	check(t, err)
	w.Service, err = campaign.New(campaign.Config{DB: db, Programs: set, Codes: w.codes, Site: w.site, Origin: "https://tips.example.gov", Now: clock.Now, Open: open, Placements: w,
		Subject: func(m identity.Member) policy.Subject {
			return policy.Subject{Program: m.Program, Member: m.ID.String(), Office: m.Office, Roles: m.Roles}
		},
		Channels: func(string) func(string) program.ChannelState {
			return func(id string) program.ChannelState {
				if id == "emergency-911" {
					return program.Verified
				}
				return program.Printed
			}
		},
	})
	check(t, err)
	return w
}

// Of stands for the room that places signs.
func (w *world) Of(context.Context, store.Reader, string, []string, string, string) (campaign.Placed, error) {
	return w.hung, nil
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func schemas() []store.Schema { return []store.Schema{code.Schema(), campaign.Schema()} }

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) { fn(t, newWorld(t, db, clock)) })
}

func one(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	return newWorld(t, db, clock)
}

func details(change ...func(*campaign.Details)) campaign.Details {
	d := campaign.Details{Slug: "january-signs", Title: form.Text{"en": "Month of signs", "es": "Mes de letreros"}, Text: form.Text{"en": "What we do.", "es": "Lo que hacemos."},
		First: "2026-11-01", Last: "2027-01-31", Notices: []string{"test-sign"}}
	for _, c := range change {
		c(&d)
	}
	return d
}

func (w *world) make(change ...func(*campaign.Details)) campaign.Campaign {
	w.t.Helper()
	c, err := w.Make(w.t.Context(), admin, "mcaht", details(change...))
	check(w.t, err)
	return c
}

func (w *world) as(m identity.Member) *webtest.Client {
	routes := append(w.Room().Routes, w.codes.Room().Routes...)
	return webtest.Server(w.t, w.site, routes, func(_ web.Access, h web.Handler) web.Handler {
		return func(rw http.ResponseWriter, r *http.Request) error {
			return h(rw, r.WithContext(identity.WithMember(r.Context(), m)))
		}
	})
}

func isFault(err error, code string) bool {
	f, ok := fault.As(err)
	return ok && f.Code == code
}

// What must not be in a campaign is refused by name, and nothing is made.
func TestWhatIsRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.make()
		for want, change := range map[string]func(*campaign.Details){
			"campaign.slug": func(d *campaign.Details) { d.Slug = "No Spaces" }, "campaign.topic": func(d *campaign.Details) { d.Slug = "stop-human-traff-icking" },
			"campaign.taken": func(*campaign.Details) {}, "campaign.title": func(d *campaign.Details) { d.Slug, d.Title = "other-signs", form.Text{"en": "Only one"} },
			"campaign.text": func(d *campaign.Details) {
				d.Slug, d.Text = "other-signs", form.Text{"en": strings.Repeat("x", 4001), "es": "x"}
			},
			"campaign.days": func(d *campaign.Details) { d.Slug, d.Last = "other-signs", "2026-02-30" }, "campaign.notice": func(d *campaign.Details) { d.Slug, d.Notices = "other-signs", []string{"nobody"} },
		} {
			if _, err := w.Make(t.Context(), admin, "mcaht", details(change)); !isFault(err, want) {
				t.Errorf("instead of %s: %v", want, err)
			}
		}
		if _, err := w.Make(t.Context(), admin, "mcaht", details(func(d *campaign.Details) { d.Slug, d.Notices = "other-signs", []string{"tx-sign"} })); !isFault(err, "campaign.notice") {
			t.Errorf("another state's notice: %v", err)
		}
		if _, err := w.Make(t.Context(), admin, "nobody", details(func(d *campaign.Details) { d.Slug = "other-signs" })); !isFault(err, "campaign.lead") {
			t.Errorf("a lead that there is not: %v", err)
		}
		if _, err := w.Make(t.Context(), lead, "mcaht", details(func(d *campaign.Details) { d.Slug = "other-signs" })); err == nil {
			t.Error("an office made a campaign in the program's name")
		}
	})
}

// What the public will read brings no number that nobody has tried, in whichever field it stands; nothing is saved.
func TestNoUntriedNumberReachesThePublic(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx, c := t.Context(), w.make()
		both := func(en, es string) form.Text { return form.Text{"en": en, "es": es} }
		const bad = "Call 601-555-0123"
		piece := func(p campaign.Piece) error {
			p.Width, p.Height = 600, 315
			return w.AddPiece(ctx, lead, c.ID, p, nil)
		}
		change := func(change func(*campaign.Details)) error { return w.Change(ctx, lead, c.ID, 1, details(change)) }
		for field, err := range map[string]error{
			"title_en": change(func(d *campaign.Details) { d.Title["en"] = bad }), "title_es": change(func(d *campaign.Details) { d.Title["es"] = bad }),
			"text_en": change(func(d *campaign.Details) { d.Text["en"] = bad }), "text_es": change(func(d *campaign.Details) { d.Text["es"] = "www.x.invalid" }),
			"slug": change(func(d *campaign.Details) { d.Slug = "call-601-555-0123" }), "name": w.AddPartner(ctx, lead, c.ID, "", "Buses\u202e"),
			"what_en": w.AddEvent(ctx, lead, c.ID, campaign.Event{Day: "2027-01-11", What: both(bad, "x")}), "what_es": w.AddEvent(ctx, lead, c.ID, campaign.Event{Day: "2027-01-11", What: both("x", bad)}),
			"piece_title": piece(campaign.Piece{Title: bad, Alt: both("x", "x")}), "alt_en": piece(campaign.Piece{Title: "x", Alt: both(bad, "x")}), "alt_es": piece(campaign.Piece{Title: "x", Alt: both("x", bad)}),
		} {
			if f, ok := fault.As(err); !ok || f.Kind != fault.Invalid || f.Field != field {
				t.Errorf("%s: %v", field, err)
			}
		}
		for _, table := range []string{"campaign_partner", "campaign_event", "campaign_piece"} {
			var n int
			check(t, w.db.QueryRow(ctx, `select count(*) from `+table).Scan(&n))
			if n != 0 {
				t.Errorf("%d rows of %s are kept", n, table)
			}
		}
		check(t, change(func(d *campaign.Details) {
			d.Title["en"], d.Text["en"] = "A fund of $250,000,000 in 2026", "From 2026-11-01 to 2027-01-31. Call 911."
		}))
	})
}

// From planned to closed, only forward; two who change at once do not overwrite each other; who takes part reads and does not change.
func TestTheLifeOfACampaign(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx, c := t.Context(), w.make()
		if err := w.Advance(ctx, lead, c.ID, campaign.Closed); !isFault(err, "campaign.forward") {
			t.Errorf("from planned to closed: %v", err)
		}
		check(t, w.Change(ctx, lead, c.ID, 1, details(func(d *campaign.Details) { d.Title["en"] = "Changed" })))
		if err := w.Change(ctx, admin, c.ID, 1, details()); !isFault(err, "campaign.stale") {
			t.Errorf("over a change that was not seen: %v", err)
		}
		if err := w.AddLine(ctx, helper, c.ID, campaign.Line{What: "x"}); !errors.Is(err, campaign.ErrNotFound) {
			t.Errorf("a stranger: %v", err)
		}
		check(t, w.AddPartner(ctx, lead, c.ID, helper.Office, ""))
		if err := w.AddLine(ctx, helper, c.ID, campaign.Line{What: "x"}); err == nil || errors.Is(err, campaign.ErrNotFound) {
			t.Errorf("a partner changes it: %v", err)
		}
		if err := w.AddPartner(ctx, lead, c.ID, helper.Office, ""); !isFault(err, "campaign.partner") {
			t.Errorf("a partner twice: %v", err)
		}
		check(t, w.Advance(ctx, lead, c.ID, campaign.Running))
		check(t, w.Advance(ctx, lead, c.ID, campaign.Closed))
		if err := w.Advance(ctx, lead, c.ID, ""); !isFault(err, "campaign.forward") {
			t.Errorf("beyond closed: %v", err)
		}
	})
}

// Everything by its pages, without a script, as a person goes through it.
func TestAPersonRunsACampaign(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		staff := w.as(admin)
		staff.Look("/staff/campaigns", "No campaign matches")
		values := url.Values{"lead": {"mcaht"}, "slug": {"victim-signs"}, "title_en": {"Month of signs"}, "title_es": {"Mes de letreros"}, "text_en": {"One.\n\nTwo."}, "text_es": {"Uno."},
			"first": {"2026-11-01"}, "last": {"2027-01-31"}, "notices": {"test-sign"}}
		refused := staff.PostForm("/staff/campaigns", values)
		if refused.Status != http.StatusBadRequest || !strings.Contains(refused.Main(), "must not name the topic") || refused.One("input", "id", "make-title_es").Attr["value"] != "Mes de letreros" {
			t.Errorf("a telling address: %d %s", refused.Status, refused.Main())
		}
		values.Set("slug", "january-signs")
		made := staff.PostForm("/staff/campaigns", values)
		at := strings.TrimSuffix(made.Header.Get("Location"), "?done=made")
		staff.Look(at, "Planned", "HTTPS://TIPS.EXAMPLE.GOV/Q/", "No effect of this campaign follows", "fewer than 5")
		public := w.as(identity.Member{})
		if doc := public.GetDoc("/ms/en/signs/january-signs"); doc.Status != http.StatusNotFound {
			t.Errorf("a planned campaign is public: %d", doc.Status)
		}
		for act, posted := range map[string]url.Values{
			"partners": {"name": {"Invented buses"}}, "lines": {"what": {"Printing"}, "planned": {"1,250.50"}, "spent": {"$99.99"}},
			"events": {"day": {"2027-01-11"}, "what_en": {"Blue day"}, "what_es": {"Día azul"}}, "advance": {"to": {"running"}},
		} {
			if doc := staff.PostForm(at+"/"+act, posted); doc.Status != http.StatusSeeOther {
				t.Errorf("%s: %d %s", act, doc.Status, doc.Main())
			}
		}
		if doc := staff.PostForm(at+"/lines", url.Values{"what": {"x"}, "planned": {"12.5"}}); doc.Status != http.StatusBadRequest {
			t.Errorf("an amount that is none: %d", doc.Status)
		}
		w.piece(staff, at, photo(t))
		doc := staff.Look(at, "$1,250.50", "$99.99", "Invented buses", "Blue day", "Piece of the test", "60 × 40")
		line := hidden(doc.One("form", "action", at+"/money"), "part")
		if doc := staff.PostForm(at+"/money", url.Values{"part": {line}, "planned": {"1,300"}, "spent": {"1,299.99"}}); doc.Status != http.StatusSeeOther {
			t.Errorf("amounts: %d", doc.Status)
		}
		staff.Look(at, "$1,300.00", "$1,299.99")
		page := public.Look("/ms/en/signs/january-signs", "One.", "Two.", "Call 911", "Blue day", "Invented buses", "Help is near", "المساعدة", "도움이", "January 31, 2027")
		if title := strings.ToLower(page.Title()); strings.Contains(title, "traffick") || page.One("img") == nil {
			t.Errorf("the title is %q, or there is no picture", title)
		}
		if text := page.Main(); !strings.Contains(text, "اتصل \u2066911\u2069 الآن.") || strings.Contains(text, "Or ") {
			t.Errorf("a number is not kept apart, or one that nobody verified is shown: %s", text)
		}
		if ar := page.One("div", "lang", "ar"); ar == nil || ar.Attr["dir"] != "rtl" {
			t.Error("Arabic does not run from the right")
		}
		public.Look("/ms/es/signs/january-signs", "Uno.", "Día azul", "31 de enero de 2027")
		public.Look("/ms/en/signs", "About our signs", "Month of signs", "Write to us")
		w.shut = true
		if text := public.Look("/ms/en/signs").Main(); strings.Contains(text, "Write to us") {
			t.Error("a form that is closed is offered")
		}
		for _, form := range doc.All("form", "action", at+"/remove") {
			posted := url.Values{"kind": {hidden(form, "kind")}, "part": {hidden(form, "part")}}
			if doc := staff.PostForm(at+"/remove", posted); doc.Status != http.StatusSeeOther {
				t.Errorf("taking away %v: %d", posted, doc.Status)
			}
		}
		staff.Look(at, "No piece yet", "No line yet", "Nobody yet", "None yet")
	})
}

// hidden is the value of a hidden field of a form.
func hidden(form *webtest.Node, name string) string {
	for _, n := range form.All("input", "name", name) {
		return n.Attr["value"]
	}
	return ""
}

// piece posts a digital piece with its picture.
func (w *world) piece(c *webtest.Client, at string, file []byte) *webtest.Doc {
	w.t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for name, value := range map[string]string{"piece_title": "Piece of the test", "alt_en": "A field", "alt_es": "Un campo"} {
		check(w.t, m.WriteField(name, value))
	}
	f, err := m.CreateFormFile("file", "x.jpg")
	check(w.t, err)
	_, err = f.Write(file)
	check(w.t, err)
	check(w.t, m.Close())
	return c.Do(http.MethodPost, at+"/pieces", m.FormDataContentType(), &body)
}

// photo is a JPEG with words of a camera in it.
func photo(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	check(t, jpeg.Encode(&out, image.NewGray(image.Rect(0, 0, 60, 40)), nil))
	comment := []byte("CAMERA-OF-SOMEBODY GPS 32.29 -90.18")
	marked := append([]byte{0xFF, 0xD8, 0xFF, 0xFE, 0, byte(len(comment) + 2)}, comment...)
	return append(marked, out.Bytes()[2:]...)
}

// A picture goes out as it is seen and with nothing else; what only looks like one does not come in.
func TestPicturesAreWrittenAnew(t *testing.T) {
	w := one(t)
	c := w.make()
	at := "/staff/campaigns/" + c.ID.String()
	staff, public := w.as(lead), w.as(identity.Member{})
	if doc := w.piece(staff, at, photo(t)); doc.Status != http.StatusSeeOther {
		t.Fatalf("a picture: %d %s", doc.Status, doc.Main())
	}
	var id store.ID
	check(t, w.db.QueryRow(t.Context(), `select piece from campaign_file`).Scan(&id))
	if doc := public.GetDoc("/ms/signs/picture/" + id.String()); doc.Status != http.StatusNotFound {
		t.Errorf("the picture of a planned campaign is public: %d", doc.Status)
	}
	check(t, w.Advance(t.Context(), lead, c.ID, campaign.Running))
	doc := public.GetDoc("/ms/signs/picture/" + id.String())
	if doc.Status != http.StatusOK || doc.Header.Get("Content-Type") != "image/jpeg" || strings.Contains(doc.Body, "CAMERA") {
		t.Errorf("the picture: %d %v, with the camera's words: %v", doc.Status, doc.Header, strings.Contains(doc.Body, "CAMERA"))
	}
	if seen, form, err := image.DecodeConfig(strings.NewReader(doc.Body)); err != nil || form != "jpeg" || seen.Width != 60 {
		t.Errorf("it is %v %s, %v", seen, form, err)
	}
	if doc := w.piece(staff, at, inScans(t, 64)); doc.Status != http.StatusSeeOther {
		t.Errorf("a picture in 64 scans: %d %s", doc.Status, doc.Main())
	}
	half := photo(t)
	for name, file := range map[string][]byte{
		"words": []byte("<svg xmlns='http://www.w3.org/2000/svg'/>"), "cut off": half[:len(half)-20], "too large": make([]byte, 2<<20+1), "a bomb": bomb(t), "too many scans": inScans(t, 65), "GIF": []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"),
	} {
		if doc := w.piece(staff, at, file); doc.Status != http.StatusBadRequest && doc.Status != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: %d", name, doc.Status)
		}
	}
}

// inScans is a JPEG that is drawn over and over: small as it comes, and as much work as so many pictures.
func inScans(t *testing.T, n int) []byte {
	t.Helper()
	file := photo(t)
	begin, end := bytes.Index(file, []byte{0xFF, 0xDA}), len(file)-2
	return slices.Concat(file[:begin], bytes.Repeat(file[begin:end], n), file[end:])
}

// Whoever waits for another picture gives the place free when they go, and when it takes too long; nothing is saved.
func TestAPictureWaitsNoLongerThanItsSender(t *testing.T) {
	w := one(t)
	c := w.make()
	done, err := w.Draw(t.Context())
	check(t, err)
	gone, leave := context.WithCancel(t.Context())
	leave()
	add := func(ctx context.Context) error {
		return w.AddPiece(ctx, lead, c.ID, campaign.Piece{Title: "A picture", Alt: form.Text{"en": "x", "es": "x"}}, photo(t))
	}
	if err := add(gone); fault.KindOf(err) != fault.Overloaded {
		t.Errorf("who is gone is answered %v", err)
	}
	done()
	check(t, add(t.Context()))
	var n int
	check(t, w.db.QueryRow(t.Context(), `select count(*) from campaign_piece`).Scan(&n))
	if n != 1 {
		t.Errorf("%d pictures are kept", n)
	}
	synctest.Test(t, func(t *testing.T) {
		s, err := campaign.New(w.Config)
		check(t, err)
		if _, err := s.Draw(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := s.Draw(context.Background()); fault.KindOf(err) != fault.Overloaded {
			t.Errorf("who waits too long is answered %v", err)
		}
	})
}

// bomb is a small PNG that says it is very large.
func bomb(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	check(t, png.Encode(&out, image.NewGray(image.Rect(0, 0, 1, 1))))
	b := out.Bytes()
	copy(b[16:24], []byte{0, 0, 0x27, 0x10, 0, 0, 0x27, 0x10})
	sum := crc32.ChecksumIEEE(b[12:29])
	copy(b[29:33], []byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
	return b
}

// Figures count what the rooms count, from five up, and a piece that is taken away leads nowhere.
func TestFiguresAreCounts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx, c := t.Context(), w.make()
		check(t, w.AddPiece(ctx, lead, c.ID, campaign.Piece{Title: "A screen", Width: 600, Height: 315, Alt: form.Text{"en": "x", "es": "x"}}, nil))
		own, err := w.codes.Of(ctx, w.db, here, c.ID)
		check(t, err)
		for range 9 {
			w.codes.Count(own[0], "en")
			w.codes.Told(ctx, here, own[0].Text)
		}
		check(t, w.codes.Flush(ctx))
		w.clock.Advance(8 * 24 * time.Hour)
		w.hung = campaign.Placed{Planned: 400, Up: 12, Seen: 5, Inspected: 4}
		doc := w.as(lead).GetDoc("/staff/campaigns/" + c.ID.String())
		facts := doc.Main()
		for _, says := range []string{"Signs planned400", "Signs placed12", "Signs seen since5", "Signs inspectedfewer than 5", "Scans in these weeks9", "Reports that carried a code9"} {
			if !strings.Contains(bare(facts), bare(says)) {
				t.Errorf("the page does not say %q: %s", says, facts)
			}
		}
		// Half a year later they are still those of its own weeks.
		w.clock.Advance(200 * 24 * time.Hour)
		doc = w.as(lead).GetDoc("/staff/campaigns/" + c.ID.String())
		if text := bare(doc.Main()); !strings.Contains(text, bare("Scans in these weeks9")) || !strings.Contains(text, "2027-01-25") || strings.Contains(text, "2027-02-01") {
			t.Errorf("in June the page says %s", doc.Main())
		}
		part := hidden(doc.One("form", "action", fmt.Sprintf("/staff/campaigns/%s/remove", c.ID)), "part")
		id, err := store.ParseID(part)
		check(t, err)
		check(t, w.Remove(ctx, lead, c.ID, "piece", id))
		all, err := w.codes.Of(ctx, w.db, here, id)
		check(t, err)
		if len(all) != 1 || all[0].On {
			t.Errorf("the piece's code is %+v", all)
		}
	})
}

// bare is a text without its spaces.
func bare(text string) string { return strings.Join(strings.Fields(text), "") }

// Every amount that is written is read again to the cent.
func TestMoneyIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cents := rapid.Int64Range(0, 9_999_999_999_99).Draw(t, "cents")
		if got, ok := campaign.ParseMoney(campaign.Money(cents)); !ok || got != cents {
			t.Fatalf("%s is read as %d", campaign.Money(cents), got)
		}
	})
	for _, wrong := range []string{"12.5", "1,25", "1.250,50", "-3", "$", "1e3", "12.345", "99999999999"} {
		if got, ok := campaign.ParseMoney(wrong); ok {
			t.Errorf("%q is read as %d", wrong, got)
		}
	}
}

func TestWordsAreEasy(t *testing.T) {
	t.Parallel()
	webtest.CheckReading(t, webtest.Site(t, code.Strings(), campaign.Strings()).Catalog, 8, "campaign.")
}
