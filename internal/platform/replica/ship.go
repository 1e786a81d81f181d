// SPDX-License-Identifier: Apache-2.0

package replica

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// chunk is how much is handed to a target at once.
const chunk = 8 << 20

// begin finds out whether the copy goes on from what it has.
func (c *Copier) begin(ctx context.Context) error {
	names, err := c.To.Names(ctx)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	has := contentOf(names)
	if c.goesOn(ctx, &has) {
		return nil
	}
	if n := len(has.logs); n > 0 {
		c.wal.name = has.logs[n-1]
	}
	if n := len(has.bases); n > 0 {
		c.wal.name.epoch = max(c.wal.name.epoch, has.bases[n-1].from.epoch)
	}
	c.anew()
	return nil
}

// anew begins another epoch: what was copied before is not gone on from. Epochs
// grow even where a clock goes back.
func (c *Copier) anew() {
	c.wal = wal{name: walName{epoch: max(c.Now().UnixMicro(), c.wal.name.epoch+1)}}
	c.logs = 0
	c.carried.Store(-1)
	c.setWhole(false)
}

// goesOn says whether the database's log begins with what was copied of it last,
// and takes that up.
func (c *Copier) goesOn(ctx context.Context, has *content) bool {
	if len(has.bases) == 0 {
		return false
	}
	base := has.bases[len(has.bases)-1]
	logs := has.follow(base)
	if len(logs) == 0 || logs[len(logs)-1] != has.logs[len(has.logs)-1] {
		return false
	}
	name := logs[len(logs)-1]
	f, err := os.Open(c.file + "-wal")
	if err != nil {
		return false
	}
	defer f.Close()
	here, there := make([]byte, walHeader), make([]byte, walHeader)
	if _, err := f.ReadAt(here, 0); err != nil {
		return false
	}
	in, err := c.To.Open(ctx, name.String())
	if err != nil {
		return false
	}
	defer in.Close()
	pos := has.sizes[name.String()]
	if _, err := io.ReadFull(in, there); err != nil || string(here) != string(there) {
		return false
	}
	w := wal{name: name}
	if w.start(here) != nil {
		return false
	}
	// The checksum of the last frame stands for all before it.
	from := pos - frameHeader - w.pageSize()
	last, ours := make([]byte, frameHeader), make([]byte, frameHeader)
	if from < walHeader {
		return false
	}
	if _, err := io.CopyN(io.Discard, in, from-walHeader); err != nil {
		return false
	}
	if _, err := io.ReadFull(in, last); err != nil {
		return false
	}
	if _, err := f.ReadAt(ours, from); err != nil || !w.resume(pos, last, ours) {
		return false
	}
	c.wal, c.base = w, has.sizes[base.String()]
	c.setWhole(true)
	c.length.Store(pos)
	for _, l := range logs {
		c.logs += has.sizes[l.String()]
	}
	return true
}

// ship copies what is committed and not copied yet.
func (c *Copier) ship(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	f, err := os.Open(c.file + "-wal")
	if errors.Is(err, fs.ErrNotExist) {
		return nil // nothing was written yet
	}
	if err != nil {
		return fmt.Errorf("reading the log of pages: %w", err)
	}
	defer f.Close()
	header := make([]byte, walHeader)
	if n, err := f.ReadAt(header, 0); n < walHeader {
		if errors.Is(err, io.EOF) {
			return nil
		}
		return fmt.Errorf("reading the log of pages: %w", err)
	}
	if err := c.turn(header); err != nil {
		return err
	}
	end, sum, err := c.wal.committed(f)
	if err != nil || end == c.wal.pos {
		return err
	}
	return c.send(ctx, f, end, sum)
}

// turn takes up the log that the database writes now.
func (c *Copier) turn(header []byte) error {
	if string(header) == string(c.wal.header) {
		return nil
	}
	next := wal{name: c.wal.name}
	if err := next.start(header); err != nil {
		return err
	}
	if c.wal.header != nil && c.carried.Load() != c.wal.frames() {
		c.Log.Warn("the log of pages was begun anew by another process before it was copied; the second copy begins anew with a base")
		c.anew()
		next.name = c.wal.name
	}
	next.name.n++
	c.wal = next
	c.carried.Store(-1)
	c.length.Store(0)
	return nil
}

