// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"slices"

	"waylight/internal/platform/fault"
)

// State is where a referral stands.
type State string

// The states. A referral to an inbox goes waiting, opened, acknowledged,
// closed. A task of the desk goes waiting, taken, done. A reminder is running
// until the office whose duty it is says that it was met.
const (
	Waiting      State = "waiting"      // nobody has opened or taken it
	CannotOpen   State = "cannot_open"  // the holder's key does not open it: another holder must wrap it again
	Opened       State = "opened"       // delivered, by proof
	Acknowledged State = "acknowledged" // a member took it on for the office
	Closed       State = "closed"       // an outcome is recorded
	Recused      State = "recused"      // the whole office stepped back: another must be found
	Replaced     State = "replaced"     // another office was found for one that stepped back
	Taken        State = "taken"        // an operator works on the task, for as long as the lease lasts
	Done         State = "done"         // the task was passed on, with proof
	Running      State = "running"      // another's own clock runs
	Met          State = "met"          // its office says that it was met
)

// Act is what somebody, or a clock, did.
type Act string

// The acts that change a state, and those that only add to the history.
const (
	ActOpen        Act = "open"
	ActAcknowledge Act = "acknowledge"
	ActOutcome     Act = "outcome"
	ActCannotOpen  Act = "cannot_open"
	ActRewrap      Act = "rewrap"
	ActRecuse      Act = "recuse_office"
	ActReplace     Act = "replace"
	ActTake        Act = "take"
	ActExtend      Act = "extend"
	ActRelease     Act = "release"
	ActExpire      Act = "lease_expired"
	ActAttempt     Act = "attempt"
	ActComplete    Act = "complete"
	ActMeet        Act = "meet"

	ActRead     Act = "read"           // the words were opened, without a change of state
	ActAssign   Act = "assign"         // the owner changed
	ActEscalate Act = "escalate"       // the clock climbed a rung
	ActRemind   Act = "remind"         // another was reminded of its own duty
	ActLadder   Act = "ladder_changed" // the pack has another ladder, and somebody is told sooner or again for it
	ActStart    Act = "clock_start"    // the starting event happened
	ActOnward   Act = "refer_on"       // this office referred the report on
	ActReceive  Act = "referred_in"    // it came from another office
	ActMatter   Act = "same_matter"
	ActSeparate Act = "separate"
	ActNote     Act = "note"
	ActStepBack Act = "recuse"

	ActOpenReporter Act = "open_reporter" // the reporter's own part was opened
	ActGiveReporter Act = "give_reporter" // and given to another office
)

// move is one line of the transition table.
type move struct {
	act  Act
	from []State
	to   State
}

// inboxMoves, taskMoves and reminderMoves are the whole law of change: what is
// not written here is refused. Opening twice, acknowledging twice and the like
// are refused here and answered as "already so" by the acts themselves.
var inboxMoves = []move{
	{ActOpen, []State{Waiting, CannotOpen}, Opened},
	{ActCannotOpen, []State{Waiting}, CannotOpen},
	{ActRewrap, []State{CannotOpen}, Waiting},
	{ActAcknowledge, []State{Opened}, Acknowledged},
	{ActOutcome, []State{Acknowledged, Closed}, Closed},
	{ActRecuse, []State{Waiting, CannotOpen, Opened, Acknowledged}, Recused},
	{ActReplace, []State{Recused}, Replaced},
}

var taskMoves = []move{
	{ActTake, []State{Waiting}, Taken},
	{ActExtend, []State{Taken}, Taken},
	{ActRelease, []State{Taken}, Waiting},
	{ActExpire, []State{Taken}, Waiting},
	{ActAttempt, []State{Taken}, Waiting},
	{ActComplete, []State{Taken}, Done},
	{ActOpen, []State{CannotOpen}, Waiting},
	{ActCannotOpen, []State{Waiting, Taken}, CannotOpen},
	{ActRewrap, []State{CannotOpen}, Waiting},
	{ActRecuse, []State{Waiting, CannotOpen, Taken}, Recused},
	{ActReplace, []State{Recused}, Replaced},
}

