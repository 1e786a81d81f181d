// SPDX-License-Identifier: Apache-2.0

package web

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"waylight/internal/platform/fault"
)

var zippers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// writeHTML sends a page. Compression tells, by its length, whether a page
// repeats a secret that it holds (BREACH): so only pages that anybody may read,
// asked for by GET and not marked as secret, are compressed. Staff pages and
// answers to posted forms never are. The random key in a form's hidden field is
// no such secret: it is new in every response.
func writeHTML(w http.ResponseWriter, r *http.Request, status int, body []byte, compress bool) error {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	if compress {
		h.Add("Vary", "Accept-Encoding")
		if acceptsGzip(r) {
			var zipped bytes.Buffer
			zw := zippers.Get().(*gzip.Writer)
			defer zippers.Put(zw)
			zw.Reset(&zipped)
			_, err := zw.Write(body)
			if err == nil {
				err = zw.Close()
			}
			if err != nil {
				return fmt.Errorf("compressing a page: %w", err)
			}
			h.Set("Content-Encoding", "gzip")
			body = zipped.Bytes()
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return nil
	}
	_, err := w.Write(body)
	return err
}

// JSON answers with a value as JSON.
func JSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	body = append(body, '\n')
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, err = w.Write(body)
	return err
}

// AnswerJSON makes a handler for scripts: its faults are answered as JSON, in
// the same words and with the same status as everywhere.
func AnswerJSON(h Handler) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		err := h(w, r)
		f, ok := fault.As(err)
		if err == nil || !ok || f.Kind == fault.Internal {
			return err // the site logs it and answers
		}
		return JSON(w, statusOf(f), map[string]jsonFault{"error": {Code: f.Code, Message: f.Message, Field: f.Field}})
	}
}

// DecodeJSON reads a request's body into v, strictly. Its faults never repeat
// what was sent.
func DecodeJSON(r *http.Request, v any) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return errBody
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err = d.Decode(v)
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return errTooLarge
	}
	if err != nil {
		return errBody
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errBody
	}
	return nil
}

func acceptsGzip(r *http.Request) bool {
	for _, part := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		coding, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if coding != "gzip" && coding != "*" {
			continue
		}
		weight = strings.TrimSpace(weight)
		return !strings.HasPrefix(weight, "q=0") || strings.Trim(weight, "q=0.") != ""
	}
	return false
}
