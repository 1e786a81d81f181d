// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"errors"
	"slices"
	"testing"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/programs"
)

var allStates = []State{Waiting, CannotOpen, Opened, Acknowledged, Closed, Recused, Replaced, Taken, Done, Running, Met}

var allActs = []Act{ActOpen, ActAcknowledge, ActOutcome, ActCannotOpen, ActRewrap, ActRecuse, ActReplace, ActTake, ActExtend, ActRelease, ActExpire,
	ActAttempt, ActComplete, ActMeet, ActRead, ActAssign, ActEscalate, ActRemind, ActLadder, ActStart, ActOnward, ActReceive, ActMatter, ActSeparate, ActNote, ActStepBack}

// TestTransitions holds the whole table: what is not written here must be refused.
func TestTransitions(t *testing.T) {
	t.Parallel()
	type key struct {
		from State
		act  Act
	}
	machines := []struct {
		name  string
		r     Referral
		moves map[key]State
	}{
		{"inbox", Referral{Origin: OriginDuty}, map[key]State{
			{Waiting, ActOpen}: Opened, {CannotOpen, ActOpen}: Opened, {Waiting, ActCannotOpen}: CannotOpen, {CannotOpen, ActRewrap}: Waiting,
			{Opened, ActAcknowledge}: Acknowledged, {Acknowledged, ActOutcome}: Closed, {Closed, ActOutcome}: Closed,
			{Waiting, ActRecuse}: Recused, {CannotOpen, ActRecuse}: Recused, {Opened, ActRecuse}: Recused, {Acknowledged, ActRecuse}: Recused, {Recused, ActReplace}: Replaced,
		}},
		{"onward", Referral{Origin: OriginOnward}, map[key]State{
			{Waiting, ActOpen}: Opened, {CannotOpen, ActOpen}: Opened, {Waiting, ActCannotOpen}: CannotOpen, {CannotOpen, ActRewrap}: Waiting,
			{Opened, ActAcknowledge}: Acknowledged, {Acknowledged, ActOutcome}: Closed, {Closed, ActOutcome}: Closed,
			{Waiting, ActRecuse}: Recused, {CannotOpen, ActRecuse}: Recused, {Opened, ActRecuse}: Recused, {Acknowledged, ActRecuse}: Recused, {Recused, ActReplace}: Replaced,
		}},
		{"task", Referral{Origin: OriginDuty, Relay: true}, map[key]State{
			{Waiting, ActTake}: Taken, {Taken, ActExtend}: Taken, {Taken, ActRelease}: Waiting, {Taken, ActExpire}: Waiting,
			{Taken, ActAttempt}: Waiting, {Taken, ActComplete}: Done, {CannotOpen, ActOpen}: Waiting, {CannotOpen, ActRewrap}: Waiting,
			{Waiting, ActCannotOpen}: CannotOpen, {Taken, ActCannotOpen}: CannotOpen,
			{Waiting, ActRecuse}: Recused, {CannotOpen, ActRecuse}: Recused, {Taken, ActRecuse}: Recused, {Recused, ActReplace}: Replaced,
		}},
		{"reminder", Referral{Origin: OriginReminder}, map[key]State{{Running, ActMeet}: Met}},
	}
	for _, m := range machines {
		for _, from := range allStates {
			for _, act := range allActs {
				m.r.State = from
				got, err := m.r.next(act)
				want, allowed := m.moves[key{from, act}]
				switch {
				case allowed && (err != nil || got != want):
					t.Errorf("%s: %s from %s gives %s (%v), want %s", m.name, act, from, got, err, want)
				case !allowed && !errors.Is(err, ErrState):
					t.Errorf("%s: %s from %s is allowed and gives %s", m.name, act, from, got)
				}
			}
		}
	}
}

