// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"bytes"
	"context"
	"crypto/sha256"
	"image"
	"image/jpeg"
	"image/png"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/prevention/code"
)

var (
	errPiece   = fault.New(fault.Invalid, "campaign.piece", "Give the piece a title of 1 to 120 letters, words in English and in Spanish for who does not see it, of 1 to 300 letters each, and its size in pixels or a picture.").At("piece_title")
	errPicture = fault.New(fault.Invalid, "campaign.picture", "This is no PNG or JPEG picture that can be read, or it is larger than 2 MB or 8 million pixels.").At("file")
	errDrawing = fault.New(fault.Overloaded, "campaign.drawing", "Other pictures are being read just now. Nothing was saved. Please try again in a minute.")
)

const (
	maxPicture = 2 << 20 // bytes, as it comes
	maxWritten = 6 << 20 // bytes, as it is written anew
	maxPixels  = 8_000_000
	maxSide    = 10_000
	maxScans   = 64               // of a JPEG: a picture from a camera has one, one that is drawn step by step about ten; each costs as much as a whole picture
	patience   = 10 * time.Second // how long a picture waits for its turn: who waits holds a place that other members need
)

// AddPiece adds a digital piece with a short address of its own, and its picture if
// there is one. Width and height are then those of the picture.
func (s *Service) AddPiece(ctx context.Context, m identity.Member, id store.ID, p Piece, file []byte) error {
	var body []byte
	if file != nil {
		var err error
		if p.Kind, body, p.Width, p.Height, err = s.redraw(ctx, file); err != nil {
			return err
		}
	}
	good := func(t string) bool { return line(t, 300) }
	if !line(p.Title, 120) || !inBoth(p.Alt, good) || p.Width < 1 || p.Height < 1 || p.Width > maxSide || p.Height > maxSide {
		return errPiece
	}
	if err := s.public(m.Program, "piece_title", p.Title, "alt_en", p.Alt["en"], "alt_es", p.Alt["es"]); err != nil {
		return err
	}
	return s.add(ctx, m, id, func(tx *store.Tx, c Campaign, _ parts) error {
		p.ID = store.NewID()
		k, err := s.Codes.Issue(tx, code.Draft{Program: c.Program, Kind: code.Piece, Subject: p.ID, Place: p.Title, By: m.Actor()})
		if err != nil {
			return err
		}
		p.Code = k.ID
		return insertPiece(tx, c, p, body, sha256.Sum256(body), m.Actor())
	})
}

// redraw reads a picture and writes it anew: only what is seen goes on, none of what
// a camera or a program wrote beside it. A file that only begins like a picture is none.
func (s *Service) redraw(ctx context.Context, file []byte) (kind string, body []byte, width, height int, err error) {
	if len(file) > maxPicture {
		return "", nil, 0, 0, errPicture
	}
	head, form, err := image.DecodeConfig(bytes.NewReader(file))
	if err != nil || head.Width < 1 || head.Height < 1 || head.Width > maxSide || head.Height > maxSide || head.Width*head.Height > maxPixels {
		return "", nil, 0, 0, errPicture.With(err)
	}
	if form == "jpeg" && bytes.Count(file, []byte{0xFF, 0xDA}) > maxScans {
		return "", nil, 0, 0, errPicture
	}
	done, err := s.draw(ctx)
	if err != nil {
		return "", nil, 0, 0, err
	}
	defer done()
	seen, form2, err := image.Decode(bytes.NewReader(file))
	if err != nil || form != form2 {
		return "", nil, 0, 0, errPicture.With(err)
	}
	var out bytes.Buffer
	switch form {
	case "png":
		kind, err = "image/png", png.Encode(&out, seen)
	case "jpeg":
		kind, err = "image/jpeg", jpeg.Encode(&out, seen, &jpeg.Options{Quality: 90})
	default: // no other is known here
		err = errPicture
	}
	if err != nil || out.Len() > maxWritten {
		return "", nil, 0, 0, errPicture.With(err)
	}
	size := seen.Bounds().Size()
	return kind, out.Bytes(), size.X, size.Y, nil
}

// draw waits until no other picture is read, and gives up when whoever asked is gone
// or it takes too long.
func (s *Service) draw(ctx context.Context) (done func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case s.drawing <- struct{}{}:
		return func() { <-s.drawing }, nil
	case <-ctx.Done():
		return nil, errDrawing.With(ctx.Err())
	}
}
