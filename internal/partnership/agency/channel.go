// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"time"

	"waylight/internal/partnership/program"
)

// Fresh is how long a test call or an attestation counts.
const Fresh = 180 * 24 * time.Hour

// Result is what a check of a channel came to.
type Result string

// The results. The first three are those of a test call.
const (
	Works     Result = "works"
	Wrong     Result = "wrong"     // somebody else answers, or it is not in service
	NoAnswer  Result = "no_answer" // nobody answered; says nothing either way
	Attested  Result = "attested"  // compared with an official source, not called
	Withdrawn Result = "withdrawn" // taken out of use by a person
	Expired   Result = "expired"   // 180 days went by
)

// Check is one recorded finding about a channel.
type Check struct {
	Channel  string
	Contact  string // the digits it is about
	Result   Result
	At       time.Time
	Caller   string // the named person who called or compared
	Answered string // how the other side named itself
	Heard    string // what was heard, or what it was compared with, or why it was withdrawn

	RecordedBy string // actor
	Recorded   time.Time
}

// Standing is what a channel is worth now.
type Standing struct {
	State program.ChannelState
	// Checked is when a person last found it to work, or attested it.
	Checked time.Time
	// Expires is 180 days after Checked.
	Expires time.Time
	// Doubt says that a person found it wrong or the pack took it away, and that
	// it is still shown only because nothing may leave its place empty.
	Doubt bool
	// Unanswered says that the last call was not answered.
	Unanswered bool
}

// step is the channel's state machine: where a finding leads from a state. No
// answer leads nowhere, and expiry comes with time alone, in standing: its row
// only records that it was noticed.
func step(from program.ChannelState, r Result) program.ChannelState {
	switch r {
	case Works, Attested:
		return program.Verified
	case Withdrawn:
		return program.Withdrawn
	case Wrong:
		if from == program.Withdrawn {
			return from
		}
		return program.Contradicted
	}
	return from
}

// standing folds the findings about the channel's present contact, given in the
// order in which they happened, over the pack's own state. replaced says whether
// another line that can be shown stands in for this one: without it a lifeline
// never leaves its place empty.
func standing(c program.Channel, checks []Check, now time.Time, replaced bool) Standing {
	st := fromPack(c)
	for _, k := range checks {
		if k.Contact != contact(c) {
			continue
		}
		st.Unanswered = k.Result == NoAnswer || st.Unanswered && k.Result == Expired
		next := step(st.State, k.Result)
		if c.Lifeline && !replaced && removed(next) {
			st.Doubt = true
			continue
		}
		st.State = next
		if k.Result == Works || k.Result == Attested {
			st.Checked, st.Doubt = k.At, false
		}
	}
	if c.Lifeline && !replaced && (st.Doubt && st.State == program.Verified || removed(st.State)) {
		st.State, st.Doubt = program.Expired, true
	}
	if !st.Checked.IsZero() {
		st.Expires = st.Checked.Add(Fresh)
		if st.State == program.Verified && !now.Before(st.Expires) {
			st.State = program.Expired
		}
	}
	return st
}

// fromPack is what the pack alone says. A pack that calls a channel verified
// must name who checked it and when; otherwise it counts as printed.
func fromPack(c program.Channel) Standing {
	st := Standing{State: c.State}
	if c.State == program.Verified || c.State == program.Expired {
		on, err := time.Parse(time.DateOnly, c.CheckedOn)
		if err != nil || c.CheckedBy == "" {
			st.State = program.Printed
			return st
		}
		st.State, st.Checked = program.Verified, on
	}
	return st
}

func removed(s program.ChannelState) bool {
	return s == program.Contradicted || s == program.Withdrawn
}

// contact is what of a channel a check is about: its digits, or its addresses
// when it has none. A change of the digits makes every earlier check void.
func contact(c program.Channel) string {
	if c.Phone != "" || c.Text != "" {
		return "phone " + c.Phone + " text " + c.Text
	}
	return "url " + c.URL + " email " + c.Email
}
