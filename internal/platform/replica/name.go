// SPDX-License-Identifier: Apache-2.0

package replica

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// walName is a log's number. Logs of one epoch follow each other without a gap.
type walName struct {
	epoch int64 // when it began, in microseconds
	n     int64
}

func (w walName) String() string { return fmt.Sprintf("wal-%016d-%08d", w.epoch, w.n) }

func compareLogs(a, b walName) int {
	return cmp.Or(cmp.Compare(a.epoch, b.epoch), cmp.Compare(a.n, b.n))
}

// baseName is a base and the first log that has to be carried into it.
type baseName struct {
	from walName
	at   int64
}

func (b baseName) String() string {
	return fmt.Sprintf("base-%016d-%08d-%016d", b.from.epoch, b.from.n, b.at)
}

// note is the name of what says that the base counts.
func (b baseName) note() string { return b.String() + ".json" }

func compareBases(a, b baseName) int {
	return cmp.Or(compareLogs(a.from, b.from), cmp.Compare(a.at, b.at))
}

// content is what stands at a target.
type content struct {
	logs  []walName  // in order
	bases []baseName // those that count, in order
	other []string   // bases that do not, and what nobody knows
	sizes map[string]int64
}

func contentOf(names map[string]int64) content {
	c := content{sizes: names}
	for name := range names {
		var w walName
		var b baseName
		if n, _ := fmt.Sscanf(name, "wal-%d-%d", &w.epoch, &w.n); n == 2 && w.String() == name {
			c.logs = append(c.logs, w)
			continue
		}
		plain, isNote := strings.CutSuffix(name, ".json")
		n, _ := fmt.Sscanf(plain, "base-%d-%d-%d", &b.from.epoch, &b.from.n, &b.at)
		known := n == 3 && b.String() == plain
		_, noted := names[b.note()]
		_, there := names[b.String()]
		switch {
		case !known:
		case isNote && there:
			c.bases = append(c.bases, b)
		case isNote || !noted:
			c.other = append(c.other, name)
		}
	}
	slices.SortFunc(c.logs, compareLogs)
	slices.SortFunc(c.bases, compareBases)
	return c
}

// follow lists the logs that are carried into a base.
func (c *content) follow(b baseName) []walName {
	var list []walName
	for _, w := range c.logs {
		if w.epoch == b.from.epoch && w.n == b.from.n+int64(len(list)) {
			list = append(list, w)
		}
	}
	return list
}
