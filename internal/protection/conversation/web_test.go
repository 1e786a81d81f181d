// SPDX-License-Identifier: Apache-2.0

package conversation_test

import (
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web/webtest"
	"waylight/internal/protection/conversation"
)

// form reads the hidden fields of the page's n-th form.
func formFields(doc *webtest.Doc, n int) url.Values {
	out := url.Values{}
	for _, in := range doc.All("form")[n].All("input", "type", "hidden") {
		out.Set(in.Attr["name"], in.Attr["value"])
	}
	return out
}

// TestWithoutScripts walks a sender through the page as a browser without
// scripts does.
func TestWithoutScripts(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana := w.hire(childCare, "Ana")
		sent := w.send(child())
		receipt := sent.Receipt.Words("en")
		ask := url.Values{"receipt": {strings.ToUpper(receipt)}, "lang": {"en"}}
		if page := w.client.PostForm("/receipt/messages", ask); page.Status != 200 || !contains(page.Main(), "No office has written to you yet") {
			t.Fatalf("%d: %s", page.Status, page.Main())
		}
		question := w.write(ana, sent.Report, conversation.Question, "Which door was it?\nAnd <when>?")
		w.write(ana, sent.Report, conversation.Need, "The number on the van.")

		page := w.client.PostForm("/receipt/messages", ask)
		main := page.Main()
		for _, want := range []string{"our server opened these messages", "Question 1", "And <when>?", "They still need", w.ms.Offices[childCare].Name.In("en")} {
			if !contains(main, want) {
				t.Errorf("the page lacks %q: %s", want, main)
			}
		}
		if strings.Index(main, "The number on the van") > strings.Index(main, "Which door") {
			t.Error("what they still need does not come first")
		}
		for _, problem := range webtest.Problems(page) {
			t.Error(problem)
		}
		if page.Header.Get("Set-Cookie") != "" || !strings.Contains(page.Header.Get("Cache-Control"), "no-store") || page.Title() != "Look up" {
			t.Errorf("headers %v, title %q", page.Header, page.Title())
		}

		fields := formFields(page, 0)
		fields.Set("answers", question.ID.String())
		fields.Set("text", secret+"\r\nin the morning")
		fields.Set("_what", "text")
		empty := url.Values{}
		for k, v := range fields {
			empty[k] = v
		}
		empty.Set("text", "  ")
		if refused := w.client.PostForm("/receipt/messages/send", empty); refused.Status != 422 || !contains(refused.Main(), "have not written anything") {
			t.Errorf("an empty message is answered %d: %s", refused.Status, refused.Main())
		}
		for range 2 { // the button pressed twice
			if done := w.client.PostForm("/receipt/messages/send", fields); done.Status != 200 || !contains(done.Main(), "Sent.") || contains(done.Body, "Zebra") {
				t.Fatalf("%d: %s", done.Status, done.Main())
			}
		}
		fields.Set("text", secret+", no: at night")
		check200(t, w.client.PostForm("/receipt/messages/send", fields)) // other words from the same page are another message
		_, all := w.thread(ana, sent.Report)
		if len(all) != 4 {
			t.Fatalf("%d messages are kept, want four", len(all))
		}
		words, _ := w.open(childCare, all[2])
		if words.Text != secret+"\nin the morning" || words.Answers != question.ID.String() || all[2].SealedBy != conversation.SealedByServer || all[2].Kind != conversation.Answer {
			t.Errorf("the office opens %+v of %+v", words, all[2])
		}
		after := w.client.PostForm("/receipt/messages", ask)
		if contains(after.Body, "Zebra") || !contains(after.Main(), "You wrote on November 23, 2026") || contains(after.Main(), "Opened by") {
			t.Errorf("the receipt shows what the sender wrote, or not when: %s", after.Main())
		}

		contact := formFields(page, 1)
		contact.Set("_what", "contact")
		contact["reach"] = []string{"call", "voicemail"}
		contact.Set("contact", "555-0114")
		contact.Set("as_whom", "the dentist")
		check200(t, w.client.PostForm("/receipt/messages/send", contact))
		_, all = w.thread(ana, sent.Report)
		words, _ = w.open(childCare, all[4])
		if words.Kind != conversation.Contact || words.Contact.As != "the dentist" || len(words.Contact.Reach) != 2 {
			t.Errorf("the office opens %+v", words)
		}
		contact["reach"] = []string{"pigeon"}
		if bad := w.client.PostForm("/receipt/messages/send", contact); bad.Status != 422 {
			t.Errorf("an unknown way is answered %d", bad.Status)
		}

		for _, wrong := range []struct{ words, say string }{
			{strings.Join(strings.Split(receipt, "-")[:3], " "), "We count 3 words"}, {"qqqq-" + receipt, "not on our list"},
		} {
			doc := w.client.PostForm("/receipt/messages", url.Values{"receipt": {wrong.words}})
			if doc.Status != 422 || !contains(doc.Main(), wrong.say) {
				t.Errorf("%q is answered %d: %s", wrong.words, doc.Status, doc.Main())
			}
		}
		if contains(w.logged.String(), "Zebra") || contains(w.logged.String(), receipt) {
			t.Error("the log holds a sender's words or receipt")
		}
		if file := db.File(); file != "" {
			for _, part := range []string{"", "-wal"} {
				data, err := os.ReadFile(file + part)
				if err == nil && (strings.Contains(string(data), "Zebra") || strings.Contains(string(data), "Which door") || strings.Contains(string(data), "dentist")) {
					t.Errorf("the database%s holds words in clear", part)
				}
			}
		}
	})
}

