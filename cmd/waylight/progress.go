// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// bar shows how far long work has come: on a terminal one line that moves,
// elsewhere a line now and then.
type bar struct {
	out      io.Writer
	terminal bool
	what     string
	shown    time.Time
	tenth    int64
	open     bool // a line is begun
}

func newBar(out io.Writer) *bar {
	b := &bar{out: out}
	if f, ok := out.(*os.File); ok {
		info, err := f.Stat()
		b.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return b
}

const barWidth = 30

// show is the progress that long work tells.
func (b *bar) show(what string, done, total int64) {
	if what != b.what {
		b.close()
		b.what, b.tenth, b.shown = what, -1, time.Time{}
	}
	if total <= 0 {
		fmt.Fprintf(b.out, "%s\n", what)
		return
	}
	if !b.terminal {
		if tenth := done * 10 / total; tenth > b.tenth {
			b.tenth = tenth
			fmt.Fprintf(b.out, "%s: %d of %d (%d %%)\n", what, done, total, tenth*10)
		}
		return
	}
	if done < total && time.Since(b.shown) < 100*time.Millisecond {
		return
	}
	b.shown, b.open = time.Now(), true
	full := int(min(done, total) * barWidth / total)
	fmt.Fprintf(b.out, "\r%s [%s%s] %3d %% %d of %d", what, strings.Repeat("#", full), strings.Repeat(".", barWidth-full), done*100/total, done, total)
}

// close ends the line that is begun.
func (b *bar) close() {
	if b.open {
		fmt.Fprintln(b.out)
	}
	b.open = false
}
