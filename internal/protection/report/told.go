// SPDX-License-Identifier: Apache-2.0

package report

import (
	"encoding/json"
	"slices"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
)

// toldBy lists who hears of a report, each office once.
func toldBy(p *program.Program, plan program.Plan) []Told {
	var list []Told
	for _, d := range plan.Deliveries {
		t := Told{Office: d.Recipient, Name: p.Offices[d.Recipient].Name, Holder: d.Holder, How: HowInbox}
		if d.Relay {
			t.How, t.Means = HowRelay, relayMeans(d.Means)
		}
		if !slices.ContainsFunc(list, func(have Told) bool { return have.Office == t.Office && have.Holder == t.Holder }) {
			list = append(list, t)
		}
	}
	return list
}

type toldLine struct {
	Office string   `json:"office"`
	Holder string   `json:"holder"`
	Means  []string `json:"means,omitempty"`
}

func marshalTold(list []Told) (string, error) {
	lines := make([]toldLine, 0, len(list))
	for _, t := range list {
		lines = append(lines, toldLine{t.Office, t.Holder, t.Means})
	}
	out, err := json.Marshal(lines)
	return string(out), fault.Wrap(err, "writing who is told")
}

func parseTold(p *program.Program, text string) ([]Told, error) {
	var lines []toldLine
	if err := json.Unmarshal([]byte(text), &lines); err != nil {
		return nil, fault.Wrap(err, "reading who was told")
	}
	var list []Told
	for _, l := range lines {
		t := Told{Office: l.Office, Name: p.Offices[l.Office].Name, Holder: l.Holder, How: HowInbox, Means: l.Means}
		if l.Holder != l.Office {
			t.How = HowRelay
		}
		list = append(list, t)
	}
	return list, nil
}

// holdersTold lists the offices that got a report when it was accepted, each once.
func holdersTold(text string) ([]string, error) {
	var lines []toldLine
	if err := json.Unmarshal([]byte(text), &lines); err != nil {
		return nil, fault.Wrap(err, "reading who was told")
	}
	var list []string
	for _, l := range lines {
		if !slices.Contains(list, l.Holder) {
			list = append(list, l.Holder)
		}
	}
	return list, nil
}
