// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// A sealed file is a sealed body for what is too long to be held in memory: the
// same header and chunks, made and opened as a stream. It begins with what the
// file says of itself, and is stored in parts of sixteen chunks.
const (
	fileMagic      = "WLF\x01"
	fileLabel      = "waylight/file/v1"
	maxFileInfo    = 4 << 10 // bytes of the JSON at the beginning
	FileHeaderSize = headerSize
	FileChunkSize  = chunkSize + chunkExtra // a sealed chunk
	FilePartChunks = 16
	FilePartSize   = FilePartChunks * FileChunkSize // the first part has the header before it
)

// ErrTruncated says that a sealed file ended before its last chunk: all that was
// read until then is what was sealed, but there was more.
var ErrTruncated = errors.New("seal: the file was cut short")

// FileInfo is what a file says of itself, sealed with it. It comes from the
// sender and may be anything.
type FileInfo struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Size     *int64 `json:"size"`     // null: not known when the sealing began
	Modified *int64 `json:"modified"` // milliseconds since 1970; null: not known
}

// FileHead is what anybody may read of a sealed file: the hash of its opening
// token, and the hash that its wraps are bound to.
type FileHead struct {
	Token [32]byte
	Hash  [32]byte
}

// Bytes are the header itself.
func (h FileHead) Bytes() []byte { return append([]byte(fileMagic), h.Token[:]...) }

// FileHeadOf makes the head of a file from the hash of its opening token.
func FileHeadOf(token [32]byte) FileHead {
	h := FileHead{Token: token}
	h.Hash = sha256.Sum256(append([]byte("waylight/file-head/v1"), h.Bytes()...))
	return h
}

// InspectFile reads the head of a sealed file, of which at least the header must
// be given.
func InspectFile(sealed []byte) (FileHead, error) {
	if len(sealed) < FileHeaderSize || !bytes.HasPrefix(sealed, []byte(fileMagic)) {
		return FileHead{}, ErrMalformed
	}
	return FileHeadOf([32]byte(sealed[len(fileMagic):FileHeaderSize])), nil
}

// SealedFileSize is the size of a sealed file whose content and JSON have n bytes
// together.
func SealedFileSize(n int64) int64 {
	return int64(FileHeaderSize) + (4+n)/chunkSize*FileChunkSize + FileChunkSize
}

// FileSealer seals a file that is written to it. It holds one chunk at a time.
type FileSealer struct {
	to    io.Writer
	rec   Record
	gcm   cipher.AEAD
	head  FileHead
	chunk []byte // plaintext that waits
	out   []byte
	index uint64
	err   error
}

// NewFileSealer begins a file under a fresh content key, bound to its record:
// the header is written to w at once, chunks as they fill. Close writes the last.
func NewFileSealer(w io.Writer, rec Record, info FileInfo) (*FileSealer, *ContentKey, error) {
	c := new(ContentKey)
	rand.Read(c.secret[:])
	s, err := c.fileSealer(w, rec, info)
	if err != nil {
		return nil, nil, err
	}
	return s, c, nil
}

func (c *ContentKey) fileSealer(w io.Writer, rec Record, info FileInfo) (*FileSealer, error) {
	if err := rec.check(); err != nil {
		return nil, err
	}
	gcm, err := c.aead("waylight/file-key/v1")
	if err != nil {
		return nil, err
	}
	first, err := info.encode()
	if err != nil {
		return nil, err
	}
	s := &FileSealer{to: w, rec: rec, gcm: gcm, head: FileHeadOf(c.tokenHash()),
		chunk: make([]byte, 0, chunkSize), out: make([]byte, 0, FileChunkSize)}
	if _, err := w.Write(s.head.Bytes()); err != nil {
		return nil, err
	}
	s.chunk = append(s.chunk, first...)
	return s, nil
}

// Head is the file's head, to wrap its content key under.
func (s *FileSealer) Head() FileHead { return s.head }

// Write seals more of the file.
func (s *FileSealer) Write(p []byte) (int, error) {
	n := 0
	for len(p) > 0 && s.err == nil {
		if len(s.chunk) == chunkSize {
			s.flush(false)
			continue
		}
		take := min(chunkSize-len(s.chunk), len(p))
		s.chunk = append(s.chunk, p[:take]...)
		p, n = p[take:], n+take
	}
	return n, s.err
}

// Close seals the end: the mark, the padding, and that nothing follows.
func (s *FileSealer) Close() error {
	if s.err == nil && len(s.chunk) == chunkSize {
		s.flush(false)
	}
	if s.err != nil {
		return s.err
	}
	end := len(s.chunk)
	s.chunk = s.chunk[:chunkSize]
	clear(s.chunk[end:])
	s.chunk[end] = padMark
	s.flush(true)
	if s.err != nil {
		return s.err
	}
	s.err = errors.New("seal: the file is closed")
	return nil
}

func (s *FileSealer) flush(last bool) {
	s.out = s.gcm.Seal(s.out[:0], nil, s.chunk, labelledAAD(fileLabel, s.rec, s.index, last))
	s.index++
	s.chunk = s.chunk[:0]
	_, s.err = s.to.Write(s.out)
}

