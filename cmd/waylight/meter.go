// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// meter shows on a terminal how far long work has come, on one line that it
// writes over. Elsewhere it shows nothing.
type meter struct {
	out   io.Writer
	last  time.Time
	width int
}

func newMeter(out io.Writer) *meter {
	if !terminal(out) {
		out = nil
	}
	return &meter{out: out}
}

func terminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// say writes the line anew, a few times a second.
func (m *meter) say(format string, args ...any) {
	if m.out == nil || time.Since(m.last) < 200*time.Millisecond {
		return
	}
	m.last = time.Now()
	m.write(fmt.Sprintf(format, args...))
}

// end takes the line away, before anything else is printed.
func (m *meter) end() {
	if m.out != nil && m.width > 0 {
		m.write("")
		fmt.Fprint(m.out, "\r")
		m.width = 0
	}
}

func (m *meter) write(line string) {
	fmt.Fprint(m.out, "\r"+line+strings.Repeat(" ", max(0, m.width-len(line))))
	m.width = len(line)
}

// ending takes the meter's line away before each thing that is printed.
type ending struct {
	io.Writer
	meter *meter
}

// Write implements io.Writer.
func (e ending) Write(b []byte) (int, error) {
	e.meter.end()
	return e.Writer.Write(b)
}
