// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"waylight/internal/partnership/agency"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/form"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/report"
)

const (
	tipDesk    = "mbi-desk"
	helpDesk   = "help-desk"
	childCare  = "mdcps"
	helper     = "mcaht"
	tipPolice  = "mbi-coordinator"
	canary     = "Quetzalcoatlus"
	otherWords = "He drives a white van with a broken light."
)

func TestAcceptedReportIsWhole(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock, tipDesk, tipPolice, childCare)
		story := "The girl said “ayúdame” & <nothing> else."
		a := w.accept(w.submission(w.tip(form.Answers{"age": {"under18"}, w.story(): {story}})))

		if a.Repeated || !a.At.Equal(clock.Now()) || a.Mode != "tip" {
			t.Errorf("accepted: repeated %v, at %v, mode %q", a.Repeated, a.At, a.Mode)
		}
		kept := w.followed.at[a.Report]
		if len(kept.plan.Readers) == 0 || !kept.ref.Accepted.Equal(clock.Now()) || kept.ref.Envelope.Age != "under18" {
			t.Fatalf("the follow-up was given %+v", kept)
		}
		if !slices.ContainsFunc(a.Deliveries, func(d report.Told) bool { return d.Office == childCare && d.How == report.HowInbox }) {
			t.Errorf("a child's report does not go to child protection: %+v", a.Deliveries)
		}
		for _, office := range kept.plan.Readers {
			body, sealed := w.open(a.Report, office)
			if got := body.Answers[w.story()]; len(got) != 1 || got[0] != story {
				t.Errorf("%s reads %q", office, got)
			}
			if body.Form != "ms@"+w.ms.Version || body.Language != "en" || sealed.SealedBy != "server" || sealed.Via != report.ViaWeb {
				t.Errorf("%s: form %q, language %q, sealed by %q, via %q", office, body.Form, body.Language, sealed.SealedBy, sealed.Via)
			}
			for question := range body.Answers {
				if q, _ := w.ms.Form.Question(question); q.Envelope {
					t.Errorf("the envelope's %s is in the body as well", question)
				}
			}
			if sealed.Hash != sha256.Sum256(sealed.Ciphertext) {
				t.Error("the hash is not the body's")
			}
		}
		if holders := w.holders(a.Report); !slices.Equal(holders, kept.plan.Readers) {
			t.Errorf("wraps for %v, and %v are to read it", holders, kept.plan.Readers)
		}
	})
}

func TestPromiseIsKept(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock, tipDesk)
		a := w.accept(w.submission(w.tip(nil)))
		promise, err := custody.ParsePromise(a.Promise.Note, w.log.Verifier())
		if err != nil {
			t.Fatal(err)
		}
		st, err := w.reports.Status(t.Context(), a.Receipt.Words("es"))
		if err != nil {
			t.Fatal(err)
		}
		if st.Proof.Public || !st.Proof.By.Equal(promise.By) {
			t.Errorf("before a checkpoint: public %v, by %v, promised %v", st.Proof.Public, st.Proof.By, promise.By)
		}
		w.publish()
		st, err = w.reports.Status(t.Context(), a.Receipt.Words("en"))
		if err != nil {
			t.Fatal(err)
		}
		if !st.Proof.Public || st.Proof.Commitment != promise.Commitment {
			t.Fatalf("after a checkpoint: %+v", st.Proof)
		}
		if err := st.Proof.Included.Check(promise.Commitment, w.log.Verifier()); err != nil {
			t.Error(err)
		}
	})
}

