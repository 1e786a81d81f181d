// SPDX-License-Identifier: Apache-2.0

package seal_test

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"waylight/internal/platform/seal"
	"waylight/internal/platform/web"
	"waylight/internal/platform/web/webtest"
)

// lab is a page in a real browser that can load this package's scripts, under
// the policy that every page has.
type lab struct {
	t    testing.TB
	tab  *webtest.Tab
	site *web.Site
}

func newLab(t testing.TB) *lab {
	t.Helper()
	site := webtest.Site(t)
	blank := func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, err := w.Write([]byte("<!doctype html><title>Lab</title><h1>Lab</h1>"))
		return err
	}
	client := webtest.Server(t, site, []web.Route{{Pattern: "GET /lab", Access: web.Public, Handler: blank}}, nil)
	l := &lab{t: t, tab: webtest.Browser(t), site: site}
	l.tab.Open(client.URL+"/lab", 800, 600)
	return l
}

// ask runs a function body in the page, with the modules r (receipt), d
// (directory), s (sealing) and the argument a.
func ask[T any](l *lab, body string, a any) T {
	l.t.Helper()
	args, err := json.Marshal(a)
	if err != nil {
		l.t.Fatal(err)
	}
	code := fmt.Sprintf(`(async () => { const [r, d, s] = await Promise.all([import(%q), import(%q), import(%q)]); const a = %s; %s })()`,
		l.site.Asset("receipt.js"), l.site.Asset("directory.js"), l.site.Asset("sealing.js"), args, body)
	v, err := chromedp.Run(l.tab.Context, chromedp.Evaluate[T](code, func(p *runtime.EvaluateParams) {
		yes := true
		p.AwaitPromise = &yes
	}))
	if err != nil {
		l.t.Fatalf("in the page: %v\n%s", err, body)
	}
	return v
}

