// SPDX-License-Identifier: Apache-2.0

package program

import (
	"fmt"
	"io"
	"io/fs"
	"slices"

	"waylight/internal/platform/fault"
)

// Check reads the packs in fsys, a folder for each, and proves of every program
// what docs/spec/pack.md promises. It writes what is wrong to w, a line each, or
// what it looked at when all is well.
func Check(fsys fs.FS, w io.Writer) (problems int, err error) {
	all, wrong, err := gather(fsys)
	if err != nil {
		return 0, err
	}
	set := loadAll(all, wrong)
	var lines []string
	for _, id := range all.packs() {
		if _, ok := set.programs[id]; !ok {
			lines = append(lines, id+": read; a base is proved together with the programs that build on it")
		}
	}
	for _, id := range set.ids {
		if len(wrong.list) > 0 {
			break // what does not load cannot be reasoned about
		}
		p := set.programs[id]
		envelopes, plans := p.prove(mark{file: id + "/program.yaml"}, wrong)
		lines = append(lines, fmt.Sprintf("%s: %d offices, %d channels, %d laws (%d unverified), %d rules, %d holidays; %d envelopes, %d plans: in order",
			id, len(p.Offices), len(p.Channels), len(p.Laws), p.unverified(), len(p.Rules), len(p.Holidays), envelopes, plans))
	}
	return report(wrong, lines, w)
}

func (p *Program) unverified() int {
	n := 0
	for _, l := range p.Laws {
		if l.Status != "checked" {
			n++
		}
	}
	return n
}

// report writes the problems, each once and in the files' order, or the lines.
func report(wrong *faults, lines []string, w io.Writer) (int, error) {
	list := slices.Clone(wrong.list)
	slices.SortFunc(list, byPlace)
	list = slices.Compact(list)
	for _, p := range list {
		_, err := fmt.Fprintln(w, p)
		if err != nil {
			return len(list), fault.Wrap(err, "writing what is wrong")
		}
	}
	if len(list) > 0 {
		return len(list), nil
	}
	for _, line := range lines {
		_, err := fmt.Fprintln(w, line)
		if err != nil {
			return 0, fault.Wrap(err, "writing what was checked")
		}
	}
	return 0, nil
}
