// SPDX-License-Identifier: Apache-2.0

package poster_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"waylight/internal/prevention/poster"
)

const opens = "HTTPS://TIPS.EXAMPLE.GOV/Q/7K3F9"

var picture = poster.CodePicture{Address: "tips.example.gov/q/7K3F9", URL: "https://tips.example.gov/q/7K3F9"}

// A picture of a code is read by a reader that is not ours, has whole modules and four of
// white around.
func TestCodePictureIsRead(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := picture.PNG(&out); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "code.png")
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := scanned(t, file); got != opens {
		t.Errorf("a reader finds %q", got)
	}
	seen, err := png.Decode(&out)
	if err != nil {
		t.Fatal(err)
	}
	size := seen.Bounds().Size()
	white := 0
	for ; white < size.X; white++ {
		if r, _, _, _ := seen.At(white, white).RGBA(); r == 0 {
			break
		}
	}
	if size.X != size.Y || size.X < 1000 || white == 0 || size.X%(white/4) != 0 || white%4 != 0 {
		t.Errorf("%v with %d of white", size, white)
	}
}

// The drawing is the same code, says its address to who does not see it, and fetches
// nothing.
func TestCodeDrawingIsRead(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := picture.SVG(&out); err != nil {
		t.Fatal(err)
	}
	var svg struct {
		ViewBox string `xml:"viewBox,attr"`
		Role    string `xml:"role,attr"`
		Title   string `xml:"title"`
		Desc    string `xml:"desc"`
		Paths   []struct {
			D string `xml:"d,attr"`
		} `xml:"path"`
	}
	if err := xml.Unmarshal(out.Bytes(), &svg); err != nil {
		t.Fatal(err)
	}
	if svg.Role != "img" || svg.Title != picture.Address || svg.Desc != "QR code that opens "+picture.Address || strings.Count(out.String(), "://") != 1 || len(svg.Paths) != 2 {
		t.Errorf("%+v", svg)
	}
	side, err := strconv.Atoi(svg.ViewBox[strings.LastIndex(svg.ViewBox, " ")+1:])
	if err != nil {
		t.Fatal(err)
	}
	const unit = 4
	drawn := bytes.Repeat([]byte{255}, side*unit*side*unit)
	for _, m := range regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-\d+z`).FindAllStringSubmatch(svg.Paths[1].D, -1) {
		var at [3]int
		for i := range at {
			if at[i], err = strconv.Atoi(m[i+1]); err != nil {
				t.Fatal(err)
			}
		}
		for y := at[1] * unit; y < (at[1]+1)*unit; y++ {
			for x := at[0] * unit; x < (at[0]+at[2])*unit; x++ {
				drawn[y*side*unit+x] = 0
			}
		}
	}
	file := filepath.Join(t.TempDir(), "code.pgm")
	if err := os.WriteFile(file, append(fmt.Appendf(nil, "P5\n%d %d\n255\n", side*unit, side*unit), drawn...), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := scanned(t, file); got != opens {
		t.Errorf("a reader finds %q", got)
	}
}

// What capitals cannot hold is no code, and nothing is written.
func TestCodePictureRefuses(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	for _, url := range []string{"https://tips.example.gov/q/7K3F9?x=1", "https://tips.example.gov/q/" + strings.Repeat("A", 5000)} {
		p := poster.CodePicture{Address: url, URL: url}
		if err := errors.Join(p.SVG(&out), p.PNG(&out)); !errors.Is(err, poster.ErrCode) || out.Len() > 0 {
			t.Errorf("%.40s: %v", url, err)
		}
	}
}
