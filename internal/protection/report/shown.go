// SPDX-License-Identifier: Apache-2.0

package report

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"waylight/internal/partnership/program"
)

// shown remembers exactly what a sender was shown, so that nothing goes to
// anybody who was not named: a digest of what the answers lead to, and a short
// one of each way that was named.
type shown struct {
	base string
	ways []string
}

func newShown(base program.Plan) shown {
	var all []string
	for _, d := range base.Deliveries {
		all = append(all, way(d))
	}
	for _, d := range base.Reporter {
		all = append(all, "own "+d.Recipient)
	}
	return shown{base: short(strings.Join(all, "\n"))}
}

func (s *shown) add(d program.Delivery) {
	if w := short(way(d)); !slices.Contains(s.ways, w) {
		s.ways = append(s.ways, w)
	}
}

func (s shown) String() string {
	slices.Sort(s.ways)
	return s.base + "." + strings.Join(s.ways, ".")
}

// covers says whether what was shown, as it came back, names everybody that the
// plan tells, and the answers still lead to what they led to then.
func (s shown) covers(plan program.Plan, returned string) bool {
	parts := strings.Split(returned, ".")
	if parts[0] != s.base {
		return false
	}
	for _, d := range plan.Deliveries {
		if !slices.Contains(parts[1:], short(way(d))) {
			return false
		}
	}
	return true
}

// way tells apart by whom an office is told, how, and whether of the sender too.
func way(d program.Delivery) string {
	words := []string{d.Recipient, d.Holder}
	if d.Named {
		words = append(words, "named")
	}
	return strings.Join(append(words, d.Means...), " ")
}

func short(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:6])
}
