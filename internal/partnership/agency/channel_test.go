// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"fmt"
	"testing"
	"time"

	"waylight/internal/partnership/program"
)

var (
	called = time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC)
	child  = program.Channel{ID: "child-line", Jurisdiction: "MS", Kind: program.KindChildAbuse, Phone: "601-555-0100", Public: true}
	hot    = program.Channel{ID: "hotline", Jurisdiction: "US", Kind: program.KindTrafficking, Phone: "601-555-0101", Text: "555010", Public: true, Lifeline: true}
)

// The table of docs/operations.md, "The life of a number".
func TestChannelStates(t *testing.T) {
	t.Parallel()
	const (
		draft, printed, verified, expired = program.Draft, program.Printed, program.Verified, program.Expired
		contradicted, withdrawn           = program.Contradicted, program.Withdrawn
	)
	order := []Result{Works, Attested, Wrong, NoAnswer, Withdrawn}
	for _, row := range []struct {
		from program.ChannelState
		to   [5]program.ChannelState
	}{
		//             works     attested  wrong         no answer     withdrawn
		{draft, [5]program.ChannelState{verified, verified, contradicted, draft, withdrawn}},
		{printed, [5]program.ChannelState{verified, verified, contradicted, printed, withdrawn}},
		{verified, [5]program.ChannelState{verified, verified, contradicted, verified, withdrawn}},
		{expired, [5]program.ChannelState{verified, verified, contradicted, expired, withdrawn}},
		{contradicted, [5]program.ChannelState{verified, verified, contradicted, contradicted, withdrawn}},
		{withdrawn, [5]program.ChannelState{verified, verified, withdrawn, withdrawn, withdrawn}},
	} {
		for i, result := range order {
			t.Run(fmt.Sprintf("%s, %s", row.from, result), func(t *testing.T) {
				t.Parallel()
				c, now := child, called.Add(time.Hour)
				c.State, c.CheckedOn, c.CheckedBy = row.from, "2026-11-01", "Ana Example"
				if row.from == expired {
					c.CheckedOn = "2026-01-01"
				}
				got := standing(c, []Check{{Contact: contact(c), At: called, Result: result}}, now, false)
				if got.State != row.to[i] || got.Doubt {
					t.Errorf("%s (in doubt: %v), want %s", got.State, got.Doubt, row.to[i])
				}
				if found := result == Works || result == Attested; found && !got.Checked.Equal(called) {
					t.Errorf("checked %v, want %v", got.Checked, called)
				}
				if got.Unanswered != (result == NoAnswer) {
					t.Errorf("unanswered: %v", got.Unanswered)
				}
			})
		}
	}
}

func TestVerificationEndsAfter180Days(t *testing.T) {
	t.Parallel()
	c := child
	c.State = program.Printed
	checks := []Check{{Contact: contact(c), At: called, Result: Works}}
	for _, k := range []struct {
		after time.Duration
		want  program.ChannelState
	}{
		{0, program.Verified}, {Fresh - time.Microsecond, program.Verified}, {Fresh, program.Expired}, {10 * Fresh, program.Expired},
	} {
		if got := standing(c, checks, called.Add(k.after), false); got.State != k.want || !got.State.Showable(false) {
			t.Errorf("after %v: %s, want %s and still shown", k.after, got.State, k.want)
		}
	}
	noted := append(checks, Check{Contact: contact(c), At: called.Add(Fresh), Result: Expired}, Check{Contact: contact(c), At: called.Add(Fresh + time.Hour), Result: Works})
	if got := standing(c, noted, called.Add(Fresh+2*time.Hour), false); got.State != program.Verified {
		t.Errorf("after a new call: %s", got.State)
	}
	late := append(checks, Check{Contact: contact(c), At: called.Add(Fresh - time.Hour), Result: Works}, Check{Contact: contact(c), At: called.Add(Fresh), Result: Expired})
	if got := standing(c, late, called.Add(Fresh+time.Hour), false); got.State != program.Verified {
		t.Errorf("a call that was recorded late does not count: %s", got.State)
	}
}

func TestChangedDigitsVoidEveryCheck(t *testing.T) {
	t.Parallel()
	c := child
	c.State = program.Printed
	checks := []Check{{Contact: contact(c), At: called, Result: Works}}
	changed := c
	changed.Phone = "601-555-0109"
	if got := standing(changed, checks, called, false); got.State != program.Printed || !got.Checked.IsZero() {
		t.Errorf("new digits inherit the old ones' test: %+v", got)
	}
	moved := c
	moved.URL = "https://elsewhere.example"
	if got := standing(moved, checks, called, false); got.State != program.Verified {
		t.Errorf("a new page voids the test of the number: %+v", got)
	}
}

func TestPacksWordForItsOwnCheck(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, on, by string
		want         program.ChannelState
	}{
		{"named and dated", "2026-11-01", "Ana Example", program.Verified},
		{"too long ago", "2026-01-01", "Ana Example", program.Expired},
		{"nobody named", "2026-11-01", "", program.Printed},
		{"no date", "", "Ana Example", program.Printed},
	} {
		ch := child
		ch.State, ch.CheckedOn, ch.CheckedBy = program.Verified, c.on, c.by
		if got := standing(ch, nil, called, false).State; got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestLifelinesNeverLeaveTheirPlaceEmpty(t *testing.T) {
	t.Parallel()
	for _, from := range []program.ChannelState{program.Printed, program.Verified, program.Expired, program.Contradicted, program.Withdrawn} {
		for _, result := range []Result{Wrong, Withdrawn} {
			c := hot
			c.State, c.CheckedOn, c.CheckedBy = from, "2026-11-01", "Ana Example"
			checks := []Check{{Contact: contact(c), At: called, Result: result}}
			kept := standing(c, checks, called.Add(time.Hour), false)
			if !kept.State.Showable(true) || !kept.Doubt {
				t.Errorf("%s, then %s: %s (in doubt: %v)", from, result, kept.State, kept.Doubt)
			}
			if from != program.Printed && kept.State != program.Expired {
				t.Errorf("%s, then %s: %s, want expired: shown, and somebody has to look", from, result, kept.State)
			}
			if gone := standing(c, checks, called.Add(time.Hour), true); !removed(gone.State) || gone.Doubt {
				t.Errorf("%s, then %s, replaced: %s (in doubt: %v)", from, result, gone.State, gone.Doubt)
			}
			checks = append(checks, Check{Contact: contact(c), At: called.Add(time.Minute), Result: NoAnswer})
			if still := standing(c, checks, called.Add(time.Hour), false); !still.Doubt {
				t.Errorf("%s, then %s: an unanswered call takes the doubt away", from, result)
			}
			checks = append(checks, Check{Contact: contact(c), At: called.Add(2 * time.Minute), Result: Attested})
			if good := standing(c, checks, called.Add(time.Hour), false); good.Doubt || good.State != program.Verified {
				t.Errorf("%s, then %s, then attested: %s (in doubt: %v)", from, result, good.State, good.Doubt)
			}
		}
	}
}
