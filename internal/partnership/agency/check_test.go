// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
)

const (
	emergency = "emergency-911"
	hotline   = "national-hotline"
	mdcps     = "mdcps-line"
)

func worksCall(channel string) Call {
	return Call{Channel: channel, Caller: "Ana Example", Answered: "MDCPS intake", Heard: "They take reports about any child in the state", Result: Works}
}

func (w *world) state(channel string) program.ChannelState { return w.Channels("ms")(channel) }

func TestLifeOfANumber(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		if got := w.state(mdcps); got != program.Printed {
			t.Fatalf("the pack says %s", got)
		}
		w.ok(w.RecordCall(ctx, w.admin, worksCall(mdcps)))
		w.work()
		if got := w.state(mdcps); got != program.Verified {
			t.Errorf("after a call that works: %s", got)
		}
		w.logged(1, "channel.called", "channel:"+mdcps, w.admin.String())

		w.clock.Advance(Fresh - time.Hour)
		w.work()
		if got := w.alarms(); len(got) != 0 || w.state(mdcps) != program.Verified {
			t.Errorf("an hour before its time: %s, %v", w.state(mdcps), got)
		}
		w.clock.Advance(25 * time.Hour)
		w.work()
		w.work()
		if got := w.alarms(); w.state(mdcps) != program.Expired || !slices.Equal(got, []string{AlarmExpired + " " + mdcps}) {
			t.Errorf("after 180 days: %s, %v", w.state(mdcps), got)
		}
		if to := w.mailed(1, 1); !slices.Equal(to, []string{"ana@example.gov"}) {
			t.Errorf("mailed: %v", to)
		}
		w.logged(1, "channel.expired", "channel:"+mdcps, "system")

		w.ok(w.RecordCall(ctx, w.admin, Call{Channel: mdcps, Caller: "Ana Example", Result: NoAnswer}))
		if st, err := w.Standing("ms", mdcps); err != nil || st.State != program.Expired || !st.Unanswered {
			t.Errorf("nobody answered: %+v, %v", st, err)
		}
		w.ok(w.RecordCall(ctx, w.admin, worksCall(mdcps)))
		w.work()
		if got := w.alarms(); w.state(mdcps) != program.Verified || len(got) != 0 {
			t.Errorf("called again: %s, %v", w.state(mdcps), got)
		}

		wrong := worksCall(mdcps)
		wrong.Result, wrong.Answered, wrong.Heard = Wrong, "A flower shop", "Not child protection"
		w.ok(w.RecordCall(ctx, w.admin, wrong))
		if got := w.state(mdcps); got != program.Contradicted {
			t.Errorf("found wrong, before any job ran: %s", got)
		}
		w.work()
		if got := w.alarms(); !slices.Equal(got, []string{AlarmRemoved + " " + mdcps}) {
			t.Errorf("alarms: %v", got)
		}
		if slices.ContainsFunc(w.p.PublicLines(w.Channels("ms"), true), func(c program.Channel) bool { return c.ID == mdcps }) {
			t.Error("a number that was found wrong is still shown")
		}
		w.ok(w.RecordCall(ctx, w.admin, worksCall(mdcps)))
		w.ok(w.Withdraw(ctx, w.admin, mdcps, "Ana Example", "The agency asked for it"))
		if got := w.state(mdcps); got != program.Withdrawn {
			t.Errorf("withdrawn: %s", got)
		}
		checks, err := w.Checks(ctx, "ms", mdcps)
		w.ok(err)
		var results []Result
		for _, c := range checks {
			results = append(results, c.Result)
		}
		if !slices.Equal(results, []Result{Works, Expired, NoAnswer, Works, Wrong, Works, Withdrawn}) {
			t.Errorf("the history: %v", results)
		}
	})
}

func TestLifelines(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		for _, result := range []Result{Works, Wrong, NoAnswer} {
			c := worksCall(emergency)
			c.Result = result
			w.refused(w.RecordCall(ctx, w.admin, c), errNever911)
		}
		w.refused(w.Withdraw(ctx, w.admin, emergency, "Ana Example", "No reason"), errLifeline)
		w.refused(w.Withdraw(ctx, w.admin, hotline, "Ana Example", "No reason"), errLifeline)
		w.ok(w.Attest(ctx, w.admin, emergency, "Ana Example", "The FCC's page, read today"))
		w.ok(w.Attest(ctx, w.admin, hotline, "Ana Example", "The hotline's own page, read today"))
		if a, b := w.state(emergency), w.state(hotline); a != program.Verified || b != program.Verified {
			t.Errorf("attested: %s and %s", a, b)
		}
		c := worksCall(hotline)
		c.Result, c.Heard = Wrong, "Not in service"
		w.ok(w.RecordCall(ctx, w.admin, c))
		w.work()
		if got := w.alarms(); w.state(hotline) != program.Expired || !slices.Equal(got, []string{AlarmDoubt + " " + hotline}) {
			t.Errorf("found wrong: %s, %v", w.state(hotline), got)
		}
		if !slices.ContainsFunc(w.p.PublicLines(w.Channels("ms"), false), func(c program.Channel) bool { return c.ID == hotline }) {
			t.Error("the national hotline left its place empty")
		}
		w.refused(w.Attest(ctx, w.admin, mdcps, "Ana Example", "Its page"), errNoAttest)
	})
}

