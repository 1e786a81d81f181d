// SPDX-License-Identifier: Apache-2.0

package web

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
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