var reminderMoves = []move{
	{ActMeet, []State{Running}, Met},
}

// Faults of this room. Their messages are safe to show.
var (
	ErrNotFound     = fault.New(fault.NotFound, "referral.not_found", "There is no such report in your office's inbox.")
	ErrState        = fault.New(fault.Conflict, "referral.state", "This was already done, or somebody else did something first. Load the page again to see where it stands.")
	ErrTaken        = fault.New(fault.Conflict, "referral.taken", "Somebody else has this task. Nothing was changed.")
	ErrNotYours     = fault.New(fault.Conflict, "referral.not_yours", "You do not hold this task any more. Take it again first.")
	ErrProof        = fault.New(fault.Invalid, "referral.proof", "The proof does not fit this report. Open it again in your browser.")
	ErrOffice       = fault.New(fault.Forbidden, "referral.office", "This report may not be sent to that office.")
	ErrCode         = fault.New(fault.Invalid, "referral.code", "That does not look like a confirmation code. Type exactly what the office gave you.")
	ErrOutcome      = fault.New(fault.Invalid, "referral.outcome", "Choose one of the outcomes.")
	ErrMatter       = fault.New(fault.Invalid, "referral.matter", "There is no report with that number in your office's inbox.")
	ErrForbidden    = fault.New(fault.Forbidden, "referral.forbidden", "Your role does not allow this.")
	ErrKey          = fault.New(fault.Conflict, "referral.key", "That office changed its key meanwhile. Load the page again and repeat.")
	ErrNote         = fault.New(fault.Invalid, "referral.note", "A note must be sealed in your browser and hold at most 20,000 characters.")
	ErrAttempt      = fault.New(fault.Invalid, "referral.attempt", "Choose what happened with the call or form.")
	ErrRetry        = fault.New(fault.Invalid, "referral.retry", "Choose a time within the next 24 hours.")
	ErrChannel      = fault.New(fault.Invalid, "referral.channel", "Choose the number or page that you used.")
	ErrSure         = fault.New(fault.Invalid, "referral.sure", "Tick the box to say that you mean it.")
	ErrNoWrap       = fault.New(fault.Conflict, "referral.no_wrap", "This report is not readable for your office yet. Say so with the button, and another holder will make it readable.")
	ErrHasIt        = fault.New(fault.Conflict, "referral.has_it", "That office already has this report.")
	ErrSameKey      = fault.New(fault.Conflict, "referral.same_key", "That office's copy is for its present key already. If it cannot open it, it must make a new key first.")
	ErrNoName       = fault.New(fault.Forbidden, "referral.no_name", "The part about the reporter is not for your office, or the reporter said nothing of themselves.")
	ErrName         = fault.New(fault.Forbidden, "referral.name", "That office may not be given the part about the reporter. Nothing was sent to it.")
	ErrHasName      = fault.New(fault.Conflict, "referral.has_name", "That office has the part about the reporter already. Nothing was changed.")
	ErrUnopened     = fault.New(fault.Conflict, "referral.unopened", "Open the report in your browser first.")
	ErrNameUnopened = fault.New(fault.Conflict, "referral.name_unopened", "Open the part about the reporter in your browser first.")
	ErrBasis        = fault.New(fault.Invalid, "referral.basis", "The person who asked for help did not choose that office. Name the law that allows it, or do not send it.")
)

// moves is the table that holds for r.
func (r Referral) moves() []move {
	switch {
	case r.Origin == OriginReminder:
		return reminderMoves
	case r.Relay:
		return taskMoves
	}
	return inboxMoves
}

// next gives the state after an act, or ErrState when the table has no such move.
func (r Referral) next(act Act) (State, error) {
	for _, m := range r.moves() {
		if m.act == act && slices.Contains(m.from, r.State) {
			return m.to, nil
		}
	}
	return "", ErrState
}

// Open reports whether somebody still has to do something about it for us: the
// states in which the clock runs.
func (r Referral) Open() bool {
	switch r.State {
	case Waiting, CannotOpen, Opened, Taken, Recused:
		return true
	}
	return false
}
