// SPDX-License-Identifier: Apache-2.0

package hunt

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/test/child"
)

// canary is a word that stands in everything that is sent, and nowhere else.
type canary struct{ plain, foreign string }

// newCanary makes one of letters alone, as names are, and one with letters that
// every way of writing treats in its own manner.
func newCanary() canary {
	b := make([]byte, 12)
	rand.Read(b)
	return canary{plain: "Kanari" + hex.EncodeToString(b[:6]), foreign: "Ñandú " + hex.EncodeToString(b[6:]) + " cañón"}
}

func (c canary) String() string { return c.plain + " / " + c.foreign }

func (c canary) watch(f *finder) {
	f.add("a sender's word", c.plain)
	f.add("a sender's foreign words", c.foreign)
}

// hunter sends.
type hunter struct {
	t      *testing.T
	c      *child.Child
	canary canary

	mu       sync.Mutex
	receipts []string
	keys     []string
	reports  []string
	taken    int
}

func newKey() string {
	b := make([]byte, 24)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// do sends one request and reads the answer.
func (h *hunter) do(method, path, kind string, body io.Reader, header ...string) (int, string) {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), method, "http://"+h.c.Address+path, body)
	if err != nil {
		h.t.Error(err)
		return 0, ""
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := direct.Do(r)
	if err != nil {
		return 0, ""
	}
	defer res.Body.Close()
	answer, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(answer)
}

// direct follows nobody elsewhere.
var direct = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

const form = "application/x-www-form-urlencoded"

// answers is a whole report with canaries in every field that takes words.
func (h *hunter) answers(i int) url.Values {
	words := fmt.Sprintf("%s, report %d.", h.canary, i)
	return url.Values{
		"age": {"under18"}, "who": {"saw"}, "kind": {"labor"}, "happened": {"MS-28049"}, "land": {"ordinary"}, "mode": {"tip"},
		"story": {"It began " + words + strings.Repeat(" More of it. ", i%20)}, "people": {"Seen: " + words}, "times": {"At night, " + words},
		"name": {h.canary.plain}, "contact": {"Ask for " + h.canary.foreign + ", 555-0142"}, "reach": {"call"},
		"as_whom": {h.canary.plain}, "when_safe": {h.canary.foreign},
	}
}

// took notes a report that was accepted.
func (h *hunter) took(key, receipt, report string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.taken++
	h.keys = append(h.keys, key)
	if receipt != "" {
		h.receipts = append(h.receipts, receipt)
	}
	if report != "" {
		h.reports = append(h.reports, report)
	}
}

// api sends a report as a program does.
func (h *hunter) api(i int) {
	key, fields := newKey(), map[string]any{}
	for name, value := range h.answers(i) {
		fields[name] = value[0]
		if name == "reach" {
			fields[name] = value
		}
	}
	body, _ := json.Marshal(map[string]any{"program": "ms", "language": "en", "answers": fields})
	status, answer := h.do("POST", "/api/v1/reports", "application/json", strings.NewReader(string(body)), "Idempotency-Key", key)
	var got struct{ Receipt, Report string }
	if status != http.StatusCreated || json.Unmarshal([]byte(answer), &got) != nil {
		h.t.Errorf("the API answers %d: %s", status, answer)
		return
	}
	h.took(key, got.Receipt, got.Report)
	if i%6 == 0 {
		h.ask("letter", got.Report, "The office asks about", h.canary.String())
		h.message(got.Receipt, i/6)
	}
	if i%4 == 0 { // sent again
		h.do("POST", "/api/v1/reports", "application/json", strings.NewReader(string(body)), "Idempotency-Key", key)
	}
}

var (
	shownField = regexp.MustCompile(`name="_shown" value="([^"]*)"`)
	wordsShown = regexp.MustCompile(`id="words"[^>]*>([^<]+)<`)
)

// page sends a report as a browser without script does: preview, then send.
func (h *hunter) page(i int) {
	fields, key := h.answers(i), newKey()
	fields.Set("_key", key)
	fields.Set("_step", "preview")
	path := "/ms/" + []string{"en", "es"}[i%2]
	status, answer := h.do("POST", path, form, strings.NewReader(fields.Encode()))
	m := shownField.FindStringSubmatch(answer)
	if status != http.StatusOK || m == nil {
		h.t.Errorf("the preview answers %d: %s", status, answer)
		return
	}
	fields.Set("_shown", m[1])
	fields.Set("_step", "send")
	kind, body := form, fields.Encode()
	if i%3 == 0 {
		kind, body = inParts(fields)
	}
	status, answer = h.do("POST", path, kind, strings.NewReader(body))
	words := wordsShown.FindStringSubmatch(answer)
	if status != http.StatusOK && status != http.StatusCreated || words == nil {
		h.t.Errorf("the page answers %d: %s", status, answer)
		return
	}
	receipt := strings.TrimSpace(words[1])
	h.took(key, receipt, "")
	if i%5 == 0 {
		h.file(receipt, i)
	}
}

