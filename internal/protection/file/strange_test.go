// SPDX-License-Identifier: Apache-2.0

package file_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"testing"
)

// strange are files that are dangerous, or not what they say.
func strange(t testing.TB) map[string][]byte {
	t.Helper()
	return map[string][]byte{
		"bomb.zip":           bomb(t),
		"bomb.gz":            gzipped(t),
		"photo-and-zip.jpg":  append(photo(t), bomb(t)...),
		"photo.jpg.exe":      append([]byte("MZ"), make([]byte, 5000)...),
		"page.png":           []byte("<!doctype html><script>document.title = 'owned'; parent.location = '/staff'</script>"),
		"drawing.svg":        []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`),
		"empty":              {},
		"zeros":              make([]byte, 200_000),
		"ends-in-a-mark.bin": append(make([]byte, 65536), 0x80, 0, 0),
		"photo.jpg":          photo(t),
		"slip.zip":           slip(t),
	}
}

// bomb is a small archive that unpacks to 20 MB.
func bomb(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	f, err := z.Create("zeros.bin")
	check(t, err)
	_, err = f.Write(make([]byte, 20<<20))
	check(t, err)
	check(t, z.Close())
	return out.Bytes()
}

// slip is an archive that would write a program outside of its folder.
func slip(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	_, err := z.Create("../../run.exe")
	check(t, err)
	check(t, z.Close())
	return out.Bytes()
}

func gzipped(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, err := io.CopyN(z, zeros{}, 20<<20)
	check(t, err)
	check(t, z.Close())
	return out.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// gps is what a telephone writes beside a picture, here with a place that the
// tests look for.
const gps = "GPS 32.298757,-90.184810"

// photo is a small picture with hidden data, and with a corner that can be
// recognized after it was drawn anew.
func photo(t testing.TB) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 64, 48))
	for x := range 64 {
		for y := range 48 {
			m.Set(x, y, color.RGBA{R: 200, G: uint8(4 * x), B: 30, A: 255})
		}
	}
	var out bytes.Buffer
	check(t, jpeg.Encode(&out, m, &jpeg.Options{Quality: 95}))
	// An APP1 segment as cameras write it: a TIFF with one text (ImageDescription).
	tiff := append([]byte("Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x0e\x01\x02\x00"), 0, 0, 0, 0, 26, 0, 0, 0, 0, 0, 0, 0)
	binary.LittleEndian.PutUint32(tiff[20:], uint32(len(gps)+1))
	tiff = append(tiff, gps+"\x00"...)
	segment := append([]byte{0xff, 0xe1}, binary.BigEndian.AppendUint16(nil, uint16(len(tiff)+2))...)
	segment = append(segment, tiff...)
	plain := out.Bytes()
	return append(append(append([]byte{}, plain[:2]...), segment...), plain[2:]...)
}
