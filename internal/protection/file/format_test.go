// SPDX-License-Identifier: Apache-2.0

package file_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web"
	"waylight/internal/platform/web/webtest"
)

// TestTheFormatInABrowser holds filesealing.js to the vectors that the Go side
// passes, and to what Go seals and opens.
func TestTheFormatInABrowser(t *testing.T) {
	db, clock := storetest.SQLite(t, schemas())
	w := build(t, db, clock)
	vectors, err := os.ReadFile("../../../docs/spec/vectors/files.json")
	check(t, err)
	lab := func(body string) web.Handler {
		return func(rw http.ResponseWriter, _ *http.Request) error {
			rw.Header().Set("Content-Type", "text/html; charset=utf-8")
			rw.Header().Set("X-Frame-Options", "SAMEORIGIN")
			rw.Header().Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'self'")
			_, err := io.WriteString(rw, body)
			return err
		}
	}
	routes := append(w.routes(), web.Route{Pattern: "GET /vectors", Access: web.Public, Handler: func(rw http.ResponseWriter, _ *http.Request) error {
		_, err := rw.Write(vectors)
		return err
	}}, web.Route{Pattern: "GET /lab", Access: web.Public, Handler: lab(`<!doctype html><title>Lab</title><h1>Lab</h1>`)},
		web.Route{Pattern: "GET /lab/frame", Access: web.Public, Handler: lab(`<!doctype html><title>Lab</title><main id="main"></main><script src="/staff/files/preview.js" defer></script>`)})
	w.client = webtest.Server(t, w.site, routes, w.byHeader)
	s := seat(t, webtest.Browser(t))
	s.Open(w.client.URL+"/lab", 800, 600)
	if wrong := s.ask(fmt.Sprintf(vectorScript, w.site.Asset("filesealing.js"))); wrong != "" {
		t.Errorf("vectors: %s", wrong)
	}
	findings(t, s)
}

// vectorScript runs every vector, in pieces of several sizes, and lists what
// comes out wrong.
const vectorScript = `(async () => {
  const { openFile, fileSealer } = await import(%q);
  const cases = await (await fetch("/vectors")).json(), wrong = [];
  const un = (h) => Uint8Array.from((h ?? "").match(/../g) ?? [], (x) => parseInt(x, 16));
  const H = 36, C = 65564, join = (...p) => Uint8Array.from(p.flatMap((x) => [...x]));
  const edits = {
    flip: (f, at) => { f[at ?? 0] ^= 1; return f; }, cut: (f, at) => f.slice(0, at), append: (f) => join(f, [0]),
    swap_chunks: (f) => join(f.slice(0, H), f.slice(H + C, H + 2 * C), f.slice(H, H + C), f.slice(H + 2 * C)),
    drop_first_chunk: (f) => join(f.slice(0, H), f.slice(H + C)), drop_last_chunk: (f) => f.slice(0, f.length - C), repeat_last_chunk: (f) => join(f, f.slice(f.length - C)),
  };
  async function* pieces(f, step) { for (let i = 0; i < f.length; i += step) yield f.slice(i, i + step); }
  async function read(from) {
    const got = [];
    let info = null, error = "";
    try { for await (const x of openFile(from)) x.info ? info = x.info : got.push(x.bytes); } catch (e) { error = e.kind ?? String(e); }
    return { info, error, got: new Uint8Array(await new Blob(got).arrayBuffer()) };
  }
  const same = (a, b) => a.length === b.length && a.every((x, i) => x === b[i]);
  for (const c of cases) {
    const base = { ...cases.find((b) => b.name === c.of), error: undefined, opens: 0 }, all = { ...base, ...c };
    const file = c.edit ? edits[c.edit.do](un(all.file), c.edit.at) : un(all.file);
    const whole = new TextEncoder().encode(all.content_utf8.repeat(Math.max(all.repeat ?? 1, 1)));
    for (const step of [1e9, 7001, C]) {
      const { info, error, got } = await read({ contentKey: un(all.content_key), program: all.program, id: un(all.record), pieces: pieces(file, step) });
      const want = c.error ? whole.slice(0, c.opens ?? 0) : whole;
      if (error !== (c.error ?? "") || !same(got, want) || (!c.error && info.name !== c.info.name)) wrong.push(c.name + " in steps of " + step + ": " + error);
    }
  }
  const id = new Uint8Array(16).fill(7);
  for (const size of [0, 65000, 65480, 65536, 1048520, 1048576, 2300000]) {
    const content = new Uint8Array(size).map((_, i) => i * 31 + (i >> 8));
    const s = await fileSealer({ program: "ms", id, blob: new Blob([content]), info: { name: "a", type: "", size, modified: 1 } });
    const parts = [];
    for (let n = 0; n < s.parts; n++) parts.unshift([n, await s.sealPart(n)]); // in any order
    parts.reverse();
    const { error, got } = await read({ contentKey: s.contentKey, program: "ms", id, pieces: (async function* () { for (const [, p] of parts) yield p; })() });
    if (error || !same(got, content) || parts.reduce((n, [, p]) => n + p.length, 0) !== s.size) wrong.push("sealed here, " + size + " bytes: " + error);
    const again = await fileSealer({ program: "ms", id, blob: new Blob([content]), info: { name: "a", type: "", size, modified: 1 }, contentKey: s.contentKey });
    const changed = await fileSealer({ program: "ms", id, blob: new Blob([content, "x"]), info: { name: "a", type: "", size: size + 1, modified: 1 }, contentKey: s.contentKey });
    if (!same(await s.mark(0), await again.mark(0)) || same(await s.mark(0), await changed.mark(0))) wrong.push("the mark of " + size + " bytes");
  }
  return wrong.join("; ");
})()`

