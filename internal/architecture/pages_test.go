// SPDX-License-Identifier: Apache-2.0

package architecture

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

var pageRules = []rule{
	{
		name: "catalogs",
		why: "a sentence that exists in one language only is missing exactly for the person who needed the other; " +
			"a name left out of a translation is a blank on the page",
		check: checkCatalogs,
	},
	{
		name: "pages",
		why: "the content security policy forbids what stands inline, so it would silently do nothing; and a page that fetches " +
			"anything from elsewhere tells that place who is reading it",
		check: checkPages,
	},
}

var languages = []string{"en", "es"}

func checkCatalogs(h *house) []string {
	var found []string
	for _, dir := range h.dirs("/strings") {
		words := map[string]map[string]string{}
		for _, lang := range languages {
			name := path.Join(dir, lang+".yaml")
			var catalog map[string]string
			if err := yaml.Unmarshal(h.files[name], &catalog); err != nil {
				found = append(found, name+": is not a list of \"key: text\"")
			}
			if h.files[name] == nil {
				found = append(found, name+": is missing")
			}
			words[lang] = catalog
		}
		found = append(found, compare(dir, words)...)
	}
	return found
}

// compare finds what one language of a catalog has and another has not.
func compare(dir string, words map[string]map[string]string) []string {
	var found []string
	for _, lang := range languages {
		for _, other := range languages {
			for key, text := range words[other] {
				mine, ok := words[lang][key]
				switch {
				case !ok:
					found = append(found, fmt.Sprintf("%s/%s.yaml: has no %s", dir, lang, key))
				case strings.TrimSpace(mine) == "":
					found = append(found, fmt.Sprintf("%s/%s.yaml: %s is empty", dir, lang, key))
				case other == "en" && !maps.Equal(blanks(mine), blanks(text)):
					found = append(found, fmt.Sprintf("%s/%s.yaml: %s does not fill in the same names as English", dir, lang, key))
				}
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

var blank = regexp.MustCompile(`\{\w+\}`)

func blanks(text string) map[string]bool {
	set := map[string]bool{}
	for _, b := range blank.FindAllString(text, -1) {
		set[b] = true
	}
	return set
}

// What a page must not hold. Links a person may follow are their own choice; what
// a browser fetches by itself is not.
var (
	inline  = regexp.MustCompile(`(?i)<style|\sstyle\s*=|\son[a-z]+\s*=\s*["']|["']javascript:|<script(?:\s+type="module"|\s+defer|\s+async)*\s*>`)
	fetched = regexp.MustCompile(`(?i)(?:<(?:script|img|iframe|source|video|audio|embed|object)\b[^>]*\s(?:src|srcset|data)|<link\b[^>]*\shref)\s*=\s*["']?(?:https?:)?//`)
	sheet   = regexp.MustCompile(`(?i)(?:@import\s+|url\(\s*)["']?(?:https?:)?//`)
)

func checkPages(h *house) []string {
	var found []string
	for _, name := range h.paths() {
		if !h.written(name) || strings.HasPrefix(name, "docs/") {
			continue
		}
		ext := path.Ext(name)
		h.lines(name, func(at, line string) {
			if ext == ".html" {
				if m := inline.FindString(line); m != "" {
					found = append(found, at+": inline: "+strings.TrimSpace(m))
				}
				if m := fetched.FindString(line); m != "" {
					found = append(found, at+": fetches from elsewhere")
				}
			}
			if ext == ".css" && sheet.MatchString(line) {
				found = append(found, at+": fetches from elsewhere")
			}
		})
	}
	return found
}

// dirs lists the folders whose path ends so and that hold files.
func (h *house) dirs(suffix string) []string {
	set := map[string]bool{}
	for name := range h.files {
		if dir := path.Dir(name); strings.HasSuffix("/"+dir, suffix) && !inTestdata(name) {
			set[dir] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}
