// SPDX-License-Identifier: Apache-2.0

package poster_test

import (
	"testing"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/typeset"
	"waylight/programs"
)

// Every notice of the packs can be printed in every one of its languages, thin and
// bold: whoever changes its words learns here which letters the fonts lack.
func TestFontsHaveEveryNotice(t *testing.T) {
	t.Parallel()
	packs, err := program.Load(programs.FS)
	if err != nil {
		t.Fatal(err)
	}
	s := typeset.NewSetter()
	n := 0
	for _, id := range packs.IDs() {
		p, _ := packs.Program(id)
		for _, notice := range p.Notices {
			for lang, w := range notice.Words {
				for _, line := range append(append([]string{w.Heading, w.Scan}, w.Body...), w.Call...) {
					line = program.Fill(line, func(_, _ string) string { return "1-888" })
					for _, bold := range []bool{false, true} {
						n++
						if _, err := s.Shape(typeset.Text{Lang: lang, Bold: bold, Spans: []typeset.Span{{Text: line}}}); err != nil {
							t.Errorf("%s: %v; add it as docs/posters.md tells", notice.ID, err)
						}
					}
				}
			}
		}
	}
	if n < 100 {
		t.Errorf("only %d lines", n)
	}
}
