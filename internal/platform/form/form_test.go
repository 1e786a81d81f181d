// SPDX-License-Identifier: Apache-2.0

package form

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const sampleYAML = `
id: repair
questions:
  - id: what
    type: choice
    required: true
    envelope: true
    label: {en: "What is broken?", es: "¿Qué está roto?"}
    options:
      - {id: road, label: {en: Road}}
      - {id: light, label: {en: Light}}
  - id: lamp
    type: text
    required: true
    show_when: {what: [light]}
    label: {en: "Which lamp?"}
  - id: where
    type: place
    label: {en: "Where?"}
  - id: risk
    type: yesno
    label: {en: "Could someone get hurt?"}
  - id: when
    type: choices
    label: {en: "When?"}
    options:
      - {id: day, label: {en: Day}}
      - {id: night, label: {en: Night}}
  - id: more
    type: longtext
    max: 50
    label: {en: More}
    help: {en: In your words}
    notice: {en: Read this}
`

func sample(t testing.TB) Form {
	t.Helper()
	f, err := Parse([]byte(sampleYAML), "repair.yaml")
	if err != nil {
		t.Fatal(err)
	}
	desoto := County{ID: "28033", Name: "DeSoto County"}
	shelby := County{ID: "47157", Name: "Shelby County"}
	f.Places = &Places{
		Regions: []Region{{Code: "MS", Name: "Mississippi", Counties: []County{desoto, {ID: "28049", Name: "Hinds County"}}}, {Code: "TN", Name: "Tennessee"}},
		Find: func(state, words string) (County, bool) {
			for _, c := range map[string][]County{"MS": {desoto, {ID: "28049", Name: "Hinds County"}}, "TN": {shelby}}[state] {
				if words == c.ID || strings.EqualFold(strings.TrimSuffix(c.Name, " County"), strings.TrimSuffix(words, " County")) {
					return c, true
				}
			}
			return County{}, false
		},
	}
	return f
}

func TestParseReadsEverything(t *testing.T) {
	t.Parallel()
	f := sample(t)
	if f.ID != "repair" || len(f.Questions) != 6 {
		t.Fatalf("got %+v", f)
	}
	what, _ := f.Question("what")
	want := Question{
		ID: "what", Type: Choice, Required: true, Envelope: true, Label: Text{"en": "What is broken?", "es": "¿Qué está roto?"},
		Options: []Option{{ID: "road", Label: Text{"en": "Road"}}, {ID: "light", Label: Text{"en": "Light"}}},
	}
	if diff := cmp.Diff(want, what); diff != "" {
		t.Error(diff)
	}
	lamp, _ := f.Question("lamp")
	more, _ := f.Question("more")
	if lamp.Max != defaultText || more.Max != 50 || !slices.Equal(lamp.ShowWhen["what"], []string{"light"}) {
		t.Errorf("lamp %+v more %+v", lamp, more)
	}
	if what.Label.In("es") != "¿Qué está roto?" || what.Options[0].Label.In("es") != "Road" {
		t.Error("the words in Spanish, or English ones in their place, are missing")
	}
}

