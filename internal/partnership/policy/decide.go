// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"
	"strconv"
)

// Allow says whether s could do such a thing at all: whether some row gives it to one of their roles. It is what a route asks.
func Allow(a Action, s Subject) bool {
	return slices.ContainsFunc(byAction[a], func(r *row) bool { return r.suits(s) })
}

// Open says whether the action is open to everybody, signed in or not.
func Open(a Action) bool {
	return slices.ContainsFunc(byAction[a], func(r *row) bool { return r.Scope == Public })
}

// Decide says whether s may do the action to o. The first row that allows it decides; if none does, the answer is that of the row that came nearest: one whose wall
// stands in the way comes before one whose scope does not reach, and that before one for other roles.
func Decide(a Action, s Subject, o Object) Decision {
	best, near := Decision{As: Refused}, -1
	for _, r := range byAction[a] {
		d, how := r.decide(s, o)
		if d.Allowed {
			return d
		}
		if how > near {
			best, near = d, how
		}
	}
	return best
}

// row is a rule and its name.
type row struct {
	*Rule
	name string
}

// decide answers for one row, and how far the question came: 0 wrong role, 1 out of scope, 2 a wall.
func (r *row) decide(s Subject, o Object) (Decision, int) {
	no := Decision{As: Refused, Rule: r.name}
	switch {
	case !r.suits(s):
		return no, 0
	case !r.reaches(s, o):
		if no.As = r.Else; o.Program != s.Program {
			no.As = Hidden
		}
		return no, 1
	case r.NotOwnRequest && o.Requester == s.Member && !s.System:
		return no, 2
	}
	for _, w := range r.Walls {
		if !s.System && walled(w, s, o) {
			no.Wall = w
			if w.hides() {
				no.As = Hidden
			}
			return no, 2
		}
	}
	return Decision{Allowed: true, Second: r.Second && !s.System, Rule: r.name}, 3
}

// suits says whether the row is for one of the subject's roles.
func (r *row) suits(s Subject) bool {
	if r.Scope == Public || s.System {
		return true
	}
	return s.Program != "" && (len(r.Roles) == 0 || s.Has(r.Roles...))
}

// Has reports whether the subject has any of the roles.
func (s Subject) Has(roles ...Role) bool {
	return slices.ContainsFunc(roles, func(r Role) bool { return slices.Contains(s.Roles, r) })
}

// reaches says whether the object is within the row's scope.
func (r *row) reaches(s Subject, o Object) bool {
	if r.Scope == Public || r.Scope == SignedIn {
		return true
	}
	if o.Program != s.Program {
		return false
	}
	switch {
	case s.System || r.Scope == Program:
		return true
	case r.Scope == Self:
		return o.Member != "" && o.Member == s.Member
	default:
		return s.Office != "" && s.Office == o.owner()
	}
}

// owner is the office that an object belongs to.
func (o Object) owner() string {
	if o.Holder != "" {
		return o.Holder
	}
	return o.Office
}

// hides says whether even the wall must not be noticed: those around a report, and that around planning.
func (w Wall) hides() bool {
	return w == WallHelp || w == WallAccused || w == WallGone || w == WallActs
}

// walled says whether a wall stands between s and o.
func walled(w Wall, s Subject, o Object) bool {
	switch w {
	case WallHelp:
		return o.Mode == help && s.Police && (o.Relay || o.owner() != s.Office)
	case WallAccused:
		return s.accused(o.Conflict)
	case WallGone:
		return o.Gone
	case WallPolice:
		return s.Police && !o.Police
	case WallHigher:
		return slices.ContainsFunc(o.Roles, func(r Role) bool { return r == RoleProgramAdmin || r == RoleAuditor })
	case WallSelf:
		return o.Member != "" && o.Member == s.Member
	case WallName:
		return o.NoName
	case WallDesk:
		return !s.Desk
	case WallActs:
		return !s.Police
	case WallPartner:
		return o.Partner
	}
	return false
}

const (
	help   = "help"
	police = "police"
)

// accused says whether a report accuses offices like the subject's.
func (s Subject) accused(conflict []string) bool {
	return slices.Contains(conflict, s.Kind) || s.Police && slices.Contains(conflict, police)
}

// Rules returns the table.
func Rules() []Rule { return slices.Clone(table) }

var byAction = index(table)

// index finds an action's rows. A row is named after its action, and numbered where there are more.
func index(rules []Rule) map[Action][]*row {
	out := map[Action][]*row{}
	for i := range rules {
		r := &rules[i]
		name := string(r.Action)
		if n := len(out[r.Action]); n > 0 {
			name += "/" + strconv.Itoa(n+1)
		}
		out[r.Action] = append(out[r.Action], &row{r, name})
	}
	return out
}
