// SPDX-License-Identifier: Apache-2.0

package placement_test

import (
	"io"
	"path/filepath"
	"runtime"
	"testing"

	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/prevention/placement"
)

// BenchmarkImport reads a file of 200,000 places, commits it, and draws the coverage,
// and says how much memory the heap took at most while the file was read.
func BenchmarkImport(b *testing.B) {
	for b.Loop() {
		clock := storetest.NewClock(storetest.Start)
		db, err := store.Open(b.Context(), "sqlite:"+filepath.Join(b.TempDir(), "w.db"), store.Options{Schemas: schemas(), Now: clock.Now})
		check(b, err)
		w := build(b, db, clock, nil)
		m := &measuring{from: &manyRows{rows: 200_000}}
		im, err := w.Upload(b.Context(), w.head, "many.csv", m)
		check(b, err)
		b.ReportMetric(float64(m.most)/(1<<20), "MB")
		check(b, w.Commit(b.Context(), w.head, im.ID))
		for im.State != placement.Done {
			w.due()
			im, err = w.Import(b.Context(), w.head, im.ID)
			check(b, err)
		}
		check(b, db.Close())
	}
}

// measuring looks at the heap now and then while a file is read.
type measuring struct {
	from  io.Reader
	reads int
	most  uint64
}

func (m *measuring) Read(p []byte) (int, error) {
	if m.reads++; m.reads%10_000 == 0 {
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		m.most = max(m.most, s.HeapInuse)
	}
	return m.from.Read(p)
}