// findings looks at strange files in the frame's own page and reads what it says.
func findings(t *testing.T, s *seated) {
	t.Helper()
	files := strange(t)
	for _, c := range []struct {
		name, declared string
		says, not      []string
		draws          bool
	}{
		{"photo.jpg", "image/jpeg", []string{"Content: image/jpeg."}, []string{"Take care"}, true},
		{"photo-and-zip.jpg", "image/jpeg", []string{"there is an archive behind it", "more bytes of something else"}, nil, true},
		{"bomb.zip", "application/zip", []string{"100 times its size", "archive of 1 files"}, nil, false},
		{"bomb.gz", "application/gzip", []string{"100 times its size"}, nil, false},
		{"slip.zip", "application/zip", []string{"outside of the folder", "programs in the archive"}, nil, false},
		{"photo.jpg.exe", "image/jpeg", []string{"named like, a program", "two endings", `sent as "image/jpeg"`}, nil, false},
		{"page.png", "image/png", []string{"shown as text only", "document.title = 'owned'"}, nil, false},
		{"drawing.svg", "image/svg+xml", []string{"shown as text only", "<svg"}, nil, false},
		{"zeros", "text/plain", []string{`sent as "text/plain"`, "not shown here"}, nil, false},
	} {
		data, err := json.Marshal(map[string]string{"name": c.name, "declared": c.declared, "bytes": base64.StdEncoding.EncodeToString(files[c.name])})
		check(t, err)
		said := s.ask(fmt.Sprintf(`new Promise((done) => {
  const f = %s, frame = document.createElement("iframe");
  frame.src = "/lab/frame";
  addEventListener("message", function hear({ data }) {
    if (data.ready) {
      const bytes = Uint8Array.from(atob(f.bytes), (c) => c.charCodeAt(0)).buffer;
      frame.contentWindow.postMessage({ name: f.name, type: f.declared, size: bytes.byteLength, all: true, bytes }, "*");
    } else {
      removeEventListener("message", hear);
      const d = frame.contentDocument, canvas = d.querySelector("canvas");
      const drawn = canvas ? [...canvas.getContext("2d").getImageData(60, 24, 1, 1).data].join() : "";
      done(d.body.innerText + "\nDRAWN " + drawn + " SCRIPTS " + d.querySelectorAll("main script, main svg").length + " TITLE " + document.title);
      frame.remove();
    }
  });
  document.body.append(frame);
})`, data))
		for _, want := range append(slices.Clone(c.says), "SCRIPTS 0 TITLE Lab") {
			if !strings.Contains(said, want) {
				t.Errorf("%s: %q is not said: %.900s", c.name, want, said)
			}
		}
		for _, not := range c.not {
			if strings.Contains(said, not) {
				t.Errorf("%s: %q is said: %.900s", c.name, not, said)
			}
		}
		if drawn := !strings.Contains(said, "DRAWN  "); drawn != c.draws {
			t.Errorf("%s: drawn is %v", c.name, drawn)
		}
	}
}