func TestReplacement(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		// A pack that names the line that takes the hotline's place.
		p := &program.Program{ID: "ms", Zone: w.p.Zone, Channels: map[string]program.Channel{
			"old": {ID: "old", Jurisdiction: "US", Kind: program.KindTrafficking, Phone: "601-555-0101", Public: true, Lifeline: true, State: program.Printed, ReplacedBy: "new"},
			"new": {ID: "new", Jurisdiction: "US", Kind: program.KindTrafficking, Phone: "601-555-0102", Public: true, Lifeline: true, State: program.Printed},
		}}
		now := w.clock.Now()
		found := func(id string, r Result) *directory {
			return &directory{checks: map[string][]Check{id: {{Contact: contact(p.Channels[id]), At: now, Result: r}}}}
		}
		dir := found("old", Wrong)
		if st := w.standing(p, p.Channels["old"], dir, now); !st.Doubt || removed(st.State) {
			t.Errorf("the replacement is only printed, but the old line is gone: %+v", st)
		}
		dir.checks["new"] = found("new", Attested).checks["new"]
		if st := w.standing(p, p.Channels["old"], dir, now); st.Doubt || st.State != program.Contradicted {
			t.Errorf("the replacement is verified, but the wrong line stays: %+v", st)
		}
		if st := w.standing(p, p.Channels["new"], dir, now); st.State != program.Verified {
			t.Errorf("the replacement: %+v", st)
		}
	})
}

func TestWhatIsNoTestCall(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, now := t.Context(), w.clock.Now()
		change := func(f func(*Call)) Call {
			c := worksCall(mdcps)
			f(&c)
			return c
		}
		for name, c := range map[string]struct {
			call Call
			want *fault.Error
		}{
			"nobody called":       {change(func(c *Call) { c.Caller = " " }), errCaller},
			"too long a name":     {change(func(c *Call) { c.Caller = strings.Repeat("a", 201) }), errCaller},
			"nothing heard":       {change(func(c *Call) { c.Heard = "" }), errHeard},
			"who answered":        {change(func(c *Call) { c.Answered = "" }), errHeard},
			"too much heard":      {change(func(c *Call) { c.Heard = strings.Repeat("é", 1001) }), errHeard},
			"not text":            {change(func(c *Call) { c.Heard = "\xff" }), errHeard},
			"no result":           {change(func(c *Call) { c.Result = "" }), errResult},
			"a result of no call": {change(func(c *Call) { c.Result = Attested }), errResult},
			"in the future":       {change(func(c *Call) { c.At = now.Add(time.Minute) }), errCalledAt},
			"long ago":            {change(func(c *Call) { c.At = now.Add(-31 * 24 * time.Hour) }), errCalledAt},
			"no such channel":     {change(func(c *Call) { c.Channel = "x" }), errNoChannel},
		} {
			if err := w.RecordCall(ctx, w.admin, c.call); !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", name, err, c.want)
			}
		}
		w.refused(w.RecordCall(ctx, w.officer(2), worksCall(mdcps)), errForbidden)
		w.refused(w.RecordCall(ctx, Actor{Program: "zz", Member: person(1), Roles: []string{roleProgramAdmin}}, worksCall(mdcps)), errProgram)
		if w.state(mdcps) != program.Printed || len(w.events()) != 0 {
			t.Errorf("a refused call left a trace: %s, %v", w.state(mdcps), w.events())
		}
		if w.state("x") != program.Withdrawn || w.Channels("zz")(mdcps) != program.Withdrawn {
			t.Error("an unknown channel is shown")
		}
		w.ok(w.RecordCall(ctx, w.admin, change(func(c *Call) { c.At = now.Add(-29 * 24 * time.Hour); c.Heard = strings.Repeat("é", 1000) })))
		w.ok(w.RecordCall(ctx, w.admin, change(func(c *Call) { c.At, c.Result = now.Add(-30*24*time.Hour), Wrong })))
		if w.state(mdcps) != program.Verified {
			t.Errorf("an older finding overrules a newer: %s", w.state(mdcps))
		}
	})
}

// Several people record calls to one number at the same moment: each is kept, or
// told to try again; none is lost in silence.
func TestManyRecordAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		const callers = 8
		results := make(chan error, callers)
		for range callers {
			go func() { results <- w.RecordCall(t.Context(), w.admin, worksCall(mdcps)) }()
		}
		kept := 0
		for range callers {
			err := <-results
			switch {
			case err == nil:
				kept++
			case !errors.Is(err, errRaced):
				t.Error(err)
			}
		}
		checks, err := w.Checks(t.Context(), "ms", mdcps)
		if err != nil || len(checks) != kept || kept == 0 {
			t.Errorf("%d calls were kept, %d rows are there (%v)", kept, len(checks), err)
		}
		if w.state(mdcps) != program.Verified {
			t.Errorf("after all of them: %s", w.state(mdcps))
		}
	})
}
