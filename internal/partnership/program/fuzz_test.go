// SPDX-License-Identifier: Apache-2.0

package program_test

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"waylight/internal/partnership/program"
)

// FuzzLoad gives the loader a pack in which one file is anything at all. It is
// either refused with a place in that pack, or routes every report to somebody.
func FuzzLoad(f *testing.F) {
	packs := mini(f)
	names := slices.Sorted(maps.Keys(packs))
	for i, name := range names {
		f.Add(uint8(i), packs[name].Data)
	}
	f.Add(uint8(0), []byte("a: &a [*a, *a]\n"))
	f.Add(uint8(5), []byte("{{{{{{{{{{[[[[[["))
	rules := uint8(slices.Index(names, "mini/rules/all.yaml"))
	f.Add(rules, []byte(`{rules: [{id: a, title: {en: A, es: A}, when: "((((((true))))))", duties: []}], examples: []}`))
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		packs := mini(t)
		packs[names[int(which)%len(names)]] = &fstest.MapFile{Data: data}
		set, err := program.Load(packs)
		if err != nil {
			if strings.TrimSpace(err.Error()) == "" {
				t.Fatal("refused without a word")
			}
			return
		}
		p, ok := set.Program("mini")
		if !ok {
			return // made into a base
		}
		for _, mode := range []string{program.Tip, program.Help} {
			for _, conflict := range [][]string{nil, {"police", "child_protection", "foster_care", "court", "helper"}} {
				e := program.Envelope{Version: 1, Mode: mode, Age: "unsure", Kind: "sex", Who: "me", Land: "unknown", Language: "en", Conflict: conflict}
				plan := p.Route(e, keyedAs(p))
				if len(plan.Deliveries) == 0 || !p.Offices[plan.Deliveries[0].Holder].Desk {
					t.Fatalf("%s %v reaches nobody who can open it: %+v", mode, conflict, plan)
				}
			}
		}
	})
}

// FuzzCondition gives the grammar anything at all: it is refused, or it is a
// condition whose rule loads and whose pack can be checked.
func FuzzCondition(f *testing.F) {
	for _, seed := range []string{
		"child", `kind in ["sex", "labor"] && !danger`, `happened.state != home && happened.county == "50001"`, `conflict == []`, `"police" in conflict`,
		`[1, 2].exists(x, x > 1)`, `happened`, `"a" + "b" == kind`, `kind == "labour"`, `true ? child : danger`, `'''\n'''`, `home == "VT"`, `(((((((((`,
	} {
		f.Add(seed)
	}
	clean := mini(f)
	template := clean["mini/rules/all.yaml"].Data
	f.Fuzz(func(t *testing.T, when string) {
		if strings.ContainsAny(when, "\n\r") {
			return
		}
		packs := maps.Clone(clean)
		quoted := "'" + strings.ReplaceAll(when, "'", "''") + "'"
		packs["mini/rules/all.yaml"] = &fstest.MapFile{Data: bytes.Replace(template, []byte("when: danger\n"), []byte("when: "+quoted+"\n"), 1)}
		_, err := program.Load(packs)
		if err != nil && !strings.Contains(err.Error(), "mini/") {
			t.Fatalf("refused without saying where: %v", err)
		}
	})
}
