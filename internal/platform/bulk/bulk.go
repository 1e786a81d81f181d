// SPDX-License-Identifier: Apache-2.0

// Package bulk is what rooms share that take many rows from a file: how the file
// arrives and is read, how what is wrong with it is listed, and what its rows are
// called. What a row says, and when rows count, is each room's own.
package bulk

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"strings"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// Problem is something wrong with a line of a file.
type Problem struct {
	Line   int    `json:"l"`
	Column string `json:"c"`
	Reason string `json:"r"`
}

// Read lets read go through a file, and gives the file's digest, as far as it came.
// refused is what a person is told of a file that cannot be taken as it is; broke is
// why it did not arrive whole.
func Read(file io.Reader, read func(io.Reader) error) (digest []byte, refused string, broke error) {
	sum := sha256.New()
	err := read(io.TeeReader(file, sum))
	if err == nil {
		return sum.Sum(nil), "", nil
	}
	f, ok := fault.As(err)
	if !ok || f.Kind != fault.Invalid && f.Kind != fault.TooLarge {
		return sum.Sum(nil), "the file broke off while it arrived", err
	}
	return sum.Sum(nil), f.Message, nil
}

// Text reads a file of text without the mark that some programs put before it.
func Text(file io.Reader) *bufio.Reader {
	buffered := bufio.NewReaderSize(file, 64<<10)
	if mark, err := buffered.Peek(3); err == nil && bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = buffered.Discard(3) // they are there
	}
	return buffered
}

// RowID is the id of a file's row: the import's own random beginning, then which row
// it is. The rows of a file so stand side by side in every index, which is what makes
// writing a hundred thousand of them bearable.
func RowID(file store.ID, row int64) store.ID {
	binary.BigEndian.PutUint64(file[8:], uint64(row))
	return file
}

// Cut shortens a name that came from outside to so many letters.
func Cut(text string, letters int) string {
	runes := []rune(strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\x00", ""))
	return string(runes[:min(len(runes), letters)])
}

// Problems gives one part of what is wrong with a file, counted from 0; nothing
// behind the last.
type Problems func(ctx context.Context, part int64) ([]Problem, error)

// First gives the first problems of a file, at most so many.
func (p Problems) First(ctx context.Context, most int) ([]Problem, error) {
	var out []Problem
	for part := int64(0); len(out) < most; part++ {
		some, err := p(ctx, part)
		if err != nil {
			return nil, err
		}
		if len(some) == 0 {
			break
		}
		out = append(out, some...)
	}
	return out[:min(len(out), most)], nil
}
