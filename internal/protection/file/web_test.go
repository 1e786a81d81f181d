// SPDX-License-Identifier: Apache-2.0

package file_test

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"testing"

	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web/webtest"
	"waylight/internal/protection/file"
)

// multi is what a browser without a script posts: fields, then files as they come.
func multi(fields map[string]string, files ...formFile) (contentType string, body io.Reader) {
	from, to := io.Pipe()
	w := multipart.NewWriter(to)
	go func() {
		var err error
		for _, name := range []string{"lang", "nonce", "receipt", "lookup"} {
			if value, ok := fields[name]; ok {
				err = errors.Join(err, w.WriteField(name, value))
			}
		}
		for _, f := range files {
			head := textproto.MIMEHeader{"Content-Disposition": {fmt.Sprintf(`form-data; name="files"; filename="%s"`, f.name)}, "Content-Type": {"image/jpeg"}}
			part, e := w.CreatePart(head)
			if e == nil {
				_, e = io.Copy(part, f.content)
			}
			err = errors.Join(err, e)
		}
		to.CloseWithError(errors.Join(err, w.Close()))
	}()
	return w.FormDataContentType(), from
}

type formFile struct {
	name    string
	content io.Reader
}

func TestFilesArriveWithoutAScript(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana := w.hire(childCare, "Ana")
		sent := w.send(child())
		words := sent.Receipt.Words("en")
		page := w.client.GetDoc("/receipt/files?lang=es")
		sound(t, page)
		page = w.client.PostForm("/receipt/files", url.Values{"receipt": {words}, "lang": {"es"}})
		sound(t, page)
		if page.One("input", "type", "file", "name", "files") == nil || !strings.Contains(page.Main(), "Este servidor los cierra mientras llegan") {
			t.Fatalf("the page does not say that the server seals: %s", page.Main())
		}
		fields := map[string]string{"lang": "es", "receipt": words}
		kind, body := multi(fields, formFile{"retrato 1.jpg", bytes.NewReader(threeParts())}, formFile{"retrato 2.jpg", bytes.NewReader(photo(t))}, formFile{"", strings.NewReader("")})
		page = w.client.Do(http.MethodPost, "/receipt/files", kind, body)
		sound(t, page)
		if page.Status != http.StatusOK || len(page.All("li", "class", "good")) != 2 || !strings.Contains(page.Main(), "Lo tenemos completo") {
			t.Errorf("%d: %s", page.Status, page.Main())
		}
		if text := page.Body; strings.Contains(text, "retrato") {
			t.Error("the page of a receipt shows a file's name")
		}
		got := map[string][]byte{}
		for _, f := range w.list(ana, sent.Report) {
			info, content, err := w.opened(ana, sent.Report, f)
			if err != nil || f.SealedBy != file.ByServer || info.Type != "image/jpeg" {
				t.Errorf("%+v: %v", info, err)
			}
			got[info.Name] = content
		}
		if len(got) != 2 || !bytes.Equal(got["retrato 1.jpg"], threeParts()) || !bytes.Equal(got["retrato 2.jpg"], photo(t)) {
			t.Errorf("%d files came", len(got))
		}
		first := strings.Join(strings.Split(words, "-")[:2], "-") // one alone may be a word of any log
		if logged := w.logged.String(); strings.Contains(logged, "retrato") || strings.Contains(logged, first) {
			t.Error("the log holds a name or words of the receipt")
		}
	})
}

