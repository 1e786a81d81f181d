// SPDX-License-Identifier: Apache-2.0

package webtest

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Doc is an answer: a page, when Root is set, or anything else.
type Doc struct {
	Status int
	Header http.Header
	Body   string
	Root   *Node
}

// Node is an element of a page, or a piece of its text when Tag is empty.
type Node struct {
	Tag      string
	Attr     map[string]string
	Words    string
	Children []*Node
	Parent   *Node
}

// parse reads a page of ours: every element is closed or void.
func parse(data []byte) (*Node, error) {
	d := xml.NewDecoder(bytes.NewReader(data))
	d.Strict = false
	d.AutoClose = append(slices.Clone(xml.HTMLAutoClose), "wbr", "source", "embed", "track")
	d.Entity = xml.HTMLEntity
	root := &Node{Tag: "#root"}
	at := root
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading the page: %w", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			n := &Node{Tag: strings.ToLower(token.Name.Local), Attr: map[string]string{}, Parent: at}
			for _, a := range token.Attr {
				name := a.Name.Local
				if a.Name.Space != "" {
					name = a.Name.Space + ":" + name
				}
				n.Attr[strings.ToLower(name)] = a.Value
			}
			at.Children = append(at.Children, n)
			if !slices.Contains(d.AutoClose, n.Tag) {
				at = n
			}
		case xml.EndElement:
			name := strings.ToLower(token.Name.Local)
			switch {
			case slices.Contains(d.AutoClose, name):
			case at.Tag != name:
				return nil, fmt.Errorf("</%s> closes <%s>", name, at.Tag)
			default:
				at = at.Parent
			}
		case xml.CharData:
			at.Children = append(at.Children, &Node{Words: string(token), Parent: at})
		}
	}
	if at != root {
		return nil, fmt.Errorf("<%s> is not closed", at.Tag)
	}
	return root, nil
}

// All lists the elements under a node with this tag ("" for any) and these
// attributes, given as names and values; the value "*" means any.
func (n *Node) All(tag string, attrs ...string) []*Node {
	var out []*Node
	if n == nil {
		return nil
	}
	for _, child := range n.Children {
		if child.Tag != "" && (tag == "" || tag == child.Tag) && child.has(attrs) {
			out = append(out, child)
		}
		out = append(out, child.All(tag, attrs...)...)
	}
	return out
}

func (n *Node) has(attrs []string) bool {
	for i := 0; i+1 < len(attrs); i += 2 {
		value, ok := n.Attr[attrs[i]]
		if !ok || attrs[i+1] != "*" && value != attrs[i+1] {
			return false
		}
	}
	return true
}

// Text is what can be read of a node, with single spaces.
func (n *Node) Text() string {
	var b strings.Builder
	n.text(&b)
	return strings.Join(strings.Fields(b.String()), " ")
}

func (n *Node) text(b *strings.Builder) {
	if n == nil {
		return
	}
	b.WriteString(n.Words)
	for _, child := range n.Children {
		if child.Tag != "" && !slices.Contains([]string{"a", "b", "i", "em", "strong", "span", "time"}, child.Tag) {
			b.WriteByte(' ')
		}
		child.text(b)
	}
	if n.Tag != "" {
		b.WriteByte(' ')
	}
}

// All lists elements of the page; see [Node.All].
func (d *Doc) All(tag string, attrs ...string) []*Node { return d.Root.All(tag, attrs...) }

// One is the first such element, or nil.
func (d *Doc) One(tag string, attrs ...string) *Node {
	found := d.All(tag, attrs...)
	if len(found) == 0 {
		return nil
	}
	return found[0]
}

// Main is what can be read of the page's main part.
func (d *Doc) Main() string { return d.One("main").Text() }

// Title is the page's title.
func (d *Doc) Title() string { return d.One("title").Text() }

// Values are what the page's form with this action ("" for the first form)
// would send if nothing was changed.
func (d *Doc) Values(action string) url.Values {
	out := url.Values{}
	var form *Node
	for _, f := range d.All("form") {
		if form == nil && (action == "" || f.Attr["action"] == action) {
			form = f
		}
	}
	for _, n := range form.All("") {
		name := n.Attr["name"]
		if _, off := n.Attr["disabled"]; name == "" || off {
			continue
		}
		_, checked := n.Attr["checked"]
		switch kind := n.Attr["type"]; {
		case n.Tag == "textarea":
			out.Add(name, strings.TrimPrefix(n.raw(), "\n"))
		case n.Tag == "select":
			for _, o := range n.All("option", "selected", "*") {
				out.Add(name, o.Attr["value"])
			}
		case n.Tag != "input", (kind == "radio" || kind == "checkbox") && !checked:
		default:
			out.Add(name, n.Attr["value"])
		}
	}
	return out
}

func (n *Node) raw() string {
	out := n.Words
	for _, child := range n.Children {
		out += child.raw()
	}
	return out
}

// JSON reads the answer as JSON.
func (d *Doc) JSON(into any) error { return json.Unmarshal([]byte(d.Body), into) }
