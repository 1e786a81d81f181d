// SPDX-License-Identifier: Apache-2.0

package program_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/place"
	"waylight/programs"
)

var shipped = sync.OnceValues(func() (*program.Set, error) { return program.Load(programs.FS) })

func mississippi(t testing.TB) *program.Program {
	t.Helper()
	set, err := shipped()
	if err != nil {
		t.Fatal(err)
	}
	p, ok := set.Program("ms")
	if !ok {
		t.Fatal("there is no program ms")
	}
	return p
}

func at(t testing.TB, text string) place.Place {
	t.Helper()
	p, err := place.ParsePlace(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// keyedAs says that the desks and some others have keys.
func keyedAs(p *program.Program, others ...string) func(string) bool {
	return func(id string) bool { return p.Offices[id].Desk || slices.Contains(others, id) }
}

// lawCase is one case as the law's people would tell it.
type lawCase struct {
	name     string
	envelope program.Envelope
	keyed    []string
}

func lawCases(t testing.TB) []lawCase {
	tip := func(change func(*program.Envelope)) program.Envelope {
		e := program.Envelope{Version: program.EnvelopeVersion, Mode: program.Tip, Age: "adult", Kind: "sex", Who: "saw", Land: "ordinary", Language: "en"}
		change(&e)
		return e
	}
	joined := []string{"mdcps", "mbi-coordinator", "mcaht"}
	return []lawCase{
		{"adult at a truck stop in DeSoto County", tip(func(e *program.Envelope) { e.Happened = at(t, "MS-28033") }), joined},
		{"child in farm work in Hinds County", tip(func(e *program.Envelope) {
			e.Happened, e.Age, e.Kind = at(t, "MS-28049"), "under18", "labor"
		}), joined},
		{"adult survivor asking for help", tip(func(e *program.Envelope) {
			e.Mode, e.Who, e.Consents = program.Help, "me", []string{"mcaht"}
		}), joined},
		{"child survivor asking for help", tip(func(e *program.Envelope) {
			e.Mode, e.Who, e.Age, e.Consents = program.Help, "me", "under18", []string{"mcaht"}
		}), joined},
		{"friend of an adult, asking for help", tip(func(e *program.Envelope) {
			e.Mode, e.Who, e.Consents = program.Help, "known", []string{"mcaht"}
		}), joined},
		{"friend of an adult, with a tip", tip(func(e *program.Envelope) { e.Who, e.Happened = "known", at(t, "MS-28033") }), joined},
		{"nurse about a child", tip(func(e *program.Envelope) { e.Who, e.Age, e.Happened = "job", "under18", at(t, "MS-28049") }), joined},
		{"a deputy reported", tip(func(e *program.Envelope) {
			e.Who, e.Happened, e.Conflict = "known", at(t, "MS-28033"), []string{"police"}
		}), joined},
		{"a deputy reported, about a child", tip(func(e *program.Envelope) {
			e.Age, e.Happened, e.Conflict = "under18", at(t, "MS-28033"), []string{"police"}
		}), joined},
		{"Choctaw land", tip(func(e *program.Envelope) {
			e.Who, e.Age, e.Land, e.Happened = "job", "under18", "tribal", at(t, "MS-28099")
		}), joined},
		{"happened in Memphis and lives in Southaven", tip(func(e *program.Envelope) {
			e.Age, e.Happened, e.Lives = "under18", at(t, "TN-47157"), at(t, "MS-28033")
		}), joined},
		{"place unknown", tip(func(e *program.Envelope) { e.Land = "unknown" }), joined},
		{"foster child missing", tip(func(e *program.Envelope) {
			e.Missing, e.Age, e.Who, e.Kind, e.Lives = true, "under18", "known", "unsure", at(t, "MS-28049")
		}), joined},
		{"child survivor, before any office has joined", tip(func(e *program.Envelope) {
			e.Mode, e.Who, e.Age = program.Help, "me", "unsure"
		}), nil},
	}
}

// Whom each case reaches, by when, by what right, and whose clocks follow. The
// file is read by people: a change in it is a change of who is told.
func TestLawCases(t *testing.T) {
	t.Parallel()
	p := mississippi(t)
	var b strings.Builder
	for _, c := range lawCases(t) {
		if err := c.envelope.Validate(p); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		describe(&b, c.name, p.Route(c.envelope, keyedAs(p, c.keyed...)))
	}
	const file = "testdata/law.golden"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}

func describe(b *strings.Builder, name string, plan program.Plan) {
	fmt.Fprintf(b, "%s\n", name)
	for _, d := range plan.Deliveries {
		fmt.Fprintf(b, "  we tell     %s%s", d.Recipient, within(d.Duty))
		if d.Relay {
			fmt.Fprintf(b, "; %s reads it and passes it on by %s", d.Holder, strings.Join(d.Means, ", "))
		}
		if d.InPlaceOf != "" {
			fmt.Fprintf(b, "; in place of %s", d.InPlaceOf)
		}
		if d.Courtesy {
			b.WriteString("; courtesy")
		}
		b.WriteString("\n")
	}
	for _, d := range plan.Reporter {
		fmt.Fprintf(b, "  sender owes %s%s\n", d.Recipient, within(d))
	}
	for _, d := range plan.Reminders {
		fmt.Fprintf(b, "  reminder    %s tells %s%s, from %s at %s\n", d.Obligor, d.Recipient, within(d), d.Starts.Kind, d.Starts.Office)
	}
	b.WriteString("\n")
}

func within(d program.Duty) string {
	when := " within " + strings.TrimSuffix(d.Limit.String(), "0m0s")
	if d.AtOnce {
		when = " at once"
	}
	return fmt.Sprintf("%s (%s: %s)", when, d.LimitBy, strings.Join(d.Basis, ", "))
}

// The clocks of Mississippi's law, one by one: whose they are, and from when
// they run. None of child protection's clocks runs from our acceptance.
func TestClocksOfAChildReport(t *testing.T) {
	t.Parallel()
	p := mississippi(t)
	e := program.Envelope{Version: 1, Mode: program.Tip, Age: "under18", Kind: "sex", Who: "known", Land: "ordinary", Language: "en",
		Happened: at(t, "MS-28049")}
	plan := p.Route(e, keyedAs(p))
	ours := plan.Deliveries[0]
	if ours.Recipient != "mdcps" || !ours.AtOnce || ours.LimitBy != "law" || !ours.Compelled || ours.Limit != time.Hour || ours.Starts.Kind != program.Accepted {
		t.Errorf("our own duty: %+v", ours)
	}
	for _, want := range []struct {
		obligor, recipient, starts string
		atOnce                     bool
		limit                      time.Duration
	}{
		{"mdcps", "local-police", "delivered mdcps", true, time.Hour},
		{"mdcps", "youth-court", "delivered mdcps", true, time.Hour},
		{"mdcps", "district-attorney", "delivered mdcps", false, 24 * time.Hour},
		{"mdcps", "local-police", "delivered mdcps", false, 24 * time.Hour},
		{"mdcps", "mbi-coordinator", "delivered mdcps", false, 48 * time.Hour},
		{"mdcps", "district-attorney", "delivered mdcps", false, 48 * time.Hour},
		{"mdcps", "youth-court", "delivered mdcps", false, 72 * time.Hour},
		{"mdcps", "local-police", "identified mdcps", false, 24 * time.Hour},
		{"local-police", "district-attorney", "delivered local-police", false, 24 * time.Hour},
	} {
		if !slices.ContainsFunc(plan.Reminders, func(d program.Duty) bool {
			return d.Obligor == want.obligor && d.Recipient == want.recipient && d.Starts.Kind+" "+d.Starts.Office == want.starts &&
				d.AtOnce == want.atOnce && d.Limit == want.limit && d.LimitBy == "law"
		}) {
			t.Errorf("there is no reminder %+v", want)
		}
	}
	for _, d := range plan.Reminders {
		if d.Starts.Kind == program.Accepted {
			t.Errorf("%s's clock runs from our acceptance", d.Obligor)
		}
	}
	started := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	if got := ours.Due(started); !got.Equal(started.Add(time.Hour)) {
		t.Errorf("due at %v", got)
	}
}

// No office that an adult survivor did not pick learns of a request for help,
// whatever else is in the envelope and whoever has a key.
func TestAdultSurvivorDecides(t *testing.T) {
	t.Parallel()
	p := mississippi(t)
	everybody := func(string) bool { return true }
	for _, danger := range []bool{false, true} {
		for _, land := range []string{"ordinary", "tribal", "military", "federal", "unknown"} {
			for _, happened := range []string{"", "MS-28033", "TN-47157"} {
				e := program.Envelope{Version: 1, Mode: program.Help, Age: "adult", Who: "me", Kind: "both", Land: land, Danger: danger,
					Happened: at(t, happened), Language: "es"}
				if plan := p.Route(e, everybody); len(plan.Deliveries) != 1 || plan.Deliveries[0].Recipient != "help-desk" || plan.Reporter != nil {
					t.Errorf("%s %s: %+v", land, happened, plan)
				}
				e.Consents = []string{"mcaht"}
				plan := p.Route(e, everybody)
				if !slices.Equal(plan.Readers, []string{"mcaht"}) {
					t.Errorf("%s %s: read by %v", land, happened, plan.Readers)
				}
				want := 24 * time.Hour
				if danger {
					want = time.Hour
				}
				if plan.Deliveries[0].Limit != want {
					t.Errorf("danger %v: within %v", danger, plan.Deliveries[0].Limit)
				}
			}
		}
	}
}

// Help is offered only where a helper can open it and a desk that is not police
// can pass on what the law compels.
func TestHelpIsOfferedOnlyWhereItIsThere(t *testing.T) {
	t.Parallel()
	p := mississippi(t)
	for _, c := range []struct {
		keyed []string
		want  bool
	}{
		{nil, false},
		{[]string{"mcaht"}, false},
		{[]string{"mcaht", "mbi-desk"}, false},
		{[]string{"help-desk", "mbi-desk", "mdcps"}, false},
		{[]string{"mcaht", "help-desk"}, true},
	} {
		offices := p.HelpOffices(func(id string) bool { return slices.Contains(c.keyed, id) })
		if (len(offices) > 0) != c.want {
			t.Errorf("%v: %d offices offered", c.keyed, len(offices))
		}
		if c.want && (offices[0].ID != "mcaht" || !slices.ContainsFunc(offices, func(o program.Office) bool { return o.ID == "hsi" })) {
			t.Errorf("%v: %v", c.keyed, offices)
		}
	}
}

// Readers must not depend on who asks twice, and a plan names its pack.
func TestPlanNamesItsPack(t *testing.T) {
	t.Parallel()
	p := mississippi(t)
	for _, c := range lawCases(t) {
		keyed := keyedAs(p, c.keyed...)
		a, b := p.Route(c.envelope, keyed), p.Route(c.envelope, keyed)
		if diff := cmp.Diff(a, b); diff != "" {
			t.Errorf("%s: two plans:\n%s", c.name, diff)
		}
		if a.Version != p.Version || !strings.HasPrefix(a.Version, "ms-") {
			t.Errorf("%s: version %q", c.name, a.Version)
		}
	}
}

func BenchmarkRoute(b *testing.B) {
	p := mississippi(b)
	for _, c := range lawCases(b) {
		keyed := map[string]bool{"mbi-desk": true, "help-desk": true, "mdcps": true}
		b.Run(strings.ReplaceAll(c.name, " ", "_"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Route(c.envelope, func(id string) bool { return keyed[id] })
			}
		})
	}
}
