// SPDX-License-Identifier: Apache-2.0

package file_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/file"
)

// Whoever has a receipt learns of one office at most, the same one for ever: not
// who else holds the report, nor who came to hold it later.
func TestAReceiptNamesOneOfficeAndNeverALaterOne(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := setup(t, db, clock)
	w.hire(helpDesk, "Hal")
	w.hire(shelter, "Sam")
	w.hire(childCare, "Ana")
	w.hire(police, "Pol")
	for name, c := range map[string]struct {
		answers map[string][]string
		reader  string
	}{
		"help":           {help(shelter), shelter},
		"help, with two": {help(police, shelter), shelter},
		"tip":            {child(), ""},
	} {
		sent := w.send(c.answers)
		to := w.found(sent)
		s := script{w, sent.Receipt.Lookup()}
		named := func() string {
			status, out := s.call("POST", "/receipt/files/find", map[string]any{"lookup": s.lookup[:], "lang": "en"})
			readers := out["readers"].([]any)
			if status != http.StatusOK || len(readers) != 1 || out["all"] != true {
				t.Fatalf("%s: %d, %d readers", name, status, len(readers))
			}
			whole, err := json.Marshal(out)
			check(t, err)
			office := readers[0].(map[string]any)["office"].(string)
			for id := range w.ms.Offices {
				if id != office && strings.Contains(string(whole), `"`+id+`"`) {
					t.Errorf("%s: the answer names %s too", name, id)
				}
			}
			return office
		}
		first := named()
		if c.reader != "" && first != c.reader {
			t.Errorf("%s: the reader is %s, want %s", name, first, c.reader)
		}
		if strings.HasPrefix(name, "help") && w.ms.Offices[first].Police {
			t.Errorf("%s: the reader is police", name)
		}
		keys := w.agencies.Keys("ms")
		x := w.seal(to, "a", []byte("words"))
		for office := range keys { // asking for each other office is answered alike, whether it holds the report or not
			if office == first {
				continue
			}
			y := w.seal(to, "b", nil)
			y.Wraps = []file.Wrap{w.wrap(y, office, keys[office].Public, keys[office].ID)}
			_, err := w.files.Begin(t.Context(), to, y.Begun)
			refused(t, err, file.ErrKeys, name+": a wrap for "+office+" alone")
		}
		for office, k := range keys {
			x.Wraps = append(x.Wraps, w.wrap(x, office, k.Public, k.ID))
		}
		w.upload(to, x)
		var holders int
		check(t, db.QueryRow(t.Context(), "select count(*) from file_wrap where file = $1", x.ID).Scan(&holders))
		if holders != 1 || named() != first {
			t.Errorf("%s: %d wraps are kept", name, holders)
		}
	}
}

// An office that took over later gets no wrap by the sender's browser: where the
// named one holds the report no more, the server seals, and names nobody.
func TestALaterHolderIsNeverNamed(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := setup(t, db, clock)
	ana := w.hire(childCare, "Ana", "supervisor", "member")
	sent := w.send(child())
	to := w.found(sent)
	x := w.seal(to, "a", []byte("words"))
	check(t, w.referrals.RecuseOffice(t.Context(), ana.Member, sent.Report))
	hal := w.hire(helpDesk, "Hal") // a desk that only now can take anything
	s := script{w, sent.Receipt.Lookup()}
	_, out := s.call("POST", "/receipt/files/find", map[string]any{"lookup": s.lookup[:], "lang": "en"})
	if len(out["readers"].([]any)) != 0 || out["all"] != false {
		t.Errorf("the answer still names %v", out["readers"])
	}
	key := w.agencies.Keys("ms")[hal.Office]
	x.Wraps = append(x.Wraps, w.wrap(x, hal.Office, key.Public, key.ID))
	_, err := w.files.Begin(t.Context(), to, x.Begun)
	refused(t, err, file.ErrNoReader, "a file for an office that stepped back")
}
