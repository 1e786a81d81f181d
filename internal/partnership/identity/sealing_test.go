// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
	"waylight/internal/platform/web/webtest"
)

// lab is a page of a site with the room's scripts, in a real browser, under the site's own policy.
type lab struct {
	t    *testing.T
	tab  *webtest.Tab
	site *web.Site
}

func newLab(t *testing.T) *lab {
	t.Helper()
	site := webtest.Site(t, Strings())
	err := site.AddAssets(files)
	if err != nil {
		t.Fatal(err)
	}
	blank := func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, err := w.Write([]byte("<!doctype html><title>Lab</title><h1>Lab</h1>"))
		return err
	}
	client := webtest.Server(t, site, []web.Route{
		{Pattern: "GET /lab", Access: web.Public, Handler: blank},
		{Pattern: "GET /staff/words/{list}", Access: web.Public, Handler: newLists().serve},
	}, nil)
	l := &lab{t: t, tab: webtest.Browser(t), site: site}
	l.tab.Open(client.URL+"/lab", 800, 600)
	return l
}

// ask runs a function body in the page, with the modules k (keys), s (sealing), h (shares) and the arguments a, and returns its answer.
func ask[T any](l *lab, body string, args any) T {
	l.t.Helper()
	a, err := json.Marshal(args)
	if err != nil {
		l.t.Fatal(err)
	}
	code := fmt.Sprintf(`(async () => { const [k, s, h] = await Promise.all([import(%q), import(%q), import(%q)]); const a = %s; %s })()`,
		l.site.Asset("keys.js"), l.site.Asset("sealing.js"), l.site.Asset("shares.js"), a, body)
	v, err := chromedp.Run(l.tab.Context, chromedp.Evaluate[T](code, awaited))
	if err != nil {
		l.t.Fatalf("in the page: %v\n%s", err, body)
	}
	return v
}

func awaited(p *runtime.EvaluateParams) {
	yes := true
	p.AwaitPromise = &yes
}

// refusal runs a function body that must fail with a Problem, and returns its kind.
func refusal(l *lab, body string, args any) string {
	l.t.Helper()
	return ask[string](l, `try { await (async () => {`+body+`})(); return "accepted"; } catch (e) { return e.kind ?? String(e); }`, args)
}

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

type jsSealed struct{ Ciphertext, ContentKey, Hash, Token, Wrap []byte }

// Both sides must be one format: what the server seals, a browser opens, and the other way round.
func TestBrowserAndServerSealTheSame(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	office := must(seal.PrivateFromSeed(seal.NewSeed()))(t)
	officeSeed := make([]byte, 32)
	rand.Read(officeSeed)
	office = must(seal.PrivateFromSeed(officeSeed))(t)
	id := store.NewID()
	rec := seal.Record{Program: "ms", ID: id}
	for _, size := range []int{0, 1, 500, 4095, 4096, 65535, 65536, 131071, 131072, 200000} {
		text := make([]byte, size)
		rand.Read(text)
		sealed, content, err := seal.Seal(text, rec)
		if err != nil {
			t.Fatal(err)
		}
		wrap := must(content.Wrap(office.Public(), rec, sealed.Hash, "dps"))(t)
		got := ask[struct{ Plain, Token []byte }](l, `
			const bound = {program: "ms", id: a.id, hash: a.hash, recipient: "dps"};
			const contentKey = await s.openWrap(s.unb64(a.seed), a.wrap, bound);
			const plain = await s.openBody({contentKey, ciphertext: a.ciphertext, program: "ms", id: a.id});
			return {Plain: s.b64(plain), Token: await k.openingToken(contentKey)};`,
			map[string]any{"id": id.String(), "hash": sealed.Hash[:], "seed": officeSeed, "wrap": wrap, "ciphertext": sealed.Ciphertext})
		if !bytes.Equal(got.Plain, text) {
			t.Fatalf("the browser read other words at %d bytes", size)
		}
		if sha256.Sum256(got.Token) != sealed.Token {
			t.Errorf("the browser's opening token is wrong at %d bytes", size)
		}

		back := ask[jsSealed](l, `
			const v = await s.sealBody({plaintext: s.unb64(a.text), program: "ms", id: a.id});
			const wrap = await k.rewrap({contentKey: v.contentKey, publicKey: a.pub, program: "ms", id: a.id, hash: v.hash, recipient: "mdcps"});
			return {Ciphertext: s.b64(v.ciphertext), ContentKey: s.b64(v.contentKey), Hash: s.b64(v.hash), Token: s.b64(v.token), Wrap: wrap};`,
			map[string]any{"id": id.String(), "text": text, "pub": office.Public().Bytes()})
		shape := must(seal.Inspect(back.Ciphertext))(t)
		if !bytes.Equal(shape.Hash[:], back.Hash) || !bytes.Equal(shape.Token[:], back.Token) {
			t.Errorf("the browser's hashes are wrong at %d bytes", size)
		}
		opened := must(seal.OpenWrap(office, back.Wrap, rec, shape.Hash, "mdcps"))(t)
		plain := must(opened.Open(back.Ciphertext, rec))(t)
		if !bytes.Equal(plain, text) {
			t.Errorf("the server read other words at %d bytes", size)
		}
	}
}

