// SPDX-License-Identifier: Apache-2.0

package conversation_test

import (
	"sync"
	"testing"

	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/conversation"
)

// TestManyAtOnce: whatever is written at the same moment, from both sides and
// with repeats, is all kept, once, at times of its own.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana := w.hire(childCare, "Ana")
		sent := w.send(child())
		found := w.find(sent.Receipt)
		w.write(ana, sent.Report, conversation.Question, "Which door?")
		var wg sync.WaitGroup
		failed := make(chan error, 24)
		for range 6 {
			ours := w.office(ana, sent.Report, conversation.Note, "A note.")
			theirs, _, _ := w.seal(store.NewID(), conversation.Words{Report: sent.Report.String(), Office: childCare, Kind: conversation.Note, Language: "en", Text: "Green."}, childCare)
			for range 2 {
				wg.Go(func() { failed <- w.talks.Write(t.Context(), ana.Member, sent.Report, ours) })
				wg.Go(func() { failed <- w.talks.Answer(t.Context(), found, childCare, theirs) })
			}
		}
		wg.Wait()
		close(failed)
		for err := range failed {
			check(t, err)
		}
		thread, all := w.thread(ana, sent.Report)
		if thread.Since.IsZero() || thread.NextAt.IsZero() {
			t.Error("nobody opened what the sender wrote, and no clock runs")
		}
		if len(all) != 13 || w.events("message.received") != 6 || w.events("message.sent") != 7 {
			t.Fatalf("%d messages are kept, %d entries of the sender's, %d of the office's", len(all), w.events("message.received"), w.events("message.sent"))
		}
		for i := 1; i < len(all); i++ {
			if !all[i].At.After(all[i-1].At) {
				t.Fatal("two messages have one time")
			}
		}
	})
}
