// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
)

// A file vector is like one of a body. Error "truncated" means that all of the
// content that stands there opens, and that it is known not to be all.
type fileVector struct {
	Name        string    `json:"name"`
	Of          string    `json:"of,omitempty"`
	Edit        *edit     `json:"edit,omitempty"`
	ContentKey  hexBytes  `json:"content_key,omitempty"`
	Program     string    `json:"program,omitempty"`
	Record      hexBytes  `json:"record,omitempty"`
	Info        *FileInfo `json:"info,omitempty"`
	Content     string    `json:"content_utf8,omitempty"`
	Repeat      int       `json:"repeat,omitempty"`
	Opens       int       `json:"opens,omitempty"` // bytes that are read before the error
	File        hexBytes  `json:"file,omitempty"`
	HeadSHA256  hexBytes  `json:"head_sha256,omitempty"`
	TokenSHA256 hexBytes  `json:"token_sha256,omitempty"`
	Parts       hexBytes  `json:"parts_sha256,omitempty"`
	Error       string    `json:"error,omitempty"`
}

func fileOf(name, label string, info FileInfo, text string, repeat int) fileVector {
	secret, id := fixed("content key "+label), fixed("record "+label)
	c := &ContentKey{secret: secret}
	var out bytes.Buffer
	s := must(c.fileSealer(&out, Record{Program: "ms", ID: [16]byte(id[:16])}, info))
	must(s.Write([]byte(strings.Repeat(text, max(repeat, 1)))))
	must(0, s.Close())
	head := s.Head()
	return fileVector{
		Name: name, ContentKey: secret[:], Program: "ms", Record: id[:16], Info: &info, Content: text, Repeat: repeat,
		File: out.Bytes(), HeadSHA256: head.Hash[:], TokenSHA256: head.Token[:], Parts: partsHash(head, out.Bytes()),
	}
}

// partsHash is the running hash over the parts of a sealed file.
func partsHash(head FileHead, sealed []byte) []byte {
	chain := sha256.Sum256(append([]byte("waylight/file-parts/v1"), head.Bytes()...))
	size := FileHeaderSize + FilePartSize
	for len(sealed) > 0 {
		part := sha256.Sum256(sealed[:min(size, len(sealed))])
		chain = sha256.Sum256(append(bytes.Clone(chain[:]), part[:]...))
		sealed, size = sealed[min(size, len(sealed)):], FilePartSize
	}
	return chain[:]
}

func makeFileVectors() any {
	other := fixed("another")
	short, long := "short", "two chunks"
	size, modified := int64(21), int64(1763819000123)
	shortCase := fileOf(short, "short file", FileInfo{Name: "recibo \u2014 a\u00f1o.txt", Type: "text/plain", Size: &size, Modified: &modified}, "0123456789 una ni\u00f1a x"[:21], 0)
	otherHeader := fileOf("", "other file", FileInfo{}, "x", 0).File[:FileHeaderSize]
	body := bodyOf("", "short file", strings.Repeat("x", 65000), 0).Body // 64 KiB under the same key and record
	asFile := append([]byte(fileMagic), body[len(bodyMagic):]...)
	return []fileVector{
		shortCase,
		{Name: "other record", Of: short, Record: other[:16], Error: "open"},
		{Name: "other program", Of: short, Program: "tx", Error: "open"},
		{Name: "other content key", Of: short, ContentKey: other[:], Error: "open"},
		{Name: "header of another key", Of: short, File: append(bytes.Clone(otherHeader), shortCase.File[FileHeaderSize:]...), Error: "open"},
		{Name: "a body under the same key", Of: short, File: asFile, Error: "open"},
		{Name: "magic of a body", Of: short, Edit: &edit{"flip", 2}, Error: "malformed"},
		{Name: "version flipped", Of: short, Edit: &edit{"flip", 3}, Error: "malformed"},
		{Name: "token hash flipped", Of: short, Edit: &edit{"flip", 4}, Error: "open"},
		{Name: "tag flipped", Of: short, Edit: &edit{"flip", FileHeaderSize + FileChunkSize - 1}, Error: "open"},
		{Name: "cut short by a byte", Of: short, Edit: &edit{"cut", FileHeaderSize + FileChunkSize - 1}, Error: "truncated"},
		{Name: "one byte too many", Of: short, Edit: &edit{Do: "append"}, Error: "malformed"},
		fileOf(long, "long file", FileInfo{Name: "a", Type: ""}, "0123456789abcdef", 5000), // 80,000 bytes, size not known
		{Name: "chunks swapped", Of: long, Edit: &edit{Do: "swap_chunks"}, Error: "open"},
		{Name: "first chunk missing", Of: long, Edit: &edit{Do: "drop_first_chunk"}, Error: "open"},
		{Name: "last chunk missing", Of: long, Edit: &edit{Do: "drop_last_chunk"}, Opens: 65482, Error: "truncated"},
		{Name: "last chunk cut", Of: long, Edit: &edit{"cut", FileHeaderSize + FileChunkSize + 5000}, Opens: 65482, Error: "truncated"},
		{Name: "last chunk twice", Of: long, Edit: &edit{Do: "repeat_last_chunk"}, Opens: 65482, Error: "open"},
	}
}