func TestBrowserRefusesWhatWasAltered(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	seed := seal.NewSeed()
	office := must(seal.PrivateFromSeed(seed))(t)
	id, other := store.NewID(), store.NewID()
	rec := seal.Record{Program: "ms", ID: id}
	sealed, content, err := seal.Seal(bytes.Repeat([]byte("words "), 30000), rec)
	if err != nil {
		t.Fatal(err)
	}
	wrap := must(content.Wrap(office.Public(), rec, sealed.Hash, "dps"))(t)
	const chunk = 65536 + 28
	body := sealed.Ciphertext
	swapped := bytes.Clone(body)
	copy(swapped[36:36+chunk], body[36+chunk:])
	copy(swapped[36+chunk:], body[36:36+chunk])
	flip := func(b []byte, at int) []byte {
		c := bytes.Clone(b)
		c[at] ^= 1
		return c
	}
	bodies := map[string]struct {
		ciphertext []byte
		program    string
		id         store.ID
		want       string
	}{
		"as it is":        {body, "ms", id, "accepted"},
		"another record":  {body, "ms", other, "open"},
		"another program": {body, "tx", id, "open"},
		"a bit flipped":   {flip(body, 5000), "ms", id, "open"},
		"the last bit":    {flip(body, len(body)-1), "ms", id, "open"},
		"another token":   {flip(body, 10), "ms", id, "open"},
		"another version": {flip(body, 3), "ms", id, "malformed"},
		"chunks swapped":  {swapped, "ms", id, "open"},
		"the end cut off": {body[:36+2*chunk], "ms", id, "open"},
		"cut in a chunk":  {body[:5000], "ms", id, "malformed"},
		"only a header":   {body[:36], "ms", id, "malformed"},
		"nothing":         {nil, "ms", id, "malformed"},
	}
	const openIt = `const bound = {program: "ms", id: a.id, hash: a.hash, recipient: "dps"};
		const contentKey = await s.openWrap(s.unb64(a.seed), a.wrap, bound);
		await s.openBody({contentKey, ciphertext: a.ciphertext ?? new Uint8Array(0), program: a.program, id: a.other});`
	for name, c := range bodies {
		got := refusal(l, openIt, map[string]any{
			"id": id.String(), "other": c.id.String(), "hash": sealed.Hash[:], "seed": seed, "wrap": wrap, "ciphertext": c.ciphertext, "program": c.program,
		})
		if got != c.want {
			t.Errorf("body, %s: %s, want %s", name, got, c.want)
		}
	}
	const wrapIt = `await s.openWrap(s.unb64(a.seed), a.wrap ?? new Uint8Array(0), {program: a.program, id: a.id, hash: a.hash, recipient: a.recipient});`
	wraps := map[string]struct {
		wrap               []byte
		program, recipient string
		id                 store.ID
		hash, seed         []byte
		want               string
	}{
		"as it is":          {wrap, "ms", "dps", id, sealed.Hash[:], seed, "accepted"},
		"another recipient": {wrap, "ms", "fbi", id, sealed.Hash[:], seed, "open"},
		"no recipient":      {wrap, "ms", "", id, sealed.Hash[:], seed, "malformed"},
		"another record":    {wrap, "ms", "dps", other, sealed.Hash[:], seed, "open"},
		"another body":      {wrap, "ms", "dps", id, flip(sealed.Hash[:], 0), seed, "open"},
		"another key":       {wrap, "ms", "dps", id, sealed.Hash[:], flip(seed, 0), "open"},
		"altered":           {flip(wrap, 1150), "ms", "dps", id, sealed.Hash[:], seed, "open"},
		"another version":   {flip(wrap, 0), "ms", "dps", id, sealed.Hash[:], seed, "malformed"},
		"cut":               {wrap[:1168], "ms", "dps", id, sealed.Hash[:], seed, "malformed"},
		"nothing":           {nil, "ms", "dps", id, sealed.Hash[:], seed, "malformed"},
	}
	for name, c := range wraps {
		got := refusal(l, wrapIt, map[string]any{
			"id": c.id.String(), "hash": c.hash, "seed": c.seed, "wrap": c.wrap, "program": c.program, "recipient": c.recipient,
		})
		if got != c.want {
			t.Errorf("wrap, %s: %s, want %s", name, got, c.want)
		}
	}
}