// TestEveryStateHasWords keeps pages from showing a bare code.
func TestEveryStateHasWords(t *testing.T) {
	t.Parallel()
	for _, st := range allStates {
		if stateTags[st].Word == "" {
			t.Errorf("state %s has no words", st)
		}
	}
	for _, act := range allActs {
		if actWords[act] == "" {
			t.Errorf("act %s has no words", act)
		}
	}
	for _, o := range Outcomes() {
		if outcomeWords[o] == "" {
			t.Errorf("outcome %s has no words", o)
		}
	}
	for _, a := range AttemptResults() {
		if attemptWords[a] == "" {
			t.Errorf("attempt %s has no words", a)
		}
	}
}

// mississippi is its pack.
func mississippi(t *testing.T) *program.Program {
	t.Helper()
	set, err := program.Load(programs.FS)
	if err != nil {
		t.Fatal(err)
	}
	p, ok := set.Program("ms")
	if !ok {
		t.Fatal("there is no Mississippi pack")
	}
	return p
}

// TestRungs holds the ladder's times for the limits that Mississippi's pack has.
func TestRungs(t *testing.T) {
	t.Parallel()
	ladders := mississippi(t).Ladders
	start := time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC)
	roles := [5]string{program.OnDuty, program.StandIn, identity.RoleSupervisor, program.TheDesk, program.TheNamed}
	cases := []struct {
		name   string
		r      Referral
		opened time.Duration // 0: not opened
		want   [5]time.Duration
	}{
		{"at once, which is late after an hour", Referral{Limit: time.Hour}, 0,
			[5]time.Duration{45 * time.Minute, 60 * time.Minute, 75 * time.Minute, 90 * time.Minute, 105 * time.Minute}},
		{"24 hours", Referral{Limit: 24 * time.Hour}, 0,
			[5]time.Duration{18 * time.Hour, 24 * time.Hour, 30 * time.Hour, 36 * time.Hour, 42 * time.Hour}},
		{"72 hours", Referral{Limit: 72 * time.Hour}, 0,
			[5]time.Duration{54 * time.Hour, 72 * time.Hour, 90 * time.Hour, 108 * time.Hour, 126 * time.Hour}},
		{"danger now: on duty and stand-in with the first notice", Referral{Limit: time.Hour, Danger: true}, 0,
			[5]time.Duration{0, 0, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute}},
		{"opened early, not taken on", Referral{Limit: 24 * time.Hour}, time.Hour,
			[5]time.Duration{18*time.Hour + 15*time.Minute, 24 * time.Hour, 30 * time.Hour, 36 * time.Hour, 42 * time.Hour}},
		{"opened late, not taken on", Referral{Limit: 24 * time.Hour}, 30 * time.Hour,
			[5]time.Duration{34*time.Hour + 30*time.Minute, 36 * time.Hour, 42 * time.Hour, 48 * time.Hour, 54 * time.Hour}},
		{"danger opened, not taken on", Referral{Limit: time.Hour, Danger: true}, 2 * time.Minute,
			[5]time.Duration{0, 0, 7 * time.Minute, 12 * time.Minute, 17 * time.Minute}},
	}
	for _, c := range cases {
		r, l := c.r, ladders.For(c.r.Danger)
		r.State, r.Started, r.Due = Waiting, start, start.Add(r.Limit)
		if c.opened > 0 {
			r.State, r.OpenedAt = Opened, start.Add(c.opened)
		}
		for i, role := range roles {
			if c.want[i] == 0 {
				if !slices.Contains(l.First, role) {
					t.Errorf("%s: %s is not told with the first notice", c.name, role)
				}
				continue
			}
			rung := slices.IndexFunc(l.Rungs, func(r program.Rung) bool { return slices.Contains(r.Tell, role) }) + 1
			if got := r.rungTime(l, rung).Sub(start); rung == 0 || got != c.want[i] {
				t.Errorf("%s: %s (rung %d) at %v, want %v", c.name, role, rung, got, c.want[i])
			}
		}
	}
	if !(Referral{Limit: time.Hour, State: Waiting}).rungTime(ladders.Ordinary, 1).IsZero() {
		t.Error("a clock that has not started has rungs")
	}
}

