// SPDX-License-Identifier: Apache-2.0

package metric

import (
	"bytes"
	"context"
	"io"
	"math"
	"strconv"
	"strings"
)

// ContentType is the format that Write writes.
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

var (
	escapeHelp  = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
	escapeLabel = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
)

// Write writes every series.
func (s *Set) Write(ctx context.Context, w io.Writer) error {
	var out page
	for _, f := range s.families {
		out.family(f)
		if f.kind == gauge && !f.Held {
			for _, v := range f.answer(ctx) {
				out.sample(f.Name, f.Labels, v.Labels, "", f.round(v.V))
			}
			continue
		}
		s.mu.Lock()
		out.shown(f)
		s.mu.Unlock()
	}
	_, err := w.Write(out.Bytes())
	return err
}

// page is the text as it grows.
type page struct{ bytes.Buffer }

func (p *page) family(f *family) {
	p.WriteString("# HELP " + f.Name + " " + escapeHelp.Replace(f.Help) + "\n# TYPE " + f.Name + " " + f.kind + "\n")
}

// shown writes what was counted or asked for at the last Release.
func (p *page) shown(f *family) {
	for _, v := range f.values {
		p.sample(f.Name, f.Labels, v.Labels, "", f.round(v.V))
	}
	switch f.kind {
	case counter:
		for i, n := range f.shown {
			p.sample(f.Name, f.Labels, f.labels(i), "", f.round(float64(n)))
		}
	case histogram:
		width := len(f.Buckets) + 1
		for i := range len(f.shown) / width {
			p.histogram(f, f.labels(i), f.shown[i*width:(i+1)*width])
		}
	}
}

// histogram writes the buckets of one combination, each with all smaller ones
// in it. Each event counts for the sum as much as the middle of its bucket.
func (p *page) histogram(f *family, labels []string, cells []uint64) {
	var total uint64
	var sum, before, lower float64
	for i, n := range cells {
		total += n
		upper, bound := lower, "+Inf"
		if i < len(f.Buckets) {
			upper, bound = f.Buckets[i], number(f.Buckets[i])
		}
		shown := f.round(float64(total))
		sum += (shown - before) * (lower + upper) / 2
		before, lower = shown, upper
		p.sample(f.Name+"_bucket", f.Labels, labels, bound, shown)
	}
	p.sample(f.Name+"_sum", f.Labels, labels, "", sum)
	p.sample(f.Name+"_count", f.Labels, labels, "", before)
}

// sample writes one line; bound is a bucket's upper bound, "" for none.
func (p *page) sample(name string, labels []Label, values []string, bound string, v float64) {
	p.WriteString(name)
	var pairs []string
	for i, l := range labels {
		pairs = append(pairs, l.Name+`="`+escapeLabel.Replace(values[i])+`"`)
	}
	if bound != "" {
		pairs = append(pairs, `le="`+bound+`"`)
	}
	if len(pairs) > 0 {
		p.WriteString("{" + strings.Join(pairs, ",") + "}")
	}
	p.WriteString(" " + number(v) + "\n")
}

func number(v float64) string {
	switch {
	case math.IsInf(v, 1):
		return "+Inf"
	case math.IsInf(v, -1):
		return "-Inf"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