// from fills what a case does not say from the case that it is made of.
func (v fileVector) from(all []fileVector) fileVector {
	for _, base := range all {
		if v.Of == "" || base.Name != v.Of {
			continue
		}
		if v.ContentKey == nil {
			v.ContentKey = base.ContentKey
		}
		if v.Program == "" {
			v.Program = base.Program
		}
		if v.Record == nil {
			v.Record = base.Record
		}
		if v.File == nil {
			v.File = base.File
		}
		v.Content, v.Repeat = base.Content, base.Repeat
	}
	if v.Edit != nil {
		v.File = v.Edit.apply(v.File)
	}
	return v
}

func TestVectorsFiles(t *testing.T) {
	t.Parallel()
	var cases []fileVector
	vectors(t, "files", &cases, makeFileVectors)
	for _, c := range cases {
		c = c.from(cases)
		key := &ContentKey{secret: [32]byte(c.ContentKey)}
		info, content, err := openFile(key, c.File, Record{Program: c.Program, ID: [16]byte(c.Record)})
		if c.Error == "truncated" {
			if !errors.Is(err, ErrTruncated) {
				t.Errorf("%s: %v", c.Name, err)
			}
		} else {
			checkError(t, c.Name, c.Error, err)
		}
		whole := strings.Repeat(c.Content, max(c.Repeat, 1))
		if c.Error != "" {
			if len(content) != c.Opens || string(content) != whole[:c.Opens] {
				t.Errorf("%s: %d bytes are read before the error, not %d", c.Name, len(content), c.Opens)
			}
			continue
		}
		if string(content) != whole || info.Name != c.Info.Name || info.Type != c.Info.Type {
			t.Errorf("%s: another file", c.Name)
		}
		head, err := InspectFile(c.File)
		if err != nil || !bytes.Equal(head.Hash[:], c.HeadSHA256) || !bytes.Equal(head.Token[:], c.TokenSHA256) || !bytes.Equal(partsHash(head, c.File), c.Parts) {
			t.Errorf("%s: other hashes: %v", c.Name, err)
		}
	}
}

// FuzzOpenFile: nothing but the file itself opens to its end, and what is read
// before an error is what was sealed.
func FuzzOpenFile(f *testing.F) {
	var cases []fileVector
	vectorFile(f, "files", &cases)
	good := cases[0]
	key := &ContentKey{secret: [32]byte(good.ContentKey)}
	rec := Record{Program: good.Program, ID: [16]byte(good.Record)}
	f.Add([]byte(good.File))
	f.Add([]byte(good.File[:FileHeaderSize]))
	f.Add([]byte(good.File[:FileHeaderSize+FileChunkSize-1]))
	f.Add(append(bytes.Clone(good.File), good.File[FileHeaderSize:]...))
	f.Add([]byte(fileMagic))
	f.Fuzz(func(t *testing.T, sealed []byte) {
		_, content, err := openFile(key, sealed, rec)
		if err == nil != bytes.Equal(sealed, good.File) {
			t.Errorf("%d bytes: %v", len(sealed), err)
		}
		if !strings.HasPrefix(good.Content, string(content)) {
			t.Error("read what was not sealed")
		}
		if err != nil && !errors.Is(err, ErrOpen) && !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrTruncated) {
			t.Errorf("an error that no caller knows: %v", err)
		}
		if _, shape := InspectFile(sealed); shape != nil && err == nil {
			t.Error("opened although it has no head")
		}
	})
}

// FuzzFileInfo: what stands before the content is read or refused, whatever a
// sender with the right key wrote there; and what is read is written alike.
func FuzzFileInfo(f *testing.F) {
	size := int64(5)
	first := must(FileInfo{Name: "a", Type: "b", Size: &size}.encode())
	f.Add(append(first, "words"...))
	f.Add([]byte("\x00\x00\x00\x02{}"))
	f.Add([]byte("\xff\xff\xff\xff{}"))
	f.Add([]byte("\x00\x00\x00\x0a{\"size\":-1}"))
	f.Fuzz(func(t *testing.T, plain []byte) {
		info, rest, err := decodeInfo(plain)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Errorf("an error that no caller knows: %v", err)
			}
			return
		}
		if !bytes.HasSuffix(plain, rest) {
			t.Error("the content is not what stands behind")
		}
		if again, err := info.encode(); err == nil {
			back, none, err := decodeInfo(again)
			if err != nil || len(none) != 0 || back.Name != info.Name || back.Type != info.Type {
				t.Errorf("written and read again: %v", err)
			}
		} else if len(plain)-len(rest) < maxFileInfo/8 {
			t.Errorf("read, but not to be written: %v", err)
		}
	})
}
