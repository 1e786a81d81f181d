// SPDX-License-Identifier: Apache-2.0

package custody

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Bucket is the least growth of the published tree from one checkpoint to the
// next; growth is always a Bucket doubled zero or more times, so that the size
// of the log tells nobody whether a report was just sent. A report that is
// handled at once makes some thirty leaves.
const Bucket = 128

// Log publishes one program's tree under its origin and key.
type Log struct {
	Program  string
	Every    time.Duration // checkpoints appear at multiples of Every since the epoch
	signer   note.Signer
	verifier note.Verifier
	key      string
}

// NewLog returns the publisher of a program's tree. verifierKey is the note
// verifier key that belongs to signer; the origin is the signer's name.
func NewLog(program string, signer note.Signer, verifierKey string, every time.Duration) (*Log, error) {
	verifier, err := note.NewVerifier(verifierKey)
	if err != nil {
		return nil, fmt.Errorf("reading the log's verifier key: %w", err)
	}
	if verifier.Name() != signer.Name() || verifier.KeyHash() != signer.KeyHash() {
		return nil, errors.New("the log's signer and verifier key differ")
	}
	if every < time.Second {
		return nil, errors.New("checkpoints need a schedule of a second or more")
	}
	return &Log{Program: program, Every: every, signer: signer, verifier: verifier, key: verifierKey}, nil
}

// Origin is the log's name, first line of every checkpoint.
func (l *Log) Origin() string { return l.signer.Name() }

// VerifierKey is the key that outsiders check checkpoints and promises with.
func (l *Log) VerifierKey() string { return l.key }

// Verifier checks the log's signatures.
func (l *Log) Verifier() note.Verifier { return l.verifier }

// Checkpoint is a published tree head.
type Checkpoint struct {
	Size      int64
	Published time.Time
	Note      string // signed note, C2SP tlog-checkpoint
}

// Due is the first scheduled moment after t.
func (l *Log) Due(t time.Time) time.Time {
	return t.Truncate(l.Every).Add(l.Every)
}

// Publish pads the tree and signs its head, within the caller's transaction.
func (l *Log) Publish(w Writer, now time.Time) (Checkpoint, error) {
	// The head is locked first: of two that publish at once, the second pads on from
	// what the first published.
	head, err := l.readyAt(w, now)
	if err != nil {
		return Checkpoint{}, err
	}
	last, err := Latest(context.Background(), w, l.Program)
	if err != nil {
		return Checkpoint{}, err
	}
	target := padded(last.Size, head.size)
	covers := make([]Leaf, 0, target-head.size)
	for n := head.size; n < target; n++ {
		covers = append(covers, cover(l.Program, now))
	}
	head, err = appendLeaves(w, l.Program, covers)
	if err != nil {
		return Checkpoint{}, err
	}
	text := fmt.Sprintf("%s\n%d\n%s\n%s%s\n", l.Origin(), head.size, head.root(), timeLine, now.UTC().Format(timeLayout))
	signed, err := note.Sign(&note.Note{Text: text}, l.signer)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("signing a checkpoint: %w", err)
	}
	cp := Checkpoint{Size: head.size, Published: now, Note: string(signed)}
	_, err = w.Exec(`insert into custody_checkpoint (program, size, published, note) values ($1, $2, $3, $4)`,
		l.Program, cp.Size, now.UnixMicro(), cp.Note)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("storing a checkpoint: %w", err)
	}
	return cp, setClock(w, l.Program, now)
}

// readyAt is the head that a checkpoint of now is padded from: behind the entry, where
// one is needed, that the clock went back.
func (l *Log) readyAt(w Writer, now time.Time) (*frontier, error) {
	head, err := lockHead(w, l.Program)
	if err != nil {
		return nil, err
	}
	clock, err := readClock(w, l.Program)
	if err != nil || clock.IsZero() || !now.Before(clock.Add(-skew)) {
		return head, err
	}
	if err := setClock(w, l.Program, now); err != nil {
		return nil, err
	}
	return appendLeaves(w, l.Program, []Leaf{backFrom(l.Program, clock, now)})
}

// padded is the size to publish: past the last one by Bucket, doubled until
// what is there fits.
func padded(last, size int64) int64 {
	step := int64(Bucket)
	for last+step < size {
		step *= 2
	}
	return last + step
}

// Latest returns the newest published checkpoint, zero when there is none.
func Latest(ctx context.Context, r Reader, program string) (Checkpoint, error) {
	var cp Checkpoint
	var at int64
	err := r.QueryRow(ctx, `select size, published, note from custody_checkpoint where program = $1 order by size desc limit 1`, program).
		Scan(&cp.Size, &at, &cp.Note)
	if errors.Is(err, sql.ErrNoRows) {
		return Checkpoint{}, nil
	}
	if err != nil {
		return Checkpoint{}, fmt.Errorf("reading the last checkpoint: %w", err)
	}
	cp.Published = time.UnixMicro(at).UTC()
	return cp, nil
}