func TestRepeats(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock, tipDesk, tipPolice)
		sub := w.submission(w.tip(nil))
		first := w.accept(sub)
		leaves := w.count("custody_leaf")

		clock.Advance(3e9)
		w.key(childCare) // who reads reports may change in between
		again := w.accept(sub)
		if !again.Repeated || again.Receipt != first.Receipt || again.Report != first.Report || again.Promise.Note != first.Promise.Note || !again.At.Equal(first.At) {
			t.Errorf("a repeat is answered differently:\n%+v\n%+v", first, again)
		}
		if len(again.Deliveries) != len(first.Deliveries) {
			t.Errorf("a repeat names other offices: %+v, first %+v", again.Deliveries, first.Deliveries)
		}
		if w.count("report") != 1 || w.count("custody_leaf") != leaves {
			t.Error("a repeat left something behind")
		}

		sub.Answers = w.tip(form.Answers{w.story(): {otherWords}})
		other := w.accept(sub)
		if other.Repeated || other.Receipt == first.Receipt || other.Report == first.Report {
			t.Error("other words under the same key are not a report of their own")
		}
		if _, err := w.reports.Status(t.Context(), other.Receipt.Words("en")); err != nil {
			t.Error("the second report's receipt leads nowhere:", err)
		}
		body, _ := w.open(other.Report, tipDesk)
		if got := body.Answers[w.story()]; len(got) != 1 || got[0] != otherWords {
			t.Errorf("the second report holds %q", got)
		}
	})
}

// TestManySendersAtOnce sends from many at once, half of them twice.
func TestManySendersAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock, tipDesk, tipPolice, childCare)
		const senders = 64
		var wg sync.WaitGroup
		receipts := make([]string, senders)
		for i := range senders {
			sub := w.submission(w.tip(form.Answers{"age": {"unsure"}}))
			for range 1 + i%2 {
				wg.Go(func() {
					a, err := w.reports.Accept(context.Background(), sub)
					if err != nil {
						t.Error("refused:", err)
						return
					}
					w.mu.Lock()
					defer w.mu.Unlock()
					if words := a.Receipt.Words("en"); receipts[i] != "" && receipts[i] != words {
						t.Error("one submission has two receipts")
					} else {
						receipts[i] = words
					}
				})
			}
		}
		wg.Wait()
		if n := w.count("report"); n != senders {
			t.Errorf("%d reports of %d senders", n, senders)
		}
		for _, words := range receipts {
			if _, err := w.reports.Status(t.Context(), words); err != nil {
				t.Error("lost:", err)
			}
		}
	})
}

func TestNothingIsKeptWhenAPartFails(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock, tipDesk)
		w.followed.fail = errFollowUp
		sub := w.submission(w.tip(nil))
		if _, err := w.reports.Accept(t.Context(), sub); !errors.Is(err, errFollowUp) {
			t.Fatalf("accepted without its referrals: %v", err)
		}
		for _, table := range []string{"report", "report_wrap", "receipt", "receipt_leaf", "custody_leaf"} {
			if n := w.count(table); n != 0 {
				t.Errorf("%d rows of %s stayed", n, table)
			}
		}
		w.followed.fail = nil
		if a := w.accept(sub); a.Repeated {
			t.Error("what was never kept counts as sent before")
		}
	})
}

func TestSenderWhoHangsUpIsStillHeard(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock, tipDesk)
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := w.reports.Accept(gone, w.submission(w.tip(nil))); err != nil {
			t.Fatal(err)
		}
		if w.count("report") != 1 {
			t.Error("the report was dropped with its sender's connection")
		}
	})
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := setup(t, db, clock, tipDesk)
	for _, c := range []struct {
		name   string
		change func(*report.Submission)
		want   error
	}{
		{"unknown program", func(s *report.Submission) { s.Program = "zz" }, report.ErrProgram},
		{"unknown language", func(s *report.Submission) { s.Language = "tlh" }, report.ErrLanguage},
		{"short key", func(s *report.Submission) { s.Key = []byte("0123456789abcdef") }, report.ErrKey},
		{"repetitive key", func(s *report.Submission) { s.Key = []byte(strings.Repeat("ab12", 16)) }, report.ErrKey},
		{"no mode", func(s *report.Submission) { delete(s.Answers, "mode") }, report.ErrAnswers},
		{"unknown option", func(s *report.Submission) { s.Answers["age"] = []string{"old"} }, report.ErrAnswers},
		{"unknown question", func(s *report.Submission) { s.Answers["shoe_size"] = []string{"9"} }, report.ErrAnswers},
		{"unknown county", func(s *report.Submission) { s.Answers["happened"] = []string{"MS-99999"} }, report.ErrAnswers},
		{"over-long", func(s *report.Submission) { s.Answers[w.story()] = []string{strings.Repeat("é", 20001)} }, report.ErrAnswers},
		{"wrong encoding", func(s *report.Submission) { s.Answers[w.story()] = []string{"caf\xe9 \xff"} }, report.ErrAnswers},
		{"office nobody knows", func(s *report.Submission) { s.Answers["left_out"] = []string{"nobody"} }, report.ErrAnswers},
		{"help without helper", func(s *report.Submission) { s.Answers["mode"] = []string{"help"} }, report.ErrNoHelp},
	} {
		t.Run(c.name, func(t *testing.T) {
			sub := w.submission(w.tip(nil))
			c.change(&sub)
			_, err := w.reports.Accept(t.Context(), sub)
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "truck stop") {
				t.Error("the error repeats the sender's words")
			}
		})
	}
	if n := w.count("report"); n != 0 {
		t.Errorf("%d reports kept", n)
	}
	long := w.tip(form.Answers{w.story(): {strings.Repeat("é", 20000)}})
	if a := w.accept(w.submission(long)); a.Repeated {
		t.Error("20,000 letters are allowed")
	}
}