// vectorsOf reads what the server's code passes: the browser's must too.
func vectorsOf(t *testing.T, name string) json.RawMessage {
	t.Helper()
	data, err := os.ReadFile("../../../docs/spec/vectors/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

type tally struct {
	Problems      []string
	Fine, Refused int
}

func (v tally) check(t *testing.T, fine, refused int) {
	t.Helper()
	if v.Fine < fine || v.Refused < refused {
		t.Errorf("only %d good and %d bad cases ran", v.Fine, v.Refused)
	}
	for _, problem := range v.Problems {
		t.Error(problem)
	}
}

const counting = `
	const problems = []; let fine = 0, refused = 0;
	const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
	const told = async (act) => { try { await act(); return ""; } catch (e) { return e; } };
`

func TestBrowserPassesTheReceiptVectors(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	ask[tally](l, counting+`
		for (const c of a) {
			for (const text of c.typed) {
				if (!c.error) {
					const read = await r.parseReceipt(text);
					if (s.hex(read.secret) !== c.secret) problems.push(c.name + ": reads as another secret");
					continue;
				}
				const e = await told(() => r.parseReceipt(text));
				if (e.kind !== "words" || e.code !== c.error || e.position !== c.position) problems.push(c.name + ": " + (e.code ?? e));
			}
			if (c.error) { refused++; continue; }
			fine++;
			const secret = unhex(c.secret);
			if (await r.receiptWords(secret, "en") !== c.en || await r.receiptWords(secret, "es") !== c.es) problems.push(c.name + ": other words");
			const keys = await r.receiptKeys(secret);
			if (s.hex(keys.lookup) !== c.lookup || s.hex(keys.seed) !== c.seed || s.hex(keys.signSeed) !== c.sign_seed) problems.push(c.name + ": other keys");
			if (s.hex(await s.publicFromSeed(keys.seed)) !== c.public_key) problems.push(c.name + ": another public key");
			if (s.hex(await s.signPublic(keys.signSeed)) !== c.sign_public) problems.push(c.name + ": another key to check signatures with");
		}
		return {Problems: problems, Fine: fine, Refused: refused};`, vectorsOf(t, "receipts")).check(t, 3, 6)
}

func TestBrowserPassesTheDirectoryVectors(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	ask[tally](l, counting+`
		if (!(await d.canVerify())) problems.push("this browser cannot verify");
		for (const c of a) {
			let key;
			const e = await told(async () => { key = await d.verifyChain(c.chain, unhex(c.directory), c.program, c.office); });
			if (c.error) {
				refused++;
				if (e.kind !== "chain") problems.push(c.name + ": " + (e || "accepted"));
				continue;
			}
			fine++;
			if (e || s.b64(key) !== c.chain.key) problems.push(c.name + ": " + (e || "another key"));
		}
		for (const bad of [null, {}, {office: "dps", chain: null, key: ""}, {office: "dps", chain: [null], key: ""}]) {
			if ((await told(() => d.verifyChain(bad, new Uint8Array(32), "ms", "dps"))).kind !== "chain") problems.push("accepted: " + JSON.stringify(bad));
		}
		return {Problems: problems, Fine: fine, Refused: refused};`, vectorsOf(t, "directory")).check(t, 3, 12)
}

// Browser and server read a mistyped receipt alike, down to the words that they
// suggest: else a page would answer otherwise with script than without.
func TestBrowserReadsSlipsAsTheServerDoes(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	slips := []string{
		"", "famed", "famed joints rehearsal harmless rise dimension eyeglas", "FAMED, joints; rehearsal/harmless\u200brise dimension eye\u00adglass",
		"fame joints rehearsal harmless rise dimension eyeglass", "famed joints rehearsal harmless rise dimension eyeglass eyeglass",
		"famed joints rehearsal harmless rise dimensoin eyeglass", "x y z a b c d e f g h i j k l m n o p", "corazón árbol niño", "ａａｒｄｖａｒｋ famed",
		"famed joints rehearsal harmless rise dimension aa\u0301a", "ﬁsh joints", "1 famed 2 joints 3 rehearsal", "İstanbul ǅ ΑΣ",
	}
	for range 40 {
		secret := make([]byte, 10)
		rand.Read(secret)
		for _, lang := range []string{"en", "es"} {
			words := []rune(seal.Receipt(secret).Words(lang))
			at := int(secret[0]) % len(words)
			slips = append(slips, string(words), string(words[:at])+string(words[at+1:]), string(words[:at])+"e"+string(words[at:]))
		}
	}
	got := ask[[]struct {
		Secret, Code   string
		Position, Have int
		Suggestions    []string
	}](l, `return Promise.all(a.map(async (text) => {
		try { return {Secret: s.hex((await r.parseReceipt(text)).secret)}; }
		catch (e) { return {Code: e.code ?? String(e), Position: e.position ?? 0, Have: e.have ?? 0, Suggestions: e.suggestions ?? []}; }
	}));`, slips)
	for i, text := range slips {
		receipt, err := seal.ParseReceipt(text)
		var word *seal.WordError
		var count *seal.CountError
		code, position, have, suggestions := "", 0, 0, []string{}
		switch {
		case errors.As(err, &word):
			code, position, suggestions = "word", word.Position, word.Suggestions
		case errors.As(err, &count):
			code, have = "count", count.Have
		case errors.Is(err, seal.ErrChecksum):
			code = "checksum"
		}
		g := got[i]
		if g.Code != code || g.Position != position || g.Have != have || fmt.Sprint(g.Suggestions) != fmt.Sprint(suggestions) {
			t.Errorf("%q: the browser says %+v, the server %s %d %d %v", text, g, code, position, have, suggestions)
		}
		if err == nil && g.Secret != hex.EncodeToString(receipt[:]) {
			t.Errorf("%q: the browser reads another secret", text)
		}
	}
}

// BenchmarkBrowserSeals measures what the sender waits for: 20 KB of words and a
// part about the sender, for three offices, with their chains checked, the
// sender's key and the words of the receipt made. A sender does so once on a page
// that was just loaded: that is the first figure; the second is the next time.
func BenchmarkBrowserSeals(b *testing.B) {
	l := newLab(b)
	data, err := os.ReadFile("../../../docs/spec/vectors/directory.json")
	if err != nil {
		b.Fatal(err)
	}
	var cases []struct {
		Chain     json.RawMessage
		Directory string
		Error     string
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		b.Fatal(err)
	}
	here := webtest.Eval[string](l.tab, "location.href")
	var first, again []float64
	for b.Loop() {
		l.tab.Open(here, 800, 600)
		took := ask[[]float64](l, counting+`
			await r.wordList("en");
			const words = new TextEncoder().encode("x".repeat(20000)), id = new Uint8Array(16).fill(7);
			const once = async () => {
				const start = performance.now();
				const secret = r.newSecret();
				const keys = await r.receiptKeys(secret);
				const pubs = await Promise.all([1, 2, 3].map(() => d.verifyChain(a.Chain, unhex(a.Directory), "ms", "dps")));
				for (const [plaintext, to] of [[words, pubs], [words.slice(0, 200), pubs.slice(0, 2)]]) {
					const { contentKey, hash } = await s.sealBody({ plaintext, program: "ms", id });
					await Promise.all(to.map((pub) => s.wrapContent(contentKey, pub, { program: "ms", id, hash, recipient: "dps" })));
				}
				await s.publicFromSeed(keys.seed);
				await r.receiptWords(secret, "en");
				return performance.now() - start;
			};
			return [await once(), await once()];`, cases[0])
		first, again = append(first, took[0]), append(again, took[1])
	}
	slices.Sort(first)
	slices.Sort(again)
	b.ReportMetric(first[len(first)/2], "median-ms")
	b.ReportMetric(first[len(first)-1], "worst-ms")
	b.ReportMetric(again[len(again)/2], "again-ms")
}
