// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"waylight/internal/prevention/poster"
)

// BenchPosters measures how fast posters are printed, and in how much memory. The
// sheet is the station's notice in all its languages, with a code.
type BenchPosters struct {
	Folder string
	Count  int // letter sheets, each a document of its own
	Runs   int // the medians of so many are told
	// Network is how many sheets of the network are printed; 0: four in each station.
	Network int
	Said    func(format string, args ...any)
}

// Posted is what was measured; times are medians of the runs.
type Posted struct {
	Processors     int     `json:"processors"`
	Languages      int     `json:"languages"`
	Sheets         int     `json:"sheets"`
	PerSecond      float64 `json:"letter_sheets_per_second"`
	SheetKB        float64 `json:"kilobytes_a_sheet"`
	ColdPerSecond  float64 `json:"letter_sheets_per_second_nothing_shared"`
	Network        int     `json:"network_sheets"`
	NetworkSeconds float64 `json:"network_one_document_seconds"`
	NetworkMB      float64 `json:"network_one_document_megabytes"`
	ZipSeconds     float64 `json:"network_archive_seconds"`
	ZipMB          float64 `json:"network_archive_megabytes"`
	PeakMB         float64 `json:"peak_memory_megabytes"`
}

// Run measures.
func (b BenchPosters) Run(ctx context.Context) (Posted, error) {
	out := Posted{Processors: runtime.GOMAXPROCS(0), Sheets: b.Count}
	stations, err := Posters{Notice: "us-station", Place: "US", Size: "letter", Day: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)}.Sheets()
	if err != nil {
		return out, err
	}
	out.Languages = len(stations[0].Languages)
	var network []poster.Sheet // four posters in each station
	for _, s := range stations {
		for _, spot := range []string{"entrance", "platform", "restroom 1", "restroom 2"} {
			s.Place += ", " + spot
			network = append(network, s)
		}
	}
	if b.Network > 0 {
		network = network[:min(b.Network, len(network))]
	}
	out.Network = len(network)
	peak := watchHeap()
	defer peak.end()
	for _, m := range []struct {
		what string
		run  func() (float64, error)
		to   *float64
	}{
		{"letter sheets", func() (float64, error) { return b.letters(network, &out.SheetKB) }, &out.PerSecond},
		{"letter sheets, nothing shared", func() (float64, error) { return b.cold(network) }, &out.ColdPerSecond},
		{"a network as one document", func() (float64, error) { return b.whole(ctx, network, false, &out.NetworkMB) }, &out.NetworkSeconds},
		{"a network as an archive", func() (float64, error) { return b.whole(ctx, network, true, &out.ZipMB) }, &out.ZipSeconds},
	} {
		var runs []float64
		for i := range max(b.Runs, 1) {
			if b.Said != nil {
				b.Said("%s, run %d", m.what, i+1)
			}
			got, err := m.run()
			if err != nil {
				return out, err
			}
			runs = append(runs, got)
		}
		slices.Sort(runs)
		*m.to = runs[len(runs)/2]
	}
	out.PeakMB = float64(peak.end()) / 1e6
	return out, nil
}

// letters prints single sheets on all processors with one press.
func (b BenchPosters) letters(sheets []poster.Sheet, kb *float64) (float64, error) {
	press := poster.NewPress()
	if err := press.PDF(io.Discard, sheets[0]); err != nil { // reads the fonts
		return 0, err
	}
	return b.all(sheets, kb, func() *poster.Press { return press })
}

// cold lays out every sheet anew, as if no other had the same words.
func (b BenchPosters) cold(sheets []poster.Sheet) (float64, error) {
	few := b
	few.Count = max(b.Count/20, 4)
	return few.all(sheets, nil, poster.NewPress)
}

func (b BenchPosters) all(sheets []poster.Sheet, kb *float64, press func() *poster.Press) (float64, error) {
	var next, size atomic.Int64
	var wrong atomic.Pointer[error]
	var group sync.WaitGroup
	start := time.Now()
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for i := next.Add(1) - 1; i < int64(b.Count); i = next.Add(1) - 1 {
				var to counter
				if err := press().PDF(&to, sheets[int(i)%len(sheets)]); err != nil {
					wrong.Store(&err)
				}
				size.Add(int64(to))
			}
		})
	}
	group.Wait()
	took := time.Since(start).Seconds()
	if err := wrong.Load(); err != nil {
		return 0, *err
	}
	if kb != nil {
		*kb = float64(size.Load()) / float64(b.Count) / 1000
	}
	return float64(b.Count) / took, nil
}

// counter counts what is written.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// whole prints a network into a file.
func (b BenchPosters) whole(ctx context.Context, sheets []poster.Sheet, archive bool, mb *float64) (float64, error) {
	job := poster.Batch{Count: len(sheets), Sheet: func(i int) (poster.Sheet, error) { return sheets[i], nil }, Name: func(i int) string { return fmt.Sprintf("%05d.pdf", i) }}
	write := job.PDF
	if archive {
		write = job.Zip
	}
	file := filepath.Join(b.Folder, "posters")
	start := time.Now()
	if err := whole(file, func(w io.Writer) error { return write(ctx, w, poster.NewPress()) }); err != nil {
		return 0, err
	}
	took := time.Since(start).Seconds()
	info, err := os.Stat(file)
	if err != nil {
		return 0, fmt.Errorf("measuring posters: %w", err)
	}
	*mb = float64(info.Size()) / 1e6
	return took, nil
}

// heap is the most memory that the program held from the system.
type heap struct {
	most atomic.Uint64
	stop chan struct{}
	done sync.WaitGroup
	once sync.Once
}

func watchHeap() *heap {
	h := &heap{stop: make(chan struct{})}
	h.done.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			h.most.Store(max(h.most.Load(), m.Sys-m.HeapReleased))
			select {
			case <-tick.C:
			case <-h.stop:
				return
			}
		}
	})
	return h
}

func (h *heap) end() uint64 {
	h.once.Do(func() { close(h.stop) })
	h.done.Wait()
	return h.most.Load()
}
