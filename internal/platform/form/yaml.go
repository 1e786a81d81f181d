// SPDX-License-Identifier: Apache-2.0

package form

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	yaml "go.yaml.in/yaml/v3"
)

// fields hands each key of a mapping to its reader, and tells keys that are
// unknown, doubled or missing.
func (p *parser) fields(n *yaml.Node, readers map[string]func(*yaml.Node), needed ...string) {
	var seen []string
	p.pairs(n, func(key, value *yaml.Node) {
		read, ok := readers[key.Value]
		if !ok {
			p.fail(key, "unknown key %q", key.Value)
			return
		}
		seen = append(seen, key.Value)
		read(value)
	})
	for _, key := range needed {
		if !slices.Contains(seen, key) {
			p.fail(n, "%s is missing", key)
		}
	}
}

func (p *parser) pairs(n *yaml.Node, each func(key, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		p.fail(n, "expected names with values")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode {
			p.fail(key, "expected a name")
			continue
		}
		if seen[key.Value] {
			p.fail(key, "key %q stands twice", key.Value)
			continue
		}
		seen[key.Value] = true
		each(key, n.Content[i+1])
	}
}

func (p *parser) list(n *yaml.Node, most int) []*yaml.Node {
	if n.Kind != yaml.SequenceNode {
		p.fail(n, "expected a list")
		return nil
	}
	if len(n.Content) > most {
		p.fail(n, "the list has more than %d entries", most)
		return nil
	}
	return n.Content
}

func (p *parser) scalar(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode {
		p.fail(n, "expected a single value")
		return ""
	}
	return n.Value
}

func (p *parser) id(n *yaml.Node, shape *regexp.Regexp) string {
	id := p.scalar(n)
	if n.Kind == yaml.ScalarNode && !shape.MatchString(id) {
		p.fail(n, "%q is not usable as an id", id)
	}
	return id
}

func (p *parser) flag(n *yaml.Node) bool {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" {
		p.fail(n, "expected true or false")
		return false
	}
	return n.Value == "true"
}

func (p *parser) number(n *yaml.Node) int {
	v, err := strconv.Atoi(p.scalar(n))
	if err != nil || v < 1 || v > 1_000_000 {
		p.fail(n, "expected a number from 1 to 1000000")
		return 0
	}
	return v
}

// text reads words by language. English is always there: it is what a
// language that lacks them falls back to.
func (p *parser) text(n *yaml.Node) Text {
	out := Text{}
	p.pairs(n, func(key, value *yaml.Node) {
		words := strings.TrimSpace(p.scalar(value))
		switch {
		case !langShape.MatchString(key.Value):
			p.fail(key, "%q is not a language", key.Value)
		case words == "":
			p.fail(value, "the words are empty")
		default:
			out[key.Value] = words
		}
	})
	if n.Kind == yaml.MappingNode && out["en"] == "" {
		p.fail(n, "the English words (en) are missing")
	}
	return out
}
