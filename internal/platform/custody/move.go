// SPDX-License-Identifier: Apache-2.0

package custody

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// The two entries of a move: the last one at the old place, and the first one
// at the new. Nothing but padding may stand between them.
const (
	EventMoved   = "program.moved"
	EventArrived = "program.arrived"
)

// MovedError answers whoever would add to a log that ended because its program
// moved elsewhere.
type MovedError struct {
	Program string
	To      string // where it went, as the person who moved it wrote it
}

// Error implements error.
func (e *MovedError) Error() string { return fmt.Sprintf("%s moved to %s", e.Program, e.To) }

// End ends the program's log here: its last entry says where the program goes,
// a checkpoint signs that, and nothing can be appended afterwards. Ended
// already for the same place, it changes nothing.
func (l *Log) End(w Writer, to string, now time.Time) error {
	was, err := MovedTo(context.Background(), w, l.Program)
	if err != nil {
		return err
	}
	if was == to {
		return nil
	}
	leaf := Commit(Entry{Program: l.Program, Event: EventMoved, Record: "place:" + to, Actor: "system"}, now, nil)
	if err := Append(w, l.Program, []Leaf{leaf}); err != nil {
		return err
	}
	if _, err := l.Publish(w, now); err != nil {
		return err
	}
	if _, err := w.Exec(`update custody_tree set moved_to = $2 where program = $1`, l.Program, to); err != nil {
		return fmt.Errorf("ending a log: %w", err)
	}
	return nil
}

// MovedTo says where a program went, "" for one that is here.
func MovedTo(ctx context.Context, r Reader, program string) (string, error) {
	var to sql.NullString
	err := r.QueryRow(ctx, `select moved_to from custody_tree where program = $1`, program).Scan(&to)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("reading where a program went: %w", err)
	}
	return to.String, nil
}

// Moved lists the programs that went elsewhere, and where to.
func Moved(ctx context.Context, r Reader) (map[string]string, error) {
	rows, err := r.Query(ctx, `select program, moved_to from custody_tree where moved_to is not null`)
	if err != nil {
		return nil, fmt.Errorf("reading which programs moved: %w", err)
	}
	defer rows.Close()
	moved := map[string]string{}
	for rows.Next() {
		var program, to string
		if err := rows.Scan(&program, &to); err != nil {
			return nil, fmt.Errorf("reading which programs moved: %w", err)
		}
		moved[program] = to
	}
	return moved, rows.Err()
}

// Pinned is the key and the keyring that a program's log belongs to.
type Pinned struct {
	Verifier string
	Mark     []byte
}

// PinnedOf says which key and keyring a program's log belongs to; the zero
// value when none was pinned yet.
func PinnedOf(ctx context.Context, r Reader, program string) (Pinned, error) {
	var p Pinned
	err := r.QueryRow(ctx, `select verifier, mark from custody_key where program = $1`, program).Scan(&p.Verifier, &p.Mark)
	if errors.Is(err, sql.ErrNoRows) {
		return Pinned{}, nil
	}
	if err != nil {
		return Pinned{}, fmt.Errorf("reading the log's key: %w", err)
	}
	return p, nil
}

// Size is how many leaves a program's log has, padding included.
func Size(ctx context.Context, r Reader, program string) (int64, error) {
	f, err := readHead(ctx, r, program)
	if err != nil {
		return 0, err
	}
	return f.size, nil
}

// Sign signs a text under the log's key and name.
func (l *Log) Sign(text string) (string, error) {
	signed, err := note.Sign(&note.Note{Text: text}, l.signer)
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	return string(signed), nil
}
