// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"waylight/internal/platform/form"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/protection/file"
	"waylight/internal/protection/report"
)

// Files is what `waylight bench files` measured: one file through the running
// program, over real HTTP, while its sender is part of the same process.
type Files struct {
	Bytes     int64   `json:"bytes"`
	Sealed    string  `json:"sealed_by"` // browser or server
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"mb_per_second"`
	Before    float64 `json:"resident_before_mb"` // memory of the process when it served
	Peak      float64 `json:"resident_peak_mb"`   // the most it ever had; 0 where the system does not tell
	Whole     bool    `json:"whole"`              // the file is there, and its parts are those that its hash names
}

// BenchFiles measures what a file of so many bytes takes, in a fresh folder.
func BenchFiles(ctx context.Context, folder string, size int64, byBrowser bool) (Files, error) {
	result := Files{Bytes: size, Sealed: file.ByServer}
	if byBrowser {
		result.Sealed = file.ByBrowser
	}
	a, err := New(ctx, Config{Data: filepath.Join(folder, "app"), Demo: true, Every: time.Minute})
	if err != nil {
		return result, err
	}
	defer a.Close()
	for _, office := range append([]string{"help-desk"}, benchOffices...) {
		if err := a.KeyOffice(ctx, benchProgram, office); err != nil {
			return result, err
		}
	}
	accepted, err := a.Reports.Accept(ctx, report.Submission{Program: benchProgram, Language: "en", Via: report.ViaWeb,
		Key:     []byte(store.NewID().String() + store.NewID().String()),
		Answers: form.Answers{"mode": {"tip"}, "age": {"under18"}, "happened": {"MS-28049"}, "danger": {"no"}, "story": {benchStory}}})
	if err != nil {
		return result, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return result, err
	}
	serving, stop := context.WithCancel(ctx)
	defer stop()
	stopped := make(chan error, 1)
	go func() { stopped <- a.Serve(serving, l, nil) }()
	s := fileSender{app: a, address: l.Addr().String(), receipt: accepted.Receipt, report: accepted.Report, size: size}
	result.Before, _ = resident()
	began := time.Now()
	if byBrowser {
		err = s.sealed(ctx)
	} else {
		err = s.clear()
	}
	result.Seconds = time.Since(began).Seconds()
	result.PerSecond = math.Round(10*float64(size)/1e6/result.Seconds) / 10
	_, result.Peak = resident()
	stop()
	if stopErr := <-stopped; err == nil {
		err = stopErr
	}
	if err != nil {
		return result, err
	}
	result.Whole, err = s.arrived(ctx)
	return result, err
}

// fileSender is the sender of the measured file.
type fileSender struct {
	app     *App
	address string
	receipt seal.Receipt
	report  store.ID
	size    int64
	lookup  [32]byte
	file    store.ID
	line    *call
	parts   int
	buffer  []byte
}

// arrived says whether the file is there, whole and as it was received.
func (s *fileSender) arrived(ctx context.Context) (bool, error) {
	to, err := s.app.Reports.Find(ctx, benchProgram, s.receipt.Lookup())
	if err != nil {
		return false, err
	}
	sizes, err := s.app.Files.Arrived(ctx, to)
	if err != nil {
		return false, err
	}
	damaged, err := file.Damaged(ctx, s.app.DB, benchProgram)
	return len(sizes) == 1 && sizes[0].State == file.Whole && sizes[0].Size >= s.size && len(damaged) == 0, err
}

// connect opens the one connection that everything is sent on.
func (s *fileSender) connect() error {
	c, err := newLine(s.address, 1, nil).connect()
	s.line = c
	return err
}

// ask sends a request whose body is written by write, and wants the answer 200.
func (s *fileSender) ask(method, path, kind string, length int64, write func(w io.Writer) error) error {
	out := bufio.NewWriterSize(s.line.conn, 64<<10)
	fmt.Fprintf(out, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", method, path, s.address, kind, length)
	if err := write(out); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	answer, err := http.ReadResponse(s.line.in, nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s answered %d: %.300s", method, path, answer.StatusCode, text)
	}
	return err
}

func (s *fileSender) askJSON(path string, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return s.ask(http.MethodPost, path, "application/json", int64(len(body)), func(w io.Writer) error {
		_, err := w.Write(body)
		return err
	})
}

// clear sends the file as a page without a script does.
func (s *fileSender) clear() error {
	if err := s.connect(); err != nil {
		return err
	}
	defer s.line.conn.Close()
	const boundary = "waylight-bench-boundary"
	head := "--" + boundary + "\r\nContent-Disposition: form-data; name=\"receipt\"\r\n\r\n" + s.receipt.Words("en") + "\r\n--" + boundary +
		"\r\nContent-Disposition: form-data; name=\"files\"; filename=\"bench.bin\"\r\nContent-Type: application/octet-stream\r\n\r\n"
	tail := "\r\n--" + boundary + "--\r\n"
	return s.ask(http.MethodPost, "/receipt/files", "multipart/form-data; boundary="+boundary, int64(len(head))+s.size+int64(len(tail)), func(w io.Writer) error {
		_, err := io.Copy(w, io.MultiReader(strings.NewReader(head), io.LimitReader(noise{}, s.size), strings.NewReader(tail)))
		return err
	})
}

// sealed sends the file as a browser does: sealed here, part by part.
func (s *fileSender) sealed(ctx context.Context) error {
	if err := s.connect(); err != nil {
		return err
	}
	defer s.line.conn.Close()
	s.lookup, s.file = s.receipt.Lookup(), store.NewID()
	rec := seal.Record{Program: benchProgram, ID: s.file}
	sealer, key, err := seal.NewFileSealer(s, rec, seal.FileInfo{Name: "bench.bin", Size: &s.size})
	if err != nil {
		return err
	}
	if err := s.begin(ctx, key, rec, sealer.Head()); err != nil {
		return err
	}
	if _, err := io.Copy(sealer, io.LimitReader(noise{}, s.size)); err != nil {
		return err
	}
	if err := sealer.Close(); err != nil {
		return err
	}
	if err := s.put(); err != nil {
		return err
	}
	return s.askJSON("/receipt/files/end", map[string]any{"program": benchProgram, "lookup": s.lookup[:], "file": s.file.String(), "parts": s.parts, "whole": true})
}

func (s *fileSender) begin(ctx context.Context, key *seal.ContentKey, rec seal.Record, head seal.FileHead) error {
	readers, err := s.app.Files.Readers(ctx, benchProgram, s.report)
	if err != nil {
		return err
	}
	var wraps []map[string]any
	for _, r := range readers {
		wrap, err := key.Wrap(r.Key.Public, rec, head.Hash, r.Office)
		if err != nil {
			return err
		}
		wraps = append(wraps, map[string]any{"holder": r.Office, "key_id": hex.EncodeToString(r.Key.ID[:]), "wrap": wrap})
	}
	seed := s.receipt.Seed()
	own, err := seal.PrivateFromSeed(seed[:])
	if err != nil {
		return err
	}
	resume, err := key.Wrap(own.Public(), rec, head.Hash, "receipt")
	if err != nil {
		return err
	}
	return s.askJSON("/receipt/files/begin", map[string]any{"program": benchProgram, "lookup": s.lookup[:], "file": s.file.String(), "copy_of": "",
		"token": head.Token[:], "size": seal.SealedFileSize(s.size), "resume": resume, "wraps": wraps})
}

// Write takes what the sealer makes and sends each part as it fills up.
func (s *fileSender) Write(sealed []byte) (int, error) {
	n := len(sealed)
	full := seal.FilePartSize
	if s.parts == 0 {
		full += seal.FileHeaderSize
	}
	s.buffer = append(s.buffer, sealed...)
	if len(s.buffer) < full {
		return n, nil
	}
	return n, s.put()
}

// put sends the part that is full, or the last one.
func (s *fileSender) put() error {
	if len(s.buffer) == 0 {
		return nil
	}
	path := "/receipt/files/" + benchProgram + "/" + s.file.String() + "/" + strconv.Itoa(s.parts)
	err := s.ask(http.MethodPut, path, "application/octet-stream", int64(64+len(s.buffer)), func(w io.Writer) error {
		var head [64]byte // the lookup, and a mark that nobody will ask for
		copy(head[:], s.lookup[:])
		_, err := w.Write(head[:])
		if err == nil {
			_, err = w.Write(s.buffer)
		}
		return err
	})
	s.buffer = s.buffer[:0]
	s.parts++
	return err
}

// noise is content that costs nothing to make.
type noise struct{}

func (noise) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(i * 31)
	}
	return len(p), nil
}

// resident is how much memory the process has and the most it ever had, in MB.
func resident() (now, peak float64) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, 0
	}
	field := func(name string) float64 {
		_, rest, _ := bytes.Cut(status, []byte(name+":"))
		line, _, _ := bytes.Cut(rest, []byte("\n"))
		var kb float64
		if _, err := fmt.Sscan(string(line), &kb); err != nil {
			return 0
		}
		return math.Round(kb/102.4) / 10
	}
	return field("VmRSS"), field("VmHWM")
}