// TestCode holds what can be a confirmation code: never a word, a name or a
// sentence.
func TestCode(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"123456", "MS-2026-00418", "A17", "2026.11.23-7", "HC 88121", "CT1234567", "#4471", "R/2211/9"} {
		if !code.MatchString(good) {
			t.Errorf("%q is refused", good)
		}
	}
	for _, bad := range []string{"", "yes", "Officer Smith", "they will call back", "none given", "ok then 7 of them are", "12;34", "<b>1</b>", "1\n2"} {
		if code.MatchString(bad) {
			t.Errorf("%q is taken", bad)
		}
	}
	numbers := []program.Channel{{Phone: "1-800-222-8000"}, {Text: "233733"}}
	for _, typed := range []string{"1-800-222-8000", "800-222-8000", "233733"} {
		if !sameAsNumber(numbers, typed) {
			t.Errorf("%q is the number that was called, and is taken as a code", typed)
		}
	}
	if sameAsNumber(numbers, "222-8000-17") {
		t.Error("a code that only resembles the number is refused")
	}
}

// TestMayReceive is the table of who a report may be sent on to.
func TestMayReceive(t *testing.T) {
	t.Parallel()
	p := &program.Program{
		Offices: map[string]program.Office{
			"cps": {ID: "cps", Kind: program.ChildProtection}, "cop": {ID: "cop", Kind: program.Police, Police: true, Consent: true},
			"home": {ID: "home", Kind: program.HelperKind, Helper: true}, "fed": {ID: "fed", Kind: program.National, Police: true, ByNameOnly: true},
			"status": {ID: "status", Kind: program.National, ByNameOnly: true, Consent: true}, "law": {ID: "law", Kind: program.Prosecutor},
		},
		Laws: map[string]program.Law{"act": {ID: "act"}},
	}
	tip, help := program.Envelope{Mode: program.Tip}, program.Envelope{Mode: program.Help, Who: "me", Age: "adult", Consents: []string{"home", "cop", "status"}}
	with := func(e program.Envelope, change func(*program.Envelope)) program.Envelope { change(&e); return e }
	cases := []struct {
		name, office, basis string
		e                   program.Envelope
		want                error
		from                string
	}{
		{"a tip to child protection", "cps", "", tip, nil, "home"},
		{"a tip to police", "cop", "", tip, nil, "home"},
		{"a tip to an unknown office", "nobody", "", tip, ErrOffice, "home"},
		{"a tip to an office that may only be picked", "status", "", tip, ErrOffice, "home"},
		{"a tip to an office with such powers, whatever the law", "fed", "act", tip, ErrOffice, "home"},
		{"a tip to the accused kind", "cop", "", with(tip, func(e *program.Envelope) { e.Conflict = []string{"police"} }), ErrOffice, "home"},
		{"a tip to accused child protection", "cps", "", with(tip, func(e *program.Envelope) { e.Conflict = []string{"child_protection"} }), ErrOffice, "home"},
		{"a tip to an office left out", "law", "", with(tip, func(e *program.Envelope) { e.LeftOut = []string{"law"} }), ErrOffice, "home"},
		{"a tip with a law that does not exist", "cps", "made-up", tip, ErrBasis, "home"},
		{"help to a picked helper", "home", "", help, nil, "home"},
		{"help to police that was picked: only the way in may do that", "cop", "", help, ErrOffice, "home"},
		{"help to police with a law", "cop", "act", help, ErrOffice, "home"},
		{"help to an office not picked", "law", "", help, ErrBasis, "home"},
		{"help to an office not picked, with a law", "law", "act", help, nil, "home"},
		{"help to a picked by-name office", "status", "", help, nil, "home"},
		{"help where consent cannot count", "home", "", with(help, func(e *program.Envelope) { e.Who = "known" }), ErrBasis, "home"},
		{"help from police to a picked helper: who was picked is not theirs to know", "home", "", help, ErrOffice, "cop"},
		{"help to a by-name office not picked, with a law", "status", "act", with(help, func(e *program.Envelope) { e.Consents = nil }), ErrOffice, "home"},
	}
	for _, c := range cases {
		if err := mayReceive(p, p.Offices[c.from], c.e, Onward{Office: c.office, Basis: c.basis}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}
