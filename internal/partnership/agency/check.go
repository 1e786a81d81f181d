// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// How far back a test call may be recorded, and how long its words may be.
const (
	maxBackdate = 30 * 24 * time.Hour
	maxWords    = 1000
	maxName     = 200
)

// Faults of channels.
var (
	errNever911  = fault.New(fault.Invalid, "agency_never_911", "911 is never called for a test. Compare it with an official source and attest it.")
	errNoAttest  = fault.New(fault.Invalid, "agency_no_attest", "Only 911 and national lines are attested. Call this one and record the call.")
	errCaller    = fault.New(fault.Invalid, "agency_caller", "Write the full name of the person who made the call or the comparison.")
	errHeard     = fault.New(fault.Invalid, "agency_heard", "Write what was heard, or what the number was compared with, in at most 1,000 characters.")
	errResult    = fault.New(fault.Invalid, "agency_result", "Say what the call came to: works, wrong, or no answer.")
	errCalledAt  = fault.New(fault.Invalid, "agency_called_at", "The call must lie in the past, and at most thirty days back.")
	errLifeline  = fault.New(fault.Conflict, "agency_lifeline", "This line is never taken away without a replacement. Verify its replacement first.")
	errNoChannel = fault.New(fault.NotFound, "agency_channel", "There is no such channel in the pack.")
)

// Call is a test call to a channel.
type Call struct {
	Channel  string
	At       time.Time // zero: now
	Caller   string    // full name of the person who called
	Answered string    // how the other side named itself: an office, never a person
	Heard    string    // what was said
	Result   Result    // Works, Wrong or NoAnswer
}

// RecordCall records a test call. One that works verifies the channel for 180
// days, also one that had been taken out of use; one that finds it wrong removes
// it at once, except that a lifeline stays, in doubt, until its replacement is
// verified. 911 is refused.
func (s *Service) RecordCall(ctx context.Context, a Actor, c Call) error {
	ch, err := s.channel(a.Program, c.Channel)
	if err != nil {
		return err
	}
	now := s.now()
	if c.At.IsZero() {
		c.At = now
	}
	c.Caller, c.Answered, c.Heard = strings.TrimSpace(c.Caller), strings.TrimSpace(c.Answered), strings.TrimSpace(c.Heard)
	switch {
	case ch.Kind == program.KindEmergency:
		return errNever911
	case c.Result != Works && c.Result != Wrong && c.Result != NoAnswer:
		return errResult.At("result")
	case c.At.After(now) || now.Sub(c.At) > maxBackdate:
		return errCalledAt.At("at")
	case tooLong(c.Answered, maxName) || tooLong(c.Heard, maxWords) || c.Result != NoAnswer && (c.Heard == "" || c.Answered == ""):
		return errHeard.At("heard")
	}
	return s.record(ctx, a, "channel.called", ch, Check{At: c.At, Caller: c.Caller, Answered: c.Answered, Heard: c.Heard, Result: c.Result})
}

// Attest records that a named person compared 911 or a national line with an
// official source. It counts for 180 days, as a test call does.
func (s *Service) Attest(ctx context.Context, a Actor, channel, caller, source string) error {
	ch, err := s.channel(a.Program, channel)
	if err != nil {
		return err
	}
	if !Attestable(ch) {
		return errNoAttest
	}
	return s.record(ctx, a, "channel.attested", ch, Check{At: s.now(), Caller: caller, Heard: source, Result: Attested})
}

// Attestable says whether a channel is verified by attestation: 911, which is
// never called, and national lines.
func Attestable(c program.Channel) bool {
	return c.Kind == program.KindEmergency || c.Jurisdiction == "US"
}

// Withdraw takes a channel out of use at once. A lifeline whose replacement is
// not verified stays, and Withdraw is refused.
func (s *Service) Withdraw(ctx context.Context, a Actor, channel, caller, reason string) error {
	ch, err := s.channel(a.Program, channel)
	if err != nil {
		return err
	}
	if p, _ := s.cfg.Programs.Program(a.Program); ch.Lifeline && !s.replaced(p, ch, s.directory(a.Program), s.now()) {
		return errLifeline
	}
	return s.record(ctx, a, "channel.withdrawn", ch, Check{At: s.now(), Caller: caller, Heard: reason, Result: Withdrawn})
}

// record writes a check that a person made.
func (s *Service) record(ctx context.Context, a Actor, event string, ch program.Channel, c Check) error {
	c.Caller, c.Heard = strings.TrimSpace(c.Caller), strings.TrimSpace(c.Heard)
	switch {
	case !a.system() && !a.Has(roleProgramAdmin):
		return errForbidden
	case c.Caller == "" || tooLong(c.Caller, maxName):
		return errCaller.At("caller")
	case tooLong(c.Heard, maxWords) || c.Heard == "" && c.Result != NoAnswer:
		return errHeard.At("heard")
	}
	c.Channel, c.Contact = ch.ID, contact(ch)
	return s.write(ctx, a, event, "channel:"+ch.ID, func(tx *store.Tx) error {
		if err := insertCheck(tx, a, c); err != nil {
			return err
		}
		return s.lookSoon(tx, a.Program)
	})
}

func tooLong(text string, limit int) bool {
	return !utf8.ValidString(text) || utf8.RuneCountInString(text) > limit
}

func (s *Service) channel(prog, id string) (program.Channel, error) {
	p, err := s.program(prog)
	if err != nil {
		return program.Channel{}, err
	}
	ch, ok := p.Channels[id]
	if !ok {
		return ch, errNoChannel
	}
	return ch, nil
}

// Channels gives the state of a channel as it counts now: the pack's, overlaid
// with what people recorded and with the passing of 180 days. A channel that the
// pack does not know is withdrawn. It does not query.
func (s *Service) Channels(prog string) func(channelID string) program.ChannelState {
	dir, now := s.directory(prog), s.now()
	p, ok := s.cfg.Programs.Program(prog)
	return func(id string) program.ChannelState {
		if !ok {
			return program.Withdrawn
		}
		ch, known := p.Channels[id]
		if !known {
			return program.Withdrawn
		}
		return s.standing(p, ch, dir, now).State
	}
}

// Standing is what a channel is worth now, and since when.
func (s *Service) Standing(prog, channel string) (Standing, error) {
	ch, err := s.channel(prog, channel)
	if err != nil {
		return Standing{}, err
	}
	p, _ := s.cfg.Programs.Program(prog)
	return s.standing(p, ch, s.directory(prog), s.now()), nil
}

func (s *Service) standing(p *program.Program, ch program.Channel, dir *directory, now time.Time) Standing {
	return standing(ch, dir.checks[ch.ID], now, ch.Lifeline && s.replaced(p, ch, dir, now))
}

// replaced says whether the line that the pack names in a lifeline's stead can
// be shown by its own worth.
func (s *Service) replaced(p *program.Program, ch program.Channel, dir *directory, now time.Time) bool {
	r, ok := p.Channels[ch.ReplacedBy]
	if !ok || r.ID == ch.ID || !r.Public {
		return false
	}
	r.Lifeline = false
	st := standing(r, dir.checks[r.ID], now, true)
	return st.State.Showable(false)
}

// Checks is the history of a channel, in order.
func (s *Service) Checks(ctx context.Context, prog, channel string) ([]Check, error) {
	return readChecks(ctx, s.cfg.DB, prog, channel)
}