func TestClosedProgramTakesOnlyTests(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := setup(t, db, clock, tipDesk, tipPolice, childCare)
	w.close()
	sub := w.submission(w.tip(form.Answers{"age": {"under18"}}))
	if _, err := w.reports.Accept(t.Context(), sub); !errors.Is(err, report.ErrClosed) {
		t.Fatalf("a closed program answers %v", err)
	}
	sub.Via = report.ViaTest
	a := w.accept(sub)
	if len(a.Deliveries) != 1 || a.Deliveries[0].Office != tipDesk {
		t.Errorf("a test goes to %+v, want the desk alone", a.Deliveries)
	}
	if ref := w.followed.at[a.Report].ref; ref.Via != report.ViaTest {
		t.Errorf("the follow-up takes a test for %q", ref.Via)
	}
}

// TestRepeatIsNeverToldThatNothingWasKept: the first answer got lost on its
// way, and since then the form was closed, or everybody's key went.
func TestRepeatIsNeverToldThatNothingWasKept(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock, tipDesk, helpDesk, helper)
		for _, mode := range []string{"tip", "help"} {
			sub := w.submission(w.tip(form.Answers{"mode": {mode}, "who": {"me"}, "consents": nil}))
			first := w.accept(sub)
			w.close()
			w.mu.Lock()
			w.keys = map[string]agency.Key{}
			w.mu.Unlock()
			again := w.accept(sub)
			if !again.Repeated || again.Receipt != first.Receipt || again.Promise.Note != first.Promise.Note || again.Mode != mode || len(again.Deliveries) != len(first.Deliveries) {
				t.Errorf("%s: the repeat is answered\n%+v\nthe first was\n%+v", mode, again, first)
			}
			if _, err := w.reports.Accept(t.Context(), w.submission(sub.Answers)); !errors.Is(err, report.ErrClosed) {
				t.Errorf("%s: a new one is answered %v", mode, err)
			}
			w.mu.Lock()
			w.closed = false
			w.mu.Unlock()
			for _, office := range []string{tipDesk, helpDesk, helper} {
				w.key(office)
			}
		}
	})
}

func TestHelpGoesWhereTheSenderAgreed(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := setup(t, db, clock, tipDesk, helpDesk, helper, tipPolice)
	a := w.accept(w.submission(w.tip(form.Answers{"mode": {"help"}, "who": {"me"}, "consents": {helper}})))
	plan := w.followed.at[a.Report].plan
	for _, holder := range plan.Readers {
		if w.ms.Offices[holder].Police {
			t.Errorf("%s is police and reads a request for help", holder)
		}
	}
	if !slices.Contains(plan.Readers, helper) {
		t.Errorf("the helper that the sender picked is not among %v", plan.Readers)
	}
	st, err := w.reports.Status(t.Context(), a.Receipt.Words("en"))
	if err != nil {
		t.Fatal(err)
	}
	if len(st.Offices) != 0 {
		t.Error("the receipt of a request for help names kinds of office")
	}
}

