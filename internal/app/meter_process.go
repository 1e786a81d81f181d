// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"context"
	"errors"
	"os"
	"runtime"
	"strconv"

	"waylight/internal/platform/metric"
)

// ticks are what Linux counts processor time in, a hundred to the second on every kind of machine.
const ticks = 100

// declareProcess adds what the process takes of the machine, by the names that others use too where they fit. Open connections hold goroutines and files, so that these are
// rounded as well. Where the system does not tell, the series are absent.
func declareProcess(s *metric.Set) {
	s.Gauge(metric.Series{Name: "go_goroutines", Help: "Goroutines, rounded up.", Step: 4 * manyEvents, Up: true}, func(context.Context) ([]metric.Value, error) {
		return metric.Single(float64(runtime.NumGoroutine())), nil
	})
	s.Gauge(metric.Series{Name: "process_resident_memory_bytes", Help: "Memory of the process, rounded up.", Step: memoryStep, Up: true}, func(context.Context) ([]metric.Value, error) {
		now, _ := resident()
		if now == 0 {
			return nil, nil
		}
		return metric.Single(now * (1 << 20)), nil
	})
	s.Gauge(metric.Series{Name: "process_open_fds", Help: "Open files and connections, rounded up.", Step: 4 * manyEvents, Up: true}, func(context.Context) ([]metric.Value, error) {
		open, err := os.ReadDir("/proc/self/fd")
		return metric.Single(float64(len(open))), err
	})
	s.Gauge(metric.Series{Name: "waylight_cpu_seconds", Help: "Processor time.", Step: cpuStep}, func(context.Context) ([]metric.Value, error) {
		used, err := cpuSeconds()
		return metric.Single(used), err
	})
}

var errNoStat = errors.New("the system does not tell how much processor time was used")

func cpuSeconds() (float64, error) {
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return 0, errNoStat
	}
	_, rest, _ := bytes.Cut(stat, []byte(") ")) // past the name, which may hold anything
	fields := bytes.Fields(rest)
	if len(fields) < 13 {
		return 0, errNoStat
	}
	total := 0.0
	for _, field := range fields[11:13] { // in user mode and in the kernel
		n, err := strconv.ParseFloat(string(field), 64)
		if err != nil {
			return 0, errNoStat
		}
		total += n
	}
	return total / ticks, nil
}
