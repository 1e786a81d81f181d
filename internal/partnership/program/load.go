// SPDX-License-Identifier: Apache-2.0

package program

import (
	"io/fs"
	"maps"
	"strings"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/form"
)

// Refused is the error of packs that cannot be used: everything that is wrong
// with them.
type Refused struct{ Problems []Problem }

// Error lists the problems, a line each.
func (r *Refused) Error() string {
	lines := make([]string, len(r.Problems))
	for i, p := range r.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// refusedPacks is what a person is told when packs are refused.
var refusedPacks = fault.New(fault.Invalid, "pack_refused",
	"The program's files are not in order. Nothing was started. The lines below say what is wrong and where.")

// Load reads the packs in embedded, each folder with a program.yaml being one.
// The files of an override replace those of the same path and may add others.
// What it returns has passed everything but the walk over all envelopes (see
// [Check]): every reference, every condition and every example.
func Load(embedded fs.FS, overrides ...fs.FS) (*Set, error) {
	all, wrong, err := gather(append([]fs.FS{embedded}, overrides...)...)
	if err != nil {
		return nil, err
	}
	set := loadAll(all, wrong)
	if len(wrong.list) > 0 {
		return nil, refusedPacks.With(&Refused{Problems: wrong.list})
	}
	return set, nil
}

// loadAll builds every program it can and collects what is wrong.
func loadAll(all files, wrong *faults) *Set {
	all.strays(wrong)
	raw := map[string]*pack{}
	for _, id := range all.packs() {
		raw[id] = readPack(all, id, wrong)
	}
	set := &Set{programs: map[string]*Program{}}
	if len(raw) == 0 {
		wrong.add(mark{}, "there is no pack here: no folder holds a program.yaml")
	}
	readable := len(wrong.list) == 0
	for _, id := range sortedKeys(raw) {
		own := raw[id]
		if own.head.Base {
			continue
		}
		base, ok := baseOf(raw, own)
		if !ok {
			wrong.add(own.head.At, "builds_on: there is no base %q", own.head.BuildsOn)
			continue
		}
		if !readable {
			continue // what cannot be read cannot be put together
		}
		p := assemble(own, base, wrong)
		p.Version = all.version(id, id, own.head.BuildsOn)
		if len(wrong.list) == 0 {
			p.runExamples(own, base, wrong)
		}
		set.programs[id] = p
		set.ids = append(set.ids, id)
	}
	return set
}

// baseOf is what a pack builds on; an empty pack when it stands alone.
func baseOf(raw map[string]*pack, own *pack) (*pack, bool) {
	if own.head.BuildsOn == "" {
		return &pack{}, true
	}
	base, ok := raw[own.head.BuildsOn]
	return base, ok && base.head.Base
}

// pack is one folder as written.
type pack struct {
	head     programFile
	offices  []officeRow
	channels []channelRow
	laws     []lawRow
	holidays []holidayRow
	ladder   *ladderFile // nil: there is none
	courts   courtsFile
	rules    []ruleRow
	examples []rulesFile // each file's examples, with where the file is
	notices  []noticeRow
	reading  map[string]readingRow
	told     map[string]form.Text
	toldAt   mark
	form     []byte
	formFile string
}

func readPack(all files, id string, wrong *faults) *pack {
	p := &pack{told: map[string]form.Text{}, reading: map[string]readingRow{}}
	decode(all[id+"/program.yaml"], id+"/program.yaml", &p.head, wrong)
	if p.head.ID != id {
		wrong.add(p.head.At, "id: must be the folder's name, %q", id)
	}
	for _, name := range all.of(id, "offices") {
		var f officesFile
		decode(all[name], name, &f, wrong)
		p.offices = append(p.offices, f.Offices...)
	}
	for _, name := range all.of(id, "channels") {
		var f channelsFile
		decode(all[name], name, &f, wrong)
		p.channels = append(p.channels, f.Channels...)
	}
	for _, name := range all.of(id, "laws") {
		var f lawsFile
		decode(all[name], name, &f, wrong)
		p.laws = append(p.laws, f.Laws...)
	}
	for _, name := range all.of(id, "holidays") {
		var f holidaysFile
		decode(all[name], name, &f, wrong)
		p.holidays = append(p.holidays, f.Holidays...)
	}
	for _, name := range all.of(id, "ladder") {
		p.ladder = &ladderFile{}
		decode(all[name], name, p.ladder, wrong)
	}
	if name := id + "/courts.yaml"; all[name] != nil {
		decode(all[name], name, &p.courts, wrong)
	}
	for _, name := range all.of(id, "rules") {
		var f rulesFile
		decode(all[name], name, &f, wrong)
		p.rules = append(p.rules, f.Rules...)
		p.examples = append(p.examples, f)
	}
	for _, name := range all.of(id, "notices") {
		var f noticesFile
		decode(all[name], name, &f, wrong)
		p.notices = append(p.notices, f.Notices...)
		maps.Copy(p.reading, f.Reading)
	}
	for _, name := range all.of(id, "told") {
		var f toldFile
		decode(all[name], name, &f, wrong)
		p.told, p.toldAt = f.Told, f.At
	}
	for _, name := range all.of(id, "form") {
		p.form, p.formFile = all[name], name
	}
	return p
}
