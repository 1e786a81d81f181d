// SPDX-License-Identifier: Apache-2.0

package app

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"waylight/internal/platform/metric"
)

// How coarse the numbers are. A report makes a handful of requests, one commit, some thirty log entries and some mails; what it makes must not stand out among what
// happens anyway, and is shown together with the log's next checkpoint, which is padded for the same reason.
const (
	manyEvents = 16       // requests, commits
	someWrong  = 10       // failures, and work that is late or given up: one shows as ten
	memoryStep = 16 << 20 // bytes
	diskStep   = 64 << 20 // bytes
	cpuStep    = 60       // seconds
	lateGrace  = 5 * time.Minute
	askWithin  = 5 * time.Second // how long the database may take over an answer
)

// The classes of requests. What strangers do is one class, whether they look at a page, fetch a style sheet or send a report.
var classes = []string{"staff", "log", "public"}

// answers are the classes of statuses.
var answers = []string{"2xx", "3xx", "4xx", "5xx"}

// meter is what the program counts of itself.
type meter struct {
	set      *metric.Set
	requests *metric.Counter
	failures *metric.Counter
	took     *metric.Histogram
	commits  *metric.Histogram
	batches  *metric.Histogram
	mail     *metric.Counter
}

func newMeter() *meter {
	s := metric.New()
	byClass := []metric.Label{{Name: "class", Values: classes}}
	return &meter{
		set: s,
		requests: s.Counter(metric.Series{Name: "waylight_requests_total", Step: manyEvents,
			Help: "Requests answered.", Labels: append(slices.Clone(byClass), metric.Label{Name: "answer", Values: answers})}),
		failures: s.Counter(metric.Series{Name: "waylight_failures_total", Step: someWrong, Up: true,
			Help: "Requests that the server failed to answer (5xx), rounded up.", Labels: byClass}),
		took: s.Histogram(metric.Series{Name: "waylight_request_seconds", Step: manyEvents, Help: "How long answers took. The sum is an estimate.", Labels: byClass,
			Buckets: []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}}),
		commits: s.Histogram(metric.Series{Name: "waylight_commit_seconds", Step: manyEvents, Help: "How long commits took. The sum is an estimate.",
			Buckets: []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5}}),
		batches: s.Histogram(metric.Series{Name: "waylight_commit_writes", Step: manyEvents, Help: "How many writes a commit made durable. The sum is an estimate.",
			Buckets: []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512}}),
		mail: s.Counter(metric.Series{Name: "waylight_mail_failures_total", Step: someWrong, Up: true,
			Help: "Messages that the mail server did not take, each try counted, rounded up."}),
	}
}

// served counts an answer. Whoever asks how the server is, asks all the time, and is not counted.
func (m *meter) served(pattern string, status int, took time.Duration) {
	_, path, _ := strings.Cut(pattern, " ")
	class := "public"
	switch {
	case slices.Contains(healthPaths, path):
		return
	case path == "/staff" || strings.HasPrefix(path, "/staff/"):
		class = "staff"
	case strings.HasPrefix(path, "/log/"):
		class = "log"
	}
	m.requests.Add(1, class, fmt.Sprintf("%dxx", status/100))
	m.took.Observe(took.Seconds(), class)
	if status >= http.StatusInternalServerError {
		m.failures.Add(1, class)
	}
}

func (m *meter) committed(writes int, took time.Duration) {
	m.commits.Observe(took.Seconds())
	m.batches.Observe(float64(writes))
}
