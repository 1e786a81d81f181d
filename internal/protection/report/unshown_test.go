// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"waylight/internal/platform/web/webtest"
)

// answers puts other answers of the server in the place of those of one address.
func (x *writing) answers(address string, change func(map[string]any)) {
	x.wire.intercept(func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.URL.Path != address {
			next.ServeHTTP(rw, r)
			return
		}
		kept := httptest.NewRecorder()
		next.ServeHTTP(kept, r)
		var answer map[string]any
		if err := json.Unmarshal(kept.Body.Bytes(), &answer); err != nil {
			x.t.Errorf("%s: %v", address, err)
		}
		change(answer)
		rw.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(rw).Encode(answer); err != nil {
			x.t.Errorf("%s: %v", address, err)
		}
	})
}

// A server that names one more office when the words are sealed than it showed
// gets nothing: the key is a real one, but the sender never read that office's name.
func TestNobodyReadsWhoWasNotShown(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk, tipPolice, childCare)
	x := w.writes(otherWords)
	x.answers("/ms/seal", func(answer map[string]any) {
		w.mu.Lock()
		defer w.mu.Unlock()
		answer["readers"] = append(answer["readers"].([]any), w.chains[childCare])
	})
	x.refusesToSend("one more reader")

	// Nor does an office get the part about the sender of which the page said that it is not told.
	x.answers("/ms/who", func(answer map[string]any) {
		for _, s := range answer["sections"].([]any) {
			items, _ := s.(map[string]any)["items"].([]any)
			for _, item := range items {
				if opens, ok := item.(map[string]any)["opens"].(map[string]any); ok {
					delete(opens, "named")
				}
			}
		}
	})
	x.click("#q-age-under18")
	x.tab.WaitFor(`document.getElementById("who-told").innerText.includes("` + w.ms.Offices[childCare].Name.In("en") + `")`)
	x.typed("#q-name", "Rosalinda")
	x.refusesToSend("the name for somebody who is not told it")

	x.wire.intercept(nil)
	x.send() // draws the list anew
	x.send()
	x.words()
	w.open(x.one(), childCare)
}

func (x *writing) refusesToSend(what string) {
	x.t.Helper()
	x.send()
	if got := x.trouble(); !strings.Contains(got, "who will be told") || x.wire.count(http.MethodPost, "/ms/sealed") != 0 || x.typedStory() != otherWords {
		x.t.Errorf("%s: the page says %q, sent %d times", what, got, x.wire.count(http.MethodPost, "/ms/sealed"))
	}
	if webtest.Eval[bool](x.tab, `document.getElementById("words") !== null`) {
		x.t.Errorf("%s: a receipt is shown", what)
	}
}
