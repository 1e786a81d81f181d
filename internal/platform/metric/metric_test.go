// SPDX-License-Identifier: Apache-2.0

package metric_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"waylight/internal/platform/metric"
)

var ctx = context.Background()

func read(t *testing.T, s *metric.Set) string {
	t.Helper()
	var out strings.Builder
	if err := s.Write(ctx, &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// golden is the page of a set with every kind of series.
const golden = `# HELP requests_total What was \\ asked.\nTwo lines.
# TYPE requests_total counter
requests_total{class="public",answer="2xx"} 16
requests_total{class="public",answer="other"} 0
requests_total{class="st\"aff\\\n",answer="2xx"} 0
requests_total{class="st\"aff\\\n",answer="other"} 32
# HELP failures_total Failures.
# TYPE failures_total counter
failures_total 10
# HELP seconds How long.
# TYPE seconds histogram
seconds_bucket{le="0.1"} 0
seconds_bucket{le="1"} 16
seconds_bucket{le="+Inf"} 16
seconds_sum 8.8
seconds_count 16
# HELP age_seconds An age.
# TYPE age_seconds gauge
age_seconds{program="ms"} 1.5
# HELP late How many are late.
# TYPE late gauge
late{room="a"} 10
late{room="other"} 30
# HELP gone Cannot be asked.
# TYPE gone gauge
`

func TestWrite(t *testing.T) {
	t.Parallel()
	s := metric.New()
	requests := s.Counter(metric.Series{Name: "requests_total", Help: "What was \\ asked.\nTwo lines.", Step: 16,
		Labels: []metric.Label{{Name: "class", Values: []string{"public", "st\"aff\\\n"}}, {Name: "answer", Values: []string{"2xx", "other"}}}})
	failures := s.Counter(metric.Series{Name: "failures_total", Help: "Failures.", Step: 10, Up: true})
	seconds := s.Histogram(metric.Series{Name: "seconds", Help: "How long.", Step: 16, Buckets: []float64{0.1, 1}})
	s.Gauge(metric.Series{Name: "age_seconds", Help: "An age.", Labels: []metric.Label{{Name: "program", Values: []string{"ms"}}}},
		func(context.Context) ([]metric.Value, error) { return []metric.Value{{1.5, []string{"ms"}}}, nil })
	s.Gauge(metric.Series{Name: "late", Help: "How many are late.", Step: 10, Up: true, Held: true, Labels: []metric.Label{{Name: "room", Values: []string{"a", "other"}}}},
		func(context.Context) ([]metric.Value, error) {
			return []metric.Value{{3, []string{"a"}}, {20, []string{"10.0.0.1"}}, {5, []string{"a name"}}}, nil
		})
	s.Gauge(metric.Series{Name: "gone", Help: "Cannot be asked."}, func(context.Context) ([]metric.Value, error) { return nil, errors.New("away") })

	requests.Add(17, "public", "2xx")
	requests.Add(33, "never declared", "nor this")
	failures.Add(1)
	for range 15 {
		seconds.Observe(0.01)
	}
	seconds.Observe(1)
	seconds.Observe(50)
	s.Release(ctx)
	if got := read(t, s); got != golden {
		t.Errorf("got\n%s\nwant\n%s", got, golden)
	}
}

// What was counted is not shown before its time, however often somebody reads.
func TestNothingIsShownBeforeItsRelease(t *testing.T) {
	t.Parallel()
	s := metric.New()
	c := s.Counter(metric.Series{Name: "n", Help: "n"})
	late := 0.0
	s.Gauge(metric.Series{Name: "late", Help: "late", Held: true}, func(context.Context) ([]metric.Value, error) { return metric.Single(late), nil })
	s.Release(ctx)
	before := read(t, s)
	c.Add(1000)
	late = 7
	if got := read(t, s); got != before {
		t.Errorf("shown before its release:\n%s", got)
	}
	s.Release(ctx)
	if got := read(t, s); !strings.Contains(got, "\nn 1000\n") || !strings.Contains(got, "\nlate 7\n") {
		t.Errorf("not shown after it:\n%s", got)
	}
}

// One event more never shows, wherever the count stands, except as a whole step.
func TestOneMoreIsNotSeen(t *testing.T) {
	t.Parallel()
	s := metric.New()
	h := s.Histogram(metric.Series{Name: "seconds", Help: "s", Step: 16, Buckets: []float64{0.01, 0.1}})
	changes, last := 0, ""
	for range 160 {
		h.Observe(0.05)
		s.Release(ctx)
		if got := read(t, s); got != last {
			changes, last = changes+1, got
		}
	}
	if changes != 11 { // the first page, and one for each sixteen
		t.Errorf("the page changed %d times in 160 events", changes)
	}
}

// Counting and reading do not disturb each other, and nothing is lost.
func TestCountingWhileSomebodyReads(t *testing.T) {
	t.Parallel()
	s := metric.New()
	c := s.Counter(metric.Series{Name: "n", Help: "n", Labels: []metric.Label{{Name: "l", Values: []string{"a", "b"}}}})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 1000 {
				c.Add(1, "b")
			}
		})
		all.Go(func() {
			for range 20 {
				s.Release(ctx)
				read(t, s)
			}
		})
	}
	all.Wait()
	s.Release(ctx)
	if got := read(t, s); !strings.Contains(got, `n{l="b"} 8000`) {
		t.Errorf("%s", got)
	}
}

// A label without values, as of an installation without programs, counts nothing.
func TestNoValuesNoSeries(t *testing.T) {
	t.Parallel()
	s := metric.New()
	c := s.Counter(metric.Series{Name: "n", Help: "n", Labels: []metric.Label{{Name: "program"}}})
	c.Add(1, "ms")
	var none *metric.Counter
	none.Add(1)
	s.Release(ctx)
	if got := read(t, s); got != "# HELP n n\n# TYPE n counter\n" {
		t.Errorf("%q", got)
	}
}
