// SPDX-License-Identifier: Apache-2.0

package program

import "waylight/internal/platform/form"

// ChannelState says how far a channel can be trusted.
type ChannelState string

// The states of a channel.
const (
	Draft        ChannelState = "draft"        // from a list that nobody has tried
	Printed      ChannelState = "printed"      // seen in an official document
	Verified     ChannelState = "verified"     // a named person recorded a test call, or attested it
	Expired      ChannelState = "expired"      // verified too long ago; still shown and used
	Contradicted ChannelState = "contradicted" // sources disagree
	Withdrawn    ChannelState = "withdrawn"
)

// The kinds of channel that decide the order on the page.
const (
	KindEmergency   = "emergency"
	KindTrafficking = "trafficking"
	KindChildAbuse  = "child_abuse"
	KindMissing     = "missing_child"
	KindLabor       = "labor"
	KindAdultCare   = "vulnerable_adult"
	KindTipLine     = "police_tips"
)

// Channel is a number, address or page by which somebody is reached.
type Channel struct {
	ID, Jurisdiction, Kind  string // jurisdiction: "US" or a state's code
	Name                    form.Text
	Phone, Text, URL, Email string
	Vanity                  string // the number as letters, "1-888-CARE-4US": must spell Phone
	Hours                   string // "24/7", or words for staff
	State                   ChannelState
	Public                  bool // to be shown to the public as one to call
	Lifeline                bool // never without a replacement: 911 and the national hotline
	ReplacedBy              string
	Attested                bool // verified by a named person's word, not by a test call
	CheckedOn, CheckedBy    string
	Note                    string // for staff
	Sources                 []Source
}

// Source is where a channel was seen.
type Source struct{ Name, URL, Date string }

// Showable says whether the public may be told to use a channel in this state.
func (s ChannelState) Showable(demo bool) bool {
	return s == Verified || s == Expired || demo && s == Printed
}

// PublicLines lists the channels to show to the public: 911, then national
// lines, then the state's. state tells what recorded test calls say of a
// channel (nil: what the pack says); demo also shows printed ones. A lifeline
// that somebody once verified stays, whatever became of it, until a replacement
// can be shown; one that nobody has verified yet is not shown either.
func (p *Program) PublicLines(state func(channel string) ChannelState, demo bool) []Channel {
	var ranked [3][]Channel
	for _, id := range p.channelOrder {
		c := p.Channels[id]
		if state != nil {
			c.State = state(id)
		}
		once := c.State != Draft && c.State != Printed
		if !c.Public || !c.State.Showable(demo) && !(c.Lifeline && once && !p.replaced(c, state, demo)) {
			continue
		}
		at := 2
		switch {
		case c.Kind == KindEmergency:
			at = 0
		case c.Jurisdiction == "US":
			at = 1
		}
		ranked[at] = append(ranked[at], c)
	}
	return append(append(ranked[0], ranked[1]...), ranked[2]...)
}

func (p *Program) replaced(c Channel, state func(channel string) ChannelState, demo bool) bool {
	r, ok := p.Channels[c.ReplacedBy]
	if !ok || !r.Public {
		return false
	}
	if state != nil {
		r.State = state(r.ID)
	}
	return r.State.Showable(demo)
}
