// SPDX-License-Identifier: Apache-2.0

package figure

import "testing"

func TestASumIsKnownNoBetterThanItsParts(t *testing.T) {
	all := []Qualifier{Exact, AtLeast, MoreThan, About, CloseTo}
	for _, a := range all {
		if a.And(Exact) != a || Exact.And(a) != a || a.And(a) != a {
			t.Errorf("%q with what is exact, or itself, is not %q", a, a)
		}
		for _, b := range all {
			if a.And(b) != b.And(a) {
				t.Errorf("%q and %q depend on their order", a, b)
			}
			for _, c := range all {
				if a.And(b).And(c) != a.And(b.And(c)) {
					t.Errorf("%q, %q, %q: the sum depends on how it is added up", a, b, c)
				}
			}
		}
	}
	if got := MoreThan.And(AtLeast); got != AtLeast {
		t.Errorf("two lower bounds give %q", got)
	}
	if got := AtLeast.And(CloseTo); got != About {
		t.Errorf("a lower bound and a rough figure give %q", got)
	}
}
