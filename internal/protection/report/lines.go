// SPDX-License-Identifier: Apache-2.0

package report

import (
	"html/template"
	"net/url"
	"strings"
	"time"

	"waylight/internal/partnership/program"
)

// callLine is one way to reach a person now: a number to call or to text.
type callLine struct {
	link
	Name  string
	Hours string
	Demo  bool // printed only: shown because this is a demonstration
}

// lines are the lines that may be shown to the public now, 911 first. A page is
// shown only for those that have no number.
func (v speaker) lines() []callLine {
	var out []callLine
	for _, c := range v.p.PublicLines(v.Channels(v.p.ID), v.Site.Demo) {
		if c.Phone != "" || c.Text != "" {
			c.URL = ""
		}
		for _, way := range v.calls(c) {
			out = append(out, callLine{link: way, Name: c.Name.In(v.lang), Hours: c.Hours, Demo: c.State == program.Printed})
		}
	}
	return out
}

// Line is one way to reach a person, for other pages that show them.
type Line struct {
	Name, Says, Hours string
	Href              template.URL
	Demo              bool // printed only: shown because this is a demonstration
}

// Lines are the lines of a program that may be shown to the public now, as its form
// shows them.
func (s *Service) Lines(programID, lang string) []Line {
	p, err := s.program(programID)
	if err != nil {
		return nil
	}
	var out []Line
	for _, l := range (speaker{s, p, lang}).lines() {
		out = append(out, Line{Name: l.Name, Says: l.Words, Hours: l.Hours, Href: l.Href, Demo: l.Demo})
	}
	return out
}

// calls are the ways to reach a channel: telephone, text message, page.
func (v speaker) calls(c program.Channel) []link {
	var out []link
	if c.Phone != "" {
		out = append(out, link{v.t("report.line.call", "number", c.Phone), template.URL("tel:" + dial(c.Phone))})
	}
	if c.Text != "" {
		out = append(out, link{v.t("report.line.text", "number", c.Text), template.URL("sms:" + dial(c.Text))})
	}
	if u, err := url.Parse(c.URL); err == nil && u.Scheme == "https" {
		out = append(out, link{v.t("report.line.page"), template.URL(u.String())})
	}
	return out
}

// officeLinks are an office's own lines that the public may be told to use.
func (v speaker) officeLinks(office string) []link {
	state := v.Channels(v.p.ID)
	var out []link
	for _, id := range v.p.Offices[office].Channels {
		c, ok := v.p.Channels[id]
		if !ok {
			continue
		}
		if state != nil {
			c.State = state(id)
		}
		if c.State.Showable(v.Site.Demo) {
			out = append(out, v.calls(c)...)
		}
	}
	return out
}

// dial is a number as a telephone takes it; nothing but digits and a plus.
func dial(number string) string {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, number)
	switch {
	case len(digits) == 10:
		return "+1" + digits
	case len(digits) == 11 && digits[0] == '1':
		return "+" + digits
	}
	return digits
}

// zone is where the program's clocks hang.
func (v speaker) zone() *time.Location {
	if v.p.Zone == nil {
		return time.UTC
	}
	return v.p.Zone
}

// when shows a time to the minute, in the page's language and the program's zone.
func (v speaker) when(t time.Time) string {
	t = t.In(v.zone())
	return v.t("report.when", "month", v.t("report.month."+t.Format("1")), "day", t.Day(), "year", t.Year(), "time", t.Format("3:04 PM"), "zone", t.Format("MST"))
}

// soon shows a time within the coming days, with its weekday.
func (v speaker) soon(t time.Time) string {
	t = t.In(v.zone())
	return v.t("report.soon", "weekday", v.t("report.weekday."+[]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}[t.Weekday()]),
		"month", v.t("report.month."+t.Format("1")), "day", t.Day(), "time", t.Format("3:04 PM"), "zone", t.Format("MST"))
}

// hours says when a person reads reports, and promises nothing that the roster
// does not hold.
func (v speaker) hours(r reading) string {
	switch {
	case r.Now && !r.Until.IsZero() && r.Until.Sub(v.Now()) < 7*24*time.Hour:
		return v.t("report.hours.until", "time", v.soon(r.Until))
	case r.Now:
		return v.t("report.hours.now")
	case !r.Next.IsZero():
		return v.t("report.hours.next", "time", v.soon(r.Next))
	}
	return v.t("report.hours.none")
}
