// SPDX-License-Identifier: Apache-2.0

package program_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/form"
)

func TestEnvelopeFrom(t *testing.T) {
	t.Parallel()
	p := mississippi(t)
	for _, c := range []struct {
		name    string
		answers form.Answers
		want    func(e *program.Envelope)
	}{
		{"nothing but what is asked for is read with care", form.Answers{"mode": {"tip"}, "age": {"adult"}}, func(e *program.Envelope) {}},
		{"age left out is not sure", form.Answers{"mode": {"tip"}}, func(e *program.Envelope) { e.Age = "unsure" }},
		{"who asks for help speaks for themselves", form.Answers{"mode": {"help"}, "age": {"adult"}, "consents": {"mcaht"}}, func(e *program.Envelope) {
			e.Mode, e.Who, e.Consents = program.Help, "me", []string{"mcaht"}
		}},
		{"a tip has no consents", form.Answers{"mode": {"tip"}, "age": {"adult"}, "consents": {"mcaht"}}, func(e *program.Envelope) {}},
		{"a request for help leaves nobody out", form.Answers{"mode": {"help"}, "age": {"adult"}, "left_out": {"hsi"}}, func(e *program.Envelope) {
			e.Mode, e.Who = program.Help, "me"
		}},
		{"leaving an office out", form.Answers{"mode": {"tip"}, "age": {"adult"}, "left_out": {"hsi"}}, func(e *program.Envelope) { e.LeftOut = []string{"hsi"} }},
		{"sex and labor are both", form.Answers{"mode": {"tip"}, "age": {"adult"}, "kind": {"sex", "labor"}}, func(e *program.Envelope) { e.Kind = "both" }},
		{"sure of one thing", form.Answers{"mode": {"tip"}, "age": {"adult"}, "kind": {"unsure", "labor"}}, func(e *program.Envelope) { e.Kind = "labor" }},
		{"a missing foster child", form.Answers{"mode": {"tip"}, "age": {"adult"}, "kind": {"missing"}}, func(e *program.Envelope) { e.Missing = true }},
		{"places, danger, land and who is accused", form.Answers{"mode": {"tip"}, "age": {"under18"}, "danger": {"yes"}, "happened": {"MS-28033"}, "now": {"TN"},
			"land": {"tribal"}, "conflict": {"police", "court", "police"}, "who": {"job"}}, func(e *program.Envelope) {
			e.Age, e.Danger, e.Land, e.Who, e.Conflict = "under18", true, "tribal", "job", []string{"court", "police"}
			e.Happened, e.Now = at(t, "MS-28033"), at(t, "TN")
		}},
	} {
		want := program.Envelope{Version: 1, Mode: program.Tip, Age: "adult", Kind: "unsure", Who: "saw", Land: "unknown", Conflict: []string{}, Language: "es"}
		c.want(&want)
		got, _, err := p.EnvelopeFrom(c.answers, "es")
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if want.Mode == program.Help && want.Consents == nil {
			want.Consents = []string{}
		}
		if want.Mode == program.Tip && want.LeftOut == nil {
			want.LeftOut = []string{}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: want (-), got (+):\n%s", c.name, diff)
		}
	}
}

// What cannot be routed is refused with the question's name, and the refusal
// does not carry what was typed.
func TestEnvelopeFromRefuses(t *testing.T) {
	t.Parallel()
	p := mississippi(t)
	for field, a := range map[string]form.Answers{
		"mode":     {"mode": {"secret words"}},
		"age":      {"mode": {"tip"}, "age": {"secret words"}},
		"kind":     {"mode": {"tip"}, "kind": {"secret words"}},
		"who":      {"mode": {"tip"}, "who": {"secret words"}},
		"land":     {"mode": {"tip"}, "land": {"secret words"}},
		"conflict": {"mode": {"tip"}, "conflict": {"secret words"}},
		"happened": {"mode": {"tip"}, "happened": {"secret words"}},
		"lives":    {"mode": {"tip"}, "lives": {"MS-47157"}},
		"consents": {"mode": {"help"}, "consents": {"secret words"}},
		"left_out": {"mode": {"tip"}, "left_out": {"mdcps"}},
	} {
		_, _, err := p.EnvelopeFrom(a, "en")
		f, ok := fault.As(err)
		if !ok || f.Kind != fault.Invalid || f.Field != field || f.Message == "" {
			t.Errorf("%s: %v", field, err)
			continue
		}
		if text := err.Error() + f.Error() + f.Message; strings.Contains(text, "secret") || strings.Contains(text, "47157") {
			t.Errorf("%s: the refusal repeats what was typed: %s", field, text)
		}
	}
}