// What is wrong is told on a page, with what is kept; nothing is an error of ours.
func TestFormsThatAreWrongAreAnswered(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := setup(t, db, clock)
	ana := w.hire(childCare, "Ana")
	sent := w.send(child())
	words := sent.Receipt.Words("en")
	post := func(fields map[string]string, files ...formFile) *webtest.Doc {
		kind, body := multi(fields, files...)
		return w.client.Do(http.MethodPost, "/receipt/files", kind, body)
	}
	ok := func() io.Reader { return strings.NewReader("words") }
	for name, c := range map[string]struct {
		page   *webtest.Doc
		status int
		says   string
	}{
		"no receipt":      {post(map[string]string{"lang": "en"}, formFile{"a", ok()}), http.StatusUnprocessableEntity, "We count 0 words"},
		"wrong words":     {post(map[string]string{"receipt": strings.Repeat("zebra ", 7)}, formFile{"a", ok()}), http.StatusNotFound, "We found nothing"},
		"a control sign":  {post(map[string]string{"receipt": words}, formFile{"a%0Ab", ok()}), http.StatusBadRequest, "another name"},
		"a turned name":   {post(map[string]string{"receipt": words}, formFile{"a\u202eb", ok()}), http.StatusBadRequest, "another name"},
		"a path":          {post(map[string]string{"receipt": words}, formFile{`C:\docs\plan.txt`, ok()}), http.StatusOK, "We have all of it"},
		"no name":         {post(map[string]string{"receipt": words}, formFile{"", ok()}), http.StatusBadRequest, "another name"},
		"bad lookup":      {post(map[string]string{"lookup": "xx"}, formFile{"a", ok()}), http.StatusNotFound, "We found nothing"},
		"mistyped":        {w.client.PostForm("/receipt/files", url.Values{"receipt": {"zebra zzzzz zebra zebra zebra zebra zebra"}}), http.StatusUnprocessableEntity, "Word 2"},
		"not a form":      {w.client.Do(http.MethodPost, "/receipt/files", "text/plain", strings.NewReader("x")), http.StatusBadRequest, "did not arrive"},
		"no boundary":     {w.client.Do(http.MethodPost, "/receipt/files", "multipart/form-data", strings.NewReader("x")), http.StatusBadRequest, "did not arrive"},
		"a broken form":   {w.client.Do(http.MethodPost, "/receipt/files", "multipart/form-data; boundary=x", strings.NewReader("--x\r\nContent-")), http.StatusBadRequest, "did not arrive"},
		"a long field":    {post(map[string]string{"receipt": strings.Repeat("x", 5000)}), http.StatusBadRequest, "did not arrive"},
		"nothing chosen":  {post(map[string]string{"receipt": words}), http.StatusOK, "Files that came so far"},
		"too many fields": {w.client.PostForm("/receipt/files", url.Values{"receipt": {strings.Repeat("x", 20000)}}), http.StatusRequestEntityTooLarge, ""},
	} {
		if c.page.Status != c.status && name != "too many fields" || !strings.Contains(c.page.Main(), c.says) {
			t.Errorf("%s: %d %s", name, c.page.Status, c.page.Main())
		}
		sound(t, c.page)
	}
	files := w.list(ana, sent.Report)
	if len(files) != 1 {
		t.Fatalf("%d files are kept", len(files))
	}
	if info, _, err := w.opened(ana, sent.Report, files[0]); err != nil || info.Name != "plan.txt" {
		t.Errorf("the path became %q: %v", info.Name, err)
	}
}

// A file that is far too large: its sender is told, what arrived is kept, and the
// next file of the same form is taken.
func TestAFileThatIsTooLargeIsRefusedAndWhatArrivedIsKept(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := setup(t, db, clock)
	w.limits = file.Limits{File: 3 << 20}
	ana := w.hire(childCare, "Ana")
	sent := w.send(child())
	kind, body := multi(map[string]string{"receipt": sent.Receipt.Words("en")},
		formFile{"huge.mp4", io.LimitReader(zeros{}, 64<<20)}, formFile{"small.txt", strings.NewReader("words")})
	page := w.client.Do(http.MethodPost, "/receipt/files", kind, body)
	if page.Status != http.StatusRequestEntityTooLarge || !strings.Contains(page.Main(), "too large. What arrived of it is kept") || !strings.Contains(page.Main(), "We have all of it") {
		t.Errorf("%d: %s", page.Status, page.Main())
	}
	files := w.list(ana, sent.Report)
	slices.SortFunc(files, func(a, b file.Held) int { return cmp.Compare(b.Size, a.Size) })
	if len(files) != 2 || files[0].State != file.Broken || files[0].Reason != file.ReasonSize || files[1].State != file.Whole {
		t.Fatalf("%+v", files)
	}
	_, content, err := w.opened(ana, sent.Report, files[0])
	if err != nil || len(content) != 3<<20 {
		t.Errorf("%d bytes are kept: %v", len(content), err)
	}
}