// send hands the bytes up to end to the target.
func (c *Copier) send(ctx context.Context, f *os.File, end int64, sum [2]uint32) error {
	b := make([]byte, min(chunk, end-c.wal.pos))
	for at := c.wal.pos; at < end; {
		n := min(int64(len(b)), end-at)
		if _, err := f.ReadAt(b[:n], at); err != nil {
			return fmt.Errorf("reading the log of pages: %w", err)
		}
		err := c.To.Append(ctx, c.wal.name.String(), at, b[:n])
		if errors.Is(err, errGap) {
			c.Log.Error("the second copy is not what was written to it; it begins anew with a base")
			c.anew()
		}
		if err != nil {
			return fmt.Errorf("writing the second copy: %w", err)
		}
		at += n
	}
	c.logs += end - c.wal.pos
	c.wal.pos, c.wal.sum = end, sum
	c.length.Store(end)
	return nil
}

// standsEvery is how often the copy is looked at where nothing is written to it.
const standsEvery = time.Minute

// stands looks whether the copy is still there.
func (c *Copier) stands(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.Now()
	if !c.isWhole() || now.Sub(c.looked) < standsEvery {
		return nil
	}
	names, err := c.To.Names(ctx)
	if err != nil {
		return fmt.Errorf("looking at the second copy: %w", err)
	}
	has := contentOf(names)
	if len(has.bases) == 0 || c.wal.pos > 0 && names[c.wal.name.String()] < c.wal.pos {
		c.Log.Error("the second copy is not what was written to it; it begins anew with a base")
		c.anew()
		return errGap
	}
	c.looked = now
	return nil
}

// baseNote says that a base counts.
type baseNote struct {
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// makeBase reads the database's file as it is, while it changes, and lets it
// count once the logs have come past the moment at which the reading ended.
func (c *Copier) makeBase(ctx context.Context) error {
	defer func() {
		c.told.Lock()
		defer c.told.Unlock()
		c.making = false
	}()
	if err := c.ship(ctx); err != nil {
		return err
	}
	c.mu.Lock()
	name := baseName{from: c.wal.name, at: c.Now().UnixMicro()}
	if c.wal.header == nil {
		name.from.n++ // the first log is still to come
	}
	c.mu.Unlock()
	note, err := c.readBase(ctx, name)
	if err != nil {
		return err
	}
	if err := c.ship(ctx); err != nil {
		return err
	}
	text, err := json.Marshal(note)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.wal.name.epoch != name.from.epoch {
		return nil // everything began anew meanwhile; this one is of no use
	}
	if err := c.To.Append(ctx, name.note(), 0, text); err != nil {
		return fmt.Errorf("writing the second copy: %w", err)
	}
	c.base, c.logs = note.Size, 0
	c.setWhole(true)
	return c.tidy(ctx, name)
}

func (c *Copier) readBase(ctx context.Context, name baseName) (baseNote, error) {
	var note baseNote
	f, err := os.Open(c.file)
	if err != nil {
		return note, fmt.Errorf("reading the database: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	b := make([]byte, chunk)
	for {
		n, err := io.ReadFull(f, b)
		if n > 0 {
			if err := c.To.Append(ctx, name.String(), note.Size, b[:n]); err != nil {
				return note, fmt.Errorf("writing the second copy: %w", err)
			}
			h.Write(b[:n])
			note.Size += int64(n)
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			note.SHA256 = hex.EncodeToString(h.Sum(nil))
			return note, nil
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return note, fmt.Errorf("reading the database: %w", err)
		}
	}
}

// tidy removes what the newest base makes needless.
func (c *Copier) tidy(ctx context.Context, newest baseName) error {
	names, err := c.To.Names(ctx)
	if err != nil {
		return fmt.Errorf("looking at the second copy: %w", err)
	}
	has := contentOf(names)
	old := has.other
	for _, b := range has.bases {
		if b != newest {
			old = append(old, b.note(), b.String()) // the note first: without it the base does not count
		}
	}
	for _, w := range has.logs {
		if compareLogs(w, newest.from) < 0 {
			old = append(old, w.String())
		}
	}
	for _, name := range old {
		if err := c.To.Remove(ctx, name); err != nil {
			return fmt.Errorf("tidying the second copy: %w", err)
		}
	}
	return nil
}
