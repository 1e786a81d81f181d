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
	"os"
)

// ErrNoCopy says that nothing at a target can be put back.
var ErrNoCopy = errors.New("there is no second copy here that can be put back")

// Holds says whether something at a target can be put back.
func Holds(ctx context.Context, from Target) (bool, error) {
	names, err := from.Names(ctx)
	if err != nil {
		return false, err
	}
	return len(contentOf(names).bases) > 0, nil
}

// Fetch puts the copy back as the database file, which must not be there. carry
// carries a log that stands beside the file into it. Until Fetch returns without
// an error the file is not whole.
func Fetch(ctx context.Context, from Target, file string, carry func(ctx context.Context, file string) error, progress func(done, total int64)) error {
	names, err := from.Names(ctx)
	if err != nil {
		return fmt.Errorf("looking at the second copy: %w", err)
	}
	has := contentOf(names)
	if len(has.bases) == 0 {
		return ErrNoCopy
	}
	base := has.bases[len(has.bases)-1]
	logs := has.follow(base)
	p := &fetching{ctx: ctx, from: from, progress: progress, total: has.sizes[base.String()]}
	for _, w := range logs {
		p.total += has.sizes[w.String()]
	}
	var note baseNote
	if err := p.note(base, &note); err != nil {
		return err
	}
	sum, err := p.file(base.String(), file, os.O_CREATE|os.O_EXCL)
	if err != nil {
		return err
	}
	if sum != note.SHA256 {
		return errors.New("the second copy is damaged: its base does not have the checksum that it was made with")
	}
	for _, w := range logs {
		if _, err := p.file(w.String(), file+"-wal", os.O_CREATE|os.O_TRUNC); err != nil {
			return err
		}
		if err := os.Remove(file + "-shm"); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		if err := carry(ctx, file); err != nil {
			return fmt.Errorf("putting the second copy back: %w", err)
		}
	}
	return nil
}

type fetching struct {
	ctx         context.Context
	from        Target
	done, total int64
	progress    func(done, total int64)
}

func (p *fetching) note(base baseName, note *baseNote) error {
	in, err := p.from.Open(p.ctx, base.note())
	if err != nil {
		return fmt.Errorf("reading the second copy: %w", err)
	}
	defer in.Close()
	if err := json.NewDecoder(io.LimitReader(in, 1<<16)).Decode(note); err != nil {
		return errors.New("the second copy is damaged: what is noted of its base cannot be read")
	}
	return nil
}

// file fetches what stands under a name, and gives its SHA-256.
func (p *fetching) file(name, to string, flags int) (string, error) {
	in, err := p.from.Open(p.ctx, name)
	if err != nil {
		return "", fmt.Errorf("reading the second copy: %w", err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, flags|os.O_WRONLY, 0o600)
	if err != nil {
		return "", fmt.Errorf("putting the second copy back: %w", err)
	}
	h := sha256.New()
	_, err = io.CopyBuffer(struct{ io.Writer }{io.MultiWriter(out, h, p)}, struct{ io.Reader }{in}, make([]byte, 1<<20))
	if err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return "", fmt.Errorf("putting the second copy back: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Write implements io.Writer: it counts, and ends with the context.
func (p *fetching) Write(b []byte) (int, error) {
	p.done += int64(len(b))
	if p.progress != nil {
		p.progress(p.done, p.total)
	}
	return len(b), p.ctx.Err()
}
