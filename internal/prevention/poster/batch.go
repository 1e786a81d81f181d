// SPDX-License-Identifier: Apache-2.0

package poster

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"
	"time"
)

// Batch is a network of sheets that is printed as one file. What it holds at a time
// is bounded by Workers, however many sheets there are.
type Batch struct {
	Count    int
	Sheet    func(i int) (Sheet, error) // called by many at once, once for each
	Name     func(i int) string         // of a sheet's own file, in a zip
	Remark   string                     // stands near the end of the file, in clear
	Workers  int                        // 0: as many as there are processors
	Progress func(done, total int)      // after each sheet; may be nil
}

// PDF writes all sheets as pages of one document, in their order.
func (b Batch) PDF(ctx context.Context, w io.Writer, p *Press) error {
	d := newDocument(p, w)
	err := inOrder(ctx, b, func(i int) (*laid, error) {
		s, err := b.Sheet(i)
		if err != nil {
			return nil, err
		}
		return p.lay(s)
	}, d.add)
	if err != nil {
		return err
	}
	return d.end(b.Remark)
}

// Zip writes each sheet as a document of its own into one archive.
func (b Batch) Zip(ctx context.Context, w io.Writer, p *Press) error {
	z := zip.NewWriter(w)
	type file struct {
		name string
		at   time.Time
		data []byte
	}
	err := inOrder(ctx, b, func(i int) (file, error) {
		s, err := b.Sheet(i)
		if err != nil {
			return file{}, err
		}
		l, err := p.lay(s)
		if err != nil {
			return file{}, err
		}
		var out bytes.Buffer
		err = p.single(&out, l)
		return file{b.Name(i), s.Day, out.Bytes()}, err
	}, func(f file) error {
		// the document is compressed already
		to, err := z.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Store, Modified: f.at.UTC()})
		if err == nil {
			_, err = to.Write(f.data)
		}
		return err
	})
	if err == nil && b.Remark != "" {
		err = z.SetComment(b.Remark)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		return fmt.Errorf("poster: writing an archive: %w", err)
	}
	return nil
}

// inOrder makes each sheet on some processor, and takes them in their order on one.
func inOrder[T any](ctx context.Context, b Batch, make1 func(i int) (T, error), take func(T) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		value T
		err   error
	}
	workers := b.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	slots := make(chan chan result, 4*workers)
	go func() {
		defer close(slots)
		busy := make(chan struct{}, workers)
		for i := range b.Count {
			slot := make(chan result, 1)
			select {
			case slots <- slot:
			case <-ctx.Done():
				return
			}
			busy <- struct{}{}
			go func() {
				defer func() { <-busy }()
				if ctx.Err() != nil {
					slot <- result{err: ctx.Err()}
					return
				}
				value, err := make1(i)
				slot <- result{value, err}
			}()
		}
	}()
	done := 0
	for slot := range slots {
		got := <-slot
		if got.err != nil {
			return fmt.Errorf("sheet %d of %d: %w", done+1, b.Count, got.err)
		}
		if err := take(got.value); err != nil {
			return fmt.Errorf("sheet %d of %d: %w", done+1, b.Count, err)
		}
		done++
		if b.Progress != nil {
			b.Progress(done, b.Count)
		}
	}
	if done < b.Count {
		return ctx.Err()
	}
	return nil
}
