// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io"
	"runtime"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

func sized(n int64) FileInfo { return FileInfo{Name: "a.bin", Type: "text/plain", Size: &n} }

// sealFile seals content and gives the whole sealed file.
func sealFile(t testing.TB, content []byte, rec Record) ([]byte, *ContentKey, FileHead) {
	t.Helper()
	var out bytes.Buffer
	s, key, err := NewFileSealer(&out, rec, sized(int64(len(content))))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), key, s.Head()
}

// openFile opens all of a sealed file; what was read before an error comes too.
func openFile(key *ContentKey, sealed []byte, rec Record) (FileInfo, []byte, error) {
	r, err := key.OpenFile(bytes.NewReader(sealed), rec)
	if err != nil {
		return FileInfo{}, nil, err
	}
	content, err := io.ReadAll(r)
	return r.Info(), content, err
}

// fileChunks takes a sealed file apart.
func fileChunks(sealed []byte) [][]byte {
	var out [][]byte
	for rest := sealed[FileHeaderSize:]; len(rest) > 0; rest = rest[FileChunkSize:] {
		out = append(out, rest[:FileChunkSize])
	}
	return out
}

func TestFileOpensAsItWasSealed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rec := Record{Program: rapid.StringN(1, 20, 80).Draw(t, "program"), ID: [16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))}
		size := rapid.OneOf(rapid.IntRange(0, 500), rapid.IntRange(chunkSize-120, chunkSize+10), rapid.IntRange(2*chunkSize-120, 3*chunkSize)).Draw(t, "size")
		content := make([]byte, size)
		rand.Read(content)
		n := int64(size)
		info := FileInfo{Name: rapid.StringN(0, 40, 255).Draw(t, "name"), Type: "image/png"}
		if rapid.Bool().Draw(t, "size known") {
			info.Size = &n
		}
		var out bytes.Buffer
		s, key, err := NewFileSealer(&out, rec, info)
		if err != nil {
			t.Fatal(err)
		}
		for rest := content; len(rest) > 0; {
			piece := rapid.IntRange(1, len(rest)).Draw(t, "piece")
			if _, err := s.Write(rest[:piece]); err != nil {
				t.Fatal(err)
			}
			rest = rest[piece:]
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		head, err := InspectFile(out.Bytes())
		if err != nil || head != s.Head() {
			t.Fatalf("another head is seen: %v", err)
		}
		r, err := key.OpenFile(iotest.OneByteReader(&out), rec)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(got, content) || r.Info().Name != info.Name || r.Info().Type != info.Type {
			t.Fatalf("opened %d bytes of %d: %v", len(got), size, err)
		}
	})
}

// The database shows how long a file is only to 64 KiB, and what it is not at all.
func TestSealedFileTellsOnlyItsSizeClass(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 60_000, chunkSize, 200_000} {
		content := bytes.Repeat([]byte("words "), size/6+1)[:size]
		sealed, key, head := sealFile(t, content, testRecord(1))
		info, _, err := openFile(key, sealed, testRecord(1))
		if err != nil {
			t.Fatal(err)
		}
		first, err := info.encode()
		if err != nil {
			t.Fatal(err)
		}
		if want := SealedFileSize(int64(len(first) - 4 + size)); int64(len(sealed)) != want || (len(sealed)-FileHeaderSize)%FileChunkSize != 0 {
			t.Errorf("%d bytes are sealed in %d bytes, not %d", size, len(sealed), want)
		}
		token := key.OpeningToken()
		if head.Token != sha256.Sum256(token[:]) || head.Hash == head.Token || bytes.Contains(sealed, []byte("a.bin")) || bytes.Contains(sealed, token[:]) {
			t.Error("the head is another, or the name or the token stands in clear")
		}
	}
}

