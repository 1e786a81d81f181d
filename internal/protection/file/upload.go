// SPDX-License-Identifier: Apache-2.0

package file

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"slices"

	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/protection/report"
)

// Begun is a file that a browser begins to send: sealed there, under a number
// that it made.
type Begun struct {
	ID      store.ID
	CopyOf  store.ID // the original that this is a copy of; zero: an original
	Head    seal.FileHead
	Wraps   []Wrap
	Receipt []byte // the content key for the receipt's own key, to go on with
	Size    int64  // sealed bytes that are to come, as the browser says
}

// Begin takes note of a file and answers which part is next: 0, or, when the same
// file was begun before, the one it goes on with. Wraps for anybody but the
// one reader's present key are dropped: see SenderReader.
func (s *Service) Begin(ctx context.Context, to report.Found, b Begun) (int, error) {
	if next, ok, err := s.again(ctx, to, b); ok || err != nil {
		return next, err
	}
	if err := s.mayBegin(ctx, s.DB, to, b); err != nil {
		return 0, err
	}
	reader, ok, err := s.SenderReader(ctx, to)
	if err != nil {
		return 0, err
	}
	if !ok {
		return 0, ErrNoReader
	}
	b.Wraps = slices.DeleteFunc(b.Wraps, func(w Wrap) bool {
		return len(w.Wrap) != seal.WrapSize || w.Holder != reader.Office || w.KeyID != reader.Key.ID
	})
	if len(b.Wraps) == 0 {
		return 0, ErrKeys
	}
	b.Wraps = b.Wraps[:1]
	f := File{Program: to.Program, ID: b.ID, Report: to.Report, CopyOf: b.CopyOf, Via: ViaSender, SealedBy: ByBrowser, Head: b.Head}
	err = s.begin(ctx, to, f, b)
	if err == nil {
		return 0, nil
	}
	if next, ok, againErr := s.again(ctx, to, b); ok || againErr != nil {
		return next, againErr // a repeat that overtook
	}
	return 0, err
}

// begin writes a new file down, if there is room for it at that moment.
func (s *Service) begin(ctx context.Context, to report.Found, f File, b Begun) error {
	return s.DB.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		if err := takeTurn(tx, f.Program, f.Report); err != nil {
			return err
		}
		if err := s.mayBegin(ctx, tx, to, b); err != nil {
			return err
		}
		err := insertFile(tx, f, b.Wraps, b.Receipt)
		s.entry(tx, f.Program, "file.begun", f.ID, "sender")
		return err
	})
}

// again finds a file that was begun before. It is the same one only if its head
// is the same, and under the same report.
func (s *Service) again(ctx context.Context, to report.Found, b Begun) (int, bool, error) {
	f, err := readFile(ctx, s.DB, to.Program, b.ID)
	switch {
	case errors.Is(err, ErrNoFile):
		return 0, false, nil
	case err != nil:
		return 0, false, err
	case f.Report != to.Report || f.Head.Token != b.Head.Token:
		return 0, false, ErrExists
	case f.State != Open:
		return f.Parts, true, errEnded
	}
	u, err := readUpload(ctx, s.DB, to.Program, b.ID)
	return u.Parts, true, err
}

// mayBegin holds a new file to the limits.
func (s *Service) mayBegin(ctx context.Context, r store.Reader, to report.Found, b Begun) error {
	limits := s.limits(to.Program)
	if b.Size > limits.sealed() {
		return ErrSize
	}
	if err := s.roomLeft(); err != nil {
		return err
	}
	count, size, err := usage(ctx, r, to.Program, to.Report)
	switch {
	case err != nil:
		return err
	case b.CopyOf.IsZero() && count >= limits.Count:
		return ErrCount
	case size+b.Size > limits.Report:
		return ErrFull
	case b.CopyOf.IsZero():
		return nil
	}
	files, err := filesOf(ctx, r, to.Program, to.Report)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(files, func(f File) bool { return f.ID == b.CopyOf && f.CopyOf.IsZero() }) {
		return ErrNoFile
	}
	if slices.ContainsFunc(files, func(f File) bool { return f.CopyOf == b.CopyOf }) {
		return ErrExists
	}
	return nil
}

// Put keeps one part of a file and answers which one is next. A part that is here
// already is not looked at again; one that is too early is nextPart.
func (s *Service) Put(ctx context.Context, to report.Found, id store.ID, part int, mark [32]byte, sealed []byte) (int, error) {
	f, err := s.fileOf(ctx, to, id)
	if err != nil {
		return 0, err
	}
	if err := s.roomLeft(); err != nil {
		return 0, err
	}
	select {
	case s.writing <- struct{}{}:
		defer func() { <-s.writing }()
	case <-ctx.Done():
		return 0, ErrBusy
	}
	u, err := readUpload(ctx, s.DB, to.Program, id)
	switch {
	case err != nil:
		return 0, err
	case part < u.Parts:
		return u.Parts, nil
	case part > u.Parts || u.Final:
		return 0, nextPart{u.Parts}
	}
	next, err := s.add(ctx, f, u, sealed, &mark)
	if errors.Is(err, errMoved) {
		return 0, nextPart{u.Parts + 1}
	}
	return next.Parts, err
}

// fileOf is a file that still arrives under a receipt.
func (s *Service) fileOf(ctx context.Context, to report.Found, id store.ID) (File, error) {
	f, err := readFile(ctx, s.DB, to.Program, id)
	switch {
	case err != nil:
		return File{}, err
	case f.Report != to.Report:
		return File{}, ErrNoFile
	case f.State != Open:
		return File{}, errEnded
	}
	return f, nil
}

