// SPDX-License-Identifier: Apache-2.0

package prometheus

import (
	"bytes"
	"context"
	"math"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"waylight/internal/platform/metric"
)

const odd = "back\\slash \"quoted\"\nnext line, é"

func TestPrometheusReadsIt(t *testing.T) {
	t.Parallel()
	s := metric.New()
	counter := s.Counter(metric.Series{Name: "requests_total", Help: odd, Step: 16, Labels: []metric.Label{{Name: "class", Values: []string{odd, "other"}}}})
	histogram := s.Histogram(metric.Series{Name: "seconds", Help: "h", Buckets: []float64{0.1, 1}})
	s.Gauge(metric.Series{Name: "far", Help: "g"}, func(context.Context) ([]metric.Value, error) { return metric.Single(math.Inf(1)), nil })
	s.Gauge(metric.Series{Name: "large", Help: "g"}, func(context.Context) ([]metric.Value, error) { return metric.Single(1 << 40), nil })
	counter.Add(40, odd)
	for _, size := range []float64{0.05, 0.1, 0.5, 7} {
		histogram.Observe(size)
	}
	s.Release(context.Background())
	var page bytes.Buffer
	if err := s.Write(context.Background(), &page); err != nil {
		t.Fatal(err)
	}
	format := expfmt.ResponseFormat(map[string][]string{"Content-Type": {metric.ContentType}})
	if format.FormatType() != expfmt.TypeTextPlain {
		t.Errorf("the type of the page is read as %v", format)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	read, err := parser.TextToMetricFamilies(&page)
	if err != nil {
		t.Fatal(err)
	}
	requests := read["requests_total"]
	if requests.GetHelp() != odd || requests.GetType() != dto.MetricType_COUNTER || len(requests.Metric) != 2 {
		t.Errorf("%v", requests)
	}
	first := requests.Metric[0]
	if first.Label[0].GetName() != "class" || first.Label[0].GetValue() != odd || first.Counter.GetValue() != 32 {
		t.Errorf("%v", first)
	}
	sizes := read["seconds"].Metric[0].Histogram
	if sizes.GetSampleCount() != 4 || len(sizes.Bucket) != 3 || sizes.Bucket[0].GetCumulativeCount() != 2 || sizes.Bucket[2].GetUpperBound() != math.Inf(1) {
		t.Errorf("%v", sizes)
	}
	if !math.IsInf(read["far"].Metric[0].Gauge.GetValue(), 1) || read["large"].Metric[0].Gauge.GetValue() != 1<<40 {
		t.Errorf("%v %v", read["far"], read["large"])
	}
}