// A provider of storage could cut, move or repeat what it keeps.
func TestMovedOrCutFilesAreNoticed(t *testing.T) {
	t.Parallel()
	content := bytes.Repeat([]byte("0123456789abcdef"), 3*chunkSize/16)
	sealed, key, _ := sealFile(t, content, testRecord(1))
	other, _, _ := sealFile(t, content, testRecord(1))
	c, o := fileChunks(sealed), fileChunks(other)
	if len(c) != 4 {
		t.Fatalf("%d chunks", len(c))
	}
	for name, x := range map[string]struct {
		chunks [][]byte
		want   error
		read   bool // what came first is read before the error
	}{
		"swapped":               {[][]byte{c[0], c[2], c[1], c[3]}, ErrOpen, true},
		"first missing":         {c[1:], ErrOpen, false},
		"one missing":           {[][]byte{c[0], c[2], c[3]}, ErrOpen, true},
		"last missing":          {c[:3], ErrTruncated, true},
		"two missing":           {c[:2], ErrTruncated, true},
		"only the first":        {c[:1], ErrTruncated, true},
		"last twice":            {[][]byte{c[0], c[1], c[2], c[3], c[3]}, ErrOpen, true},
		"last only":             {c[3:], ErrOpen, false},
		"one twice":             {[][]byte{c[0], c[1], c[1], c[2], c[3]}, ErrOpen, true},
		"last of another file":  {[][]byte{c[0], c[1], c[2], o[3]}, ErrOpen, true},
		"cut inside a chunk":    {[][]byte{c[0], c[1], c[2][:100]}, ErrTruncated, true},
		"cut inside the first":  {[][]byte{c[0][:100]}, ErrTruncated, false},
		"something after it":    {[][]byte{c[0], c[1], c[2], c[3], []byte("x")}, ErrMalformed, true},
		"nothing but the head":  {nil, ErrTruncated, false},
		"one byte of the third": {[][]byte{c[0], c[1], c[2][:1]}, ErrTruncated, true},
	} {
		moved := append(bytes.Clone(sealed[:FileHeaderSize]), bytes.Join(x.chunks, nil)...)
		_, got, err := openFile(key, moved, testRecord(1))
		if !errors.Is(err, x.want) {
			t.Errorf("%s: %v", name, err)
		}
		if !bytes.HasPrefix(content, got) || (len(got) > 0) != x.read {
			t.Errorf("%s: %d bytes were read, or others than were sealed", name, len(got))
		}
	}
}

