// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"waylight/internal/platform/store"
)

// Witness signs the checkpoints of logs that it was told of.
type Witness struct {
	db     *store.DB
	signer Signer
	logs   map[string]note.Verifier // by origin
	now    func() time.Time
	log    *slog.Logger
}

// New returns a witness that vouches for the logs with these keys. log may be nil.
func New(db *store.DB, signer Signer, logs []note.Verifier, now func() time.Time, log *slog.Logger) (*Witness, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	w := &Witness{db: db, signer: signer, logs: map[string]note.Verifier{}, now: now, log: log}
	for _, v := range logs {
		if w.logs[v.Name()] != nil {
			return nil, fmt.Errorf("two keys are given for the log %s", v.Name())
		}
		w.logs[v.Name()] = v
	}
	return w, nil
}

// refusal is an answer of the protocol that is no signature.
type refusal struct {
	status int
	size   int64 // with 409: what was signed last
}

// Error implements error.
func (r refusal) Error() string {
	return fmt.Sprintf("the witness refused the checkpoint (%d)", r.status)
}

// Sign answers a request: with a signature line, once what it signs is on the
// disk, or with a refusal.
func (w *Witness) Sign(ctx context.Context, text string) (string, error) {
	r, err := ParseRequest(text)
	if err != nil {
		return "", refusal{status: http.StatusBadRequest}
	}
	body, t, err := w.signed(r.Checkpoint)
	if err != nil {
		return "", err
	}
	if r.Old > t.N {
		return "", refusal{status: http.StatusBadRequest}
	}
	origin, _, _ := tree(body)
	// The look at what was signed last and the record of what is signed now are one
	// transaction: of two that come at once, the second meets the first's tree.
	err = w.db.Write(ctx, func(tx *store.Tx) error {
		last, err := seen(ctx, tx, origin)
		if err != nil {
			return err
		}
		if err := continues(last, t, r); err != nil {
			return err
		}
		return see(tx, origin, t, r.Checkpoint)
	})
	if err != nil {
		return "", err
	}
	return w.signer.line(body, w.now()), nil
}

// signed checks who signed a checkpoint, and returns its body and what it says.
func (w *Witness) signed(checkpoint string) (body string, t tlog.Tree, err error) {
	n, err := note.Open([]byte(checkpoint), note.VerifierList())
	var unverified *note.UnverifiedNoteError
	if !errors.As(err, &unverified) { // nobody is known yet, so a note of the right form is an unverified one
		return "", t, refusal{status: http.StatusBadRequest}
	}
	origin, _, err := tree(unverified.Note.Text)
	if err != nil {
		return "", t, refusal{status: http.StatusBadRequest}
	}
	verifier := w.logs[origin]
	if verifier == nil {
		return "", t, refusal{status: http.StatusNotFound}
	}
	n, err = note.Open([]byte(checkpoint), note.VerifierList(verifier))
	if err != nil {
		return "", t, refusal{status: http.StatusForbidden}
	}
	_, t, err = tree(n.Text)
	return n.Text, t, err
}

// continues says whether a tree continues the last one that was signed.
func continues(last, t tlog.Tree, r Request) error {
	if r.Old != last.N {
		return refusal{http.StatusConflict, last.N}
	}
	if last.N == 0 {
		empty, _ := tlog.TreeHash(0, nil)
		if len(r.Proof) > 0 || t.N == 0 && t.Hash != empty {
			return refusal{status: http.StatusUnprocessableEntity}
		}
		return nil
	}
	if t.N == last.N {
		if t.Hash != last.Hash {
			return refusal{http.StatusConflict, last.N}
		}
		if len(r.Proof) > 0 {
			return refusal{status: http.StatusUnprocessableEntity}
		}
		return nil
	}
	if err := tlog.CheckTree(r.Proof, t.N, t.Hash, last.N, last.Hash); err != nil {
		return refusal{status: http.StatusUnprocessableEntity}
	}
	return nil
}

// Serve answers on l until ctx ends. Nothing is kept or logged of who asks.
func (w *Witness) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler: w.Handler(), ReadTimeout: time.Minute, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	err := server.Serve(l)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serving: %w", err)
}

// largest is how long a request may be.
const largest = 64 << 10

// Handler serves the witness: add-checkpoint, and its key.
func (w *Witness) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /add-checkpoint", w.add)
	mux.HandleFunc("GET /key", func(out http.ResponseWriter, _ *http.Request) {
		out.Header().Set("Content-Type", "text/plain; charset=utf-8")
		io.WriteString(out, w.signer.Key.String()+"\n")
	})
	return mux
}

func (w *Witness) add(out http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(http.MaxBytesReader(out, r.Body, largest))
	if err != nil {
		http.Error(out, "the request is too long or broke off", http.StatusBadRequest)
		return
	}
	line, err := w.Sign(r.Context(), string(text))
	var no refusal
	switch {
	case err == nil:
		out.Header().Set("Content-Type", "text/plain; charset=utf-8")
		io.WriteString(out, line)
	case errors.As(err, &no) && no.status == http.StatusConflict:
		w.log.Warn("a checkpoint was refused", "status", no.status)
		out.Header().Set("Content-Type", "text/x.tlog.size")
		out.WriteHeader(no.status)
		fmt.Fprintf(out, "%d\n", no.size)
	case errors.As(err, &no):
		w.log.Warn("a checkpoint was refused", "status", no.status)
		http.Error(out, http.StatusText(no.status), no.status)
	default:
		w.log.Error("a checkpoint could not be recorded", "error", err.Error())
		http.Error(out, "the checkpoint could not be recorded and was not signed", http.StatusInternalServerError)
	}
}
