// SPDX-License-Identifier: Apache-2.0

package hunt

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
)

// finder looks for many byte strings at once, in one pass.
type finder struct {
	pairs [1 << 16]bool        // the first two bytes of any of them
	heads map[uint64][]pattern // by their first eight bytes
	count int
}

// pattern is a secret as it would stand in one way of writing.
type pattern struct {
	bytes   []byte
	secret  string // what it is, for the report
	writing string
	number  bool // digits alone, as stand in any hash by chance
}

// inHash says whether what stands there goes on as a hash or a number does.
func inHash(b []byte, from, to int) bool {
	part := func(i int) bool {
		return i >= 0 && i < len(b) && (b[i] >= '0' && b[i] <= '9' || b[i] >= 'a' && b[i] <= 'f' || b[i] >= 'A' && b[i] <= 'F')
	}
	return part(from-1) || part(to)
}

func newFinder() *finder { return &finder{heads: map[uint64][]pattern{}} }

// add looks for a secret in every way of writing that a program might use.
func (f *finder) add(what, secret string) {
	for writing, b := range writings(secret) {
		f.raw(what, writing, b)
	}
}

func (f *finder) raw(what, writing string, b []byte) {
	if len(b) < 8 {
		panic("too short to be told from chance: " + what + " " + writing)
	}
	f.pairs[binary.LittleEndian.Uint16(b)] = true
	head := binary.LittleEndian.Uint64(b)
	f.heads[head] = append(f.heads[head], pattern{b, what, writing, len(bytes.Trim(b, "0123456789")) == 0})
	f.count++
}

// hit is a secret that was found.
type hit struct {
	file   string
	at     int
	secret string
	way    string
}

func (h hit) String() string { return fmt.Sprintf("%s at %d: %s, %s", h.file, h.at, h.secret, h.way) }

// in looks through bytes, and through what is compressed within them.
func (f *finder) in(file string, b []byte) (hits []hit) {
	for i := 0; i+8 <= len(b); i++ {
		if b[i] == 0x1f && b[i+1] == 0x8b && b[i+2] == 8 || b[i] == 0x78 && (b[i+1] == 0x01 || b[i+1] == 0x9c || b[i+1] == 0xda) {
			hits = append(hits, f.packed(file, i, b[i:])...)
		}
		if !f.pairs[uint16(b[i])|uint16(b[i+1])<<8] {
			continue
		}
		for _, p := range f.heads[binary.LittleEndian.Uint64(b[i:])] {
			if bytes.HasPrefix(b[i:], p.bytes) && !(p.number && inHash(b, i, i+len(p.bytes))) {
				hits = append(hits, hit{file, i, p.secret, p.writing})
			}
		}
	}
	return hits
}

// packed unpacks what may be gzip or zlib, as far as it goes, and looks there.
func (f *finder) packed(file string, at int, b []byte) []hit {
	var in io.Reader
	var err error
	if b[0] == 0x1f {
		in, err = gzip.NewReader(bytes.NewReader(b))
	} else {
		in, err = zlib.NewReader(bytes.NewReader(b))
	}
	if err != nil {
		return nil
	}
	plain, _ := io.ReadAll(io.LimitReader(in, 1<<20)) // what was unpacked until it broke off counts
	if len(plain) < 8 {
		return nil
	}
	inner := *f
	hits := inner.in(fmt.Sprintf("%s, packed at %d", file, at), plain)
	for i := range hits {
		hits[i].way += ", packed"
	}
	return hits
}

// under looks through every file of a folder. It says how many bytes it saw.
func (f *finder) under(root string) (hits []hit, seen int64, err error) {
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return ignoreGone(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return ignoreGone(err)
		}
		seen += int64(len(b))
		hits = append(hits, f.in(path, b)...)
		return nil
	})
	return hits, seen, err
}

// ignoreGone passes over what a running database removed meanwhile.
func ignoreGone(err error) error {
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

// writings are the ways in which text could stand on a disk.
func writings(text string) map[string][]byte {
	b := []byte(text)
	out := map[string][]byte{
		"as it is": b, "in capitals": []byte(strings.ToUpper(text)), "in small letters": []byte(strings.ToLower(text)),
		"hexadecimal": []byte(hex.EncodeToString(b)), "hexadecimal, capitals": []byte(strings.ToUpper(hex.EncodeToString(b))),
		"percent": []byte(url.PathEscape(text)), "form": []byte(url.QueryEscape(text)), "percent, small": small(url.PathEscape(text)),
		"JSON": escaped(text, `\u%04x`), "HTML": escaped(text, "&#%d;"), "quoted": []byte(strconv.Quote(text)[1:]), "octal": octal(b),
	}
	for way, order := range map[string]binary.AppendByteOrder{"UTF-16LE": binary.LittleEndian, "UTF-16BE": binary.BigEndian} {
		var wide []byte
		for _, unit := range utf16.Encode([]rune(text)) {
			wide = order.AppendUint16(wide, unit)
		}
		out[way] = wide
	}
	for shift := range 3 {
		for name, code := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64url": base64.RawURLEncoding} {
			out[fmt.Sprintf("%s shifted by %d", name, shift)] = base64At(code, b, shift)
		}
	}
	return out
}

// base64At is the part of base64 that does not depend on what stands before and
// after.
func base64At(code *base64.Encoding, b []byte, shift int) []byte {
	whole := code.EncodeToString(append(make([]byte, shift), b...))
	from := []int{0, 2, 3}[shift]
	to := (shift + len(b)) * 8 / 6
	return []byte(whole[from:to])
}

func escaped(text, form string) []byte {
	var out []byte
	for _, r := range text {
		if r < 0x80 {
			out = append(out, byte(r))
		} else {
			out = fmt.Appendf(out, form, r)
		}
	}
	return out
}

func octal(b []byte) []byte {
	var out []byte
	for _, c := range b {
		if c < 0x80 {
			out = append(out, c)
		} else {
			out = fmt.Appendf(out, `\%03o`, c)
		}
	}
	return out
}

// small writes the digits of percent signs in small letters.
func small(text string) []byte {
	out := []byte(text)
	for i := range out {
		if out[i] == '%' {
			copy(out[i:i+3], bytes.ToLower(out[i:i+3]))
		}
	}
	return out
}

func gzipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
