// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"errors"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"waylight/internal/platform/web"
)

// uploadTime is how long a file may take to arrive.
const uploadTime = 10 * time.Minute

// ErrNoFile says that what was sent holds no file.
var ErrNoFile = errors.New("no file arrived")

// Receive gives the file of a posted form with its bare name, to be read as it
// arrives. It gives ErrNoFile when there is none.
func Receive(w http.ResponseWriter, r *http.Request) (name string, file io.Reader, err error) {
	slow := http.NewResponseController(w) // a large file takes longer than a page may
	_ = errors.Join(slow.SetReadDeadline(time.Now().Add(uploadTime)), slow.SetWriteDeadline(time.Now().Add(uploadTime+time.Minute)))
	parts, err := r.MultipartReader()
	if err != nil {
		return "", nil, ErrNoFile
	}
	for {
		part, err := parts.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return "", nil, ErrNoFile
		case err != nil:
			return "", nil, err
		case part.FormName() == "file" && part.FileName() != "":
			return path.Base(strings.ReplaceAll(part.FileName(), `\`, "/")), part, nil
		}
	}
}

// CSV sends everything that is wrong with a file.
func (p Problems) CSV(w http.ResponseWriter, r *http.Request) error {
	return web.CSV(w, "problems.csv", []string{"line", "column", "what is wrong"}, func(yield func([]string) error) error {
		for part := int64(0); ; part++ {
			list, err := p(r.Context(), part)
			if err != nil || len(list) == 0 {
				return err
			}
			for _, x := range list {
				if err := yield([]string{strconv.Itoa(x.Line), x.Column, x.Reason}); err != nil {
					return err
				}
			}
		}
	})
}
