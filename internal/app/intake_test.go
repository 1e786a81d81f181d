// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"context"
	"testing"
	"time"

	"waylight/internal/app"
	"waylight/internal/platform/form"
	"waylight/internal/platform/store"
	"waylight/internal/protection/report"
)

// BenchmarkIntake is `waylight bench intake` for the profiler.
func BenchmarkIntake(b *testing.B) {
	for b.Loop() {
		r, err := app.Bench{Folder: b.TempDir(), Senders: 64, Length: 8 * time.Second, Sealed: true}.Run(context.Background())
		if err != nil || r.Lost > 0 || r.Refused > 0 {
			b.Fatalf("%+v, %v", r, err)
		}
		b.ReportMetric(r.PerSecond, "reports/s")
		b.ReportMetric(r.LimitPerSecond, "limit/s")
		b.ReportMetric(r.Sealed.PerSecond, "sealed/s")
		b.ReportMetric(r.Sealed.Times, "times")
	}
}

// BenchmarkFirstReport measures the way from nothing running to the first
// accepted report: packs, catalogs, templates, database, and one report.
func BenchmarkFirstReport(b *testing.B) {
	data := b.TempDir()
	a, err := app.New(ctx, app.Config{Data: data, Demo: true})
	if err != nil {
		b.Fatal(err)
	}
	for _, office := range []string{"mbi-desk", "help-desk"} {
		if err := a.KeyOffice(ctx, "ms", office); err != nil {
			b.Fatal(err)
		}
	}
	a.Close()
	for b.Loop() {
		a, err := app.New(ctx, app.Config{Data: data, Demo: true})
		if err != nil {
			b.Fatal(err)
		}
		_, err = a.Reports.Accept(ctx, report.Submission{Program: "ms", Language: "en", Key: []byte(store.NewID().String() + store.NewID().String()), Via: report.ViaWeb,
			Answers: form.Answers{"mode": {"tip"}, "age": {"adult"}, "story": {"A first report."}}})
		if err != nil {
			b.Fatal(err)
		}
		a.Close()
	}
}
