// SPDX-License-Identifier: Apache-2.0

package program

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Problem is one thing that is wrong with a pack, and where.
type Problem struct {
	File string
	Line int // 0: the file as a whole
	Text string
}

// String is the problem as a compiler would print it.
func (p Problem) String() string {
	switch {
	case p.File == "":
		return p.Text
	case p.Line == 0:
		return p.File + ": " + p.Text
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text)
}

// faults collects problems while a pack is read.
type faults struct{ list []Problem }

func (f *faults) add(at mark, format string, args ...any) {
	f.list = append(f.list, Problem{File: at.file, Line: at.line, Text: fmt.Sprintf(format, args...)})
}

// mark is a place in a file. A field of this type is set by the decoder.
type mark struct {
	file string
	line int
}

// document is the strict reader of one YAML file. It exists because the library's
// own strictness names neither file nor line once a value has been looked at.
type document struct {
	file   string
	faults *faults
}

const maxFile = 1 << 20

// decode reads one document into the struct that v points to. Keys are the
// fields' `pack` tags; a tag ending in "!" must be present.
func decode(data []byte, file string, v any, f *faults) {
	d := document{file: file, faults: f}
	if len(data) > maxFile {
		d.faults.add(mark{file: file}, "the file is over 1 MiB")
		return
	}
	if !utf8.Valid(data) {
		d.faults.add(mark{file: file}, "the file is not UTF-8")
		return
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var root yaml.Node
	err := dec.Decode(&root)
	if err != nil {
		d.syntax(err)
		return
	}
	var more yaml.Node
	err = dec.Decode(&more)
	if !errors.Is(err, io.EOF) {
		d.faults.add(mark{file: file}, "there is more than one document in the file")
		return
	}
	if len(root.Content) != 1 {
		d.faults.add(mark{file: file}, "the file is empty")
		return
	}
	d.value(root.Content[0], reflect.ValueOf(v).Elem(), "the file")
}

// syntax turns the library's "yaml: line 3: ..." into a problem of ours.
func (d document) syntax(err error) {
	if errors.Is(err, io.EOF) {
		d.faults.add(mark{file: d.file}, "the file is empty")
		return
	}
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 0
	if n, _ := fmt.Sscanf(text, "line %d: ", &line); n == 1 {
		_, text, _ = strings.Cut(text, ": ")
	}
	d.faults.add(mark{file: d.file, line: line}, "not YAML: %s", strings.Join(strings.Fields(text), " "))
}

func (d document) value(n *yaml.Node, v reflect.Value, what string) {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		d.at(n, "%s: anchors and aliases are not allowed", what)
	case n.Style&yaml.TaggedStyle != 0:
		d.at(n, "%s: tags are not allowed", what)
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.value(n, v.Elem(), what)
	case v.Kind() == reflect.Struct:
		d.record(n, v, what)
	case v.Kind() == reflect.Map:
		d.table(n, v, what)
	case v.Kind() == reflect.Slice:
		d.list(n, v, what)
	default:
		d.scalar(n, v, what)
	}
}

func (d document) at(n *yaml.Node, format string, args ...any) {
	d.faults.add(mark{file: d.file, line: n.Line}, format, args...)
}

func (d document) record(n *yaml.Node, v reflect.Value, what string) {
	if n.Kind != yaml.MappingNode {
		d.at(n, "%s: keys with values are expected here", what)
		return
	}
	fields := map[string]int{}
	required := map[string]bool{}
	for i := range v.NumField() {
		tag := v.Type().Field(i).Tag.Get("pack")
		if tag == "" {
			if v.Field(i).Type() == reflect.TypeFor[mark]() {
				v.Field(i).Set(reflect.ValueOf(mark{file: d.file, line: n.Line}))
			}
			continue
		}
		key, must := strings.CutSuffix(tag, "!")
		fields[key], required[key] = i, must
	}
	d.pairs(n, func(key string, kn, vn *yaml.Node) {
		i, ok := fields[key]
		if !ok {
			d.at(kn, "unknown key %q", key)
			return
		}
		delete(required, key)
		d.value(vn, v.Field(i), key)
	})
	for _, key := range sortedKeys(required) {
		if required[key] {
			d.at(n, "%s: the key %q is missing", what, key)
		}
	}
}

// pairs visits the keys of a mapping and refuses repeated ones.
func (d document) pairs(n *yaml.Node, visit func(key string, kn, vn *yaml.Node)) {
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		kn, vn := n.Content[i], n.Content[i+1]
		if kn.Kind != yaml.ScalarNode || kn.Anchor != "" || kn.Style&yaml.TaggedStyle != 0 {
			d.at(kn, "a key must be a plain word")
			continue
		}
		if seen[kn.Value] {
			d.at(kn, "the key %q stands here twice", kn.Value)
			continue
		}
		seen[kn.Value] = true
		visit(kn.Value, kn, vn)
	}
}

func (d document) table(n *yaml.Node, v reflect.Value, what string) {
	if n.Kind != yaml.MappingNode {
		d.at(n, "%s: keys with values are expected here", what)
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	d.pairs(n, func(key string, _, vn *yaml.Node) {
		item := reflect.New(v.Type().Elem()).Elem()
		d.value(vn, item, key)
		v.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), item)
	})
}

func (d document) list(n *yaml.Node, v reflect.Value, what string) {
	if n.Kind != yaml.SequenceNode {
		d.at(n, "%s: a list is expected here", what)
		return
	}
	for _, item := range n.Content {
		e := reflect.New(v.Type().Elem()).Elem()
		d.value(item, e, what)
		v.Set(reflect.Append(v, e))
	}
}

func (d document) scalar(n *yaml.Node, v reflect.Value, what string) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
		d.at(n, "%s: a value is expected here", what)
		return
	}
	switch {
	case v.Kind() == reflect.Bool && n.ShortTag() == "!!bool":
		v.SetBool(n.Value == "true")
	case v.Kind() == reflect.Bool:
		d.at(n, "%s: true or false is expected here", what)
	case n.ShortTag() == "!!bool":
		d.at(n, "%s: text is expected here; write it in quotes", what)
	default:
		// The words as written: 01001 stays a county and 2026-11-22 a date.
		v.SetString(n.Value)
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
