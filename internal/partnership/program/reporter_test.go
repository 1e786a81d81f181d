// SPDX-License-Identifier: Apache-2.0

package program_test

import (
	"slices"
	"testing"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/place"
)

// Every answer that can change who is told, in every combination: no office of a
// kind that is accused is in the audience of the reporter's own part, nobody is
// in it who does not hold the report, no police in help mode whom neither the
// sender nor a law named, and there is always somebody.
func TestWhoReadsTheNameInMississippi(t *testing.T) {
	t.Parallel()
	p := mississippi(t)
	home, away := at(t, "MS-28049"), at(t, "TN")
	tried := 0
	for _, e := range everyEnvelope(p, []place.Place{{}, home, away}) {
		for _, keyed := range []func(string) bool{
			func(string) bool { return true }, keyedAs(p), keyedAs(p, "mdcps", "mcaht"), func(id string) bool { return id == "help-desk" },
		} {
			tried++
			plan := p.Route(e, keyed)
			if len(plan.Audience) == 0 || !slices.ContainsFunc(plan.Audience, keyed) {
				t.Fatalf("%+v: nobody reads the name: %v", e, plan.Audience)
			}
			for _, id := range plan.Audience {
				o := p.Offices[id]
				named := slices.ContainsFunc(plan.Deliveries, func(d program.Delivery) bool {
					return d.Recipient == id && (d.Compelled || slices.Contains(e.Consents, id))
				})
				switch {
				case slices.Contains(e.Conflict, o.Kind):
					t.Fatalf("%+v: accused %s reads the name", e, id)
				case !p.MayName(e, id):
					t.Fatalf("%+v: %s reads the name and may not be given it", e, id)
				case !slices.Contains(plan.Readers, id):
					t.Fatalf("%+v: %s reads the name and not the report", e, id)
				case e.Mode == program.Help && o.Police && !named:
					t.Fatalf("%+v: police %s read who asks for help", e, id)
				}
			}
		}
	}
	if tried < 36_000 {
		t.Errorf("only %d plans were looked at", tried)
	}
}

// everyEnvelope lists the envelopes that differ in what a plan can depend on.
func everyEnvelope(p *program.Program, places []place.Place) []program.Envelope {
	kinds := []string{"police", "child_protection", "foster_care", "court", "helper"}
	var out []program.Envelope
	for accused := range 1 << len(kinds) {
		var conflict []string
		for i, kind := range kinds {
			if accused&(1<<i) != 0 {
				conflict = append(conflict, kind)
			}
		}
		for _, mode := range []string{program.Tip, program.Help} {
			for _, age := range []string{"under18", "adult", "unsure"} {
				for _, who := range []string{"me", "job"} {
					for _, land := range []string{"ordinary", "tribal", "military", "federal"} {
						for _, missing := range []bool{false, true} {
							for _, at := range places {
								e := program.Envelope{Version: program.EnvelopeVersion, Mode: mode, Age: age, Who: who, Land: land, Missing: missing,
									Kind: "both", Happened: at, Now: at, Conflict: conflict, Language: "en"}
								if mode == program.Help {
									e.Consents = []string{"mcaht", "mbi-coordinator"}
								}
								out = append(out, e)
							}
						}
					}
				}
			}
		}
	}
	return out
}

// MayName is what a member who passes a name on is held to.
func TestMayName(t *testing.T) {
	t.Parallel()
	p := mississippi(t)
	accused := program.Envelope{Conflict: []string{"child_protection"}}
	for office, want := range map[string]bool{"mdcps": false, "mbi-coordinator": true, "nobody": false, "": false} {
		if got := p.MayName(accused, office); got != want {
			t.Errorf("%s: %v", office, got)
		}
	}
}
