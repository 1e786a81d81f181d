// SPDX-License-Identifier: Apache-2.0

package program

import (
	"time"

	"waylight/internal/platform/form"
)

// The events that can start a duty's clock.
const (
	Accepted     = "accepted"     // the report is on disk
	Delivered    = "delivered"    // an office opened it
	Acknowledged = "acknowledged" // an office took it on
	Identified   = "identified"   // an office found that the person is a victim
)

// The means by which a recipient is told.
const (
	ByInbox    = "inbox"
	ByEmail    = "email" // a notice without content
	ByPhone    = "phone"
	ByWeb      = "web"
	ByCyberTip = "cybertip"
)

// Event starts a clock.
type Event struct {
	Kind   string // Accepted, Delivered, Acknowledged, Identified
	Office string // at whom, "" for Accepted
}

// Duty is one obligation: who must tell whom, by when, and why.
type Duty struct {
	Rule      string   // the rule that made it, RuleConsent or RuleFallback
	Rules     []string // all rules that made it, when several name the same recipient
	Recipient string   // office
	Obligor   string   // ByProgram, ByReporter, or an office
	Starts    Event
	Limit     time.Duration
	AtOnce    bool     // the law or policy says "immediately"; Limit is when we call that late
	LimitBy   string   // "law" or "policy"
	Basis     []string // ids of laws
	Means     []string
	Proof     []string
	Compelled bool   // the law asks it of us even for a help report
	Courtesy  bool   // beyond what anybody owes
	InPlaceOf string // the accused office that this one stands in for, or ""
	Withheld  string // the law that keeps the reporter's name from the recipient, or ""
	Note      form.Text
}

// Due is when the duty is late, if its starting event happened then.
func (d Duty) Due(started time.Time) time.Time { return started.Add(d.Limit) }

// Delivery is a duty of ours together with whose key opens the report for it.
type Delivery struct {
	Duty
	Holder string // the recipient itself, or a desk that passes it on
	Relay  bool   // the holder is not the recipient
	// Named says whether the recipient may have the reporter's own part: it owes
	// something about the report, and no law keeps the name from it.
	Named bool
}

// Plan is all that follows from an envelope.
type Plan struct {
	Deliveries []Delivery
	Reporter   []Duty   // stay with the sender: shown, never discharged by us
	Reminders  []Duty   // the recipients' own clocks
	Readers    []string // whose keys open the report: sorted, unique
	// Audience is those of Readers whose keys open the reporter's own part too: who
	// is Named, and desks, which may need to ask. It is never empty.
	Audience []string
	LeaveOut []string // by-name-only offices that the rules name here: the sender may leave them out
	Version  string   // the pack that decided
}

// Rule is one rule of a pack: a condition over the envelope, and the duties
// that follow.
type Rule struct {
	ID     string
	Title  form.Text
	When   string // CEL
	Duties []Duty
	// Withheld is the law that keeps the reporter's name from whom this rule tells,
	// or "".
	Withheld string
	File     string
	Line     int

	table   table
	find    []*selector // for each duty, how its recipient is found; nil: it is named
	compels bool        // some duty of ours counts in help mode too
	tells   bool        // some duty is not ours
}
