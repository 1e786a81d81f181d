// SPDX-License-Identifier: Apache-2.0

package poster_test

import (
	"fmt"
	"io"
	"testing"

	"waylight/internal/partnership/program"
	"waylight/internal/prevention/poster"
	"waylight/programs"
)

// BenchmarkLetter prints letter sheets in seven languages of six scripts, with a code,
// each a document of its own; what they share is laid out once.
func BenchmarkLetter(b *testing.B) {
	set, err := program.Load(programs.FS)
	if err != nil {
		b.Fatal(err)
	}
	p, _ := set.Program("ms")
	n, _ := p.Notice("us-station")
	letter, _ := poster.SizeOf("letter")
	press := poster.NewPress()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		code := fmt.Sprintf("%05d", i%100000)
		s := poster.Sheet{Notice: n, Languages: poster.Languages(n), Size: letter, Place: "Stop " + code, Code: code, CodeOn: true,
			Address: "tip.ms.gov/q/" + code, URL: "https://tip.ms.gov/q/" + code, Lines: verified(p), Day: day}
		if err := press.PDF(io.Discard, s); err != nil {
			b.Fatal(err)
		}
	}
}
