// SPDX-License-Identifier: Apache-2.0

package file_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web/webtest"
	"waylight/internal/protection/file"
)

// asked is the page of a receipt as a browser without a script has it.
type asked struct {
	w     *world
	words string
	nonce string
}

func (w *world) asked(words string) asked {
	w.t.Helper()
	page := w.client.PostForm("/receipt/files", url.Values{"receipt": {words}, "lang": {"en"}})
	nonce := page.One("input", "name", "nonce")
	if nonce == nil || len(nonce.Attr["value"]) != 32 {
		w.t.Fatalf("the form has no nonce: %s", page.Body)
	}
	return asked{w, words, nonce.Attr["value"]}
}

// send sends it, and gives how many files the answer says are here.
func (f asked) send(files ...formFile) (int, *webtest.Doc) {
	f.w.t.Helper()
	kind, body := multi(map[string]string{"lang": "en", "nonce": f.nonce, "receipt": f.words}, files...)
	page := f.w.client.Do(http.MethodPost, "/receipt/files", kind, body)
	return len(page.All("li", "class", "good")), page
}

// What is sent twice from one page is kept once and answered the same, also when the report takes no more files. Whatever is another file is kept: other content
// under the same name, the same in another place of the form, the same from a new page, and the same page's number under another receipt.
func TestAFormThatIsSentAgainKeepsItsFilesOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		w.hire(childCare, "Ana")
		sent, other := w.send(child()), w.send(child())
		words := sent.Receipt.Words("en")
		f := w.asked(words)
		long := threeParts()
		two := func() []formFile {
			return []formFile{{"image.jpg", bytes.NewReader(long)}, {"image.jpg", strings.NewReader("words")}, {"", strings.NewReader("")}}
		}
		keeps := func(doing string, want int, files ...formFile) {
			t.Helper()
			good, page := f.send(files...)
			here, err := w.files.Arrived(t.Context(), w.found(sent))
			check(t, err)
			chosen := slices.IndexFunc(append(files, formFile{}), func(x formFile) bool { return x.name == "" })
			if good != chosen || page.Status != http.StatusOK || len(here) != want {
				t.Fatalf("%s: %d %s; %d files", doing, page.Status, page.Main(), len(here))
			}
		}
		keeps("at first", 2, two()...)
		w.limits = file.Limits{Count: 2}
		keeps("again", 2, two()...)
		w.limits = file.Limits{}
		keeps("other content", 3, formFile{"image.jpg", strings.NewReader("another")})
		keeps("another name", 4, formFile{"image2.jpg", bytes.NewReader(long)})
		keeps("another place", 5, formFile{"image.jpg", strings.NewReader("words")})
		f = w.asked(words)
		keeps("a new page", 7, two()...)
		f.words = other.Receipt.Words("en")
		if good, page := f.send(two()...); good != 2 {
			t.Errorf("under another receipt: %d %s", page.Status, page.Main())
		}
		if here, err := w.files.Arrived(t.Context(), w.found(other)); err != nil || len(here) != 2 {
			t.Errorf("under another receipt: %d files, %v", len(here), err)
		}
		f.words, f.nonce = words, "zz"
		keeps("what is no nonce", 8, formFile{"a.txt", strings.NewReader("words")})
		keeps("what is no nonce, again", 9, formFile{"a.txt", strings.NewReader("words")})
	})
}

// A file that broke off is sent again from the same page, and kept whole then; what arrived of it stays. One that only begins like another is not taken for it.
func TestWhatIsNotTheSameFileIsNotTakenForIt(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana := w.hire(childCare, "Ana")
		sent := w.send(child())
		to := w.found(sent)
		nonce := random(16)
		long := threeParts()
		receive := func(content io.Reader) (file.File, error) {
			return w.files.Receive(t.Context(), to, file.Form{Nonce: nonce}, "a.mp4", "video/mp4", content)
		}
		states := func() (whole, broken int) {
			for _, f := range w.list(ana, sent.Report) {
				if f.State == file.Whole {
					whole++
				} else {
					broken++
				}
			}
			return whole, broken
		}
		for range 2 {
			_, err := receive(io.MultiReader(bytes.NewReader(long[:2<<20]), cut{}))
			refused(t, err, file.ErrCut, "a file that breaks off")
		}
		first, err := receive(bytes.NewReader(long))
		check(t, err)
		for range 2 {
			again, err := receive(bytes.NewReader(long))
			if err != nil || again.ID != first.ID || again.Size != first.Size || again.State != file.Whole {
				t.Errorf("again: %+v, %v", again, err)
			}
		}
		if whole, broken := states(); whole != 1 || broken != 2 {
			t.Fatalf("%d whole and %d that broke off", whole, broken)
		}
		ends := slices.Clone(long)
		ends[len(ends)-1]++
		for name, content := range map[string][]byte{"one that ends otherwise": ends, "a longer one": append(slices.Clone(long), 1), "a shorter one": long[:len(long)-1]} {
			_, err := receive(bytes.NewReader(content))
			refused(t, err, file.ErrOther, name)
		}
		_, err = receive(io.MultiReader(bytes.NewReader(long[:2<<20]), cut{}))
		refused(t, err, file.ErrCut, "the same, broken off")
		if whole, broken := states(); whole != 1 || broken != 2 {
			t.Errorf("%d whole and %d that broke off", whole, broken)
		}
		var marks int
		check(t, db.QueryRow(t.Context(), "select count(*) from file_sent").Scan(&marks))
		if marks != 1 {
			t.Errorf("%d marks", marks)
		}
	})
}

// cut is a connection that ends.
type cut struct{}

func (cut) Read([]byte) (int, error) { return 0, errors.New("the connection ended") }

// A button that is pressed twice sends the form twice at once.
func TestAFormThatIsSentTwiceAtOnceKeepsItsFilesOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		w.hire(childCare, "Ana")
		sent := w.send(child())
		to, nonce, long := w.found(sent), random(16), threeParts()
		var both sync.WaitGroup
		ids := make([]store.ID, 2)
		for i := range ids {
			both.Go(func() {
				f, err := w.files.Receive(t.Context(), to, file.Form{Nonce: nonce}, "a.mp4", "video/mp4", bytes.NewReader(long))
				if ids[i] = f.ID; err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		if here, err := w.files.Arrived(t.Context(), to); err != nil || len(here) != 1 || ids[0] != ids[1] || ids[0] != here[0].ID {
			t.Errorf("%v are here, told %v; %v", here, ids, err)
		}
	})
}
