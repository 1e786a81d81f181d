// SPDX-License-Identifier: Apache-2.0

package architecture

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

var wordRules = []rule{
	{
		name: "status-words",
		why: "a person's standing in the country is asked nowhere and kept nowhere: a field that exists is filled, a filled field is " +
			"subpoenaed, and people who fear that do not report",
		check: checkStatusWords,
	},
	{
		name: "inside",
		why: "the repository must build and make sense on any machine: it names no folder outside itself and no place " +
			"packages were once fetched from",
		check: checkInside,
	},
}

// statusWords are what such a field would be called, in English and Spanish. They
// are written in pieces so that this file does not hold them.
var statusWords = regexp.MustCompile(`(?i)immi` + `gra|inmi` + `gra|citizen` + `ship|ciudad` + `an[ií]a|national` + `ity|nacional` +
	`idad|deport` + `a|\balien` + `s?\b|\bvisa` + `s?\b`)

// legalTitles are names of laws and of offices, which are what they are.
var legalTitles = []string{}

// coded are the kinds of file that hold code or data; documents may discuss.
var coded = []string{".go", ".yaml", ".yml", ".html", ".sql", ".js", ".mjs", ".json", ".csv", ".css"}

func checkStatusWords(h *house) []string {
	var found []string
	for _, name := range h.paths() {
		if !slices.Contains(coded, path.Ext(name)) || !h.written(name) || strings.HasPrefix(name, "docs/") {
			continue
		}
		h.lines(name, func(at, line string) {
			for _, title := range legalTitles {
				line = strings.ReplaceAll(line, title, "")
			}
			if word := statusWords.FindString(line); word != "" {
				found = append(found, at+": "+strings.ToLower(word))
			}
		})
	}
	return found
}

// outside are paths of one machine and hosts that serve packages, again in pieces.
var outside = regexp.MustCompile(`(?:^|[\s"'(=:` + "`" + `])(/(?:wo` + `rk|ho` + `me|ro` + `ot|Us` + `ers)/[\w.]+|/t` + `mp/[a-z_]+)` +
	`|(pro` + `xy\.golang\.org|sum\.` + `golang\.org|regis` + `try\.npmjs\.org|py` + `pi\.org|goproxy\.\w+)`)

func checkInside(h *house) []string {
	var found []string
	for _, name := range h.paths() {
		if !h.written(name) && !inTestdata(name) || strings.HasPrefix(name, "internal/architecture/testdata/") {
			continue
		}
		h.lines(name, func(at, line string) {
			if m := outside.FindStringSubmatch(line); m != nil {
				found = append(found, at+": "+m[1]+m[2])
			}
		})
	}
	return found
}