// Published returns the newest published checkpoints, newest first.
func Published(ctx context.Context, r Reader, program string, most int) ([]Checkpoint, error) {
	rows, err := r.Query(ctx, `select size, published, note from custody_checkpoint where program = $1 order by size desc limit $2`, program, int64(most))
	if err != nil {
		return nil, fmt.Errorf("reading checkpoints: %w", err)
	}
	defer rows.Close()
	var list []Checkpoint
	for rows.Next() {
		var cp Checkpoint
		var at int64
		if err := rows.Scan(&cp.Size, &at, &cp.Note); err != nil {
			return nil, fmt.Errorf("reading checkpoints: %w", err)
		}
		cp.Published = time.UnixMicro(at).UTC()
		list = append(list, cp)
	}
	return list, rows.Err()
}

// timeLine begins the checkpoint's extension line that says when it was signed.
const timeLine = "waylight-time "

// Head is what a checkpoint says: the tree, and when it was signed.
type Head struct {
	tlog.Tree
	At time.Time
}

// ParseCheckpoint checks a checkpoint's signature and origin and returns what
// it says.
func ParseCheckpoint(text string, verifier note.Verifier) (Head, error) {
	n, err := note.Open([]byte(text), note.VerifierList(verifier))
	if err != nil {
		return Head{}, fmt.Errorf("opening a checkpoint: %w", err)
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) < 5 || lines[0] != verifier.Name() {
		return Head{}, errors.New("opening a checkpoint: it is of another origin or form")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return Head{}, errors.New("opening a checkpoint: its size is not a number")
	}
	hash, err := tlog.ParseHash(lines[2])
	if err != nil {
		return Head{}, fmt.Errorf("opening a checkpoint: %w", err)
	}
	stamp, ok := strings.CutPrefix(lines[3], timeLine)
	at, err := time.Parse(timeLayout, stamp)
	if !ok || err != nil {
		return Head{}, errors.New("opening a checkpoint: it does not say when it was signed")
	}
	return Head{Tree: tlog.Tree{N: size, Hash: hash}, At: at}, nil
}

// ErrOtherKey says that a database belongs to another keyring.
var ErrOtherKey = errors.New("this keyring is not the one that this database was made with")

// Pin remembers at the first start which key signs the log and which keyring
// it came from, and refuses any other afterwards: with another keyring every
// receipt would be unknown and every sign-in wrong.
func (l *Log) Pin(w Writer, mark [32]byte) error {
	_, err := w.Exec(`insert into custody_key (program, verifier, mark) values ($1, $2, $3) on conflict (program) do nothing`, l.Program, l.key, mark[:])
	if err != nil {
		return fmt.Errorf("pinning the log's key: %w", err)
	}
	var verifier string
	var had []byte
	err = w.QueryRow(context.Background(), `select verifier, mark from custody_key where program = $1`, l.Program).Scan(&verifier, &had)
	if err != nil {
		return fmt.Errorf("reading the log's key: %w", err)
	}
	if verifier != l.key || !bytes.Equal(had, mark[:]) {
		return ErrOtherKey
	}
	return nil
}

const promiseHeader = "waylight-promise/1"

// Promise tells a sender what will stand in the public log, and by when.
type Promise struct {
	Origin     string
	Commitment [32]byte
	Salt       [32]byte
	By         time.Time // latest time of inclusion in a public checkpoint
	Note       string    // the signed form, for keeping
}

// Promise signs the promise for a leaf: the checkpoint after the next one, so
// that a leaf written while a checkpoint is being made is still in time.
func (l *Log) Promise(leaf Leaf) (Promise, error) {
	p := Promise{Origin: l.Origin(), Commitment: leaf.Commitment, Salt: leaf.Salt, By: l.Due(l.Due(leaf.At))}
	b64 := base64.StdEncoding.EncodeToString
	text := fmt.Sprintf("%s\n%s\n%s\n%s\n%s\n", promiseHeader, p.Origin, b64(p.Commitment[:]), b64(p.Salt[:]), p.By.UTC().Format(time.RFC3339))
	signed, err := note.Sign(&note.Note{Text: text}, l.signer)
	if err != nil {
		return Promise{}, fmt.Errorf("signing a promise: %w", err)
	}
	p.Note = string(signed)
	return p, nil
}

// ParsePromise checks a promise's signature and returns what it says.
func ParsePromise(text string, verifier note.Verifier) (Promise, error) {
	n, err := note.Open([]byte(text), note.VerifierList(verifier))
	if err != nil {
		return Promise{}, fmt.Errorf("opening a promise: %w", err)
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 6 || lines[0] != promiseHeader || lines[1] != verifier.Name() {
		return Promise{}, errors.New("opening a promise: it is of another form or origin")
	}
	commitment, err1 := base64.StdEncoding.DecodeString(lines[2])
	salt, err2 := base64.StdEncoding.DecodeString(lines[3])
	by, err3 := time.Parse(time.RFC3339, lines[4])
	if err := errors.Join(err1, err2, err3); err != nil || len(commitment) != 32 || len(salt) != 32 {
		return Promise{}, errors.New("opening a promise: its values are damaged")
	}
	return Promise{Origin: lines[1], Commitment: [32]byte(commitment), Salt: [32]byte(salt), By: by, Note: text}, nil
}
