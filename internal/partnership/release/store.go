// SPDX-License-Identifier: Apache-2.0

package release

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/store"
)

const columns = `program, id, number, state, headline, first_day, last_day, specs, indicators, restates, why, made_by, made_at, findings, checked_by, checked_at,
	computed, document, document_hash, definitions_hash, tree_size, tree_root, approved_by, approved_at, published_by, published_at, weighed`

func scan(row store.Scanner) (Release, error) {
	var r Release
	var headline, specs, why, findings string
	var made int64
	var restates, hash []byte
	var computed, document, checkedBy, definitions, root, approvedBy, publishedBy sql.NullString
	var checkedAt, size, approvedAt, publishedAt, weighed sql.NullInt64
	err := row.Scan(&r.Program, &r.ID, &r.Number, &r.State, &headline, &r.From, &r.Through, &specs, &r.Set, &restates, &why, &r.MadeBy, &made, &findings,
		&checkedBy, &checkedAt, &computed, &document, &hash, &definitions, &size, &root, &approvedBy, &approvedAt, &publishedBy, &publishedAt, &weighed)
	if err != nil {
		return r, err
	}
	copy(r.Restates[:], restates)
	r.Made, r.CheckedBy, r.Checked = store.Time(made), checkedBy.String, moment(checkedAt)
	r.Document, r.DocumentHash, r.DefinitionHash = document.String, hex.EncodeToString(hash), definitions.String
	r.TreeSize, r.TreeRoot, r.Weighed = size.Int64, root.String, weighed.Int64
	r.ApprovedBy, r.ApprovedAt, r.PublishedBy, r.PublishedAt = approvedBy.String, moment(approvedAt), publishedBy.String, moment(publishedAt)
	for _, part := range []struct {
		text string
		into any
	}{{headline, &r.Headline}, {specs, &r.Specs}, {why, &r.Why}, {findings, &r.Findings}, {computed.String, &r.Computed}} {
		if part.text == "" {
			continue
		}
		if err := json.Unmarshal([]byte(part.text), part.into); err != nil {
			return r, fmt.Errorf("reading a stored release: %w", err)
		}
	}
	return r, nil
}

func moment(v sql.NullInt64) time.Time {
	if !v.Valid {
		return time.Time{}
	}
	return store.Time(v.Int64)
}

// text is a value as the room keeps it.
func text(v any) (string, error) {
	data, err := json.Marshal(v)
	return string(data), fault.Wrap(err, "writing a release")
}

func (r Release) texts() (headline, specs, why, findings string, err error) {
	if headline, err = text(r.Headline); err != nil {
		return
	}
	if specs, err = text(r.Specs); err != nil {
		return
	}
	if why, err = text(r.Why); err != nil {
		return
	}
	findings, err = text(r.Findings)
	return
}

// insert adds a draft under the next number.
func insert(tx *store.Tx, r Release) (Release, error) {
	headline, specs, why, findings, err := r.texts()
	if err != nil {
		return r, err
	}
	var last sql.NullInt64
	err = tx.QueryRow(context.Background(), `select max(number) from release where program = $1`, r.Program).Scan(&last)
	if err != nil {
		return r, fault.Wrap(err, "numbering a release")
	}
	r.Number = last.Int64 + 1
	row := store.Row{"program": r.Program, "id": r.ID, "number": r.Number, "state": string(r.State), "headline": headline, "first_day": r.From, "last_day": r.Through,
		"specs": specs, "indicators": r.Set, "restates": nil, "why": why, "made_by": r.MadeBy, "made_at": r.Made, "findings": findings}
	for _, later := range []string{"checked_by", "checked_at", "computed", "document", "document_hash", "definitions_hash", "tree_size", "tree_root",
		"approved_by", "approved_at", "published_by", "published_at", "weighed", "place"} {
		row[later] = nil
	}
	if r.Restates != (store.ID{}) {
		row["restates"] = r.Restates
	}
	return r, fault.Wrap(tx.Insert("release", row), "storing a release")
}