func TestBrowserDerivesTheSameKeys(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	salt, share := make([]byte, 16), [32]byte{}
	rand.Read(salt)
	rand.Read(share[:])
	for _, passphrase := range []string{"correct horse battery staple lamp post", "ﬁve ｗｉｄｅ letters e\u0301 in one phrase", " spaces  count ", "ключ 鍵 🔑"} {
		master := seal.Stretch(passphrase, salt, 1000)
		root := seal.NewRoot()
		kem := must(seal.PrivateFromSeed(root[:seal.SeedSize]))(t)
		sign := ed25519.NewKeyFromSeed(root[seal.SeedSize:])
		auth, key := seal.AuthSecret(master), seal.UnlockKey(seal.MemberSecret(master), share)
		kemID := kem.Public().ID()
		sealed := must(seal.SealRoot(root, key, ms, "member", "unlocker"))(t)
		got := ask[struct{ Auth, KEM, Sign, ID, Signature, Sealed []byte }](l, fmt.Sprintf(`const r = await import(%q);
			const master = await k.stretch(a.passphrase, a.salt, 1000);
			const names = {program: "ms", member: "member", unlocker: "unlocker"};
			const key = await r.unlockKey(await k.memberSecret(master), a.share);
			const root = await r.openRoot(a.sealed, key, names);
			const kem = await k.publicFromSeed(r.kemSeed(root));
			return {Auth: s.b64(await k.authSecret(master)), KEM: s.b64(kem), Sign: s.b64(await s.signPublic(r.signSeed(root))), ID: s.b64(await k.keyID(kem)),
				Signature: s.b64(await s.sign(r.signSeed(root), a.passphrase)), Sealed: s.b64(await r.sealRoot(root, key, names))};`, l.site.Asset("root.js")),
			map[string]any{"passphrase": passphrase, "salt": salt, "share": share[:], "sealed": sealed})
		if !bytes.Equal(got.Auth, auth[:]) || !bytes.Equal(got.KEM, kem.Public().Bytes()) || !bytes.Equal(got.Sign, sign.Public().(ed25519.PublicKey)) || !bytes.Equal(got.ID, kemID[:]) {
			t.Errorf("%q makes other keys in the browser", passphrase)
		}
		if !ed25519.Verify(sign.Public().(ed25519.PublicKey), []byte(passphrase), got.Signature) {
			t.Errorf("%q: the browser's signature does not verify", passphrase)
		}
		if opened, err := seal.OpenRoot(got.Sealed, key, ms, "member", "unlocker"); err != nil || !bytes.Equal(opened, root) {
			t.Errorf("%q: what the browser sealed: %v", passphrase, err)
		}
	}
}

func TestBrowserAndServerSplitTheSame(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for _, kn := range [][2]int{{2, 2}, {2, 3}, {3, 5}, {9, 9}, {2, 32}} {
		k, n := kn[0], kn[1]
		secret := seal.NewSeed()
		texts := ask[[]string](l, `
			const list = await h.wordList();
			return Promise.all((await h.split(s.unb64(a.secret), a.k, a.n)).map((v) => h.formatShare(v, list)));`,
			map[string]any{"secret": secret, "k": k, "n": n})
		var shares []seal.Share
		for _, text := range texts[n-k:] {
			share, err := seal.ParseShare(text)
			if err != nil {
				t.Fatal(err)
			}
			shares = append(shares, share)
		}
		got, err := seal.Combine(shares)
		if err != nil || !bytes.Equal(got, secret) {
			t.Errorf("%d of %d from the browser: %x, %v", k, n, got, err)
		}

		var words []string
		var set string
		for _, share := range must(seal.Split(secret, k, n))(t) {
			words = append(words, strings.ToUpper(share.String()))
			set = share.Set()
		}
		back := ask[struct {
			Secret []byte
			Set    string
		}](l, `
			const list = await h.wordList();
			const shares = await Promise.all(a.words.map((v) => h.parseShare(v, [list])));
			return {Secret: s.b64(await h.combine(shares.slice(-a.k))), Set: h.setName(shares[0], list)};`,
			map[string]any{"words": words, "k": k})
		if !bytes.Equal(back.Secret, secret) || back.Set != set {
			t.Errorf("%d of %d from the server: %x, set %s for %s", k, n, back.Secret, back.Set, set)
		}
	}
}

