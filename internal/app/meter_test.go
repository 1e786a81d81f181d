// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"waylight/internal/app"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
)

// asked answers a request of the site as a sender's browser sends it, with what must not be kept.
func asked(t *testing.T, method, address, kind, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("User-Agent", "Tagged-Browser/7.1")
	r.Header.Set("Referer", "https://tagged-page.invalid/search")
	r.Header.Set("X-Forwarded-For", "203.0.113.77")
	r.Header.Set("Idempotency-Key", "tagged-key-tagged-key-tagged-key-tagged-key")
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }} // the quick exit leads away
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

const apiReport = `{"program":"ms","language":"en","mode":"tip","answers":{"age":"under18","who":"saw","kind":"labor","happened":"MS-28049","land":"ordinary","story":"tagged story"}}`

// intake is an installation that takes reports, with everything that it would log.
func intake(t *testing.T, c app.Config) (a *app.App, logged *bytes.Buffer) {
	t.Helper()
	logged = &bytes.Buffer{}
	c.Data, c.Demo = t.TempDir(), true
	c.Log = slog.New(slog.NewTextHandler(logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	a = installation(t, c)
	for _, office := range []string{"help-desk", "mbi-desk"} {
		if err := a.KeyOffice(ctx, "ms", office); err != nil {
			t.Fatal(err)
		}
	}
	return a, logged
}

// A walk through intake, with everything that can go wrong for a sender, leaves nothing of them in the log.
func TestIntakeLeavesNothingOfASenderInTheLog(t *testing.T) {
	t.Parallel()
	a, logged := intake(t, app.Config{})
	address, stop := serving(t, a)
	const form = "application/x-www-form-urlencoded"
	fields := url.Values{"mode": {"tip"}, "age": {"under18"}, "happened": {"MS-28049"}, "danger": {"no"}, "story": {"tagged story"}}.Encode()
	if status, text := asked(t, "POST", address+"/api/v1/reports", "application/json", apiReport); status != http.StatusCreated {
		t.Fatalf("the report was not accepted: %d %s", status, text)
	}
	for _, step := range []struct{ method, path, kind, body string }{
		{"GET", "/ms/en?q=tagged", "", ""}, {"POST", "/ms/en", form, fields}, {"POST", "/ms/who", form, fields}, {"POST", "/ms/seal", form, fields},
		{"POST", "/ms/sealed", "application/octet-stream", "tagged story"}, {"POST", "/api/v1/reports", "application/json", `{"story":"tagged story`},
		{"POST", "/receipt", form, "receipt=tagged+tagged+tagged+tagged+tagged+tagged+tagged"}, {"POST", "/receipt/files", "multipart/form-data; boundary=b", "--b\r\ntagged story"},
		{"POST", "/receipt/messages", form, "message=tagged+story"}, {"PUT", "/receipt/files/ms/tagged/0", "application/octet-stream", "tagged"},
		{"GET", "/tagged/story", "", ""}, {"DELETE", "/ms/en", form, "tagged"}, {"POST", "/ms/en", form, strings.Repeat("tagged+", 1<<18)}, {"GET", "/exit", "", ""},
		{"POST", "/staff/sign-in", form, "email=tagged@story.invalid&program=ms"}, {"GET", "/q/tagged", "", ""},
	} {
		asked(t, step.method, address+step.path, step.kind, step.body)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	text := strings.ToLower(logged.String())
	for _, trace := range []string{"tagged", "story", "203.0.113", "127.0.0.1:", "[::1]"} {
		if strings.Contains(text, trace) {
			t.Errorf("the log has %q:\n%s", trace, text)
		}
	}
	if !strings.Contains(text, "the server began") {
		t.Errorf("the log is not that of this server:\n%s", text)
	}
}

// own is what the page of metrics says of the program; what the machine does besides is left out.
func own(t *testing.T, address string) string {
	t.Helper()
	_, page := asked(t, "GET", address+"/metrics", "", "")
	var kept strings.Builder
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "waylight_") && !strings.HasPrefix(line, "waylight_disk_free") && !strings.HasPrefix(line, "waylight_cpu") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// Who reads the metrics all the time does not see that a report was sent, nor who did what at which office.
func TestMetricsDoNotTellThatAReportWasSent(t *testing.T) {
	t.Parallel()
	now := time.Now().Truncate(time.Hour)
	a, _ := intake(t, app.Config{Now: func() time.Time { return now }, Every: 24 * time.Hour})
	if _, err := a.Runner.RunDue(ctx); err != nil {
		t.Fatal(err)
	}
	running, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { ended <- a.ServeMetrics(running, l) }()
	metrics := "http://" + l.Addr().String()
	a.Release(ctx)
	before := own(t, metrics)
	if !strings.Contains(before, "waylight_checkpoint_age_seconds{program=\"ms\"} 0\n") || !strings.Contains(before, "waylight_ready 1\n") {
		t.Fatalf("the page lacks what it is for:\n%s", before)
	}
	for range 20 {
		sendReport(t, a)
		if after := own(t, metrics); after != before {
			t.Fatalf("a report shows before its release\n%s\nwas\n%s", after, before)
		}
	}
	a.Release(ctx)
	first := own(t, metrics)
	if first == before {
		t.Error("twenty reports do not show")
	}
	for _, word := range []string{"help", "desk", "mbi", "receipt", "mode", "report"} {
		if strings.Contains(first, word) {
			t.Errorf("the page speaks of %q:\n%s", word, first)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// sendReport sends one report.
func sendReport(t *testing.T, a *app.App) {
	t.Helper()
	r := httptest.NewRequest("POST", "http://127.0.0.1/api/v1/reports", strings.NewReader(apiReport))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", store.NewID().String()+store.NewID().String())
	out := httptest.NewRecorder()
	a.Handler().ServeHTTP(out, r)
	if out.Code != http.StatusCreated {
		t.Fatalf("a report was answered %d: %s", out.Code, out.Body)
	}
}

// What is wrong shows, be it once.
func TestMetricsShowWhatIsWrong(t *testing.T) {
	t.Parallel()
	now := time.Now().Truncate(time.Second)
	a, _ := intake(t, app.Config{Now: func() time.Time { return now }, Copied: func() time.Time { return now.Add(-90 * time.Second) }})
	sendReport(t, a)
	now = now.Add(20 * time.Minute) // nobody does the work, and no checkpoint appears
	a.Release(ctx)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	go a.ServeMetrics(running, l)
	page := own(t, "http://"+l.Addr().String())
	for _, want := range []string{
		"waylight_second_copy_age_seconds 90\n", "waylight_watch_age_seconds 1200\n", "waylight_jobs_late{room=\"agency\"} 10\n", "waylight_jobs_oldest_late_seconds 1200\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s%s", want, page)
		}
	}
	err = a.DB.Write(ctx, func(tx *store.Tx) error { return jobs.Enqueue(tx, jobs.Job{Program: "ms", Kind: "nobody.does"}) })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Runner.RunDue(ctx); err != nil {
		t.Fatal(err)
	}
	a.Release(ctx)
	page = own(t, "http://"+l.Addr().String())
	for _, want := range []string{"waylight_jobs_failing{room=\"other\"} 10\n", "waylight_jobs_late{room=\"agency\"} 0\n"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s%s", want, page)
		}
	}
}
