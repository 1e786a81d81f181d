// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"waylight/internal/platform/fault"
)

// errNoText says that nothing was pasted.
var errNoText = fault.New(fault.Invalid, "directory_no_text", "Paste the whole answer, from its first line to the line that begins with end.")

// directoryView is the page of the directory key.
type directoryView struct {
	frame
	Pinned  string // the key's name, "" when none is pinned
	Request string
	Waiting []waitingRow
	Signed  int // keys that count
}

type waitingRow struct{ ID, Label, Key string }

func (s *Service) directoryPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.visit(r.Context())
	if err != nil {
		return err
	}
	if err := s.seen(r.Context(), v.Actor, "page:directory"); err != nil {
		return err
	}
	return s.showDirectory(w, r, v, http.StatusOK, nil)
}

func (s *Service) showDirectory(w http.ResponseWriter, r *http.Request, v visit, status int, t *trouble) error {
	data := directoryView{frame: framed(r, t), Signed: len(s.Keys(v.p.ID))}
	if pin := s.pinned(v.p.ID); pin != nil {
		data.Pinned = hex.EncodeToString(pin)[:8]
		request, err := s.DirectoryRequest(v.p.ID)
		if err != nil {
			return err
		}
		for _, k := range request.Keys {
			data.Waiting = append(data.Waiting, waitingRow{k.Office, officeName(v.p, k.Office), k.Name()})
		}
		data.Request = request.String()
	}
	return s.show(w, r, status, "directory", "Directory key", "/staff/offices/directory", t, data)
}

// directoryFile gives the request as a file to carry to the offline machine.
func (s *Service) directoryFile(w http.ResponseWriter, r *http.Request) error {
	v, err := s.visit(r.Context())
	if err != nil {
		return err
	}
	request, err := s.DirectoryRequest(v.p.ID)
	if err != nil {
		return err
	}
	if err := s.seen(r.Context(), v.Actor, "export:directory-request"); err != nil {
		return err
	}
	text := request.String()
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="directory-request.txt"`)
	h.Set("Content-Length", strconv.Itoa(len(text)))
	_, err = fmt.Fprint(w, text)
	return err
}

func (s *Service) postAnswer(ctx context.Context, v visit, r *http.Request) (string, error) {
	text := r.PostForm.Get("answer")
	if text == "" {
		return "", errNoText.At("answer")
	}
	answer, err := ParseAnswer(text)
	if err != nil {
		return "", errAnswerText.At("answer")
	}
	_, err = s.AcceptDirectory(ctx, v.Actor, answer)
	if f, ok := fault.As(err); ok && f.Kind == fault.Invalid {
		err = f.At("answer")
	}
	return "directory", err
}

// restsOn says what a key rests on.
func restsOn(k Key, people roll, waits bool) string {
	words := ""
	if waits {
		words = ". The directory key has not signed it yet"
	}
	switch {
	case k.SignedBy == firstKey:
		return "The office's first key" + words
	case strings.HasPrefix(k.SignedBy, underDirectory):
		return "The directory key alone: nobody could use the key before it" + words
	}
	return "Signed with the key before it, by " + people.name(k.Signer)
}
