// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"waylight/internal/platform/web/webtest"
)

// description is the OpenAPI document as it is served, and the part of JSON
// Schema that it uses. A keyword that is not understood here fails the test.
type description struct{ doc map[string]any }

func describe(t *testing.T, w *world) description {
	t.Helper()
	served := w.client.GetDoc("/api/openapi.json")
	var d description
	if err := json.Unmarshal([]byte(served.Body), &d.doc); err != nil || served.Status != 200 {
		t.Fatalf("status %d: %v", served.Status, err)
	}
	if d.doc["openapi"] != "3.1.0" {
		t.Fatalf("openapi is %v", d.doc["openapi"])
	}
	return d
}

// check holds a real answer to its description: the status is described and the
// body fits its schema.
func (d description) check(t *testing.T, method, path string, doc *webtest.Doc) {
	t.Helper()
	at := "#/paths/" + strings.ReplaceAll(path, "/", "~1") + "/" + strings.ToLower(method) + "/responses/" + strconv.Itoa(doc.Status)
	response, err := d.resolve(at)
	if err != nil {
		t.Errorf("%s %s answers %d, which is not described", method, path, doc.Status)
		return
	}
	headers, _ := response["headers"].(map[string]any)
	if _, needs := headers["Retry-After"]; needs && doc.Header.Get("Retry-After") == "" {
		t.Errorf("%s %s answers %d without Retry-After", method, path, doc.Status)
	}
	var value any
	if err := json.Unmarshal([]byte(doc.Body), &value); err != nil {
		t.Errorf("%s %s: %v", method, path, err)
		return
	}
	content := response["content"].(map[string]any)["application/json"].(map[string]any)
	for _, problem := range d.problems(content["schema"].(map[string]any), value, "answer") {
		t.Errorf("%s %s answers %d: %s", method, path, doc.Status, problem)
	}
}

// resolve follows a pointer, and references on its way.
func (d description) resolve(pointer string) (map[string]any, error) {
	at := any(d.doc)
	for _, part := range strings.Split(strings.TrimPrefix(pointer, "#/"), "/") {
		object, ok := at.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("%s leads nowhere", pointer)
		}
		at, ok = object[strings.ReplaceAll(part, "~1", "/")]
		if !ok {
			return nil, fmt.Errorf("%s leads nowhere at %s", pointer, part)
		}
	}
	object, ok := at.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s is not an object", pointer)
	}
	if ref, ok := object["$ref"].(string); ok {
		return d.resolve(ref)
	}
	return object, nil
}

func (d description) problems(schema map[string]any, value any, at string) []string {
	if ref, ok := schema["$ref"].(string); ok {
		target, err := d.resolve(ref)
		if err != nil {
			return []string{err.Error()}
		}
		return d.problems(target, value, at)
	}
	var out []string
	for keyword, want := range schema {
		switch keyword {
		case "description", "summary", "properties", "additionalProperties", "required", "items":
		case "type":
			if !slices.Contains(names(want), kindOf(value)) {
				out = append(out, fmt.Sprintf("%s is %s, not %v", at, kindOf(value), want))
			}
		case "oneOf":
			fits := 0
			for _, one := range want.([]any) {
				if len(d.problems(one.(map[string]any), value, at)) == 0 {
					fits++
				}
			}
			if fits != 1 {
				out = append(out, fmt.Sprintf("%s fits %d of its forms", at, fits))
			}
		case "enum":
			if !slices.Contains(want.([]any), value) {
				out = append(out, fmt.Sprintf("%s is %v, not one of %v", at, value, want))
			}
		case "pattern":
			if s, ok := value.(string); !ok || !regexp.MustCompile(want.(string)).MatchString(s) {
				out = append(out, fmt.Sprintf("%s is %v, which does not match %v", at, value, want))
			}
		case "format":
			if s, ok := value.(string); ok {
				if _, err := time.Parse(time.RFC3339, s); err != nil {
					out = append(out, at+" is no time: "+s)
				}
			}
		case "minItems":
			if list, ok := value.([]any); !ok || float64(len(list)) < want.(float64) {
				out = append(out, at+" has too few items")
			}
		default:
			out = append(out, at+": the test does not understand "+keyword)
		}
	}
	return append(out, d.inner(schema, value, at)...)
}

// inner checks the parts of an object or a list.
func (d description) inner(schema map[string]any, value any, at string) []string {
	var out []string
	switch value := value.(type) {
	case []any:
		items, ok := schema["items"].(map[string]any)
		for i, v := range value {
			if ok {
				out = append(out, d.problems(items, v, fmt.Sprintf("%s[%d]", at, i))...)
			}
		}
	case map[string]any:
		properties, _ := schema["properties"].(map[string]any)
		for _, name := range names(schema["required"]) {
			if _, ok := value[name]; !ok {
				out = append(out, at+"."+name+" is missing")
			}
		}
		for name, v := range value {
			property, ok := properties[name].(map[string]any)
			switch {
			case ok:
				out = append(out, d.problems(property, v, at+"."+name)...)
			case schema["additionalProperties"] == false:
				out = append(out, at+"."+name+" is not described")
			}
		}
	}
	return out
}

// names are the strings of a keyword that takes one or a list.
func names(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, one := range v {
			out = append(out, fmt.Sprint(one))
		}
		return out
	}
	return nil
}

func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case float64:
		if v == float64(int64(v)) {
			return "integer"
		}
		return "number"
	case []any:
		return "array"
	}
	return "object"
}