// FileReader opens a sealed file as a stream. What Read gives was sealed so, in
// this order; whether it is all is known at io.EOF, and ErrTruncated says that
// it is not.
type FileReader struct {
	from   io.Reader
	rec    Record
	gcm    cipher.AEAD
	info   FileInfo
	ahead  []byte // the next sealed chunk
	spare  []byte
	plain  []byte // opened, not yet read
	buffer []byte
	index  uint64
	length int64 // content read so far
	err    error // what comes after plain
}

// OpenFile begins to read a sealed file with its content key. It fails with
// ErrMalformed when r is no sealed file, with ErrTruncated when not even its
// first chunk is whole, and with ErrOpen when the key or the record is another.
func (c *ContentKey) OpenFile(r io.Reader, rec Record) (*FileReader, error) {
	if err := rec.check(); err != nil {
		return nil, err
	}
	header := make([]byte, FileHeaderSize)
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, shortened(err, ErrMalformed)
	}
	head, err := InspectFile(header)
	if err != nil {
		return nil, err
	}
	token := c.tokenHash()
	if subtle.ConstantTimeCompare(token[:], head.Token[:]) != 1 {
		return nil, ErrOpen
	}
	gcm, err := c.aead("waylight/file-key/v1")
	if err != nil {
		return nil, err
	}
	f := &FileReader{from: r, rec: rec, gcm: gcm, ahead: make([]byte, FileChunkSize), spare: make([]byte, FileChunkSize), buffer: make([]byte, 0, chunkSize)}
	if _, err := io.ReadFull(r, f.ahead); err != nil {
		return nil, shortened(err, ErrTruncated)
	}
	f.next()
	if f.err != nil && len(f.plain) == 0 {
		return nil, f.err
	}
	f.info, f.plain, err = decodeInfo(f.plain)
	f.length = int64(len(f.plain))
	if err != nil {
		return nil, err
	}
	f.checkSize()
	return f, nil
}

// Info is what the file says of itself.
func (f *FileReader) Info() FileInfo { return f.info }

// Read gives the file's content.
func (f *FileReader) Read(p []byte) (int, error) {
	for len(f.plain) == 0 {
		if f.err != nil {
			return 0, f.err
		}
		f.next()
		f.length += int64(len(f.plain))
		f.checkSize()
	}
	n := copy(p, f.plain)
	f.plain = f.plain[n:]
	return n, nil
}

// checkSize holds the end to the size that the file said it has.
func (f *FileReader) checkSize() {
	if errors.Is(f.err, io.EOF) && f.info.Size != nil && *f.info.Size != f.length {
		f.err = ErrMalformed
	}
}

// next opens the chunk that was read ahead, after looking whether one follows:
// only the last one is sealed as the last.
func (f *FileReader) next() {
	n, err := io.ReadFull(f.from, f.spare)
	more := err == nil
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		f.err = err
		return
	}
	plain, open := f.gcm.Open(f.buffer[:0], nil, f.ahead, labelledAAD(fileLabel, f.rec, f.index, !more))
	cut := !more && open != nil
	if cut { // perhaps one that others should have followed
		plain, open = f.gcm.Open(f.buffer[:0], nil, f.ahead, labelledAAD(fileLabel, f.rec, f.index, false))
	}
	switch {
	case open != nil:
		f.err = ErrOpen
		return
	case cut:
		f.err = ErrTruncated
	case !more && n > 0:
		f.err = ErrMalformed // something after the last chunk
		return
	case !more:
		plain = bytes.TrimRight(plain, "\x00")
		if len(plain) == 0 || plain[len(plain)-1] != padMark {
			f.err = ErrMalformed
			return
		}
		plain, f.err = plain[:len(plain)-1], io.EOF
	}
	f.plain = plain
	f.index++
	f.ahead, f.spare = f.spare, f.ahead
}

// encode is the length and the JSON that stand before the content.
func (i FileInfo) encode() ([]byte, error) {
	text, err := json.Marshal(i)
	if err != nil {
		return nil, fmt.Errorf("seal: writing what a file says of itself: %w", err)
	}
	if len(text) > maxFileInfo || i.Size != nil && *i.Size < 0 || !utf8.ValidString(i.Name) || !utf8.ValidString(i.Type) {
		return nil, errors.New("seal: a file's name and type are too long, or are no text")
	}
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(text))), text...), nil
}

func decodeInfo(plain []byte) (FileInfo, []byte, error) {
	if len(plain) < 4 {
		return FileInfo{}, nil, ErrMalformed
	}
	n := int64(binary.BigEndian.Uint32(plain))
	if n > maxFileInfo || n > int64(len(plain)-4) {
		return FileInfo{}, nil, ErrMalformed
	}
	d := json.NewDecoder(bytes.NewReader(plain[4 : 4+n]))
	d.DisallowUnknownFields()
	var info FileInfo
	if err := d.Decode(&info); err != nil || d.More() || info.Size != nil && *info.Size < 0 {
		return FileInfo{}, nil, ErrMalformed
	}
	return info, plain[4+n:], nil
}

// shortened gives its own error to a stream that ended too early.
func shortened(err, as error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return as
	}
	return err
}
