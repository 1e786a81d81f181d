// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/seal"
	"waylight/internal/protection/file"
	"waylight/internal/protection/report"
)

// desk is the office that canaries go to: the first of the program's that has a
// key. Until one has, nothing can be sent here at all, and nothing is tested.
func (s *Service) desk(programID string) string {
	p, ok := s.Programs.Program(programID)
	if !ok {
		return ""
	}
	keyed := s.Agencies.Keyed(programID)
	for _, desk := range p.Desks {
		if keyed(desk) {
			return desk
		}
	}
	return ""
}

// arrived holds what was sent against what stands at the last step that is ours,
// and learns from the receipt what the log was promised to hold.
func (c sender) arrived(ctx context.Context, w sent, receipt seal.Receipt) (sent, error) {
	body, err := c.json(ctx, "looking the receipt up", "/api/v1/receipt", map[string]any{"receipt": receipt.Words("en")})
	if err != nil {
		return w, err
	}
	var status struct {
		Proof struct {
			Commitment string
			By         time.Time
		}
	}
	if json.Unmarshal(body, &status) != nil {
		return w, fmt.Errorf("the receipt is answered with something else")
	}
	commitment, err := base64.StdEncoding.DecodeString(status.Proof.Commitment)
	if err != nil || len(commitment) != len(w.commitment) {
		return w, fmt.Errorf("the receipt names no entry in the log")
	}
	copy(w.commitment[:], commitment)
	w.promised = status.Proof.By
	to, err := c.Reports.Find(ctx, c.p.ID, w.lookup)
	if err != nil {
		return w, fmt.Errorf("the report is not there: %w", err)
	}
	w.report = to.Report
	for _, check := range []func(context.Context, sent) error{c.atTheDesk, c.leaf} {
		if err := check(ctx, w); err != nil {
			return w, err
		}
	}
	files, err := c.Files.Arrived(ctx, to)
	if err == nil && (len(files) != 1 || files[0].State != file.Whole) {
		err = fmt.Errorf("the file is not there as a whole")
	}
	return w, err
}

// atTheDesk looks whether the report is sealed to the desk, and its referral is there.
func (c sender) atTheDesk(ctx context.Context, w sent) error {
	desk := c.desk(c.p.ID)
	kept, err := c.Reports.Body(ctx, c.p.ID, w.report, desk)
	switch {
	case err != nil:
		return fmt.Errorf("the report is not there: %w", err)
	case kept.Via != report.ViaCanary:
		return fmt.Errorf("the test was taken for a report of the public, and its desk was told")
	case len(kept.Wrap) == 0 || kept.KeyID != c.Agencies.Keys(c.p.ID)[desk].ID:
		return fmt.Errorf("the report is not sealed to the desk's key")
	}
	n, err := c.Referrals.Canaries(ctx, c.p.ID, w.report, desk)
	if err == nil && n != 1 {
		err = fmt.Errorf("the desk has %d referrals of the report, not one", n)
	}
	return err
}

// leaf looks whether the log's entry is that of the report, and binds its rows.
func (s *Service) leaf(ctx context.Context, w sent) error {
	leaf, err := custody.Find(ctx, s.DB, w.program, w.commitment)
	if err != nil {
		return fmt.Errorf("the entry that was promised is not in the log: %w", err)
	}
	rows, err := custody.DecodeRows(leaf.Rows)
	if err != nil {
		return err
	}
	for _, table := range []string{"report", "referral"} {
		if !slices.ContainsFunc(rows, func(r custody.Row) bool { return r.Table == table }) {
			return fmt.Errorf("the log's entry does not bind the rows of %s", table)
		}
	}
	if !strings.Contains(string(leaf.Opening), "record report:"+w.report.String()+"\n") {
		return fmt.Errorf("the log's entry is not that of the report")
	}
	return nil
}

// errNotPublic says that the promise to the sender was not kept.
var errNotPublic = errors.New("the public log does not hold by now what it was promised to hold")

// keptPromise holds the promise against the public log, as it is served.
func (c sender) keptPromise(ctx context.Context, w sent) error {
	if err := c.leaf(ctx, w); err != nil {
		return err
	}
	proof, err := custody.Prove(ctx, c.DB, c.p.ID, w.commitment)
	if errors.Is(err, custody.ErrNotYet) {
		return errNotPublic
	}
	verifier := c.Logs(c.p.ID).Verifier()
	if err == nil {
		err = proof.Check(w.commitment, verifier)
	}
	if err != nil {
		return fmt.Errorf("proving the entry: %w", err)
	}
	text, err := c.ask(ctx, "reading the public log", Ask{Method: http.MethodGet, Path: "/log/" + c.p.ID + "/checkpoint"}, http.StatusOK)
	if err != nil {
		return err
	}
	head, err := custody.ParseCheckpoint(string(text), verifier)
	if err != nil {
		return fmt.Errorf("reading the public log: %w", err)
	}
	if head.N <= proof.Index {
		return errNotPublic
	}
	return nil
}
