// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"errors"
	"html"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	sqlite "modernc.org/sqlite/lib"

	"waylight/internal/app"
)

// troubles are disks that do not do what they are asked.
var troubles = []struct {
	name   string
	ask    func() func(op) int32
	unsure bool // whether anything was kept: the next start may find what was written
}{
	{name: "full", ask: func() func(op) int32 { return failing(opWrite, sqlite.SQLITE_FULL) }},
	{name: "full in the middle of a commit", ask: func() func(op) int32 {
		var writes atomic.Int64
		return func(o op) int32 {
			if o.kind == opWrite && writes.Add(1) > 3 {
				return sqlite.SQLITE_FULL
			}
			return sqlite.SQLITE_OK
		}
	}},
	{name: "read-only", ask: func() func(op) int32 { return failing(opWrite, sqlite.SQLITE_READONLY) }},
	{name: "read-only since an error", ask: func() func(op) int32 { return failing(opWrite, sqlite.SQLITE_IOERR_WRITE) }, unsure: true},
	{name: "not syncing", ask: func() func(op) int32 { return failing(opSync, sqlite.SQLITE_IOERR_FSYNC) }, unsure: true},
}

func failing(kind opKind, code int32) func(op) int32 {
	return func(o op) int32 {
		if o.kind == kind {
			return code
		}
		return sqlite.SQLITE_OK
	}
}

// While the disk takes nothing, every sender is told so at once, in words, by whichever
// way they came, and nothing of theirs is half kept. What was accepted before stays.
// Once there is room again the same submissions are taken, each once.
func TestDiskInTroubleIsSaidAndPasses(t *testing.T) {
	t.Parallel()
	for _, trouble := range troubles {
		t.Run(trouble.name, func(t *testing.T) {
			t.Parallel()
			s := prepare(t, nil)
			d := newDisk(t, s.data)
			a, address, stop := s.serve(t)
			client := newClient(t)
			all := accept(t, client, address, inWords(), inWords())
			browsers, err := s.sealed(address)
			if err != nil {
				t.Fatal(err)
			}
			waiting := []submission{inWords(), inWords(), browsers}

			d.answer(trouble.ask())
			for _, sub := range waiting {
				for range 2 {
					refusedPlainly(t, client, address, sub, trouble.unsure)
				}
			}
			pageSaysSo(t, client, address, trouble.unsure)
			if n := reports(t, a); n != len(all) {
				t.Errorf("%d reports are there, %d were accepted", n, len(all))
			}
			readable(t, client, address)

			d.answer(nil)
			all = append(all, accept(t, client, address, waiting...)...)
			for i, again := range accept(t, client, address, waiting...) {
				if want := all[len(all)-len(waiting)+i]; again.report != want.report || !again.repeated {
					t.Errorf("sent again it is %v, was %v", again, want)
				}
			}
			stop()
			verified(t, s)
			a = s.open(t)
			for _, got := range all {
				if what := missing(a, got); what != "" {
					t.Errorf("lost: %s", what)
				}
			}
			if n := reports(t, a); n != len(all) {
				t.Errorf("%d reports are there, %d were accepted", n, len(all))
			}
		})
	}
}

// accept sends submissions that must be accepted.
func accept(t *testing.T, client *http.Client, address string, subs ...submission) []accepted {
	t.Helper()
	var all []accepted
	for _, sub := range subs {
		got, err := sub.send(client, address)
		if err != nil {
			t.Fatalf("not accepted: %v", err)
		}
		all = append(all, got)
	}
	return all
}

// refusedPlainly sends what cannot be kept now: the answer says when to try again, and
// what was kept.
func refusedPlainly(t *testing.T, client *http.Client, address string, sub submission, unsure bool) {
	t.Helper()
	_, err := sub.send(client, address)
	var no *refusal
	if !errors.As(err, &no) {
		t.Fatalf("while nothing can be kept, the answer is %v", err)
	}
	plain := saysWhatWasKept(no.text, unsure)
	if no.status != http.StatusServiceUnavailable || no.retryAfter == "" || !plain {
		t.Errorf("the sender is told %d (again after %q): %s", no.status, no.retryAfter, no.text)
	}
}

// saysWhatWasKept says whether a text tells that nothing was kept, or that we cannot say.
func saysWhatWasKept(text string, unsure bool) bool {
	return strings.Contains(text, "counts only once") == unsure && strings.Contains(text, "Nothing was kept") != unsure
}

