// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
	"waylight/internal/prevention/code"
)

// BenchScans measures how long it takes until somebody who scans a sign is led to the
// form, while so many do every second, over real connections.
type BenchScans struct {
	Folder, Database string // Database empty: SQLite in Folder
	Rate             int    // scans a second
	Codes            int    // that are switched on
	Phones           int    // connections at once
	Length           time.Duration
}

// Scanned is how long redirects took, in milliseconds from when each was due: what
// waits behind another one counts as waiting.
type Scanned struct {
	Engine string  `json:"engine"`
	Codes  int     `json:"codes"`
	Rate   int     `json:"scans_per_second"`
	Asked  int64   `json:"asked"`
	Failed int64   `json:"failed"`
	Kept   int64   `json:"counted"` // must be what was answered
	P50    float64 `json:"p50_ms"`
	P90    float64 `json:"p90_ms"`
	P99    float64 `json:"p99_ms"`
	Most   float64 `json:"longest_ms"`
}

// Run issues codes and scans them.
func (b BenchScans) Run(ctx context.Context) (Scanned, error) {
	out := Scanned{Codes: b.Codes, Rate: b.Rate}
	a, err := New(ctx, Config{Data: b.Folder, Database: b.Database, Demo: true})
	if err != nil {
		return out, err
	}
	defer a.Close()
	out.Engine = a.DB.Engine()
	if err := a.keyBenchOffices(ctx); err != nil {
		return out, err
	}
	codes, err := a.benchCodes(ctx, b.Codes)
	if err != nil {
		return out, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return out, err
	}
	serving, stop := context.WithCancel(ctx)
	defer stop()
	stopped := make(chan error, 1)
	go func() { stopped <- a.Serve(serving, l, nil) }()
	times := b.scan(l.Addr().String(), codes, &out)
	stop()
	if err := <-stopped; err != nil {
		return out, err
	}
	if err := a.flushCounts(); err != nil {
		return out, err
	}
	if out.Kept, err = scansKept(ctx, a.DB); err != nil || len(times) == 0 {
		return out, err
	}
	slices.Sort(times)
	at := func(share float64) float64 {
		return float64(times[min(len(times)-1, int(share*float64(len(times))))].Microseconds()) / 1000
	}
	out.P50, out.P90, out.P99, out.Most = at(0.5), at(0.9), at(0.99), at(1)
	return out, nil
}

func (a *App) benchCodes(ctx context.Context, n int) (codes []code.Code, err error) {
	drafts := make([]code.Draft, n)
	for i := range drafts {
		drafts[i] = code.Draft{Program: benchProgram, Kind: code.Placement, Subject: store.NewID(), County: "28049", Place: fmt.Sprintf("Invented place %d", i+1), By: "system"}
	}
	err = a.DB.Write(ctx, func(tx *store.Tx) error {
		codes, err = a.Codes.IssueAll(tx, drafts)
		tx.Log(custody.Entry{Program: benchProgram, Event: "code.issued", Record: "bench:codes", Actor: "system"})
		return err
	})
	return codes, err
}

// scan asks for one code after the other, each at its time, whatever became of the
// one before.
func (b BenchScans) scan(address string, codes []code.Code, out *Scanned) (times []time.Duration) {
	var next, failed atomic.Int64
	var asked atomic.Int64
	line := newLine(address, b.Phones, func() []byte {
		text := codes[int(asked.Add(1))%len(codes)].Text
		return []byte("GET /Q/" + text + " HTTP/1.1\r\nHost: " + address + "\r\nAccept-Language: es\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n\r\n")
	})
	line.want = 303
	defer line.hangUp()
	all := int64(float64(b.Rate) * b.Length.Seconds())
	began := time.Now()
	var mu sync.Mutex
	var phones sync.WaitGroup
	for range b.Phones {
		phones.Go(func() {
			var own []time.Duration
			for n := next.Add(1) - 1; n < all; n = next.Add(1) - 1 {
				due := began.Add(time.Duration(float64(n) / float64(b.Rate) * float64(time.Second)))
				time.Sleep(time.Until(due))
				if _, err := line.send(); err != nil {
					failed.Add(1)
				}
				own = append(own, time.Since(due))
			}
			mu.Lock()
			defer mu.Unlock()
			times = append(times, own...)
		})
	}
	phones.Wait()
	out.Asked, out.Failed = all, failed.Load()
	return times
}
