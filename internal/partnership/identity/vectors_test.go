// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// vectors reads a file of docs/spec/vectors: what the server's code passes, the browser's code must pass too.
func vectors(t *testing.T, name string) json.RawMessage {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../../docs/spec/vectors", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The frame of every run: cases take what they do not say from the case that they are made of, are edited as they say, and must come to what they say.
const frame = `
	const unhex = (text) => Uint8Array.from((text ?? "").match(/../g) ?? [], (pair) => parseInt(pair, 16));
	const chunk = 65536 + 28;
	const edits = {
		flip: (b, at) => (b[at] ^= 1, b),
		cut: (b, at) => b.slice(0, at),
		append: (b) => s.concat(b, new Uint8Array(1)),
		swap_chunks: (b) => s.concat(b.slice(0, 36), b.slice(36 + chunk, 36 + 2 * chunk), b.slice(36, 36 + chunk), b.slice(36 + 2 * chunk)),
		drop_first_chunk: (b) => s.concat(b.slice(0, 36), b.slice(36 + chunk)),
		drop_last_chunk: (b) => b.slice(0, b.length - chunk),
		repeat_last_chunk: (b) => s.concat(b, b.slice(b.length - chunk)),
	};
	const problems = [];
	let refused = 0, fine = 0;
	const run = async (part, act) => {
		for (const own of a) {
			const { name, of, edit, error } = own;
			const { error: _, ...base } = a.find((c) => c.name === of) ?? {};
			const c = { ...base, ...own };
			if (part) c[part] = unhex(c[part]);
			if (edit) c[part] = edits[edit.do](c[part], edit.at ?? 0);
			let told = "";
			try {
				const wrong = await act(c);
				if (wrong) problems.push(name + ": " + wrong);
			} catch (e) {
				told = e.code ?? e.kind ?? String(e);
				if (c.position && c.position !== e.position) problems.push(name + ": told position " + e.position);
			}
			if (told !== (error ?? "")) problems.push(name + ": " + (told || "accepted") + ", want " + (error || "accepted"));
			error ? refused++ : fine++;
		}
	};
`

func TestBrowserPassesTheVectors(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for name, act := range map[string]string{
		"keys": `await run("public_key", async (c) => {
			await s.checkPublic(c.public_key);
			const pub = c.seed ? await s.publicFromSeed(unhex(c.seed)) : c.public_key;
			if (!s.equal(pub, c.public_key)) return "another public key";
			if (s.hex(await s.keyID(pub)) !== c.key_id) return "another key id";
		});`,
		"bodies": `await run("body", async (c) => {
			const contentKey = unhex(c.content_key);
			const plain = await s.openBody({contentKey, ciphertext: c.body, program: c.program, id: unhex(c.record)});
			if (new TextDecoder().decode(plain) !== (c.plaintext_utf8 ?? "").repeat(c.repeat ?? 1)) return "another plaintext";
			const token = await s.openingTokenOf(contentKey);
			if (s.hex(token) !== c.opening_token || s.hex(await s.sha256(token)) !== c.token_sha256 || s.hex(await s.sha256(c.body)) !== c.body_sha256) return "other hashes";
		});`,
		"wraps": `await run("wrap", async (c) => {
			const key = await s.openWrap(unhex(c.recipient_seed), c.wrap, {program: c.program, id: unhex(c.record), hash: unhex(c.body_sha256), recipient: c.recipient});
			if (s.hex(key) !== c.content_key) return "another content key";
		});`,
		"sealto": `await run("sealed", async (c) => {
			const plain = await s.openFrom(unhex(c.recipient_seed), c.sealed, c.what);
			if (s.hex(plain) !== (c.plaintext ?? "")) return "another plaintext";
		});`,
		"members": `const r = await import(rootJS);
		await run("", async (c) => {
			const names = {program: c.program, member: c.member, unlocker: c.unlocker};
			const got = {};
			if (c.passphrase_utf8) {
				got.master = await s.stretch(c.passphrase_utf8, unhex(c.salt), c.iterations);
				got.auth_secret = await s.authSecret(got.master), got.secret = await s.memberSecret(got.master);
				got.auth_sha256 = await s.sha256(got.auth_secret);
			} else got.prf_salt = await r.prfSalt("ms");
			got.unlock_key = await r.unlockKey(unhex(c.secret), unhex(c.server_share));
			if (c.error) delete got.unlock_key, delete got.prf_salt;
			const key = await r.unlockKey(unhex(c.secret), unhex(c.server_share));
			const root = await r.openRoot(unhex(c.sealed_root), key, names);
			const again = await r.openRoot(await r.sealRoot(root, key, names), key, names);
			if (!s.equal(again, root)) return "does not seal what it opens";
			Object.assign(got, {
				root, kem_public_key: await s.publicFromSeed(r.kemSeed(root)), sign_public_key: await s.signPublic(r.signSeed(root)),
				signature_of_name: await s.sign(r.signSeed(root), c.name),
			});
			for (const [field, value] of Object.entries(got)) if (s.hex(value) !== c[field]) return "another " + field;
		});`,
		"shares": `const list = await h.wordList();
		await run("", async (c) => {
			if (!c.error) {
				const shares = await h.split(unhex(c.secret), c.k, c.shares.length, unhex(c.noise));
				const texts = await Promise.all(shares.map((v) => h.formatShare(v, list)));
				if (texts.join() !== c.shares.join()) return "splits into other shares";
				const spanish = await Promise.all(shares.map(async (v) => h.formatShare(v, await h.wordList("es"))));
				if (spanish.join() !== c.shares_es.join()) return "is written otherwise in Spanish";
				if (h.setName(shares[0], list) !== c.set) return "another set";
			}
			const read = [];
			for (const text of c.shares) read.push(await h.parseShare(text, [list, await h.wordList("es")]));
			const secret = await h.combine(read);
			if (s.hex(secret) !== c.secret) return "combines to another secret";
		});`,
	} {
		got := ask[struct {
			Problems      []string
			Fine, Refused int
		}](l, fmt.Sprintf("const rootJS = %q;", l.site.Asset("root.js"))+frame+act+`return {Problems: problems, Fine: fine, Refused: refused};`, vectors(t, name))
		if got.Fine < 1 || got.Refused < 2 {
			t.Errorf("%s: only %d good and %d bad cases ran", name, got.Fine, got.Refused)
		}
		for _, problem := range got.Problems {
			t.Errorf("%s, %s", name, problem)
		}
	}
}