// saveDraft stores what a draft holds, and takes back what was checked before. It
// says whether the release still stood in the state that it was read in.
func saveDraft(tx *store.Tx, r Release) (bool, error) {
	headline, specs, why, _, err := r.texts()
	if err != nil {
		return false, err
	}
	n, err := tx.Exec(`update release set state = 'draft', headline = $1, first_day = $2, last_day = $3, specs = $4, indicators = $5, why = $6, findings = '[]',
		checked_by = null, checked_at = null, computed = null, document = null, document_hash = null, definitions_hash = null, tree_size = null, tree_root = null, weighed = null
		where program = $7 and id = $8 and state in ('draft', 'checked')`, headline, r.From, r.Through, specs, r.Set, why, r.Program, r.ID)
	return n == 1, fault.Wrap(err, "storing a draft")
}

// saveChecked stores what checking found, if the draft is still what was checked.
func saveChecked(tx *store.Tx, r Release, hash []byte) (bool, error) {
	headline, specs, why, findings, err := r.texts()
	if err != nil {
		return false, err
	}
	computed, err := text(r.Computed)
	if err != nil {
		return false, err
	}
	n, err := tx.Exec(`update release set state = $1, findings = $2, checked_by = $3, checked_at = $4, computed = $5, document = $6, document_hash = $7,
		definitions_hash = $8, tree_size = $9, tree_root = $10, weighed = $16
		where program = $11 and id = $12 and state in ('draft', 'checked') and headline = $13 and specs = $14 and why = $15`,
		string(r.State), findings, r.CheckedBy, store.Micros(r.Checked), computed, r.Document, hash, r.DefinitionHash, r.TreeSize, r.TreeRoot,
		r.Program, r.ID, headline, specs, why, r.Weighed)
	return n == 1, fault.Wrap(err, "storing what was checked")
}

// move changes the state alone; by and at are columns, "" for none.
func move(tx *store.Tx, programID string, id store.ID, from, to State, by, actor string) (bool, error) {
	var n int64
	var err error
	switch by {
	case "approved":
		n, err = tx.Exec(`update release set state = $1, approved_by = $2, approved_at = $3 where program = $4 and id = $5 and state = $6`,
			string(to), actor, store.Micros(tx.Now()), programID, id, string(from))
	case "published":
		n, err = tx.Exec(`update release set state = $1, published_by = $2, published_at = $3, place = weighed + 1 where program = $4 and id = $5 and state = $6`,
			string(to), actor, store.Micros(tx.Now()), programID, id, string(from))
	default:
		n, err = tx.Exec(`update release set state = $1 where program = $2 and id = $3 and state = $4`, string(to), programID, id, string(from))
	}
	return n == 1, fault.Wrap(err, "moving a release on")
}

// published counts what was published.
func published(ctx context.Context, q store.Reader, programID string) (int64, error) {
	var n int64
	err := q.QueryRow(ctx, `select count(*) from release where program = $1 and state = 'published'`, programID).Scan(&n)
	return n, fault.Wrap(err, "counting what was published")
}

// takeBack makes a draft of an approved release again.
func takeBack(tx *store.Tx, programID string, id store.ID) (bool, error) {
	n, err := tx.Exec(`update release set state = 'draft', findings = '[]', checked_by = null, checked_at = null, computed = null, document = null, document_hash = null,
		definitions_hash = null, tree_size = null, tree_root = null, weighed = null, approved_by = null, approved_at = null
		where program = $1 and id = $2 and state = 'approved'`, programID, id)
	return n == 1, fault.Wrap(err, "taking a release back")
}

func byID(ctx context.Context, q store.Reader, programID string, id store.ID) (Release, error) {
	r, err := scan(q.QueryRow(ctx, `select `+columns+` from release where program = $1 and id = $2`, programID, id))
	if errors.Is(err, sql.ErrNoRows) {
		return r, ErrNone
	}
	return r, fault.Wrap(err, "reading a release")
}