func inParts(fields url.Values) (kind, body string) {
	var b strings.Builder
	for name, values := range fields {
		for _, value := range values {
			fmt.Fprintf(&b, "--edge\r\nContent-Disposition: form-data; name=%q\r\n\r\n%s\r\n", name, value)
		}
	}
	return "multipart/form-data; boundary=edge", b.String() + "--edge--\r\n"
}

var nonceField = regexp.MustCompile(`name="nonce" value="([^"]*)"`)
var officeField = regexp.MustCompile(`name="office" value="([^"]*)"`)

// message writes under a receipt without script: words, and a way to be reached.
func (h *hunter) message(receipt string, i int) {
	_, answer := h.do("POST", "/receipt/messages", form, strings.NewReader(url.Values{"receipt": {receipt}}.Encode()))
	nonce, office := nonceField.FindStringSubmatch(answer), officeField.FindStringSubmatch(answer)
	if nonce == nil || office == nil {
		h.t.Errorf("the messages of a receipt: %s", answer)
		return
	}
	fields := url.Values{"receipt": {receipt}, "nonce": {nonce[1]}, "office": {office[1]}, "_what": {"text"}, "text": {fmt.Sprintf("And %s, message %d", h.canary, i)}}
	if i%2 == 1 {
		fields.Set("_what", "contact")
		fields["reach"] = []string{"call"}
		fields.Set("contact", h.canary.plain)
		fields.Set("as_whom", h.canary.foreign)
		fields.Set("when_safe", h.canary.foreign)
	}
	if status, answer := h.do("POST", "/receipt/messages/send", form, strings.NewReader(fields.Encode())); status != http.StatusOK {
		h.t.Errorf("a message is answered %d: %s", status, answer)
	}
}

// file sends a file without script.
func (h *hunter) file(receipt string, i int) {
	content := strings.Repeat(fmt.Sprintf("%s in a file %d\n", h.canary, i), 2000)
	body := fmt.Sprintf("--edge\r\nContent-Disposition: form-data; name=\"receipt\"\r\n\r\n%s\r\n--edge\r\nContent-Disposition: form-data; name=\"files\"; filename=\"%s.txt\"\r\nContent-Type: text/plain\r\n\r\n%s\r\n--edge--\r\n", receipt, h.canary, content)
	status, answer := h.do("POST", "/receipt/files", "multipart/form-data; boundary=edge", strings.NewReader(body))
	if status != http.StatusOK {
		h.t.Errorf("a file is answered %d: %s", status, answer)
	}
}

