// SPDX-License-Identifier: Apache-2.0

package form

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// DecodeJSON reads the answers out of an API request: text as strings, choices
// as lists of strings, yesno as true and false or "yes" and "no", a place as
// "MS-28033", "MS" or {"state": "MS", "county": "DeSoto"}. null is no answer.
func (f Form) DecodeJSON(raw map[string]json.RawMessage) (Answers, []Problem) {
	d := f.decoder()
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		value := raw[name]
		q, known := f.Question(name)
		values, county, kind := d.decodeOne(name, value)
		switch {
		case kind == isNothing:
		case !known:
			d.stranger(name, values)
		case kind == isWrong, kind == isPlace && q.Type != Place, kind == isFlag && q.Type != YesNo:
			d.answers[q.ID] = append(d.clean(q.ID, values), d.clean(q.ID, county)...)
			d.add(Problem{Question: q.ID, Code: WrongType})
		case q.Type == Place:
			d.place(q, values, county)
		default:
			d.values(q, values)
		}
	}
	return d.finish()
}

type kind int

const (
	isNothing kind = iota
	isText
	isFlag
	isPlace
	isWrong
)

// decodeOne reads one value. Whatever its form, its words are in the values.
func (d *decoder) decodeOne(name string, raw json.RawMessage) (values, county []string, k kind) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil, isNothing
	}
	if !utf8.Valid(raw) {
		fixed, _ := Repair(string(raw))
		raw = json.RawMessage(fixed)
		d.add(Problem{Question: name, Code: Encoding})
	}
	var text string
	var list []string
	var flag bool
	state, at, isWhere := readPlace(raw)
	switch {
	case json.Unmarshal(raw, &text) == nil:
		values, k = []string{text}, isText
	case json.Unmarshal(raw, &list) == nil:
		values, k = list, isText
	case json.Unmarshal(raw, &flag) == nil:
		values, k = []string{map[bool]string{true: "yes", false: "no"}[flag]}, isFlag
	case isWhere:
		values, county, k = []string{state}, []string{at}, isPlace
	default:
		return []string{string(raw)}, nil, isWrong
	}
	if lostLetters(raw, append(values, county...)) {
		d.add(Problem{Question: name, Code: Encoding})
	}
	return values, county, k
}

// readPlace reads {"state": "...", "county": "..."}. A name that stands twice, or in
// other capitals, is refused: whoever reads it next might take the other one,
// and a place decides who is told.
func readPlace(raw []byte) (state, county string, ok bool) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return "", "", false
	}
	seen := map[string]string{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return "", "", false
		}
		value, err := d.Token()
		words, isText := value.(string)
		key, _ := name.(string)
		_, twice := seen[key]
		if err != nil || !isText || twice || key != "state" && key != "county" {
			return "", "", false
		}
		seen[key] = words
	}
	_, err := d.Token()
	return seen["state"], seen["county"], err == nil
}

// lostLetters reports whether decoding put replacement characters where the
// JSON had none: half of a surrogate pair, which stands for no letter.
func lostLetters(raw []byte, values []string) bool {
	if bytes.ContainsRune(raw, utf8.RuneError) || bytes.Contains(bytes.ToLower(raw), []byte(`\ufffd`)) {
		return false
	}
	for _, v := range values {
		if strings.ContainsRune(v, utf8.RuneError) {
			return true
		}
	}
	return false
}
