// SPDX-License-Identifier: Apache-2.0

package program_test

import (
	"regexp"
	"strings"
	"testing"

	"waylight/internal/platform/form"
	"waylight/internal/platform/web/webtest"
)

var (
	sentenceEnd = regexp.MustCompile(`[.!?:]+(\s|$)`)
	wordShape   = regexp.MustCompile(`[\p{L}\p{M}'’]+`)
	vowels      = regexp.MustCompile(`[aeiouáéíóúü]+`)
)

// easySpanish is the score of Fernández Huerta: 60 to 70 is the text of the
// seventh and eighth grade, more is easier.
func easySpanish(text string) float64 {
	words := wordShape.FindAllString(text, -1)
	syllables := 0
	for _, w := range words {
		syllables += max(1, len(vowels.FindAllString(strings.ToLower(w), -1)))
	}
	perSentence := float64(len(words)) / float64(max(1, len(sentenceEnd.FindAllString(text, -1))))
	return 206.84 - 60*float64(syllables)/float64(len(words)) - 1.02*perSentence
}

// What the sender reads is at most eighth-grade text, in both languages.
func TestPlainWords(t *testing.T) {
	t.Parallel()
	p := mississippi(t)
	texts := map[string]form.Text{}
	for key, words := range p.Told {
		texts["notice "+key] = words
	}
	for _, q := range p.Form.Questions {
		texts["question "+q.ID], texts["help of "+q.ID] = q.Label, q.Help
		for _, o := range q.Options {
			texts["option "+q.ID+" "+o.ID+", help"] = o.Help
		}
	}
	for _, r := range p.Rules {
		for _, d := range r.Duties {
			if d.Obligor == "reporter" {
				texts["note of "+r.ID] = d.Note
			}
		}
	}
	for where, words := range texts {
		if n := len(wordShape.FindAllString(words.In("en"), -1)); n < 8 {
			continue // too short for any formula
		}
		if grade := webtest.ReadingGrade(words["en"]); grade > 8.9 {
			t.Errorf("%s asks for grade %.1f: %s", where, grade, words["en"])
		}
		if score := easySpanish(words["es"]); score < 60 {
			t.Errorf("%s scores %.0f in Spanish: %s", where, score, words["es"])
		}
		for _, lang := range p.Languages {
			if strings.ContainsAny(words[lang], "—;") {
				t.Errorf("%s in %s: one thought, one sentence: %s", where, lang, words[lang])
			}
		}
	}
}
