// SPDX-License-Identifier: Apache-2.0

package program

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"waylight/internal/platform/place"
)

var (
	channelKinds  = []string{KindEmergency, KindTrafficking, KindChildAbuse, KindMissing, KindLabor, KindAdultCare, KindTipLine}
	channelStates = []string{string(Draft), string(Printed), string(Verified), string(Expired), string(Contradicted), string(Withdrawn)}
	phoneShape    = regexp.MustCompile(`^\+?[0-9]([0-9 ()-]*[0-9])?$`)
	textShape     = regexp.MustCompile(`^[0-9]{3,11}$`)
	emailShape    = regexp.MustCompile(`^[^@\s]+@[^@\s]+\.[^@\s]+$`)
	inventedPhone = regexp.MustCompile(`55501[0-9][0-9]$`)
)

func (b *builder) channels() {
	rows := b.own.channels
	for _, c := range b.base.channels {
		if c.Jurisdiction != b.p.State {
			rows = append(rows[:len(rows):len(rows)], c)
		}
	}
	for _, c := range rows {
		if !b.id("channel", c.ID, c.At) {
			continue
		}
		b.p.channelOrder = append(b.p.channelOrder, c.ID)
		out := Channel{ID: c.ID, Jurisdiction: c.Jurisdiction, Kind: c.Kind, Name: c.Name, Phone: c.Phone, Text: c.Text, URL: c.URL,
			Email: c.Email, Vanity: c.Vanity, Hours: c.Hours, State: ChannelState(c.State), Public: c.Public, Lifeline: c.Lifeline,
			ReplacedBy: c.ReplacedBy, Attested: c.Attested, CheckedOn: c.CheckedOn, CheckedBy: c.CheckedBy, Note: c.Note}
		for _, s := range c.Sources {
			out.Sources = append(out.Sources, Source{Name: s.Name, URL: s.URL, Date: s.Date})
		}
		b.p.Channels[c.ID] = out
		b.channel(c)
		b.address(c)
		b.trust(c)
	}
	for _, c := range rows {
		if _, ok := b.p.Channels[c.ReplacedBy]; c.ReplacedBy != "" && (!ok || c.ReplacedBy == c.ID) {
			b.wrong.add(c.At, "replaced_by: there is no other channel %q", c.ReplacedBy)
		}
	}
	b.lifelines()
}

func (b *builder) channel(c channelRow) {
	b.words(c.At, "name", c.Name)
	if c.Jurisdiction != "US" {
		if _, ok := place.StateByCode(c.Jurisdiction); !ok {
			b.wrong.add(c.At, "jurisdiction: %q is neither US nor the code of a state", c.Jurisdiction)
		}
	}
	b.among(c.At, "kind", c.Kind, channelKinds)
	b.among(c.At, "state", c.State, channelStates)
}

// address looks at the numbers and addresses themselves.
func (b *builder) address(c channelRow) {
	if c.Phone+c.Text+c.URL+c.Email == "" {
		b.wrong.add(c.At, "channel %q has neither phone, text, url nor email", c.ID)
	}
	if n := digits(c.Phone); c.Phone != "" && (!phoneShape.MatchString(c.Phone) || len(n) < 3 || len(n) > 15) {
		b.wrong.add(c.At, "phone: %q is not a telephone number", c.Phone)
	}
	if inventedPhone.MatchString(digits(c.Phone)) && !b.p.Demo {
		b.wrong.add(c.At, "phone: 555-01xx numbers are invented; only a demo has them")
	}
	if c.Vanity != "" && national(digits(spelled(c.Vanity))) != national(digits(c.Phone)) {
		b.wrong.add(c.At, "vanity: %s spells %s, but phone is %s", c.Vanity, national(digits(spelled(c.Vanity))), national(digits(c.Phone)))
	}
	if c.Text != "" && !textShape.MatchString(c.Text) {
		b.wrong.add(c.At, "text: %q is not a number to text to", c.Text)
	}
	if u, err := url.Parse(c.URL); c.URL != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
		b.wrong.add(c.At, "url: %q is not the address of a page", c.URL)
	}
	if c.Email != "" && !emailShape.MatchString(c.Email) {
		b.wrong.add(c.At, "email: %q is not an e-mail address", c.Email)
	}
}

// trust looks at why the channel is in the state it claims.
func (b *builder) trust(c channelRow) {
	if len(c.Sources) == 0 {
		b.wrong.add(c.At, "sources: where was this seen?")
	}
	switch ChannelState(c.State) {
	case Verified, Expired:
		b.date(c.At, "checked_on", c.CheckedOn)
		if c.CheckedBy == "" {
			b.wrong.add(c.At, "checked_by: a %s channel names who called it", c.State)
		}
	case Contradicted:
		if c.Note == "" && len(c.Sources) < 2 {
			b.wrong.add(c.At, "note: say which sources disagree")
		}
	}
	if c.Attested && c.State != string(Verified) && c.State != string(Expired) {
		b.wrong.add(c.At, "attested: only a verified channel is attested")
	}
	if c.Lifeline && (!c.Public || c.State == string(Draft)) {
		b.wrong.add(c.At, "lifeline: it must be public, and seen at least in an official document")
	}
	gone := c.State == string(Contradicted) || c.State == string(Withdrawn)
	if c.Lifeline && gone && c.ReplacedBy == "" {
		b.wrong.add(c.At, "replaced_by: a lifeline is never removed without a replacement")
	}
}

// lifelines asks for 911 and the national hotline.
func (b *builder) lifelines() {
	shown := b.p.PublicLines(nil, true) // whether or not anybody has verified them yet
	for _, kind := range []string{KindEmergency, KindTrafficking} {
		ok := slices.ContainsFunc(shown, func(c Channel) bool {
			return c.Kind == kind && c.Jurisdiction == "US" && c.Lifeline
		})
		if !ok {
			b.wrong.add(b.own.head.At, "channels: there is no national lifeline of the kind %q", kind)
		}
	}
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// national drops the leading 1 of a long-distance number.
func national(digits string) string {
	if len(digits) > 10 {
		return strings.TrimPrefix(digits, "1")
	}
	return digits
}

// spelled turns letters into the digits of their keys. Letters past the tenth
// digit are dialed in vain and dropped, as the telephone network does.
func spelled(vanity string) string {
	const keys = "22233344455566677778889999"
	out := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return rune(keys[r-'a'])
		case r >= 'A' && r <= 'Z':
			return rune(keys[r-'A'])
		case r >= '0' && r <= '9':
			return r
		}
		return -1
	}, vanity)
	length := 10
	if strings.HasPrefix(out, "1") {
		length = 11
	}
	return out[:min(len(out), length)]
}