func byNumber(ctx context.Context, q store.Reader, programID string, number int64) (Release, error) {
	r, err := scan(q.QueryRow(ctx, `select `+columns+` from release where program = $1 and number = $2 and state = 'published'`, programID, number))
	if errors.Is(err, sql.ErrNoRows) {
		return r, ErrNone
	}
	return r, fault.Wrap(err, "reading a release")
}

// list reads releases below a number, the latest first; published alone, or all.
func list(ctx context.Context, q store.Reader, programID string, published bool, below int64, limit int) ([]Release, error) {
	only := ""
	if published {
		only = " and state = 'published'"
	}
	rows, err := q.Query(ctx, `select `+columns+` from release where program = $1 and number < $2`+only+` order by number desc limit $3`, programID, below, int64(limit))
	if err != nil {
		return nil, fault.Wrap(err, "listing releases")
	}
	defer rows.Close()
	var out []Release
	for rows.Next() {
		r, err := scan(rows)
		if err != nil {
			return nil, fault.Wrap(err, "listing releases")
		}
		out = append(out, r)
	}
	return out, fault.Wrap(rows.Err(), "listing releases")
}

// documents reads the text of everything published.
func documents(ctx context.Context, q store.Reader, programID string) ([]figure.Document, error) {
	rows, err := q.Query(ctx, `select document from release where program = $1 and state = 'published' order by number`, programID)
	if err != nil {
		return nil, fault.Wrap(err, "reading what was published")
	}
	defer rows.Close()
	var out []figure.Document
	for rows.Next() {
		var data string
		if err := rows.Scan(&data); err != nil {
			return nil, fault.Wrap(err, "reading what was published")
		}
		d, err := figure.ParseDocument([]byte(data))
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, fault.Wrap(rows.Err(), "reading what was published")
}

// restatedBy is the published release that takes the place of one, 0 for none.
func restatedBy(ctx context.Context, q store.Reader, programID string, id store.ID) (int64, error) {
	var number sql.NullInt64
	err := q.QueryRow(ctx, `select max(number) from release where program = $1 and restates = $2 and state = 'published'`, programID, id).Scan(&number)
	return number.Int64, fault.Wrap(err, "looking for a restatement")
}

// restating is a release that would restate one, or does, and is not discarded.
func restating(ctx context.Context, q store.Reader, programID string, id store.ID) (bool, error) {
	var n int64
	err := q.QueryRow(ctx, `select count(*) from release where program = $1 and restates = $2 and state <> 'discarded'`, programID, id).Scan(&n)
	return n > 0, fault.Wrap(err, "looking for a restatement")
}

// watch is what is known of a published release besides its text.
type watch struct {
	commitment [32]byte
	compared   time.Time
	changes    []figure.Change
}

func insertWatch(tx *store.Tx, programID string, id store.ID, commitment [32]byte) error {
	return fault.Wrap(tx.Insert("release_watch", store.Row{"program": programID, "release": id, "commitment": commitment, "compared_at": nil, "changes": "[]"}), "watching a release")
}

func saveWatch(tx *store.Tx, programID string, id store.ID, changes []figure.Change) error {
	data, err := text(changes)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`update release_watch set compared_at = $1, changes = $2 where program = $3 and release = $4`, store.Micros(tx.Now()), data, programID, id)
	return fault.Wrap(err, "storing a comparison")
}

func readWatch(ctx context.Context, q store.Reader, programID string, id store.ID) (w watch, err error) {
	var commitment []byte
	var compared sql.NullInt64
	var changes string
	err = q.QueryRow(ctx, `select commitment, compared_at, changes from release_watch where program = $1 and release = $2`, programID, id).Scan(&commitment, &compared, &changes)
	if errors.Is(err, sql.ErrNoRows) {
		return w, nil
	}
	if err != nil {
		return w, fault.Wrap(err, "reading a comparison")
	}
	copy(w.commitment[:], commitment)
	w.compared = moment(compared)
	return w, fault.Wrap(json.Unmarshal([]byte(changes), &w.changes), "reading a comparison")
}