// add keeps the next part, if it is one, and if there is room for it: a file that
// turns out too large ends here, with what arrived of it.
func (s *Service) add(ctx context.Context, f File, u upload, sealed []byte, mark *[32]byte) (upload, error) {
	chunks, err := chunksOf(f, u.Parts, sealed)
	if err != nil {
		return u, err
	}
	limits := s.limits(f.Program)
	if u.Size+int64(len(sealed)) > limits.sealed() {
		return u, errors.Join(ErrSize, s.end(ctx, f, u, Broken, ReasonSize))
	}
	next := u
	next.Parts, next.Size, next.Chain, next.Final = u.Parts+1, u.Size+int64(len(sealed)), link(u.Chain, sealed), chunks < seal.FilePartChunks
	err = s.DB.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		if err := takeTurn(tx, f.Program, f.Report); err != nil {
			return err
		}
		_, size, err := usage(ctx, tx, f.Program, f.Report)
		if err != nil {
			return err
		}
		if size+int64(len(sealed)) > limits.Report {
			return ErrFull
		}
		return addPart(tx, f.Program, u, next.Chain, sealed, mark, next.Final)
	})
	if errors.Is(err, ErrFull) {
		return u, errors.Join(err, s.end(ctx, f, u, Broken, ReasonFull))
	}
	if err != nil {
		return u, err
	}
	return next, nil
}

// chunksOf counts the chunks of a part that has the shape of one.
func chunksOf(f File, part int, sealed []byte) (int, error) {
	if part == 0 {
		head, err := seal.InspectFile(sealed)
		if err != nil || head.Token != f.Head.Token {
			return 0, ErrPart
		}
		sealed = sealed[seal.FileHeaderSize:]
	}
	chunks := len(sealed) / seal.FileChunkSize
	if chunks < 1 || chunks > seal.FilePartChunks || len(sealed)%seal.FileChunkSize != 0 {
		return 0, ErrPart
	}
	return chunks, nil
}

// End ends a file: whole, when the sender's browser sent this many parts and they
// are all here, or given up.
func (s *Service) End(ctx context.Context, to report.Found, id store.ID, parts int, whole bool) error {
	f, err := readFile(ctx, s.DB, to.Program, id)
	switch {
	case err != nil:
		return err
	case f.Report != to.Report:
		return ErrNoFile
	case f.State == Whole && whole && f.Parts == parts:
		return nil // said twice
	case f.State != Open:
		return errEnded
	}
	u, err := readUpload(ctx, s.DB, to.Program, id)
	switch {
	case err != nil:
		return err
	case !whole:
		return s.end(ctx, f, u, Broken, ReasonCut)
	case parts != u.Parts || parts == 0:
		return nextPart{u.Parts}
	}
	return s.end(ctx, f, u, Whole, ReasonNone)
}

// end writes down what an upload came to. It is never shed: what arrived must not
// hang between two states for a busy minute.
func (s *Service) end(ctx context.Context, f File, u upload, state, reason string) error {
	event := "file.received"
	if state == Broken {
		event = "file.broken"
	}
	return s.DB.Accept(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		now, err := readUpload(ctx, tx, f.Program, f.ID)
		if errors.Is(err, errEnded) {
			return nil // somebody else ended it
		}
		if err != nil {
			return err
		}
		if now.Parts != u.Parts {
			return nextPart{now.Parts}
		}
		if err := s.announce(ctx, tx, f); err != nil {
			return err
		}
		if err := endUpload(tx, f.Program, now, state, reason); err != nil {
			return err
		}
		if u.Mark != nil {
			if err := insertSent(tx, f.Program, f.ID, u.Mark); err != nil {
				return err
			}
		}
		s.entry(tx, f.Program, event, f.ID, "sender")
		return nil
	})
}

// State is what the sender's browser needs to go on with its files.
type State struct {
	File   File
	Parts  int
	Resume []byte   // the content key, for the receipt's own key
	Marks  [][]byte // of the parts that are here
}

// Resumable lists the files of a receipt that still arrive from a browser.
func (s *Service) Resumable(ctx context.Context, to report.Found) ([]State, error) {
	open, err := uploadsOf(ctx, s.DB, to.Program, to.Report)
	if err != nil {
		return nil, err
	}
	var out []State
	for _, u := range open {
		if u.Receipt == nil {
			continue
		}
		f, err := readFile(ctx, s.DB, to.Program, u.File)
		if err != nil {
			return nil, err
		}
		marks, err := marksOf(ctx, s.DB, to.Program, u.File)
		if err != nil {
			return nil, err
		}
		out = append(out, State{File: f, Parts: u.Parts, Resume: u.Receipt, Marks: marks})
	}
	return out, nil
}

// Arrived lists the files that were added under a receipt.
func (s *Service) Arrived(ctx context.Context, to report.Found) ([]File, error) {
	return filesOf(ctx, s.DB, to.Program, to.Report)
}

// chainOf is the running hash before the first part, and link the one after a
// part (docs/spec/sealed-file.md §5).
func chainOf(h seal.FileHead) [32]byte {
	return sha256.Sum256(append([]byte("waylight/file-parts/v1"), h.Bytes()...))
}

func link(chain [32]byte, part []byte) [32]byte {
	sum := sha256.Sum256(part)
	return sha256.Sum256(bytes.Join([][]byte{chain[:], sum[:]}, nil))
}

// isNext says whether an error names the part that is wanted.
func isNext(err error) (int, bool) {
	var next nextPart
	if errors.As(err, &next) {
		return next.next, true
	}
	return 0, false
}
