// SPDX-License-Identifier: Apache-2.0

package architecture

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

const module = "waylight/"

var importRules = []rule{
	{
		name: "floors",
		why: "imports go down only (cmd, app, the wings, partnership, platform): a lower floor that knows an upper one " +
			"cannot be understood, tested or replaced without it",
		check: checkFloors,
	},
	{
		name: "wings",
		why: "rooms of different wings must be able to change without each other: the room that needs something says so in a " +
			"small interface of its own, and app connects the two",
		check: checkWings,
	},
	{
		name:  "intake",
		why:   "the pages strangers can reach must hold no way to staff accounts or secrets: a hole in them then opens neither",
		check: checkIntake,
	},
}

// floor is how high a package stands; false for what belongs to no floor.
func floor(dir string) (int, bool) {
	within := func(parent string) bool { return strings.HasPrefix(dir+"/", parent+"/") }
	switch {
	case within("internal/platform"):
		return 0, true
	case within("internal/partnership"):
		return 1, true
	case wing(dir) != "":
		return 2, true
	case within("internal/app"):
		return 3, true
	case within("cmd"):
		return 4, true
	}
	return 0, false
}

// wing is the wing a package stands in, "" for none.
func wing(dir string) string {
	for _, w := range []string{"prevention", "protection", "prosecution"} {
		if strings.HasPrefix(dir, "internal/"+w+"/") {
			return w
		}
	}
	return ""
}

// order is who may import whom on the same floor: a room imports only rooms that
// stand before it in its own line.
var order = [][]string{
	{"fault", "metric", "gate", "place", "seal", "custody", "form", "mail", "keyring", "replica", "store", "portable", "witness", "jobs", "web", "bulk", "disclosure", "pdf", "typeset", "paper", "figure", "room"},
	{"program", "policy", "approval", "agency", "identity", "release"},
	{"report", "referral", "conversation", "file", "canary"},
	{"report", "spool"},
	{"operation", "result", "court"},
	{"poster", "code", "placement", "campaign", "printrun"},
}

// room is the last part of a room's path: internal/<floor or wing>/<room>/...
func room(dir string) string {
	parts := strings.Split(dir, "/")
	return parts[min(2, len(parts)-1)]
}

func checkFloors(h *house) []string {
	var found []string
	h.ours(func(s *source, to, at string) {
		from, ok := floor(s.dir)
		below, inside := floor(to)
		switch {
		case to == "internal/architecture":
			found = append(found, at+": imports the tests of the house")
		case ok && inside && below > from:
			found = append(found, fmt.Sprintf("%s: %s stands below %s and imports it", at, s.dir, to))
		case ok && to == "programs" && from < 3 && !s.test:
			found = append(found, fmt.Sprintf("%s: %s reads the embedded packs itself; app hands them in", at, s.dir))
		}
	})
	return found
}

func checkWings(h *house) []string {
	var found []string
	h.ours(func(s *source, to, at string) {
		from, stands := floor(s.dir)
		level, ok := floor(to)
		if s.test || !stands || !ok || level != from || level > 2 || room(s.dir) == room(to) && wing(s.dir) == wing(to) {
			return
		}
		if a, b := wing(s.dir), wing(to); a != b {
			found = append(found, fmt.Sprintf("%s: the wing %s imports the wing %s", at, a, b))
			return
		}
		if !before(room(to), room(s.dir)) {
			found = append(found, fmt.Sprintf("%s: %s does not stand before %s", at, room(to), room(s.dir)))
		}
	})
	return found
}

func before(a, b string) bool {
	for _, line := range order {
		if i, j := slices.Index(line, a), slices.Index(line, b); i >= 0 && j >= 0 {
			return i < j
		}
	}
	return false
}

// checkIntake follows every import of the public side of intake, however far.
func checkIntake(h *house) []string {
	graph := map[string]map[string]bool{}
	h.ours(func(s *source, to, _ string) {
		if s.test {
			return
		}
		if graph[s.dir] == nil {
			graph[s.dir] = map[string]bool{}
		}
		graph[s.dir][to] = true
	})
	var found []string
	seen := map[string]bool{}
	var walk func(dir, via string)
	walk = func(dir, via string) {
		for _, to := range slices.Sorted(maps.Keys(graph[dir])) {
			if seen[to] {
				continue
			}
			seen[to] = true
			if to == "internal/partnership/identity" || to == "internal/platform/keyring" {
				found = append(found, via+" > "+to)
			}
			walk(to, via+" > "+to)
		}
	}
	walk("internal/protection/report", "internal/protection/report")
	return found
}

// ours visits every import of a package of this module.
func (h *house) ours(visit func(s *source, to, at string)) {
	for _, s := range h.sources {
		s.imports(func(p, at string) {
			if to, ok := strings.CutPrefix(p, module); ok {
				visit(s, to, at)
			}
		})
	}
}
