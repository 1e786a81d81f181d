// SPDX-License-Identifier: Apache-2.0

// Package pdf writes the objects of a PDF file: their numbers, the data that is
// compressed, the list of where each stands, texts and figures in the form that
// the format wants. What a page looks like and what its parts are is the caller's.
//
// It promises that the same calls give the same bytes. A file of [New] is kept in
// memory and written in the order of its numbers; one of [Stream] is written as it
// comes and keeps only where each object stands, so that a file of any length takes
// little memory; what is no data is packed, many objects together.
package pdf

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Ref is the number of an object, from 1.
type Ref int

// String is a reference as it stands in other objects.
func (r Ref) String() string { return strconv.Itoa(int(r)) + " 0 R" }

// File is a PDF file that is being written.
type File struct {
	out    io.Writer
	size   int64
	stream bool
	bodies [][]byte // of a file that is kept: by number - 1
	at     []spot   // of a file that is written as it comes: by number - 1
	pack   pack
	z      *Deflater
	err    error
}

// spot is where an object stands: at a byte, or inside of a pack.
type spot struct {
	offset int64
	pack   Ref // 0: it stands by itself
	index  int
}

// New begins a file that is written whole by Close.
func New(out io.Writer) *File { return &File{out: out, z: &Deflater{}} }

// Stream begins a file that is written as it comes, compressed with z.
func Stream(out io.Writer, z *Deflater) *File {
	f := &File{out: out, stream: true, z: z}
	f.write([]byte("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"))
	return f
}

func (f *File) write(b []byte) {
	if f.err != nil {
		return
	}
	n, err := f.out.Write(b)
	f.size += int64(n)
	f.err = err
}

// Reserve gives a number to an object that is written later.
func (f *File) Reserve() Ref {
	if f.stream {
		f.at = append(f.at, spot{})
		return Ref(len(f.at))
	}
	f.bodies = append(f.bodies, nil)
	return Ref(len(f.bodies))
}

// Add writes an object without data and gives its number.
func (f *File) Add(body string) Ref {
	r := f.Reserve()
	f.Set(r, body)
	return r
}

// Set writes an object without data under a number that was reserved.
func (f *File) Set(r Ref, body string) {
	if !f.stream {
		f.bodies[r-1] = []byte(body)
		return
	}
	f.at[r-1] = f.pack.add(f, r, body)
	if len(f.pack.refs) >= packed {
		f.pack.flush(f)
	}
}

// Data writes an object with data, which is compressed, and gives its number.
// dict is what else its dictionary says, "" or beginning with a space.
func (f *File) Data(dict string, data []byte) (Ref, error) {
	z, err := f.z.Deflate(data)
	if err != nil {
		return 0, err
	}
	return f.Deflated(dict, z), nil
}

// Deflated is Data for what was compressed before.
func (f *File) Deflated(dict string, z []byte) Ref {
	r := f.Reserve()
	f.put(r, dict, z)
	return r
}

func (f *File) put(r Ref, dict string, z []byte) {
	head := fmt.Sprintf("<<%s /Filter /FlateDecode /Length %d>>\nstream\n", dict, len(z))
	if !f.stream {
		f.bodies[r-1] = slices.Concat([]byte(head), z, []byte("\nendstream"))
		return
	}
	f.at[r-1] = spot{offset: f.size}
	f.write([]byte(strconv.Itoa(int(r)) + " 0 obj\n" + head))
	f.write(z)
	f.write([]byte("\nendstream\nendobj\n"))
}

// Close ends the file. remark, if not "", stands near its end as a comment.
func (f *File) Close(root, info Ref, remark string) error {
	if f.stream {
		f.closeStream(root, info, remark)
		return f.err
	}
	var out bytes.Buffer
	out.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	at := make([]int, len(f.bodies))
	for i, body := range f.bodies {
		at[i] = out.Len()
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, body)
	}
	start := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, n := range at {
		fmt.Fprintf(&out, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&out, "trailer\n<</Size %d /Root %s /Info %s>>\n%sstartxref\n%d\n%%%%EOF\n", len(at)+1, root, info, comment(remark), start)
	f.write(out.Bytes())
	return f.err
}

func comment(remark string) string {
	if remark == "" {
		return ""
	}
	return "%" + remark + "\n"
}

// Deflater compresses, again and again with the same memory: making that anew for
// each of many small pieces takes longer than the compressing.
type Deflater struct {
	z *zlib.Writer
}

// Deflate compresses one piece.
func (d *Deflater) Deflate(data []byte) ([]byte, error) {
	var out bytes.Buffer
	out.Grow(len(data)/3 + 64)
	if d.z == nil {
		d.z = zlib.NewWriter(&out)
	} else {
		d.z.Reset(&out)
	}
	if _, err := d.z.Write(data); err != nil {
		return nil, err
	}
	if err := d.z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// Words are a text in a dictionary, in the form that holds every letter.
func Words(text string) string {
	var out strings.Builder
	out.WriteString("<FEFF")
	for _, u := range utf16.Encode([]rune(text)) {
		fmt.Fprintf(&out, "%04X", u)
	}
	out.WriteString(">")
	return out.String()
}

// Number is a figure to a hundredth.
func Number(v float64) string { return string(AppendNumber(nil, v)) }

// AppendNumber is Number behind what is there.
func AppendNumber(b []byte, v float64) []byte {
	b = strconv.AppendFloat(b, v, 'f', 2, 64)
	return bytes.TrimSuffix(bytes.TrimRight(b, "0"), []byte("."))
}

// Deflate compresses with the file's own memory, for what Deflated then writes.
func (f *File) Deflate(data []byte) ([]byte, error) { return f.z.Deflate(data) }
