// SPDX-License-Identifier: Apache-2.0

package program_test

import (
	"slices"
	"testing"
	"testing/fstest"

	"waylight/internal/partnership/program"
)

func shown(p *program.Program, demo bool, change map[string]program.ChannelState) []string {
	var ids []string
	for _, c := range p.PublicLines(func(id string) program.ChannelState {
		if s, ok := change[id]; ok {
			return s
		}
		return p.Channels[id].State
	}, demo) {
		ids = append(ids, c.ID)
	}
	return ids
}

// Who meets the page is told 911 first, then the national line, then the state's;
// and never a number that nobody has called, unless it is a demo that says so.
func TestPublicLines(t *testing.T) {
	t.Parallel()
	p := mississippi(t)
	for _, c := range []struct {
		name   string
		demo   bool
		change map[string]program.ChannelState
		want   []string
	}{
		{"before anybody has called or attested", false, nil, nil},
		{"once 911 is attested", false, map[string]program.ChannelState{"emergency-911": program.Verified}, []string{"emergency-911"}},
		{"in the demo", true, nil, []string{"emergency-911", "national-hotline", "mdcps-line", "mbi-line"}},
		{"once called", false, map[string]program.ChannelState{"mdcps-line": program.Verified, "national-hotline": program.Verified}, []string{"national-hotline", "mdcps-line"}},
		{"called too long ago", false, map[string]program.ChannelState{"mbi-line": program.Expired}, []string{"mbi-line"}},
		{"found wrong", true, map[string]program.ChannelState{"mdcps-line": program.Contradicted, "mbi-line": program.Withdrawn}, []string{"emergency-911", "national-hotline"}},
		{"911 and the national line stay whatever is said of them", false,
			map[string]program.ChannelState{"emergency-911": program.Withdrawn, "national-hotline": program.Contradicted}, []string{"emergency-911", "national-hotline"}},
	} {
		if got := shown(p, c.demo, c.change); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	for _, c := range p.PublicLines(func(string) program.ChannelState { return program.Verified }, false) {
		if c.State != program.Verified {
			t.Errorf("%s is shown as %s", c.ID, c.State)
		}
		if c.ID == "ms-vulnerable-adults" || c.ID == "hsi-tip-line" {
			t.Errorf("%s is not for the public", c.ID)
		}
	}
}

// A line that was replaced goes as soon as its replacement can be shown.
func TestLifelineReplaced(t *testing.T) {
	t.Parallel()
	packs := mini(t)
	packs["mini/channels/new.yaml"] = &fstest.MapFile{Data: []byte(`channels:
  - {id: new-line, jurisdiction: US, kind: trafficking, name: {en: New line, es: Línea nueva}, phone: 1-800-555-0177, state: printed, public: true, lifeline: true, sources: [{name: A statement}]}
`)}
	packs["base/channels.yaml"] = &fstest.MapFile{Data: append(packs["base/channels.yaml"].Data, []byte(`  - {id: old-line, jurisdiction: US, kind: trafficking, name: {en: Old line, es: Línea vieja}, phone: 1-800-555-0178, state: withdrawn, replaced_by: new-line, public: true, lifeline: true, sources: [{name: A statement}]}
`)...)}
	set, err := program.Load(packs)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := set.Program("mini")
	if got := shown(p, false, nil); !slices.Contains(got, "old-line") {
		t.Errorf("gone before its replacement can be shown: %v", got)
	}
	if got := shown(p, false, map[string]program.ChannelState{"new-line": program.Verified}); slices.Contains(got, "old-line") || !slices.Contains(got, "new-line") {
		t.Errorf("still there: %v", got)
	}
}
