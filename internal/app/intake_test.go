// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"context"
	"testing"
	"time"

	"waylight/internal/app"
)

// BenchmarkIntake is `waylight bench intake` for the profiler.
func BenchmarkIntake(b *testing.B) {
	for b.Loop() {
		r, err := app.BenchIntake(context.Background(), b.TempDir(), 64, 4*time.Second)
		if err != nil || r.Lost > 0 || r.Refused > 0 {
			b.Fatalf("%+v, %v", r, err)
		}
		b.ReportMetric(r.PerSecond, "reports/s")
		b.ReportMetric(r.LimitPerSecond, "limit/s")
	}
}
