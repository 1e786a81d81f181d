// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/form"
	"waylight/internal/platform/seal"
	"waylight/internal/protection/report"
)

// story says what it is to whoever should ever read one.
const story = "This is an automatic test of Waylight. Nothing happened and nobody needs help."

// clear are the answers that routing needs.
func clearAnswers() url.Values { return url.Values{"mode": {"tip"}, "age": {"adult"}} }

const formType = "application/x-www-form-urlencoded"

// sender sends one test report.
type sender struct {
	*Service
	p    *program.Program
	line Line
}

// ask asks, and holds the answer to the status that is wanted. What it says of a
// failure has no words of anybody.
func (c sender) ask(ctx context.Context, what string, a Ask, want int) ([]byte, error) {
	got, err := c.line(ctx, a)
	if err != nil {
		return nil, fmt.Errorf("%s: no answer: %w", what, err)
	}
	if got.Status != want {
		return nil, fmt.Errorf("%s: answered %d, not %d", what, got.Status, want)
	}
	return got.Body, nil
}

func (c sender) mark(key string) string { return c.Reports.CanaryMark(c.p.ID, key) }

// send goes one way in and gives the receipt.
func (c sender) send(ctx context.Context, way string) (seal.Receipt, error) {
	switch way {
	case WayPage:
		return c.page(ctx)
	case WaySealed:
		return c.sealed(ctx)
	}
	return c.api(ctx)
}

var (
	hiddenKey   = regexp.MustCompile(`name="_key" value="([^"]+)"`)
	hiddenShown = regexp.MustCompile(`name="_shown" value="([^"]+)"`)
	words       = regexp.MustCompile(`id="words"[^>]*>([^<]+)<`)
)

// page opens the form, looks who will be told, and sends, as without a script.
func (c sender) page(ctx context.Context) (seal.Receipt, error) {
	at := "/" + c.p.ID + "/en"
	body, err := c.ask(ctx, "opening the form", Ask{Method: http.MethodGet, Path: at, Mark: c.mark("")}, http.StatusOK)
	if err != nil {
		return seal.Receipt{}, err
	}
	key, err := found(hiddenKey, body, "the form")
	if err != nil {
		return seal.Receipt{}, err
	}
	fields := clearAnswers()
	fields.Set("story", story)
	fields.Set("_key", key)
	fields.Set("_step", "preview")
	post := func(what string) ([]byte, error) {
		return c.ask(ctx, what, Ask{Method: http.MethodPost, Path: at, Type: formType, Mark: c.mark(key), Body: []byte(fields.Encode())}, http.StatusOK)
	}
	if body, err = post("looking who is told"); err != nil {
		return seal.Receipt{}, err
	}
	shown, err := found(hiddenShown, body, "who is told")
	if err != nil {
		return seal.Receipt{}, err
	}
	fields.Set("_shown", shown)
	fields.Set("_step", "send")
	if body, err = post("sending the form"); err != nil {
		return seal.Receipt{}, err
	}
	text, err := found(words, body, "the receipt")
	if err != nil {
		return seal.Receipt{}, err
	}
	return readReceipt(text)
}

func found(what *regexp.Regexp, page []byte, name string) (string, error) {
	m := what.FindSubmatch(page)
	if m == nil {
		return "", fmt.Errorf("the page does not hold %s", name)
	}
	return html.UnescapeString(string(m[1])), nil
}

// readReceipt keeps the words out of what a failure says.
func readReceipt(text string) (seal.Receipt, error) {
	receipt, err := seal.ParseReceipt(text)
	if err != nil {
		return seal.Receipt{}, fmt.Errorf("the receipt that was given is none")
	}
	return receipt, nil
}

// api posts the report as a program does.
func (c sender) api(ctx context.Context) (seal.Receipt, error) {
	raw := make([]byte, 24)
	rand.Read(raw) // never fails: crypto/rand ends the process instead
	key := base64.RawURLEncoding.EncodeToString(raw)
	body, err := json.Marshal(map[string]any{"program": c.p.ID, "language": "en", "answers": map[string]any{"mode": "tip", "age": "adult", "story": story}})
	if err != nil {
		return seal.Receipt{}, err
	}
	body, err = c.ask(ctx, "posting to the program interface",
		Ask{Method: http.MethodPost, Path: "/api/v1/reports", Type: "application/json", Mark: c.mark(key), Key: key, Body: body}, http.StatusCreated)
	if err != nil {
		return seal.Receipt{}, err
	}
	var got struct{ Receipt string }
	if json.Unmarshal(body, &got) != nil {
		return seal.Receipt{}, fmt.Errorf("the program interface answered with something else")
	}
	return readReceipt(got.Receipt)
}

// sealed does what a sender's browser does: asks who is told and whose keys to
// seal to, checks those against the directory key, seals, and sends.
func (c sender) sealed(ctx context.Context) (seal.Receipt, error) {
	s := report.Sender{Program: c.p.ID, Language: "en", Directory: c.Directory(c.p.ID)}
	rand.Read(s.Receipt[:])
	at := "/" + c.p.ID
	lookup := s.Receipt.Lookup()
	mark := c.mark(base64.RawURLEncoding.EncodeToString(lookup[:]))
	clear := clearAnswers()
	body, err := c.ask(ctx, "asking who is told", Ask{Method: http.MethodPost, Path: at + "/who", Type: formType, Mark: c.mark(""), Body: []byte(clear.Encode())}, http.StatusOK)
	if err != nil {
		return seal.Receipt{}, err
	}
	var who struct{ Shown string }
	if json.Unmarshal(body, &who) != nil {
		return seal.Receipt{}, fmt.Errorf("who is told is answered with something else")
	}
	keys, err := c.ask(ctx, "asking for the keys", Ask{Method: http.MethodPost, Path: at + "/seal", Type: formType, Mark: mark, Body: []byte(s.Ask(clear).Encode())}, http.StatusOK)
	if err != nil {
		return seal.Receipt{}, err
	}
	out, err := s.Seal(keys, clear, who.Shown, form.Answers{"story": {story}}, nil)
	if err != nil {
		return seal.Receipt{}, fmt.Errorf("sealing for the desk: %w", err)
	}
	_, err = c.ask(ctx, "sending the sealed report", Ask{Method: http.MethodPost, Path: at + "/sealed", Type: "application/octet-stream", Mark: mark, Body: out}, http.StatusCreated)
	return s.Receipt, err
}
