// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

type servingKey struct{}

// serving is what the site knows while it answers a request.
type serving struct {
	site *Site
	seen *http.Request // as the handler saw it
}

func servingOf(r *http.Request) *serving {
	s, _ := r.Context().Value(servingKey{}).(*serving)
	return s
}

func (s *Site) attach(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), servingKey{}, &serving{site: s}))
}

// Lang is the language a request wants: the {lang} of its path, else the field
// or parameter "lang", else what the browser prefers, else the catalog's first.
func Lang(r *http.Request) string {
	langs := []string{"en", "es"}
	if s := servingOf(r); s != nil && s.site.Catalog != nil {
		langs = s.site.Catalog.langs
	}
	if lang := r.PathValue("lang"); slices.Contains(langs, lang) {
		return lang
	}
	if lang := r.URL.Query().Get("lang"); slices.Contains(langs, lang) {
		return lang
	}
	if lang := postedLang(r); slices.Contains(langs, lang) {
		return lang
	}
	return accepted(r.Header.Get("Accept-Language"), langs)
}

// postedLang reads the field "lang" of an ordinary posted page. Other bodies
// (JSON, uploads) are left alone for the handler.
func postedLang(r *http.Request) string {
	if r.PostForm == nil {
		kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
		if r.Method != http.MethodPost || strings.TrimSpace(strings.ToLower(kind)) != "application/x-www-form-urlencoded" {
			return ""
		}
		if r.ParseForm() != nil {
			return ""
		}
	}
	return r.PostForm.Get("lang")
}

func accepted(header string, langs []string) string {
	if header == "" || len(header) > 200 {
		return langs[0]
	}
	wanted, _, err := language.ParseAcceptLanguage(header)
	if err != nil {
		return langs[0]
	}
	for _, tag := range wanted {
		base, _ := tag.Base()
		for _, lang := range langs {
			if tag.String() == lang || base.String() == lang {
				return lang
			}
		}
	}
	return langs[0]
}

// Dir is the direction in which a language is written: "ltr" or "rtl".
func Dir(lang string) string {
	script, _ := language.Make(lang).Script()
	switch script.String() {
	case "Arab", "Hebr", "Thaa", "Syrc", "Nkoo", "Adlm", "Rohg":
		return "rtl"
	}
	return "ltr"
}

// nameOf is what speakers of a language call it.
func nameOf(lang string) string {
	known := map[string]string{
		"en": "English", "es": "Español", "ar": "العربية", "zh": "中文", "vi": "Tiếng Việt", "ko": "한국어",
		"tl": "Tagalog", "ru": "Русский", "fr": "Français", "ht": "Kreyòl ayisyen", "pt": "Português", "th": "ไทย",
	}
	if name, ok := known[lang]; ok {
		return name
	}
	return lang
}