// Every word typed is in the envelope, in the body or in the reporter's part,
// where the form says; no story is in the envelope.
func TestNoWordIsLost(t *testing.T) {
	t.Parallel()
	p := mississippi(t)
	words := rapid.StringMatching(`[a-zñ ]{1,40}`)
	rapid.Check(t, func(t *rapid.T) {
		a := form.Answers{"mode": {"tip"}, "age": {"adult"}, "happened": {"MS", "the county I typed"}}
		for _, q := range []string{"story", "people", "times", "contact", "name", "as_whom", "something_new"} {
			if rapid.Bool().Draw(t, "answered") {
				a[q] = rapid.SliceOfN(words, 1, 3).Draw(t, q)
			}
		}
		e, parts, err := p.EnvelopeFrom(a, "en")
		if err != nil {
			t.Fatal(err)
		}
		want := program.Parts{Body: map[string][]string{"happened": {"the county I typed"}}, Reporter: map[string][]string{}}
		for q, v := range a {
			switch q {
			case "mode", "age", "happened":
			case "contact", "name", "as_whom":
				want.Reporter[q] = v
			default:
				want.Body[q] = v
			}
		}
		if diff := cmp.Diff(want, parts); diff != "" {
			t.Fatalf("want (-), parts (+):\n%s", diff)
		}
		again, _, err := p.EnvelopeFrom(form.Answers{"mode": {"tip"}, "age": {"adult"}, "happened": {"MS"}}, "en")
		if diff := cmp.Diff(again, e); err != nil || diff != "" {
			t.Fatalf("what is told changes the envelope (%v):\n%s", err, diff)
		}
	})
}

// The form as it is posted and the envelope know the same answers.
func TestFormAndEnvelopeAgree(t *testing.T) {
	t.Parallel()
	p := mississippi(t)
	asked := 0
	for _, q := range p.Form.Questions {
		asked++
		for _, o := range q.Options {
			a := form.Answers{"mode": {"tip"}, "age": {"adult"}}
			a[q.ID] = []string{o.ID}
			if _, _, err := p.EnvelopeFrom(a, "en"); err != nil {
				t.Errorf("%s=%s: %v", q.ID, o.ID, err)
			}
		}
	}
	if asked != 19 {
		t.Errorf("the form asks %d things", asked)
	}
	var required []string
	for _, q := range p.Form.Questions {
		if q.Required {
			required = append(required, q.ID)
		}
	}
	if !slices.Equal(required, []string{"mode", "age", "story"}) {
		t.Errorf("required: %v", required)
	}
	age, _ := p.Form.Question("age")
	for _, lang := range p.Languages {
		if age.Notice.In(lang) == "" {
			t.Errorf("nothing stands above the age question in %s", lang)
		}
	}
	county, ok := p.Form.Places.Find("MS", "desoto")
	if !ok || county.ID != "28033" {
		t.Errorf("DeSoto is %v", county)
	}
	if r := p.Form.Places.Regions; r[0].Code != "MS" || len(r[0].Counties) != 82 || len(r) != 56 || r[1].Code == "AK" {
		t.Errorf("the form offers %d states, first %s with %d counties", len(r), r[0].Code, len(r[0].Counties))
	}
}

// An envelope has one spelling, and reading it back gives the same envelope.
func TestEnvelopeSpelling(t *testing.T) {
	t.Parallel()
	e := program.Envelope{Version: 1, Mode: program.Help, Age: "unsure", Kind: "both", Who: "me", Land: "federal", Danger: true, Missing: true, Language: "es",
		Happened: at(t, "MS-28033"), Now: at(t, "TN"), Conflict: []string{"police", "court"}, Consents: []string{"mcaht", "fbi", "mcaht"}}
	data, err := e.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"version":1,"happened":"MS-28033","now":"TN","lives":"","land":"federal","age":"unsure","danger":true,"kind":"both","who":"me",` +
		`"conflict":["court","police"],"missing":true,"mode":"help","consents":["fbi","mcaht"],"left_out":[],"language":"es"}`
	if string(data) != want {
		t.Errorf("got  %s\nwant %s", data, want)
	}
	back, err := program.ParseEnvelope(data)
	if err != nil {
		t.Fatal(err)
	}
	again, err := back.Marshal()
	if err != nil || string(again) != want {
		t.Errorf("read back and written again (%v): %s", err, again)
	}
	if !json.Valid(data) {
		t.Error("not JSON")
	}
	if e.Consents[0] != "mcaht" {
		t.Error("writing changed the envelope")
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	p := mississippi(t)
	good := program.Envelope{Version: 1, Mode: program.Tip, Age: "adult", Kind: "sex", Who: "saw", Land: "ordinary", Language: "en"}
	if err := good.Validate(p); err != nil {
		t.Fatal(err)
	}
	for field, spoil := range map[string]func(e *program.Envelope){
		"version":  func(e *program.Envelope) { e.Version = 2 },
		"mode":     func(e *program.Envelope) { e.Mode = "" },
		"language": func(e *program.Envelope) { e.Language = "tlh" },
		"now":      func(e *program.Envelope) { e.Now.State, e.Now.County = "TN", "28033" },
		"consents": func(e *program.Envelope) { e.Consents = []string{"mbi-desk"} },
		"left_out": func(e *program.Envelope) { e.LeftOut = []string{"nobody"} },
	} {
		e := good
		spoil(&e)
		f, ok := fault.As(e.Validate(p))
		if !ok || f.Field != field {
			t.Errorf("%s: %v", field, e.Validate(p))
		}
	}
}