// What arrived of a broken upload is opened to its last whole chunk.
func TestABrokenFileOpensAsFarAsItCame(t *testing.T) {
	t.Parallel()
	content := make([]byte, 5*chunkSize)
	rand.Read(content)
	sealed, key, _ := sealFile(t, content, testRecord(1))
	_, got, err := openFile(key, sealed[:FileHeaderSize+3*FileChunkSize+77], testRecord(1))
	if !errors.Is(err, ErrTruncated) || len(got) < 3*chunkSize-200 || !bytes.Equal(got, content[:len(got)]) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestFileOfAnotherRecordDoesNotOpen(t *testing.T) {
	t.Parallel()
	sealed, key, _ := sealFile(t, []byte("words"), testRecord(1))
	for name, rec := range map[string]Record{"other id": testRecord(2), "other program": {Program: "tx", ID: testRecord(1).ID}} {
		if _, _, err := openFile(key, sealed, rec); !errors.Is(err, ErrOpen) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := openFile(new(ContentKey), sealed, testRecord(1)); !errors.Is(err, ErrOpen) {
		t.Errorf("another content key: %v", err)
	}
	if _, _, err := openFile(key, sealed, Record{}); err == nil {
		t.Error("opened without a program")
	}
}

// A body is no file, and a file is no body, even under one content key.
func TestFilesAndBodiesAreNotEachOther(t *testing.T) {
	t.Parallel()
	body, key := mustSeal(t, make([]byte, chunkSize-1), testRecord(1))
	asFile := append([]byte(fileMagic), body.Ciphertext[len(bodyMagic):]...)
	if _, _, err := openFile(key, asFile, testRecord(1)); !errors.Is(err, ErrOpen) {
		t.Errorf("a body opened as a file: %v", err)
	}
	if _, _, err := openFile(key, body.Ciphertext, testRecord(1)); !errors.Is(err, ErrMalformed) {
		t.Errorf("a body was taken for a file: %v", err)
	}
	var out bytes.Buffer
	s, err := key.fileSealer(&out, testRecord(1), FileInfo{})
	if err != nil || s.Close() != nil {
		t.Fatal("not sealed")
	}
	asBody := append([]byte(bodyMagic), out.Bytes()[len(fileMagic):]...)
	if _, err := key.Open(asBody, testRecord(1)); !errors.Is(err, ErrOpen) {
		t.Errorf("a file opened as a body: %v", err)
	}
	if head := s.Head(); head.Hash == sha256.Sum256(out.Bytes()) {
		t.Error("the head's hash is the hash of the file")
	}
}

func TestEveryAlteredByteOfAFileIsNoticed(t *testing.T) {
	t.Parallel()
	sealed, key, _ := sealFile(t, []byte("words"), testRecord(1))
	for _, i := range []int{0, 3, 4, 35, 36, 47, 48, 60, 1000, len(sealed) - 17, len(sealed) - 1} {
		altered := bytes.Clone(sealed)
		altered[i] ^= 1
		if _, _, err := openFile(key, altered, testRecord(1)); err == nil {
			t.Errorf("byte %d altered, and opened", i)
		}
	}
}

// The sender may say anything of a file: what is no text or does not end is not
// sealed, and a size that is not the file's is noticed.
func TestWhatAFileSaysOfItselfIsHeldToIt(t *testing.T) {
	t.Parallel()
	minus := int64(-1)
	for name, info := range map[string]FileInfo{
		"long name": {Name: string(bytes.Repeat([]byte("n"), maxFileInfo))}, "no text": {Name: "\xff"}, "no type": {Type: "\xff"}, "less than nothing": {Size: &minus},
	} {
		if _, _, err := NewFileSealer(io.Discard, testRecord(1), info); err == nil {
			t.Errorf("%s: sealed", name)
		}
	}
	for _, size := range []int64{4, 6, 1 << 40} {
		var out bytes.Buffer
		s, key, err := NewFileSealer(&out, testRecord(1), sized(size))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Write([]byte("words")); err != nil || s.Close() != nil {
			t.Fatal("not sealed")
		}
		if _, _, err := openFile(key, out.Bytes(), testRecord(1)); !errors.Is(err, ErrMalformed) {
			t.Errorf("said to have %d bytes: %v", size, err)
		}
	}
}

// A writer or a reader that fails says so, and nothing is sealed after the end.
func TestBrokenStreamsAreTold(t *testing.T) {
	t.Parallel()
	full := errors.New("the disk is full")
	s, _, err := NewFileSealer(&limited{left: 100_000, err: full}, testRecord(1), FileInfo{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write(make([]byte, 10*chunkSize)); !errors.Is(err, full) {
		t.Errorf("writing to a full disk: %v", err)
	}
	if err := s.Close(); !errors.Is(err, full) {
		t.Errorf("closing on a full disk: %v", err)
	}
	s, _, err = NewFileSealer(io.Discard, testRecord(1), FileInfo{})
	if err != nil || s.Close() != nil {
		t.Fatal("not sealed")
	}
	if _, err := s.Write([]byte("more")); err == nil {
		t.Error("wrote after the end")
	}
	if s.Close() == nil {
		t.Error("closed twice")
	}
	sealed, key, _ := sealFile(t, make([]byte, 3*chunkSize), testRecord(1))
	r, err := key.OpenFile(io.MultiReader(bytes.NewReader(sealed[:FileHeaderSize+2*FileChunkSize]), iotest.ErrReader(full)), testRecord(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, r); !errors.Is(err, full) {
		t.Errorf("reading from a disk that fails: %v", err)
	}
}

type limited struct {
	left int
	err  error
}

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= len(p); l.left < 0 {
		return 0, l.err
	}
	return len(p), nil
}

// Sealing and opening 64 MiB allocates no more than a few chunks: all of it is
// counted, garbage too, so that this holds however the collector runs.
func TestALongFileTakesNoMoreMemory(t *testing.T) {
	const size = 64 << 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	store := new(recorder)
	s, key, err := NewFileSealer(store, testRecord(1), FileInfo{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(s, zeros{}, size); err != nil || s.Close() != nil {
		t.Fatalf("not sealed: %v", err)
	}
	r, err := key.OpenFile(store, testRecord(1))
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, r)
	if err != nil || n != size {
		t.Fatalf("opened %d bytes: %v", n, err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc - uint64(cap(store.sealed)); used > 8<<20 {
		t.Errorf("%d MiB were allocated beside the sealed file", used>>20)
	}
}

// recorder keeps what is written, to be read again, in memory that is made once.
type recorder struct {
	sealed []byte
	read   int
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.sealed == nil {
		r.sealed = make([]byte, 0, 65<<20)
	}
	r.sealed = append(r.sealed, p...)
	return len(p), nil
}

func (r *recorder) Read(p []byte) (int, error) {
	if r.read == len(r.sealed) {
		return 0, io.EOF
	}
	n := copy(p, r.sealed[r.read:])
	r.read += n
	return n, nil
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
