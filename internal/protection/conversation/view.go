// SPDX-License-Identifier: Apache-2.0

package conversation

import (
	"encoding/base64"
	"slices"
	"time"

	"waylight/internal/platform/seal"
	"waylight/internal/protection/report"
)

func standard(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// speaker gives words in one language for one program.
type speaker struct {
	*Service
	lang    string
	program string
}

func (v speaker) t(key string, args ...any) string { return v.Site.Catalog.T(v.lang, key, args...) }

// when shows a time to the minute, in the page's language and the program's zone,
// as the receipt itself does.
func (v speaker) when(t time.Time) string {
	zone := time.UTC
	if p, ok := v.Programs.Program(v.program); ok && p.Zone != nil {
		zone = p.Zone
	}
	t = t.In(zone)
	return v.t("report.when", "month", v.t("report.month."+t.Format("1")), "day", t.Day(), "year", t.Year(), "time", t.Format("3:04 PM"), "zone", t.Format("MST"))
}

// thread is one thread as the receipt's page shows it, drawn by the server or by
// the page's script.
type thread struct {
	Office   string `json:"office"`
	Name     string `json:"name"`
	Ended    bool   `json:"ended"`
	Chain    any    `json:"chain"` // what proves the office's key; nil when the thread ended
	About    string `json:"about"` // the one open question, which an answer is about unless the sender says otherwise
	Messages []line `json:"messages"`
}

// line is one message of it. Of the sender's own there is when, and no words.
type line struct {
	ID      string `json:"id"`
	Side    Side   `json:"side"`
	Kind    Kind   `json:"kind"`
	Answers string `json:"answers"`
	Label   string `json:"label"` // "Question 2"
	When    string `json:"when"`
	Open    bool   `json:"open"` // asks something that was not answered yet
	Body    []byte `json:"body,omitempty"`
	Hash    []byte `json:"hash,omitempty"`
	Wrap    []byte `json:"wrap,omitempty"`

	Text  string `json:"-"` // opened by the server, for a page without scripts
	Lang  string `json:"-"`
	Shut  bool   `json:"-"` // could not be opened
	First bool   `json:"-"` // shown above the others: what an office still needs
}

// threads draws what Look found.
func (v speaker) threads(found report.Found, all []Shown) []thread {
	out := make([]thread, 0, len(all))
	chains := v.Agencies.Directory(found.Program)
	for _, x := range all {
		t := thread{Office: x.Office, Name: v.officeName(x.Program, x.Office, v.lang), Ended: x.Ended, Messages: v.lines(x.Messages)}
		t.About = about(t.Messages)
		if chain, ok := chains[x.Office]; ok && !x.Ended {
			t.Chain = chain
		}
		out = append(out, t)
	}
	return out
}

// about is the only thing that was asked and not answered, if it is a question:
// what a sender writes is then most likely the answer. What an office still needs
// is never taken as given without the sender saying so.
func about(lines []line) string {
	id := ""
	for _, l := range lines {
		switch {
		case !l.Open:
		case id != "" || l.Kind == Need:
			return ""
		default:
			id = l.ID
		}
	}
	return id
}

func (v speaker) lines(messages []Message) []line {
	out := make([]line, 0, len(messages))
	asked := 0
	for _, m := range messages {
		l := line{ID: m.ID.String(), Side: m.Side, Kind: m.Kind, When: v.when(m.At)}
		if !m.Answers.IsZero() {
			l.Answers = m.Answers.String()
		}
		switch {
		case m.Side == Sender:
			l.Label = v.t("message.you", "time", l.When)
		case m.Kind == Question, m.Kind == Need:
			asked++
			l.Label = v.t("message.kind."+string(m.Kind), "number", asked)
			l.Open = !slices.ContainsFunc(messages, func(a Message) bool { return a.Side == Sender && a.Answers == m.ID })
		default:
			l.Label = v.t("message.kind." + string(m.Kind))
		}
		if m.Side == Office {
			l.Body, l.Hash, l.Wrap = m.Body, m.Hash[:], m.WrapReceipt
		}
		l.First = l.Open && m.Kind == Need
		out = append(out, l)
	}
	return out
}

// open fills in the words that the receipt opens, in this server's memory. One
// that cannot be opened is shown as such and hides no other.
func (v speaker) open(found report.Found, all []Shown, drawn []thread) error {
	seed := found.Receipt.Seed()
	key, err := seal.PrivateFromSeed(seed[:])
	if err != nil {
		return err
	}
	for i, x := range all {
		for j, m := range x.Messages {
			if m.Side != Office {
				continue
			}
			l := &drawn[i].Messages[j]
			w, err := openWith(key, m)
			l.Text, l.Lang, l.Shut = plainText(w.Text), w.Language, err != nil
		}
	}
	return nil
}