// wrong sends what must fail, with canaries wherever somebody could put them.
func (h *hunter) wrong() {
	word, escaped := h.canary.plain, url.QueryEscape(h.canary.foreign)
	long := strings.Repeat(h.canary.String()+" ", 250_000)
	for _, c := range []struct{ method, path, kind, body string }{
		{"POST", "/api/v1/reports", "application/json", `{"program":"ms","` + word + `":1}`},
		{"POST", "/api/v1/reports", "application/json", `{"program":"` + word + `","language":"en","answers":{}}`},
		{"POST", "/api/v1/reports", "application/json", `{"program":"ms","answers":{"story":"` + word},
		{"POST", "/api/v1/reports", "application/json", `{"program":"ms","language":"` + word + `","answers":{"age":"` + word + `","` + word + `":["` + word + `"]}}`},
		{"POST", "/api/v1/reports", "text/plain", word},
		{"POST", "/api/v1/reports", "application/json", `{"program":"ms","answers":{"story":"` + long + `"}}`},
		{"POST", "/ms/en", form, "story=" + url.QueryEscape(long)},
		{"POST", "/ms/en", form, "story=" + word + "%zz"},
		{"POST", "/ms/en", "multipart/form-data; boundary=edge", "--edge\r\nContent-Disposition: form-data; name=\"" + word},
		{"POST", "/ms/en", "multipart/form-data; boundary=edge", "--edge\r\nContent-Disposition: form-data; name=\"x\"; filename=\"" + word + "\"\r\n\r\n" + word + "\r\n--edge--\r\n"},
		{"POST", "/ms/who", form, "mode=tip&age=" + word + "&happened=" + escaped},
		{"POST", "/ms/seal", form, "story=" + word}, {"POST", "/ms/sealed", "application/octet-stream", word + h.canary.foreign},
		{"POST", "/receipt", form, "receipt=" + word}, {"POST", "/receipt", form, "receipt=" + escaped}, {"POST", "/api/v1/receipt", "application/json", `{"receipt":"` + word + `"}`},
		{"POST", "/receipt/messages", form, "receipt=" + word + "+" + escaped}, {"POST", "/receipt/messages/send", form, "receipt=" + word + "&text=" + escaped},
		{"POST", "/receipt/messages/keep", "application/json", `{"plain":{"text":"` + word + `"}}`},
		{"POST", "/receipt/files", "multipart/form-data; boundary=edge", "--edge\r\nContent-Disposition: form-data; name=\"receipt\"\r\n\r\n" + word + "\r\n--edge\r\nContent-Disposition: form-data; name=\"files\"; filename=\"" + word + "\"\r\n\r\n" + word + "\r\n--edge--\r\n"},
		{"POST", "/receipt/files/begin", "application/json", `{"file":"` + word + `"}`}, {"PUT", "/receipt/files/ms/" + word + "/0", "", word},
		{"GET", "/ms/" + word + "?q=" + escaped, "", ""}, {"GET", "/" + word, "", ""}, {"DELETE", "/ms/en?q=" + word, "", word},
		{"GET", "/staff/inbox?text=" + word, "", ""}, {"POST", "/staff/sign-in", "application/json", `{"email":"` + word + `","auth":"` + word + `"}`},
		{"POST", "/staff/enroll/invitation", "application/json", `{"token":"` + word + `"}`}, {"GET", "/log/ms/tile/" + word, "", ""}, {"GET", "/assets/" + word + ".js", "", ""},
	} {
		status, _ := h.do(c.method, c.path, c.kind, strings.NewReader(c.body), "Idempotency-Key", newKey(), "User-Agent", word, "Referer", "http://"+word+".invalid/", "Accept-Language", word, "Cookie", "waylight="+word, "Waylight-Work", word)
		if status >= 200 && status < 300 && c.path != "/ms/who" {
			h.t.Errorf("%s %s is answered %d", c.method, c.path, status)
		}
	}
	// Signed in, somebody may search for a word.
	h.do("GET", "/staff/inbox?text="+word+"&q="+escaped, "", nil, "Cookie", "waylight="+h.c.Cookie)
}

// secrets adds what was handed to senders: seven words, what follows from them,
// and the keys under which programs sent.
func (h *hunter) secrets(f *finder) {
	for _, words := range h.receipts {
		receipt, err := seal.ParseReceipt(words)
		if err != nil {
			h.t.Errorf("the words of a receipt: %v", err)
			continue
		}
		plain := strings.FieldsFunc(words, func(r rune) bool { return r == ' ' || r == '-' })
		for _, between := range []string{" ", "-", "+", "%20", "\n", ","} {
			f.raw("the words of a receipt", "joined by "+between, []byte(strings.Join(plain, between)))
		}
		lookup, seed := receipt.Lookup(), receipt.Seed()
		for what, b := range map[string][]byte{"a receipt's lookup": lookup[:], "a receipt's seed": seed[:]} {
			f.raw(what, "raw", b)
			f.raw(what, "hexadecimal", []byte(hex.EncodeToString(b)))
			f.raw(what, "base64url", base64At(urlCode, b, 0))
			f.raw(what, "base64", base64At(stdCode, b, 0))
		}
	}
	for _, key := range h.keys {
		f.raw("an idempotency key", "as it is", []byte(key))
		if raw, err := hex.DecodeString(key); err == nil {
			f.raw("an idempotency key", "raw", raw)
		}
	}
}

// notes lets a member write to each of some reports.
func (h *hunter) notes(most int) {
	for i, report := range h.reports[:min(most, len(h.reports))] {
		if _, err := store.ParseID(report); err != nil {
			h.t.Fatal(err)
		}
		if answer := h.c.Ask(h.t, "note", report, fmt.Sprintf("%s note %d", h.canary, i)); answer != `"done"` {
			h.t.Errorf("a note: %s", answer)
		}
	}
}