func TestParseTellsWhatIsWrongAndWhere(t *testing.T) {
	t.Parallel()
	head := "id: x\nquestions:\n"
	for name, c := range map[string]struct{ yaml, want string }{
		"no YAML":             {"id: [", "f.yaml:1: "},
		"empty":               {"", "f.yaml:1: "},
		"not a mapping":       {"- a", "f.yaml:1: expected names with values"},
		"missing parts":       {"id: x", "f.yaml:1: questions is missing"},
		"unknown key":         {"id: x\nquestions: []\ncolour: red", `f.yaml:3: unknown key "colour"`},
		"doubled key":         {"id: x\nid: y\nquestions: []", `f.yaml:2: key "id" stands twice`},
		"unknown type":        {head + "- {id: a, type: slider, label: {en: A}}", `f.yaml:3: question "a" has an unknown type "slider"`},
		"no label":            {head + "- {id: a, type: text}", "f.yaml:3: label is missing"},
		"no English":          {head + "- {id: a, type: text, label: {es: A}}", "f.yaml:3: the English words (en) are missing"},
		"odd language":        {head + "- {id: a, type: text, label: {en: A, Spanish: B}}", `"Spanish" is not a language`},
		"odd id":              {head + "- {id: A b, type: text, label: {en: A}}", `"A b" is not usable as an id`},
		"doubled question":    {head + "- {id: a, type: text, label: {en: A}}\n- {id: a, type: text, label: {en: A}}", `f.yaml:4: question "a" stands twice`},
		"page's own field":    {head + "- {id: lang, type: text, label: {en: A}}", "may not be called lang"},
		"choice with nothing": {head + "- {id: a, type: choice, label: {en: A}}", "has no options"},
		"text with options":   {head + "- {id: a, type: text, label: {en: A}, options: [{id: b, label: {en: B}}]}", "cannot have options"},
		"part of two":         {head + "- {id: a, type: text, label: {en: A}, envelope: true, part: me}", "cannot be of a part and of the envelope"},
		"part without a name": {head + "- {id: a, type: text, label: {en: A}, part: My own}", "is not usable as an id"},
		"place with max":      {head + "- {id: a, type: place, label: {en: A}, max: 3}", "cannot have max"},
		"max of nothing":      {head + "- {id: a, type: text, label: {en: A}, max: 0}", "expected a number"},
		"doubled option":      {head + "- {id: a, type: choice, label: {en: A}, options: [{id: b, label: {en: B}}, {id: b, label: {en: C}}]}", `option "b" stands twice`},
		"waits for nobody":    {head + "- {id: a, type: text, label: {en: A}, show_when: {b: [c]}}", `waits for "b", which does not stand before it`},
		"waits for later":     {head + "- {id: a, type: text, label: {en: A}, show_when: {b: [yes]}}\n- {id: b, type: yesno, label: {en: B}}", `waits for "b"`},
		"waits in vain":       {head + "- {id: b, type: yesno, label: {en: B}}\n- {id: a, type: text, label: {en: A}, show_when: {b: [maybe]}}", `waits for the answer "maybe"`},
		"waits for no answer": {head + "- {id: b, type: yesno, label: {en: B}}\n- {id: a, type: text, label: {en: A}, show_when: {b: []}}", `waits for no answer`},
		"required by word":    {head + "- {id: a, type: text, label: {en: A}, required: maybe}", "expected true or false"},
		"two documents":       {"id: x\nquestions: []\n---\nid: y", "more than one document"},
		"not UTF-8":           {"id: \xff", "is not UTF-8"},
	} {
		_, err := Parse([]byte(c.yaml), "f.yaml")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	_, err := Parse([]byte(head+"- {id: a, type: slider, label: {es: A}}\n- {id: B, type: text}"), "f.yaml")
	if err == nil || strings.Count(err.Error(), "f.yaml:") != 4 {
		t.Errorf("not everything was told: %v", err)
	}
}

func TestDecodeValues(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ñ", 51)
	for name, c := range map[string]struct {
		sent     url.Values
		answers  Answers
		problems []Problem
	}{
		"all well": {
			url.Values{
				"what": {"road"}, "where": {"MS"}, "where.county": {"desoto"}, "risk": {"yes"}, "when": {"day", "night"}, "more": {" a\r\nb "},
				"lang": {"es"}, "_key": {"abc"},
			},
			Answers{"what": {"road"}, "where": {"MS-28033"}, "risk": {"yes"}, "when": {"day", "night"}, "more": {" a\nb "}}, nil,
		},
		"required":                  {url.Values{"what": {"  "}}, Answers{}, []Problem{{Question: "what", Code: Required}}},
		"required only where asked": {url.Values{"what": {"light"}}, Answers{"what": {"light"}}, []Problem{{Question: "lamp", Code: Required}}},
		"everything at once": {
			url.Values{"what": {"car"}, "risk": {"perhaps"}, "when": {"day", "noon"}, "more": {long}, "hat": {"red"}, "where": {"XX"}},
			Answers{"what": {"car"}, "risk": {"perhaps"}, "when": {"day", "noon"}, "more": {long}, "hat": {"red"}, "where": {"XX"}},
			[]Problem{
				{Question: "what", Code: UnknownOption}, {Question: "where", Code: UnknownOption}, {Question: "risk", Code: UnknownOption},
				{Question: "when", Code: UnknownOption}, {Question: "more", Code: TooLong, Limit: 50, Have: 51}, {Question: "hat", Code: UnknownQuestion},
			},
		},
		"two answers to one question": {
			url.Values{"what": {"road", "light"}, "lamp": {"4"}, "more": {"one", "two"}},
			Answers{"what": {"road", "light"}, "lamp": {"4"}, "more": {"one", "two"}},
			[]Problem{{Question: "what", Code: TooMany, Limit: 1, Have: 2}, {Question: "more", Code: TooMany, Limit: 1, Have: 2}},
		},
		"the same box twice": {url.Values{"what": {"road", "road"}}, Answers{"what": {"road"}}, nil},
		"letters of another encoding": {
			url.Values{"what": {"road"}, "more": {"ma\xf1ana \x93ok\x94"}},
			Answers{"what": {"road"}, "more": {"mañana “ok”"}}, []Problem{{Question: "more", Code: Encoding}},
		},
		"control characters":       {url.Values{"what": {"road\x00"}, "more": {"a\x00b\x1b[31m\tc"}}, Answers{"what": {"road"}, "more": {"ab[31m\tc"}}, nil},
		"a state is enough":        {url.Values{"what": {"road"}, "where": {"tn"}}, Answers{"what": {"road"}, "where": {"TN"}}, nil},
		"a county with the state":  {url.Values{"what": {"road"}, "where": {"MS-28049"}}, Answers{"what": {"road"}, "where": {"MS-28049"}}, nil},
		"a county not in the list": {url.Values{"what": {"road"}, "where": {"TN"}, "where.county": {"Shelby"}}, Answers{"what": {"road"}, "where": {"TN-47157"}}, nil},
		"a county alone":           {url.Values{"what": {"road"}, "where.county": {"Hinds"}}, Answers{"what": {"road"}, "where": {"MS-28049"}}, nil},
		"a county of nowhere": {
			url.Values{"what": {"road"}, "where": {""}, "where.county": {"Shelby"}},
			Answers{"what": {"road"}, "where": {"", "Shelby"}}, []Problem{{Question: "where", Code: MissingState}},
		},
		"a county misspelled": {
			url.Values{"what": {"road"}, "where": {"MS"}, "where.county": {"Desotto"}},
			Answers{"what": {"road"}, "where": {"MS", "Desotto"}}, []Problem{{Question: "where", Code: UnknownCounty, Suggest: []string{"DeSoto County"}}},
		},
		"a county of another state": {
			url.Values{"what": {"road"}, "where": {"MS"}, "where.county": {"Shelby"}},
			Answers{"what": {"road"}, "where": {"MS", "Shelby"}}, []Problem{{Question: "where", Code: UnknownCounty}},
		},
		"two counties": {
			url.Values{"what": {"road"}, "where": {"MS-28033"}, "where.county": {"Hinds"}},
			Answers{"what": {"road"}, "where": {"MS-28033", "Hinds"}}, []Problem{{Question: "where", Code: TooMany, Limit: 1, Have: 2}},
		},
		"nothing where a place is": {url.Values{"what": {"road"}, "where": {""}, "where.county": {""}}, Answers{"what": {"road"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answers, problems := sample(t).DecodeValues(c.sent)
			if diff := cmp.Diff(c.answers, answers); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.problems, problems); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecodeJSON(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sent     string
		answers  Answers
		problems []Problem
	}{
		"all well": {
			`{"what":"road","where":{"state":"MS","county":"DeSoto"},"risk":true,"when":["day"],"more":"a\nb","lamp":null}`,
			Answers{"what": {"road"}, "where": {"MS-28033"}, "risk": {"yes"}, "when": {"day"}, "more": {"a\nb"}}, nil,
		},
		"place as text":   {`{"what":"road","where":"MS-28033","risk":"no"}`, Answers{"what": {"road"}, "where": {"MS-28033"}, "risk": {"no"}}, nil},
		"list of one":     {`{"what":["road"]}`, Answers{"what": {"road"}}, nil},
		"unknown to form": {`{"what":"road","hat":{"a":1}}`, Answers{"what": {"road"}, "hat": {`{"a":1}`}}, []Problem{{Question: "hat", Code: UnknownQuestion}}},
		"number for text": {`{"what":"road","more":7}`, Answers{"what": {"road"}, "more": {"7"}}, []Problem{{Question: "more", Code: WrongType}}},
		"flag for choice": {`{"what":true}`, Answers{"what": {"yes"}}, []Problem{{Question: "what", Code: WrongType}}},
		"place for text":  {`{"what":"road","more":{"state":"my words"}}`, Answers{"what": {"road"}, "more": {"my words"}}, []Problem{{Question: "more", Code: WrongType}}},
		"odd place":       {`{"what":"road","where":{"state":"MS","street":"x"}}`, Answers{"what": {"road"}, "where": {`{"state":"MS","street":"x"}`}}, []Problem{{Question: "where", Code: WrongType}}},
		"half a letter":   {`{"what":"road","more":"a\ud800b"}`, Answers{"what": {"road"}, "more": {"a\uFFFDb"}}, []Problem{{Question: "more", Code: Encoding}}},
		"a lost letter":   {`{"what":"road","more":"a\ufffdb"}`, Answers{"what": {"road"}, "more": {"a\uFFFDb"}}, nil},
		"not UTF-8":       {"{\"what\":\"road\",\"more\":\"ma\xf1ana\"}", Answers{"what": {"road"}, "more": {"mañana"}}, []Problem{{Question: "more", Code: Encoding}}},
		"required":        {`{}`, Answers{}, []Problem{{Question: "what", Code: Required}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw := map[string]json.RawMessage{}
			err := json.Unmarshal([]byte(c.sent), &raw)
			if err != nil {
				t.Fatal(err)
			}
			answers, problems := sample(t).DecodeJSON(raw)
			if diff := cmp.Diff(c.answers, answers); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.problems, problems); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A body full of made-up fields must not become a page that is far larger.
func TestManyStrangersAreToldOnce(t *testing.T) {
	t.Parallel()
	sent := url.Values{"what": {"road"}}
	for i := range 5000 {
		sent.Add(fmt.Sprint("x", i), "word")
		sent.Add("when", fmt.Sprint("t", i))
	}
	answers, problems := sample(t).DecodeValues(sent)
	if len(problems) != maxStrangers+1 || len(answers) != 5002 || len(answers["when"]) != 5000 {
		t.Errorf("%d problems, %d answers, %d choices", len(problems), len(answers), len(answers["when"]))
	}
}

func TestPlacesWithoutAList(t *testing.T) {
	t.Parallel()
	f := sample(t)
	f.Places = nil
	for sent, want := range map[string]string{"MS": "", "MS-28033": "", "ms": "", "Mississippi": UnknownOption, "MS-2803": UnknownOption} {
		_, problems := f.DecodeValues(url.Values{"what": {"road"}, "where": {sent}})
		if got := fmt.Sprint(problems); (want == "") != (len(problems) == 0) || !strings.Contains(got, want) {
			t.Errorf("%s: %s", sent, got)
		}
	}
}

// Whatever people type, their words come back, and the whole form decodes to
// the same answers again: a page that is shown after a refusal loses nothing.
func TestEveryWordComesBack(t *testing.T) {
	t.Parallel()
	f := sample(t)
	rapid.Check(t, func(t *rapid.T) {
		sent := url.Values{}
		for _, name := range []string{"what", "lamp", "where", "where.county", "risk", "when", "more", "other"} {
			sent[name] = rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, name)
		}
		answers, problems := f.DecodeValues(sent)
		all := ""
		for _, values := range answers {
			all += strings.Join(values, "\x00") + "\x00"
		}
		for name, values := range sent {
			for _, v := range values {
				words, whole := Repair(v)
				if !whole {
					t.Fatalf("%s: valid text was repaired", name)
				}
				if name == "where" || name == "where.county" || name == "what" || name == "risk" || name == "when" {
					words = strings.TrimSpace(words)
				}
				if strings.TrimSpace(words) == "" || strings.Contains(all, words) || len(problems) == 0 {
					continue
				}
				if strings.HasPrefix(name, "where") && strings.Contains(strings.ToLower(all), strings.ToLower(words)) {
					continue // a state's code is written in capitals
				}
				t.Fatalf("%s: %q is not in %q", name, words, all)
			}
		}
		if len(sent["where"]) > 1 || len(sent["where.county"]) > 1 {
			return // a page has one of each
		}
		again := url.Values{}
		for name, values := range answers {
			if q, _ := f.Question(name); q.Type == Place && len(values) == 2 {
				again[name], again[name+countySuffix] = values[:1], values[1:]
				continue
			}
			again[name] = values
		}
		same, _ := f.DecodeValues(again)
		if diff := cmp.Diff(answers, same); diff != "" {
			t.Fatal(diff)
		}
	})
}

func FuzzDecodeValues(f *testing.F) {
	f.Add("what=road&where=MS&where.county=DeSoto&more=hello")
	f.Add("what=%ff%fe&more=%00%c3%28&lang=es&_key=1&where.county=x")
	f.Add("where=MS-28033&where=TN&when=day&when=&risk=maybe&=&%f0%9f=1")
	form := sample(f)
	f.Fuzz(func(t *testing.T, query string) {
		sent, _ := url.ParseQuery(query)
		checkDecoded(t, form, func() (Answers, []Problem) { return form.DecodeValues(sent) })
	})
}

func FuzzDecodeJSON(f *testing.F) {
	f.Add([]byte(`{"what":"road","where":{"state":"MS","county":"x"},"risk":true,"when":["day"],"more":null}`))
	f.Add([]byte("{\"more\":\"\xff\\ud800\",\"what\":7,\"x\":[[]],\"where\":[\"a\",\"b\"]}"))
	form := sample(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		raw := map[string]json.RawMessage{}
		if json.Unmarshal(data, &raw) != nil {
			return
		}
		checkDecoded(t, form, func() (Answers, []Problem) { return form.DecodeJSON(raw) })
	})
}

// checkDecoded holds what every decoding promises: the same answer each time,
// text that can be stored, no value of a closed question without a problem.
func checkDecoded(t *testing.T, f Form, decode func() (Answers, []Problem)) {
	answers, problems := decode()
	same, sameProblems := decode()
	if diff := cmp.Diff(answers, same); diff != "" {
		t.Fatal(diff)
	}
	if diff := cmp.Diff(problems, sameProblems); diff != "" {
		t.Fatal(diff)
	}
	for name, values := range answers {
		for _, v := range values {
			if !utf8.ValidString(v) || strings.ContainsAny(v, "\x00\r") {
				t.Fatalf("%s: %q cannot be stored", name, v)
			}
		}
	}
	if len(problems) > 0 {
		return
	}
	for name, values := range answers {
		q, ok := f.Question(name)
		if !ok || len(values) == 0 || len(values) > 1 && q.Type != Choices {
			t.Fatalf("%s = %q passed", name, values)
		}
		for _, v := range values {
			closed := q.Type == Choice || q.Type == Choices || q.Type == YesNo
			if closed && !q.canBe(v) || q.Type == Place && !placeShape.MatchString(v) || q.Max > 0 && utf8.RuneCountInString(v) > q.Max {
				t.Fatalf("%s = %q passed", name, v)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(sampleYAML))
	f.Add([]byte("id: x\nquestions:\n- {id: a, type: choice, label: {en: A}, options: [*x]}"))
	f.Add([]byte("a: &a [*a]"))
	f.Add([]byte("? {a: b}\n: c"))
	f.Fuzz(func(t *testing.T, data []byte) {
		form, err := Parse(data, "f.yaml")
		if err != nil {
			for _, line := range strings.Split(err.Error(), "\n") {
				if line == "" {
					t.Fatalf("an empty complaint: %q", err)
				}
			}
			return
		}
		seen := map[string]bool{}
		for _, q := range form.Questions {
			if q.ID == "" || seen[q.ID] || q.Label.In("en") == "" {
				t.Fatalf("passed: %+v", q)
			}
			seen[q.ID] = true
		}
		_, _ = form.DecodeValues(url.Values{"x": {"y"}})
	})
}

// A place decides who is told: what two readers could read in two ways is refused.
func TestPlaceInJSONHasOneReading(t *testing.T) {
	t.Parallel()
	f, err := Parse([]byte("id: f\nquestions:\n  - {id: where, type: place, label: {en: Where, es: Dónde}}\n"), "f.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for raw, ok := range map[string]bool{
		`{"state":"MS","county":"28033"}`: true,
		`{"state":"MS"}`:                  true,
		`{"state":"MS","state":"TN"}`:     false,
		`{"State":"MS"}`:                  false,
		`{"state":"MS","town":"X"}`:       false,
		`{"state":{"state":"MS"}}`:        false,
		`{"state":["MS"]}`:                false,
	} {
		_, problems := f.DecodeJSON(map[string]json.RawMessage{"where": json.RawMessage(raw)})
		if (len(problems) == 0) != ok {
			t.Errorf("%s: %v", raw, problems)
		}
	}
}
