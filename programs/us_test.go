// SPDX-License-Identifier: Apache-2.0

package programs_test

import (
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/place"
	"waylight/programs"
)

func load(t testing.TB) *program.Set {
	t.Helper()
	set, err := program.Load(programs.FS)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// deskOnly is the world on the first day: nobody but the desks has a key.
func deskOnly(p *program.Program) func(string) bool {
	return func(office string) bool { return p.Offices[office].Desk }
}

// A report about any other state must reach that state: its child protection and
// whoever answers about trafficking there, passed on by a desk.
func TestEveryStateIsReached(t *testing.T) {
	t.Parallel()
	set := load(t)
	for _, id := range set.IDs() {
		p, _ := set.Program(id)
		for _, s := range place.States() {
			if s.Code == p.State {
				continue
			}
			for _, at := range places(s) {
				happened := program.Envelope{Version: program.EnvelopeVersion, Mode: program.Tip, Age: "under18", Kind: "unsure",
					Who: "saw", Land: "ordinary", Language: "en", Happened: at}
				now := happened
				now.Happened, now.Now = place.Place{}, at
				for _, e := range []program.Envelope{happened, now} {
					reached(t, p, e, strings.ToLower(s.Code))
				}
			}
		}
	}
}

// places are the state, and a county of it where it has any.
func places(s place.State) []place.Place {
	list := []place.Place{{State: s.Code}}
	if counties := place.Counties(s.Code); len(counties) > 0 {
		list = append(list, place.Place{State: s.Code, County: counties[len(counties)-1].FIPS})
	}
	return list
}

func reached(t *testing.T, p *program.Program, e program.Envelope, state string) {
	t.Helper()
	told := map[string]program.Delivery{}
	for _, d := range p.Route(e, deskOnly(p)).Deliveries {
		told[d.Recipient] = d
	}
	trafficking := "national-hotline"
	if _, ok := p.Offices[state+"-trafficking"]; ok {
		trafficking = state + "-trafficking"
	}
	for _, office := range []string{state + "-child-protection", trafficking} {
		d, ok := told[office]
		if !ok || !d.Relay || !p.Offices[d.Holder].Desk {
			t.Errorf("%s: %s is not told by a desk of what happened in %v (now %v)", p.ID, office, e.Happened, e.Now)
		}
	}
}

// A number that disagrees with another source is marked so, and no number of the
// base claims more than where it was seen: nobody of this project has called any.
func TestNumbersSayHowFarToTrustThem(t *testing.T) {
	t.Parallel()
	printed := []string{"emergency-911", "national-hotline", "ms-child-abuse", "ms-trafficking"}
	contradicted := []string{"co-child-abuse", "ga-child-abuse", "gu-child-abuse", "id-child-abuse", "md-child-abuse"}
	for _, c := range baseChannels(t) {
		want := "draft"
		switch {
		case slices.Contains(printed, c.ID):
			want = "printed"
		case slices.Contains(contradicted, c.ID):
			want = "contradicted"
		}
		if c.State != want {
			t.Errorf("%s is %s, want %s", c.ID, c.State, want)
		}
		if conflict := strings.Contains(c.Note, "CONFLICT"); conflict != (want == "contradicted") && c.ID != "ms-child-abuse" {
			t.Errorf("%s is %s, its note says %q", c.ID, c.State, c.Note)
		}
		if c.Public && c.Jurisdiction != "US" {
			t.Errorf("%s: another state's line would stand on every program's page", c.ID)
		}
	}
}

// The numbers that the statement of January 2026 prints, digit by digit.
func TestPrintedNumbers(t *testing.T) {
	t.Parallel()
	want := map[string][2]string{
		"emergency-911":    {"911", ""},
		"national-hotline": {"1-888-373-7888", "233733"},
		"ms-trafficking":   {"1-601-987-1671", ""},
		"ms-child-abuse":   {"1-800-222-8000", ""},
	}
	for _, c := range baseChannels(t) {
		if w, ok := want[c.ID]; ok && (c.Phone != w[0] || c.Text != w[1]) {
			t.Errorf("%s is %s, text %q", c.ID, c.Phone, c.Text)
		}
		delete(want, c.ID)
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
}

// An agency with powers over people's papers is told by name only, and its lines
// are not shown to the public as ones to call.
func TestNobodyMeetsThatAgencyUnasked(t *testing.T) {
	t.Parallel()
	set := load(t)
	for _, id := range set.IDs() {
		p, _ := set.Program(id)
		hsi := p.Offices["hsi"]
		if !hsi.ByNameOnly || hsi.Helper || hsi.Desk {
			t.Errorf("%s: %+v", id, hsi)
		}
		for _, channel := range hsi.Channels {
			if p.Channels[channel].Public {
				t.Errorf("%s: %s is shown to the public", id, channel)
			}
		}
	}
}

// channel is what these tests read of a channel as written. They read the files
// themselves: a program leaves the lines of its own state out of the base.
type channel struct {
	ID, Jurisdiction, State, Phone, Text, Note string
	Public                                     bool
}

func baseChannels(t *testing.T) []channel {
	t.Helper()
	var all []channel
	for _, name := range []string{"us/channels.yaml", "us/channels/child-abuse.yaml", "us/channels/trafficking.yaml"} {
		data, err := programs.FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var file struct{ Channels []channel }
		if err := yaml.Unmarshal(data, &file); err != nil {
			t.Fatal(err)
		}
		all = append(all, file.Channels...)
	}
	if len(all) != 82 {
		t.Errorf("%d channels, want 82", len(all))
	}
	return all
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		load(b)
	}
}
