// SPDX-License-Identifier: Apache-2.0

package conversation_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"net/url"
	"testing"

	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/conversation"
	"waylight/internal/protection/report"
)

// plain opens a message with an office's key, as it was sealed.
func (w *world) plain(office string, m conversation.Message) []byte {
	w.t.Helper()
	content, err := seal.OpenWrap(w.keys[office], m.WrapOffice, m.Record(), m.Hash, office)
	check(w.t, err)
	plain, err := content.Open(m.Body, m.Record())
	check(w.t, err)
	return plain
}

// TestTheSenderSigns: what comes with the seven words carries a signature that
// only they make, for this message and no other. The key to check it with stands
// in the sealed report.
func TestTheSenderSigns(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana := w.hire(childCare, "Ana")
		sent := w.send(child())
		w.write(ana, sent.Report, conversation.Question, "Which door?")
		page := w.client.PostForm("/receipt/messages", url.Values{"receipt": {sent.Receipt.Words("en")}})
		fields := formFields(page, 0)
		fields.Set("_what", "text")
		fields.Set("text", "The green one.\nAt the back.")
		check200(t, w.client.PostForm("/receipt/messages/send", fields))

		sealed, err := w.reports.Body(t.Context(), "ms", sent.Report, childCare)
		check(t, err)
		rec := seal.Record{Program: "ms", ID: sent.Report}
		content, err := seal.OpenWrap(w.keys[childCare], sealed.Wrap, rec, sealed.Hash, childCare)
		check(t, err)
		opened, err := content.Open(sealed.Ciphertext, rec)
		check(t, err)
		var body report.Body
		check(t, json.Unmarshal(opened, &body))

		_, all := w.thread(ana, sent.Report)
		m := all[1]
		words, signature, err := conversation.Split(w.plain(childCare, m))
		if err != nil || !bytes.Contains(words, []byte("At the back.")) {
			t.Fatalf("the words are %s (%v)", words, err)
		}
		public := ed25519.PublicKey(body.Reply.Sign)
		if !conversation.Signed(public, "ms", childCare, m.ID, words, signature) {
			t.Fatal("the signature does not stand")
		}
		other := append(bytes.Clone(words[:len(words)-2]), "!\"}"...)
		for name, holds := range map[string]bool{
			"as another message": conversation.Signed(public, "ms", childCare, store.NewID(), words, signature),
			"to another office":  conversation.Signed(public, "ms", police, m.ID, words, signature),
			"elsewhere":          conversation.Signed(public, "tx", childCare, m.ID, words, signature),
			"with other words":   conversation.Signed(public, "ms", childCare, m.ID, other, signature),
			"unsigned":           conversation.Signed(public, "ms", childCare, m.ID, words, nil),
			"for no key":         conversation.Signed(nil, "ms", childCare, m.ID, words, signature),
			"for another sender": conversation.Signed(ed25519.PublicKey(random(32)), "ms", childCare, m.ID, words, signature),
		} {
			if holds {
				t.Errorf("the signature stands %s", name)
			}
		}
		if _, signature, err = conversation.Split(w.plain(childCare, all[0])); err != nil || signature != nil {
			t.Errorf("the office's message has the signature %x (%v)", signature, err)
		}
	})
}