// The server holds a few parts of a file, never the file: 64 MiB go through it
// while all that it and this test have in use stays below half of that.
func TestALongFileGoesThroughInConstantMemory(t *testing.T) {
	db, clock := storetest.SQLite(t, schemas())
	w := setup(t, db, clock)
	ana := w.hire(childCare, "Ana")
	sent := w.send(child())
	var before runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	content := &watched{left: 64 << 20, base: before.HeapAlloc}
	kind, body := multi(map[string]string{"receipt": sent.Receipt.Words("en")}, formFile{"a.mp4", content})
	page := w.client.Do(http.MethodPost, "/receipt/files", kind, body)
	if page.Status != http.StatusOK {
		t.Fatalf("%d: %s", page.Status, page.Main())
	}
	if content.most > 32<<20 {
		t.Errorf("up to %d MiB more were in use while 64 MiB came", content.most>>20)
	}
	f := w.list(ana, sent.Report)[0]
	if f.State != file.Whole || f.Size < 64<<20 {
		t.Errorf("%s with %d bytes", f.State, f.Size)
	}
}

// watched gives zeros and looks, after a collection, how much is in use meanwhile.
type watched struct {
	left int64
	seen int64
	base uint64
	most uint64
}

func (s *watched) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), s.left))
	s.left -= int64(n)
	if s.seen += int64(n); s.seen >= 8<<20 {
		s.seen = 0
		var now runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&now)
		if now.HeapAlloc > s.base {
			s.most = max(s.most, now.HeapAlloc-s.base)
		}
	}
	clear(p[:n])
	return n, nil
}

// script is what the sender's script sends.
type script struct {
	w      *world
	lookup [32]byte
}

func (s script) call(method, path string, body any) (int, map[string]any) {
	s.w.t.Helper()
	var doc *webtest.Doc
	switch body := body.(type) {
	case []byte:
		doc = s.w.client.Do(method, path, "", bytes.NewReader(body))
	default:
		doc = s.w.client.PostJSON(path, body)
	}
	var out map[string]any
	check(s.w.t, doc.JSON(&out))
	return doc.Status, out
}

func (s script) begin(x sealed) (int, map[string]any) {
	var wraps []map[string]any
	for _, v := range x.Wraps {
		wraps = append(wraps, map[string]any{"holder": v.Holder, "key_id": hex.EncodeToString(v.KeyID[:]), "wrap": v.Wrap})
	}
	return s.call("POST", "/receipt/files/begin", map[string]any{"program": "ms", "lookup": s.lookup[:], "file": x.ID.String(), "copy_of": "",
		"token": x.Head.Token[:], "size": x.Size, "resume": x.Receipt, "wraps": wraps})
}

func (s script) put(x sealed, n int, part []byte) (int, map[string]any) {
	return s.call("PUT", fmt.Sprintf("/receipt/files/ms/%s/%d", x.ID, n), slices.Concat(s.lookup[:], make([]byte, 32), part))
}

func (s script) end(x sealed, whole bool) (int, map[string]any) {
	return s.call("POST", "/receipt/files/end", map[string]any{"program": "ms", "lookup": s.lookup[:], "file": x.ID.String(), "parts": len(x.parts), "whole": whole})
}

