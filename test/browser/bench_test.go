// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"testing"

	"waylight/internal/platform/web/webtest"
)

// How long a member waits from pressing the button until the words stand on the
// page: the sealed report fetched, opened, and the proof of opening taken.
//
//	go test ./test/browser -run '^$' -bench OpensAnItem -benchtime 20x
func BenchmarkOpensAnItem(b *testing.B) {
	d := start(b)
	tab := webtest.Browser(b)
	signIn(b, tab, d, "chris@child.invalid")
	tab.Open(d.origin+"/staff/inbox", 1200, 900)
	item := webtest.Eval[string](tab, `document.querySelector('a[href^="/staff/report/"]').href`)
	total := 0.0
	for b.Loop() {
		tab.Open(item, 1200, 900)
		wait(b, tab, `!!document.querySelector("#open")?.checkVisibility()`)
		webtest.Eval[bool](tab, `(() => {
			const words = document.querySelector("#words"), began = performance.now();
			new MutationObserver(() => { if (!words.hidden) window.opened ??= performance.now() - began; }).observe(words, { attributes: true });
			document.querySelector("#open").click();
			return true;
		})()`)
		wait(b, tab, `window.opened > 0`)
		total += webtest.Eval[float64](tab, `window.opened`)
	}
	b.ReportMetric(total/float64(b.N), "ms/opening")
}