func TestReaderWithoutKeyBecomesATask(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := setup(t, db, clock, tipDesk, tipPolice, childCare)
	// The office's key goes between planning and sealing.
	keyed := w.current
	lost := func(string) map[string]bool { return map[string]bool{childCare: true} }
	reports := w.with(func(c *report.Config) {
		c.Keyed = func(id string) func(string) bool {
			return func(office string) bool { return keyed(id)[office].Public != nil }
		}
		c.Keys = without(keyed, lost)
	})
	a, err := reports.Accept(t.Context(), w.submission(w.tip(form.Answers{"age": {"under18"}})))
	if err != nil {
		t.Fatal("a report was refused for a missing key:", err)
	}
	if got := w.followed.at[a.Report].ref.Keyless; !slices.Equal(got, []string{childCare}) {
		t.Errorf("without a key: %v, want %s", got, childCare)
	}
	sealed, err := reports.Body(t.Context(), "ms", a.Report, childCare)
	if err != nil || sealed.Wrap != nil {
		t.Fatalf("body for an office without a wrap: %v, %d bytes of wrap", err, len(sealed.Wrap))
	}
	w.rewrap(a.Report, tipDesk, childCare)
	w.open(a.Report, childCare)
}

func TestNobodyToReadRefusesBeforeAnythingIsTyped(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := setup(t, db, clock)
	if _, err := w.reports.Accept(t.Context(), w.submission(w.tip(nil))); !errors.Is(err, report.ErrNoReader) || fault.KindOf(err) != fault.Unavailable {
		t.Errorf("without any key: %v", err)
	}
	if n := w.count("report"); n != 0 {
		t.Errorf("%d reports kept that nobody can read", n)
	}
}

// TestWordsNeverReachTheDisk looks through every byte the database wrote.
func TestWordsNeverReachTheDisk(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := setup(t, db, clock, tipDesk, tipPolice)
	sub := w.submission(w.tip(form.Answers{w.story(): {"My neighbor " + canary + " keeps two people in the barn."}, "name": aboutReporter["name"]}))
	a := w.accept(sub)
	w.accept(sub)
	if doc := w.client.PostJSON("/api/v1/receipt", map[string]string{"receipt": a.Receipt.Words("en")}); doc.Status != 200 {
		t.Fatalf("the receipt answers %d", doc.Status)
	}
	lookup, seed := a.Receipt.Lookup(), a.Receipt.Seed()
	secrets := map[string][]byte{
		"the words": []byte(canary), "the reporter's name": []byte(aboutReporter["name"][0]), "the idempotency key": sub.Key, "the receipt": a.Receipt[:],
		"the receipt's words": []byte(a.Receipt.Words("en")), "the lookup secret": lookup[:], "the reply seed": seed[:], "the pepper": w.pepper,
	}
	files, err := filepath.Glob(filepath.Join(filepath.Dir(db.File()), "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	found := false
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found = found || bytes.Contains(data, a.Report[:])
		for what, secret := range secrets {
			if bytes.Contains(data, secret) {
				t.Errorf("%s: holds %s", filepath.Base(file), what)
			}
		}
	}
	if !found {
		t.Error("the report is in none of the files that were searched")
	}
	for what, secret := range secrets {
		if bytes.Contains(w.logged.Bytes(), secret) {
			t.Error("the log holds", what)
		}
	}
}

// TestOverloadDelaysReportsAndShedsTheRest fills the writer's queue behind a
// write that does not end.
func TestOverloadDelaysReportsAndShedsTheRest(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := setup(t, db, clock, tipDesk)
	release, running := make(chan struct{}), make(chan struct{})
	var once, wg sync.WaitGroup
	once.Go(func() {
		if err := db.Write(context.Background(), func(*store.Tx) error { close(running); <-release; return nil }); err != nil {
			t.Error(err)
		}
	})
	<-running
	shed := make(chan struct{}, 1)
	for range 10_000 {
		wg.Go(func() {
			if err := db.Write(context.Background(), func(*store.Tx) error { return nil }); fault.KindOf(err) == fault.Overloaded {
				select {
				case shed <- struct{}{}:
				default:
				}
			}
		})
	}
	<-shed // the queue is full
	done := make(chan error, 1)
	go func() {
		_, err := w.reports.Accept(context.Background(), w.submission(w.tip(nil)))
		done <- err
	}()
	close(release)
	if err := <-done; err != nil {
		t.Error("a report was refused:", err)
	}
	once.Wait()
	wg.Wait()
	if w.count("report") != 1 {
		t.Error("the report was lost")
	}
}