// A connection that is cut in the middle of a part: nothing of the part is kept,
// and the upload goes on with it.
func TestAnUploadGoesOnAfterACutConnection(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana := w.hire(childCare, "Ana")
		sent := w.send(child())
		to := w.found(sent)
		s := script{w, sent.Receipt.Lookup()}
		x := w.seal(to, "a.jpg", threeParts())
		if status, out := s.begin(x); status != http.StatusOK || out["next"] != 0.0 {
			t.Fatalf("%d %v", status, out)
		}
		if status, out := s.put(x, 0, x.parts[0]); status != http.StatusOK || out["next"] != 1.0 {
			t.Fatalf("%d %v", status, out)
		}
		cutOff(t, w.client.URL, fmt.Sprintf("/receipt/files/ms/%s/1", x.ID), slices.Concat(s.lookup[:], make([]byte, 32), x.parts[1]))
		status, out := s.call("POST", "/receipt/files/find", map[string]any{"lookup": s.lookup[:], "lang": "es"})
		mine := out["files"].([]any)[0].(map[string]any)
		if status != http.StatusOK || mine["parts"] != 1.0 || mine["state"] != file.Open || !strings.Contains(mine["line"].(string), "No est") {
			t.Fatalf("after the cut: %d %v", status, mine)
		}
		if status, out := s.put(x, 2, x.parts[2]); status != http.StatusConflict || out["next"] != 1.0 {
			t.Errorf("too early: %d %v", status, out)
		}
		for n := 1; n < 3; n++ {
			if status, out := s.put(x, n, x.parts[n]); status != http.StatusOK {
				t.Fatalf("%d %v", status, out)
			}
		}
		if status, out := s.end(x, true); status != http.StatusOK {
			t.Fatalf("%d %v", status, out)
		}
		_, content, err := w.opened(ana, sent.Report, w.list(ana, sent.Report)[0])
		if err != nil || !bytes.Equal(content, threeParts()) {
			t.Errorf("opens %d bytes: %v", len(content), err)
		}
		_, out = s.call("POST", "/receipt/files/find", map[string]any{"lookup": s.lookup[:], "lang": "en"})
		if mine := out["files"].([]any)[0].(map[string]any); mine["resume"] != nil || mine["marks"] != nil {
			t.Errorf("a file that ended still offers its key: %v", mine)
		}
	})
}

// cutOff sends half of a request and closes the connection, as a telephone does
// that goes into a tunnel; it returns when the server has noticed.
func cutOff(t *testing.T, origin, path string, body []byte) {
	t.Helper()
	host := strings.TrimPrefix(origin, "http://")
	c, err := net.Dial("tcp", host)
	check(t, err)
	_, err = fmt.Fprintf(c, "PUT %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n", path, host, len(body))
	check(t, err)
	_, err = c.Write(body[:len(body)/2])
	check(t, err)
	check(t, c.(*net.TCPConn).CloseWrite())
	_, _ = io.ReadAll(c) // what it answers to half of a part is nobody's business
	check(t, c.Close())
}

func TestScriptsThatAskWronglyAreAnswered(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := setup(t, db, clock)
	w.hire(childCare, "Ana")
	sent := w.send(child())
	to := w.found(sent)
	s := script{w, sent.Receipt.Lookup()}
	other := script{w, [32]byte{1}}
	x := w.seal(to, "a.jpg", threeParts())
	code := func(_ int, out map[string]any) string { return fmt.Sprint(out["error"].(map[string]any)["code"]) }
	for name, got := range map[string]string{
		"find, other receipt":  code(other.call("POST", "/receipt/files/find", map[string]any{"lookup": other.lookup[:], "lang": "en"})),
		"begin, other receipt": code(other.begin(x)),
	} {
		if got != "receipt_unknown" {
			t.Errorf("%s: %s", name, got)
		}
	}
	s.begin(x)
	if got := code(other.put(x, 0, x.parts[0])); got != "receipt_unknown" {
		t.Errorf("a part under a receipt that is none: %s", got)
	}
	if got := code(s.call("PUT", "/receipt/files/ms/"+x.ID.String()+"/0", []byte("short"))); got != "file_body" {
		t.Errorf("less than a lookup: %s", got)
	}
	if got := code(s.put(x, 0, append(slices.Clone(x.parts[0]), make([]byte, 10<<20)...))); got != "file_part" {
		t.Errorf("far more than a part: %s", got)
	}
	if got := code(s.put(x, 0, x.parts[0][:500])); got != "file_part" {
		t.Errorf("less than a chunk: %s", got)
	}
	if status, _ := s.call("PUT", "/receipt/files/ms/"+x.ID.String()+"/-1", make([]byte, 64)); status != http.StatusNotFound {
		t.Errorf("part -1: %d", status)
	}
	if got := code(s.call("POST", "/receipt/files/begin", map[string]any{"lookup": s.lookup[:]})); got != "file_body" {
		t.Errorf("beginning nothing: %s", got)
	}
	if status, _ := s.end(x, false); status != http.StatusOK {
		t.Errorf("giving up: %d", status)
	}
	if got := code(s.put(x, 0, x.parts[0])); got != "file_ended" {
		t.Errorf("a part after giving up: %s", got)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.client.URL+"/receipt/files/end", strings.NewReader("{}"))
	check(t, err)
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	answer, err := w.client.HTTP.Do(req)
	check(t, err)
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusForbidden {
		t.Errorf("from another site: %d", answer.StatusCode)
	}
}

