// SPDX-License-Identifier: Apache-2.0

package file

import (
	"context"
	"errors"
	"hash"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/protection/report"
)

// The longest name and type that a file may have, in bytes.
const (
	maxName = 255
	maxType = 127
)

// Receive seals and keeps a file that comes in clear, because the sender's
// browser runs no script. It never holds more than a part of it. When the content
// breaks off, or is more than is taken, what arrived is kept and the file is
// marked as broken. The same file from the same form is kept once, and found the
// second time.
func (s *Service) Receive(ctx context.Context, to report.Found, form Form, name, kind string, content io.Reader) (File, error) {
	if !showable(name) {
		return File{}, ErrName
	}
	if len(kind) > maxType || !printable(kind) {
		kind = "application/octet-stream"
	}
	leave, err := s.enter(to)
	if err != nil {
		return File{}, err
	}
	defer leave()
	if form.Nonce != nil {
		return s.once(ctx, to, form, name, kind, content)
	}
	return s.seal(ctx, to, store.NewID(), nil, name, kind, content)
}

// seal takes a file under a number. mark is a hash of what it holds, nil where nobody
// asks for it.
func (s *Service) seal(ctx context.Context, to report.Found, id store.ID, mark hash.Hash, name, kind string, content io.Reader) (File, error) {
	if err := s.mayBegin(ctx, s.DB, to, Begun{}); err != nil {
		return File{}, err
	}
	in := &intake{s: s, ctx: context.WithoutCancel(ctx), left: s.limits(to.Program).File, mark: mark}
	select {
	case in.buffer = <-s.streams:
		defer func() { s.streams <- in.buffer }()
	default:
		return File{}, ErrBusy
	}
	if in.buffer == nil {
		in.buffer = make([]byte, 0, seal.FileHeaderSize+seal.FilePartSize)
	}
	in.buffer = in.buffer[:0]
	if err := in.begin(to, id, name, kind); err != nil {
		return File{}, err
	}
	if mark != nil {
		content = io.TeeReader(content, mark)
	}
	return in.end(in.copy(content))
}

// intake is one file on its way from the sender, through the seal, to the store.
type intake struct {
	s      *Service
	ctx    context.Context
	file   File
	at     upload
	sealer *seal.FileSealer
	buffer []byte // the sealed part that fills up
	left   int64  // how much more is taken
	mark   hash.Hash
}

func (in *intake) begin(to report.Found, id store.ID, name, kind string) error {
	readers, err := in.s.Readers(in.ctx, to.Program, to.Report)
	if err != nil {
		return err
	}
	if len(readers) == 0 {
		return ErrNoReader
	}
	in.file = File{Program: to.Program, ID: id, Report: to.Report, Via: ViaSender, SealedBy: ByServer}
	sealer, key, err := seal.NewFileSealer(in, in.file.Record(), seal.FileInfo{Name: name, Type: kind})
	if err != nil {
		return fault.Wrap(err, "sealing a file")
	}
	in.sealer, in.file.Head = sealer, sealer.Head()
	var wraps []Wrap
	for _, r := range readers {
		wrap, err := key.Wrap(r.Key.Public, in.file.Record(), in.file.Head.Hash, r.Office)
		if err != nil {
			return fault.Wrap(err, "wrapping the key of a file")
		}
		wraps = append(wraps, Wrap{Holder: r.Office, KeyID: r.Key.ID, Wrap: wrap})
	}
	in.at = upload{File: in.file.ID, Report: to.Report, Chain: chainOf(in.file.Head)}
	return in.s.begin(in.ctx, to, in.file, Begun{Wraps: wraps})
}

// copy seals the content as it comes. More than is taken is ErrSize.
func (in *intake) copy(content io.Reader) error {
	content = anonymous{content}
	n, err := io.Copy(in.sealer, io.LimitReader(content, in.left))
	if err != nil || n < in.left {
		return err
	}
	_, err = io.ReadFull(content, make([]byte, 1))
	if err == nil {
		return ErrSize
	}
	if err == io.EOF { // bare: a wrapped one is a body that broke off
		return nil
	}
	return err
}

// anonymous is content whose errors do not name the sender: that of a broken
// connection holds the address at its other end, and errors are logged.
type anonymous struct{ io.Reader }

func (a anonymous) Read(p []byte) (int, error) {
	n, err := a.Reader.Read(p)
	if err != nil && err != io.EOF { // bare: a wrapped one is a body that broke off
		err = ErrCut
	}
	return n, err
}

// Write takes what the sealer made, and keeps each part as it fills up.
func (in *intake) Write(sealed []byte) (int, error) {
	n := len(sealed)
	for len(sealed) > 0 {
		room := in.full() - len(in.buffer)
		take := min(room, len(sealed))
		in.buffer = append(in.buffer, sealed[:take]...)
		sealed = sealed[take:]
		if len(in.buffer) == in.full() {
			if err := in.keep(); err != nil {
				return 0, err
			}
		}
	}
	return n, nil
}

// full is the size of a whole part.
func (in *intake) full() int {
	if in.at.Parts == 0 {
		return seal.FileHeaderSize + seal.FilePartSize
	}
	return seal.FilePartSize
}

func (in *intake) keep() error {
	if err := in.s.roomLeft(); err != nil {
		return err
	}
	in.s.writing <- struct{}{}
	defer func() { <-in.s.writing }()
	next, err := in.s.add(in.ctx, in.file, in.at, in.buffer, nil)
	if err != nil {
		return err
	}
	in.at, in.buffer = next, in.buffer[:0]
	return nil
}

// end closes the file and answers with what broke it off, if anything did. What
// was sealed until then is closed too, so that every byte that came can be opened;
// the record says that more should have come.
func (in *intake) end(cause error) (File, error) {
	rest := cause
	if !errors.Is(cause, ErrFull) && !errors.Is(cause, ErrSpace) {
		err := in.sealer.Close()
		if err == nil && len(in.buffer) > 0 {
			err = in.keep()
		}
		if rest == nil {
			rest = err
		}
	}
	state, reason := Whole, ReasonNone
	if rest != nil {
		state, reason = Broken, reasonOf(rest)
	} else if in.mark != nil {
		in.at.Mark = in.mark.Sum(nil)
	}
	err := in.s.end(in.ctx, in.file, in.at, state, reason)
	in.file.State, in.file.Reason, in.file.Parts, in.file.Size, in.file.Hash = state, reason, in.at.Parts, in.at.Size, in.at.Chain
	return in.file, errors.Join(rest, err)
}

// reasonOf says in one word why a file broke off.
func reasonOf(err error) string {
	switch {
	case errors.Is(err, ErrSize):
		return ReasonSize
	case errors.Is(err, ErrFull), errors.Is(err, ErrSpace):
		return ReasonFull
	}
	return ReasonCut
}

// showable says whether a name can be written on a page and given to a disk: text
// without control characters and without signs that turn its direction round.
func showable(name string) bool {
	return name != "" && len(name) <= maxName && utf8.ValidString(name) && !strings.ContainsFunc(name, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
	})
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
