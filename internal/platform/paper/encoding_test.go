// SPDX-License-Identifier: Apache-2.0

package paper

import (
	"testing"

	"golang.org/x/text/encoding/charmap"
)

// The encoding of pages is Windows-1252, byte for byte and letter for letter.
func TestEncodingOfPages(t *testing.T) {
	t.Parallel()
	for b := 32; b < 256; b++ {
		if got, want := letterOf(byte(b)), charmap.Windows1252.DecodeByte(byte(b)); got != want {
			t.Errorf("byte %#x: %q, want %q", b, got, want)
		}
	}
	for r := rune(0); r < 0x3000; r++ {
		want, ok := charmap.Windows1252.EncodeRune(r)
		if !ok || want < 32 || r == none || r >= 0x80 && r < 0xA0 {
			want = '?'
		}
		if got := byteOf(r); got != want {
			t.Errorf("%U: %#x, want %#x", r, got, want)
		}
	}
}
