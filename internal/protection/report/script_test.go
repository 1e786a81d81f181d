// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/report"
)

// zipped is how many bytes an address takes on the line.
func (w *world) zipped(address string) int {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.client.URL+address, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "gzip")
	answer, err := w.client.HTTP.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	n, err := io.Copy(io.Discard, answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: %d, %v", address, answer.StatusCode, err)
	}
	return int(n)
}

// On a slow line and an old telephone every byte is a second in which somebody may
// look over the shoulder: our own script stays under 6 KB beside the library's 19.
func TestScriptsAreSmall(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk)
	named := regexp.MustCompile(`^/assets/([a-z]+)\.[0-9a-f]{16}\.js$`)
	for path, most := range map[string]int{"/ms/en": 6 << 10, "/receipt": 6 << 10} {
		doc := w.client.GetDoc(path)
		own, library, seen := 0, 0, map[string]bool{}
		for _, n := range append(doc.All("script", "src", "*"), doc.All("link", "rel", "modulepreload")...) {
			address := n.Attr["src"] + n.Attr["href"]
			m := named.FindStringSubmatch(address)
			if m == nil || !strings.HasPrefix(n.Attr["integrity"], "sha384-") {
				t.Fatalf("%s loads %v", path, n.Attr)
			}
			seen[m[1]] = true
			switch size := w.zipped(address); m[1] {
			case "site": // what every page has
			case "hpke":
				library = size
			default:
				own += size
			}
		}
		t.Logf("%s: %d bytes of our own, %d of the library", path, own, library)
		if own == 0 || own >= most || library >= 19<<10 {
			t.Errorf("%s: %d bytes of our own, %d of the library", path, own, library)
		}
		if path == "/ms/en" && !(seen["report"] && seen["pinned"] && seen["hpke"]) {
			t.Errorf("%s loads %v", path, seen)
		}
	}
}

// The log names what is served when it changes, once, and says nothing when it
// does not.
func TestScriptsAreLoggedWhenTheyChange(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ctx := context.Background()
		if _, err := w.reports.ServedScripts(ctx, "ms"); err == nil {
			t.Error("scripts are known before any were recorded")
		}
		first := map[string][32]byte{"a.js": {1}, "b.js": {2}}
		second := map[string][32]byte{"a.js": {1}, "b.js": {3}}
		for i, c := range []struct {
			scripts  map[string][32]byte
			releases int
		}{{first, 1}, {first, 1}, {second, 2}, {first, 3}} {
			if err := w.reports.RecordScripts(ctx, c.scripts); err != nil {
				t.Fatal(err)
			}
			served, err := w.reports.ServedScripts(ctx, "ms")
			if err != nil {
				t.Fatal(err)
			}
			if list := report.ScriptList(c.scripts); served.List != list || !strings.Contains(string(served.Leaf.Opening), "event site.script\nrecord "+report.ScriptsRecord(list)+"\n") {
				t.Errorf("step %d: %q, %s", i, served.List, served.Leaf.Opening)
			}
			var n int
			if err := db.QueryRow(ctx, "select count(*) from script_release where program = 'ms'").Scan(&n); err != nil || n != c.releases {
				t.Errorf("step %d: %d releases, %v", i, n, err)
			}
			clock.Advance(time.Second)
		}
	})
}

func TestPinnedKeysAreAListAndNothingElse(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk)
	doc := w.client.GetDoc("/ms/en")
	address := ""
	for _, n := range doc.All("link", "rel", "modulepreload") {
		if strings.Contains(n.Attr["href"], "pinned") {
			address = n.Attr["href"]
		}
	}
	script := []byte(w.client.GetDoc(address).Body)
	key, err := report.ParsePinned(script, "ms")
	if err != nil || !key.Equal(w.pinned("ms")) {
		t.Errorf("%q pins %x, %v", script, key, err)
	}
	for _, bad := range []string{"", "export default {};\n", string(script) + "x()", strings.Replace(string(script), "{", "{...x(),", 1)} {
		if _, err := report.ParsePinned([]byte(bad), "ms"); err == nil {
			t.Errorf("%q passes for a list of keys", bad)
		}
	}
}

func FuzzParsePinned(f *testing.F) {
	f.Add([]byte("export default {\"ms\":\"WGZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmY=\"};\n"))
	f.Add([]byte("export default {};\n"))
	f.Fuzz(func(t *testing.T, script []byte) {
		key, err := report.ParsePinned(script, "ms")
		if err == nil && len(key) != 32 {
			t.Errorf("%q pins %x", script, key)
		}
	})
}
