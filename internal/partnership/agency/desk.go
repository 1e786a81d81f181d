// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"slices"

	"waylight/internal/partnership/program"
)

// accusable are the kinds of office that a sender can accuse: nobody of an
// accused kind may read the report.
func accusable() []string {
	return []string{program.Police, program.ChildProtection, program.FosterCare, program.Court, program.HelperKind}
}

// readsAll says whether a desk may read every report: whoever is accused, all at
// once too, and also when somebody asks for help and wants no police.
func readsAll(o program.Office) bool { return !o.Police && !slices.Contains(accusable(), o.Kind) }

// Desk is the desk that stands behind the public form: the first of the pack's
// that can open reports, else the first that joined, else the pack's first.
func (s *Service) Desk(prog string) string {
	p, err := s.program(prog)
	if err != nil {
		return ""
	}
	return s.directory(prog).fittest(p.Desks)
}

// lastResort is the desk that takes what no other desk may read. Without it a
// report that accuses the police could have no reader at all.
func (s *Service) lastResort(p *program.Program) string {
	return s.directory(p.ID).fittest(desksForAll(p))
}

func desksForAll(p *program.Program) []string {
	return slices.DeleteFunc(slices.Clone(p.Desks), func(d string) bool { return !readsAll(p.Offices[d]) })
}

func (d *directory) fittest(desks []string) string {
	if len(desks) == 0 {
		return ""
	}
	for _, fit := range []func(string) bool{
		func(desk string) bool { return d.keys[desk].usable() },
		func(desk string) bool { return d.joined[desk] },
	} {
		if i := slices.IndexFunc(desks, fit); i >= 0 {
			return desks[i]
		}
	}
	return desks[0]
}

// everyReportRead says whether each report would find a desk that may read it and
// has a usable key, also without the office named (or "").
func (d *directory) everyReportRead(p *program.Program, without string) bool {
	return slices.ContainsFunc(desksForAll(p), func(desk string) bool { return desk != without && d.keys[desk].usable() })
}
