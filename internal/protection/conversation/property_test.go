// SPDX-License-Identifier: Apache-2.0

package conversation_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/conversation"
)

// TestAnyConversation writes whatever two sides may write, in any order and with
// repeats: each message is kept once, in order, the office opens all of them,
// and nothing that the receipt is given holds a sender's words.
func TestAnyConversation(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := setup(t, db, clock)
	ana := w.hire(childCare, "Ana")
	rapid.Check(t, func(r *rapid.T) {
		sent := w.send(child())
		found := w.find(sent.Receipt)
		receipt := sent.Receipt.Words("en")
		var want []store.ID
		var theirs []string
		texts := map[store.ID]string{}
		first := w.write(ana, sent.Report, conversation.Question, "Which door?")
		want, texts[first.ID] = append(want, first.ID), "Which door?"
		asked := []store.ID{first.ID}
		var drafts []conversation.Draft
		var sides []conversation.Side
		for i := range rapid.IntRange(0, 6).Draw(r, "messages") {
			text := fmt.Sprintf("w0rd%d %s", i, rapid.StringN(0, 40, -1).Draw(r, "text"))
			switch rapid.IntRange(0, 2).Draw(r, "act") {
			case 0:
				kind := rapid.SampledFrom([]conversation.Kind{conversation.Question, conversation.Need, conversation.Note, conversation.Release}).Draw(r, "kind")
				d := w.write(ana, sent.Report, kind, text)
				want, texts[d.ID] = append(want, d.ID), text
				asked = append(asked, d.ID)
				drafts, sides = append(drafts, d), append(sides, conversation.Office)
			case 1:
				words := conversation.Words{Kind: conversation.Note, Text: "mine-" + text}
				if rapid.Bool().Draw(r, "answers") {
					words.Kind, words.Answers = conversation.Answer, rapid.SampledFrom(asked).Draw(r, "to").String()
				}
				d := w.answer(sent.Receipt, childCare, words)
				want, texts[d.ID], theirs = append(want, d.ID), words.Text, append(theirs, words.Text)
				drafts, sides = append(drafts, d), append(sides, conversation.Sender)
			default:
				if len(drafts) == 0 {
					continue
				}
				n := rapid.IntRange(0, len(drafts)-1).Draw(r, "again")
				err := w.talks.Answer(t.Context(), found, childCare, drafts[n])
				if sides[n] == conversation.Office {
					err = w.talks.Write(t.Context(), ana.Member, sent.Report, drafts[n])
				}
				if err != nil {
					r.Fatalf("a repeat is refused: %v", err)
				}
			}
		}
		_, all := w.thread(ana, sent.Report)
		var got []store.ID
		for i, m := range all {
			got = append(got, m.ID)
			if i > 0 && !m.At.After(all[i-1].At) {
				r.Fatalf("two messages have one time")
			}
			if words, _ := w.open(childCare, m); words.Text != texts[m.ID] {
				r.Fatalf("the office opens %q, want %q", words.Text, texts[m.ID])
			}
		}
		if !slices.Equal(got, want) {
			r.Fatalf("the thread is %v, want %v", got, want)
		}
		lookup := sent.Receipt.Lookup()
		page := w.client.PostForm("/receipt/messages", map[string][]string{"receipt": {receipt}})
		script := w.client.PostJSON("/receipt/messages/find", map[string]any{"lookup": lookup[:], "lang": "en"})
		if page.Status != 200 || script.Status != 200 {
			r.Fatalf("the receipt is answered %d and %d", page.Status, script.Status)
		}
		for _, text := range theirs {
			if head, _, _ := strings.Cut(text, " "); strings.Contains(page.Body+script.Body, head) {
				r.Fatalf("the receipt is given %q", text)
			}
		}
		for _, m := range all {
			if m.Side == conversation.Sender && strings.Contains(script.Body, fmt.Sprintf("%q", m.Body)) {
				r.Fatal("the receipt is given a sealed message of the sender")
			}
		}
	})
}
