// SPDX-License-Identifier: Apache-2.0

package program_test

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"waylight/internal/partnership/program"
	"waylight/programs"
)

var inventedNumber = regexp.MustCompile(`555-01\d\d$`)

// The demo's offices are invented and say so, have no number that could ring,
// and act as the real ones would.
func TestDemoIsInvented(t *testing.T) {
	t.Parallel()
	overlay, err := programs.Demo()
	if err != nil {
		t.Fatal(err)
	}
	set, err := program.Load(programs.FS, overlay)
	if err != nil {
		t.Fatal(err)
	}
	demo, _ := set.Program("ms")
	real := mississippi(t)
	if !demo.Demo || real.Demo {
		t.Errorf("demo %v, real %v", demo.Demo, real.Demo)
	}
	for _, id := range demo.OfficeOrder {
		o := demo.Offices[id]
		if o.State != "MS" {
			continue // another state's office, or a national one
		}
		if !o.Invented || !strings.Contains(o.Name.In("en"), "invented") || !strings.Contains(o.Name.In("es"), "inventad") {
			t.Errorf("%s does not say that it is invented: %v", id, o.Name)
		}
		for _, channel := range o.Channels {
			if c := demo.Channels[channel]; !inventedNumber.MatchString(c.Phone) || c.URL+c.Email+c.Text != "" || c.Public {
				t.Errorf("%s has a channel that could reach somebody: %+v", id, c)
			}
		}
	}
	for id, o := range real.Offices {
		d := demo.Offices[id]
		if got, want := powers(d), powers(o); got != want {
			t.Errorf("%s is %s in the demo and %s in truth", id, got, want)
		}
		if o.Invented {
			t.Errorf("%s is invented and stands in the real program", id)
		}
	}
	for _, c := range lawCases(t) {
		a, b := real.Route(c.envelope, keyedAs(real, c.keyed...)), demo.Route(c.envelope, keyedAs(demo, c.keyed...))
		if !slices.Equal(a.Readers, b.Readers) || len(a.Deliveries) != len(b.Deliveries) {
			t.Errorf("%s goes another way in the demo", c.name)
		}
	}
	var lines bytes.Buffer
	for _, c := range demo.PublicLines(nil, true) {
		fmt.Fprintln(&lines, c.ID)
	}
	if lines.String() != "emergency-911\nnational-hotline\nmdcps-line\nmbi-line\n" {
		t.Errorf("the demo shows the public\n%s", lines.String())
	}
}

func powers(o program.Office) string {
	return fmt.Sprint(o.Kind, o.Police, o.ByNameOnly, o.Desk, o.Helper, o.Consent, o.Alternates, o.State, o.Role)
}