func check200(t *testing.T, doc *webtest.Doc) {
	t.Helper()
	if doc.Status != 200 {
		t.Fatalf("%d: %s", doc.Status, doc.Main())
	}
}

// TestSpanish holds the page to the language of who reads it.
func TestSpanish(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := setup(t, db, clock)
	ana := w.hire(childCare, "Ana")
	sent := w.send(child())
	w.write(ana, sent.Report, conversation.Need, "La placa.")
	page := w.client.PostForm("/receipt/messages", url.Values{"receipt": {sent.Receipt.Words("es")}, "lang": {"es"}})
	for _, want := range []string{"Todavía necesitan", "La placa.", "Sus palabras", w.ms.Offices[childCare].Name.In("es")} {
		if !contains(page.Main(), want) {
			t.Errorf("the page lacks %q: %s", want, page.Main())
		}
	}
	lookup := sent.Receipt.Lookup()
	if doc := w.client.PostJSON("/receipt/messages/keep", map[string]any{"lookup": lookup[:], "lang": "es", "office": childCare}); doc.Status != 422 || !contains(doc.Body, "se perdió") {
		t.Errorf("%d: %s", doc.Status, doc.Body)
	}
	webtest.CheckReading(t, w.site.Catalog, 8, "message.")
}

// TestAddressesAreNeutral: no address of the sender's pages has a word of the topic.
func TestAddressesAreNeutral(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := build(t, db, clock)
	topic := regexp.MustCompile(`(?i)traffick|abuse|victim|report`)
	for _, r := range w.talks.Room().Routes {
		if r.Access.Public && topic.MatchString(r.Pattern) {
			t.Errorf("%s", r.Pattern)
		}
		if r.Access.Action == "" {
			t.Errorf("%s names no action", r.Pattern)
		}
	}
}

// TestScriptsPosts tries what a page's script could send that is not right.
func TestScriptsPosts(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := setup(t, db, clock)
	ana := w.hire(childCare, "Ana")
	sent := w.send(child())
	lookup := sent.Receipt.Lookup()
	for _, body := range []any{
		map[string]any{}, map[string]any{"lookup": "AAAA", "lang": "en"}, map[string]any{"lookup": lookup[:], "words": "x"}, []int{1}, "x",
	} {
		if doc := w.client.PostJSON("/receipt/messages/find", body); doc.Status < 400 || doc.Status >= 500 {
			t.Errorf("%v is answered %d %s", body, doc.Status, doc.Body)
		}
	}
	client, page := w.as(ana), "/staff/report/"+sent.Report.String()+"/messages"
	good := map[string]any{"id": store.NewID().String(), "kind": "question", "body": random(10), "key_id": strings.Repeat("00", 16), "wrap": random(3), "reply": random(3), "answers": "", "sure": true}
	for field, value := range map[string]any{"id": "x", "answers": "x", "key_id": "zz", "kind": "release", "body": "!", "more": 1} {
		bad := map[string]any{}
		for k, v := range good {
			bad[k] = v
		}
		bad[field] = value
		if doc := client.PostJSON(page+"/write", bad); doc.Status < 400 || doc.Status >= 500 {
			t.Errorf("%s %v is answered %d %s", field, value, doc.Status, doc.Body)
		}
	}
	if doc := client.PostJSON(page+"/release", good); doc.Status != 400 {
		t.Errorf("a question as an outcome is answered %d", doc.Status)
	}
	if doc := client.GetDoc(page + "?after=rubbish"); doc.Status < 400 || doc.Status >= 500 {
		t.Errorf("a broken cursor is answered %d", doc.Status)
	}
	if doc := client.GetDoc(page + "/sealed"); doc.Status != 200 || !contains(doc.Body, `"messages":[]`) {
		t.Errorf("%d %s", doc.Status, doc.Body)
	}
	for _, problem := range webtest.Problems(client.GetDoc(page)) {
		t.Error(problem)
	}
	if page := client.GetDoc("/staff/report/" + sent.Report.String()); !contains(page.Body, sent.Report.String()+"/messages") {
		t.Error("the report's page does not lead to its messages")
	}
}