// pageSaysSo sends the form as a browser without script does: first to see who will be
// told, then for good. The page that comes back still has what was typed.
func pageSaysSo(t *testing.T, client *http.Client, address string, unsure bool) {
	t.Helper()
	at := "http://" + address + "/" + program + "/en"
	fields := url.Values{"lang": {"en"}, "_step": {"preview"}, "story": {"An invented story to be kept."}}
	for name, values := range inClear {
		fields[name] = values
	}
	page := get(t, client, at)
	for _, step := range []string{"preview", "send"} {
		for _, name := range []string{"_key", "_shown"} {
			_, rest, _ := strings.Cut(page, `name="`+name+`" value="`)
			value, _, _ := strings.Cut(rest, `"`)
			fields.Set(name, html.UnescapeString(value))
		}
		fields.Set("_step", step)
		res, err := client.PostForm(at, fields)
		if err != nil {
			t.Fatal(err)
		}
		page = body(t, res)
		if step == "preview" {
			continue
		}
		_, said, _ := strings.Cut(page, `role="alert"`)
		said, _, _ = strings.Cut(said, "</div>")
		plain := saysWhatWasKept(said, unsure)
		if res.StatusCode != http.StatusServiceUnavailable || !plain || !strings.Contains(page, "An invented story to be kept.") {
			t.Errorf("the page answers %d, has what was typed: %v, and says: %s", res.StatusCode, strings.Contains(page, "An invented story to be kept."), said)
		}
	}
}

func get(t *testing.T, client *http.Client, url string) string {
	t.Helper()
	res, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	text := body(t, res)
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%s answers %d", url, res.StatusCode)
	}
	return text
}

func body(t *testing.T, res *http.Response) string {
	t.Helper()
	defer res.Body.Close()
	var b strings.Builder
	if _, err := io.Copy(&b, res.Body); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// readable looks at pages that need nothing written.
func readable(t *testing.T, client *http.Client, address string) {
	t.Helper()
	for _, path := range []string{"/" + program + "/en", "/healthz", "/receipt"} {
		get(t, client, "http://"+address+path)
	}
}

// An installation that starts on a disk that takes nothing shows its pages with the lines
// to call, tells senders what it tells them at any time, and takes reports as soon as the
// disk does.
func TestStartOnADiskInTrouble(t *testing.T) {
	t.Parallel()
	for _, code := range []int32{sqlite.SQLITE_FULL, sqlite.SQLITE_READONLY} {
		s := prepare(t, nil)
		d := newDisk(t, s.data)
		client := newClient(t)
		_, address, stop := s.serve(t)
		had := accept(t, client, address, inWords())
		stop()
		d.answer(failing(opWrite, code))
		a, address, stop := s.serve(t)
		readable(t, client, address)
		sub := inWords()
		refusedPlainly(t, client, address, sub, false)
		d.answer(nil)
		had = append(had, accept(t, client, address, sub)...)
		for _, got := range had {
			if what := missing(a, got); what != "" {
				t.Errorf("lost: %s", what)
			}
		}
		stop()
		verified(t, s)
	}
}

// On a disk that takes long, reports wait for it: none is refused, none is answered
// before it is on the disk, and pages that need nothing written answer meanwhile.
func TestSlowDiskIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := prepare(t, nil)
	d := newDisk(t, s.data)
	a, address, stop := s.serve(t)
	client := newClient(t)
	gate, reached := make(chan struct{}), make(chan struct{}, 1)
	d.answer(func(o op) int32 {
		if o.kind == opSync {
			select {
			case reached <- struct{}{}:
			default:
			}
			<-gate
		}
		return sqlite.SQLITE_OK
	})
	const senders = 40
	var open atomic.Bool
	var all [senders]accepted
	var sending sync.WaitGroup
	for i := range senders {
		sending.Go(func() {
			got, err := inWords().send(client, address)
			if err != nil {
				t.Errorf("not accepted: %v", err)
			}
			if !open.Load() {
				t.Error("accepted before it was on the disk")
			}
			all[i] = got
		})
	}
	<-reached
	readable(t, client, address)
	if n := reports(t, a); n != 0 {
		t.Errorf("%d reports are there before they are on the disk", n)
	}
	open.Store(true)
	close(gate)
	sending.Wait()
	stop()
	verified(t, s)
	a = s.open(t)
	for _, got := range all {
		if what := missing(a, got); what != "" {
			t.Errorf("lost: %s", what)
		}
	}
	inOrder(t, a)
}

// inOrder says that the log has the reports in the order of their times.
func inOrder(t *testing.T, a *app.App) {
	t.Helper()
	var last time.Time
	for _, o := range acceptances(t, a) {
		if o.At.Before(last) {
			t.Errorf("a report of %s stands behind one of %s", o.At, last)
		}
		last = o.At
	}
}