// The staff's pages: the list, the proof, the parts, the wall, and the cage.
func TestStaffPagesOfFiles(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := setup(t, db, clock)
	ana, sam := w.hire(childCare, "Ana"), w.hire(shelter, "Sam")
	sent := w.send(child())
	to := w.found(sent)
	base := "/staff/report/" + sent.Report.String() + "/files"
	page := w.as(ana).GetDoc(base)
	sound(t, page)
	if !strings.Contains(page.Main(), "The sender added no file") {
		t.Errorf("an empty list: %s", page.Main())
	}
	x := w.seal(to, "secret.jpg", threeParts())
	w.upload(to, x)
	page = w.as(ana).GetDoc(base)
	sound(t, page)
	if page.Status != http.StatusOK || page.One("button", "data-look", x.ID.String()) == nil || strings.Contains(page.Body, "secret") || page.Title() != "Files" {
		t.Errorf("%d %s", page.Status, page.Main())
	}
	if !strings.Contains(page.Header.Get("Content-Security-Policy"), "frame-src 'self'") {
		t.Error("the page may not show its frame")
	}
	for _, path := range []string{base, base + "/list", base + "/" + x.ID.String() + "/0"} {
		if got := w.as(sam).GetDoc(path); got.Status != http.StatusNotFound {
			t.Errorf("%s for another office: %d", path, got.Status)
		}
	}
	if got := w.as(ana).GetDoc(base + "/" + x.ID.String() + "/0"); got.Status != http.StatusForbidden {
		t.Errorf("a part before the proof: %d", got.Status)
	}
	f := w.list(ana, sent.Report)[0]
	key, err := seal.OpenWrap(w.keys[childCare], f.Wrap.Wrap, f.Record(), f.Head.Hash, childCare)
	check(t, err)
	token := key.OpeningToken()
	sign := func(act string) []byte {
		return ana.holder.SignStatement(file.OpenedStatement("ms", f.ID, f.Head.Hash, act, childCare, ana.ID))
	}
	proof := map[string]any{"token": token[:], "signature": sign(file.ActDownloaded), "warned": false}
	if got := w.as(ana).PostJSON(base+"/"+x.ID.String()+"/downloaded", proof); got.Status != http.StatusBadRequest {
		t.Errorf("taken without the warning: %d", got.Status)
	}
	proof["warned"] = true
	if got := w.as(ana).PostJSON(base+"/"+x.ID.String()+"/downloaded", proof); got.Status != http.StatusOK {
		t.Errorf("taken: %d %s", got.Status, got.Body)
	}
	part := w.as(ana).GetDoc(base + "/" + x.ID.String() + "/1")
	if part.Status != http.StatusOK || part.Body != string(x.parts[1]) || part.Header.Get("Content-Type") != "application/octet-stream" || part.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("a part: %d, %d bytes", part.Status, len(part.Body))
	}
	if page := w.as(ana).GetDoc(base); !strings.Contains(page.Main(), "Ana took the original") {
		t.Errorf("who took it: %s", page.Main())
	}
	frame := w.as(ana).GetDoc("/staff/files/preview")
	policy := frame.Header.Get("Content-Security-Policy")
	for _, want := range []string{"sandbox allow-scripts;", "default-src 'none'", "frame-ancestors 'self'", "form-action 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the frame's policy lacks %q: %s", want, policy)
		}
	}
	if strings.Contains(policy, "allow-same-origin") || strings.Contains(policy, "connect-src") || frame.Header.Get("X-Frame-Options") != "SAMEORIGIN" {
		t.Errorf("the frame's policy: %s", policy)
	}
}

// sound holds a page to what every page must have.
func sound(t *testing.T, page *webtest.Doc) {
	t.Helper()
	if page.Root == nil {
		t.Errorf("no page: %s", page.Body)
		return
	}
	for _, p := range webtest.Problems(page) {
		t.Error(p)
	}
}

func TestWordsAreEasyToRead(t *testing.T) {
	t.Parallel()
	site := webtest.Site(t, file.Strings())
	webtest.CheckReading(t, site.Catalog, 8, "file.")
}