// A share on paper is typed by a person under stress: every kind of slip has its own answer.
func TestBrowserTellsWhatIsWrongWithAShare(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	texts := ask[[]string](l, `
		const list = await h.wordList();
		const one = await h.split(s.random(32), 2, 3);
		const two = await h.split(s.random(32), 2, 3);
		return Promise.all([...one, two[0]].map((v) => h.formatShare(v, list)));`, nil)
	words := strings.Fields(texts[0])
	at := 0
	for words[at] == words[at+1] {
		at++
	}
	other := slices.Clone(words)
	other[at], other[at+1] = words[at+1], words[at]
	swapped := strings.Join(other, " ")
	cases := []struct {
		name   string
		shares []string
		want   string
	}{
		{"enough", texts[:2], "fine"},
		{"all", texts[:3], "fine"},
		{"one", texts[:1], "too_few"},
		{"of two sets", []string{texts[0], texts[3]}, "other_set"},
		{"twice the same", []string{texts[0], texts[0]}, "same_twice"},
		{"a word missing", []string{strings.Join(words[1:], " ")}, "count"},
		{"a word too many", []string{texts[0] + " " + words[3]}, "count"},
		{"a word of no list", []string{strings.Join(append([]string{"zzzzzz"}, words[1:]...), " ")}, "word"},
		{"words swapped", []string{swapped}, "checksum"},
		{"with commas and breaks", []string{strings.Join(words, ",\n"), texts[1]}, "fine"},
		{"nothing", []string{""}, "count"},
	}
	for _, c := range cases {
		got := ask[string](l, `
			const list = await h.wordList();
			try {
				await h.combine(await Promise.all(a.map((v) => h.parseShare(v, [list]))));
				return "fine";
			} catch (e) { return e.code ?? String(e); }`, c.shares)
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestNotesBothWays(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	seed := seal.NewSeed()
	h := &Holder{offices: map[string]*officeKeys{}}
	key := must(seal.PrivateFromSeed(seed))(t)
	err := h.hold("dps", key.Public().ID(), seed)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "short", strings.Repeat("x", 255), strings.Repeat("x", 256), strings.Repeat("é", 1000), "ends in a mark \u0080 and zeros\x00\x00"} {
		ours := must(h.SealNote("ms", "r1", "dps", text))(t)
		if (len(ours)-seal.SealToExtra)%256 != 0 {
			t.Errorf("a note of %d bytes shows its length", len(text))
		}
		got := ask[struct {
			Text   string
			Sealed []byte
		}](l, `
			const text = s.unpadNote(await s.openFrom(s.unb64(a.seed), a.sealed, s.noteInfo("ms", "r1", "dps")));
			const pub = await s.publicFromSeed(s.unb64(a.seed));
			return {Text: text, Sealed: s.b64(await s.sealTo(pub, s.padNote(a.text), s.noteInfo("ms", "r1", "dps")))};`,
			map[string]any{"seed": seed, "sealed": ours, "text": text})
		back, err := h.OpenNote("ms", "r1", "dps", got.Sealed)
		if got.Text != text || back != text || err != nil {
			t.Errorf("a note of %d bytes came back as %d and %d: %v", len(text), len(got.Text), len(back), err)
		}
		_, err = h.OpenNote("ms", "r2", "dps", ours)
		if err == nil {
			t.Error("a note opened at another report")
		}
	}
}

func TestRecordIDs(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for range 20 {
		id := store.NewID()
		got := ask[string](l, `return s.hex(s.recordBytes(a));`, id.String())
		if got != hex.EncodeToString(id[:]) {
			t.Errorf("%s reads as %s", id, got)
		}
	}
	for _, bad := range []string{"", "a", strings.Repeat("a", 27), strings.Repeat("1", 26), strings.Repeat("a", 25) + "b", strings.Repeat("A", 26)} {
		if got := refusal(l, `s.recordBytes(a)`, bad); got != "malformed" {
			t.Errorf("%q: %s", bad, got)
		}
	}
}

func TestWordListsAreWhole(t *testing.T) {
	t.Parallel()
	share := must(seal.Split(seal.NewSeed(), 2, 2))(t)[0]
	for _, lang := range []string{"en", "es"} {
		words := strings.Fields(wordList(lang))
		seen := map[string]bool{}
		for _, w := range words {
			seen[w] = true
		}
		if len(words) != listSize || len(seen) != listSize {
			t.Fatalf("%d words, %d different", len(words), len(seen))
		}
		for _, w := range strings.Fields(share.Words(lang)) {
			if !seen[w] {
				t.Errorf("%q is in a share and not in the list", w)
			}
		}
	}
}
