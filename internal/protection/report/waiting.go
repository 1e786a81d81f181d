// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

// Spool is where sealed reports are kept while the database is away: a store of
// this server's own, with a log of its own.
type Spool interface {
	// Away says whether the database is known to be away: then nobody waits for it.
	Away() bool
	// Keep stores a report durably. One that is there already is store.ErrExists.
	Keep(ctx context.Context, w Waiting) (custody.Leaf, error)
	// Find gives a report that waits here.
	Find(ctx context.Context, program string, id store.ID) (Waiting, bool, error)
	// CloseReceipt ends a receipt for its holder.
	CloseReceipt(ctx context.Context, program string, id store.ID) error
	// Reader reads the spool's log, and Log is its publisher.
	Reader() store.Reader
	Log(program string) *custody.Log
}

// Waiting is an accepted report on its way to the database: all of it is safe to
// keep, as in the database itself.
type Waiting struct {
	Program    string
	Report     store.ID
	Kept       time.Time // when it was accepted
	Closed     time.Time // when its receipt was; zero: it is open
	Lookup     [32]byte  // keyed hash of the receipt's lookup
	Via, Mode  string
	Envelope   string
	Form       string
	Told       string
	Plan       string // program.Plan in JSON
	Keyless    string // the planned readers without a wrap, in JSON
	SealedBy   string
	Body       []byte
	BodyHash   [32]byte
	Token      [32]byte
	ReplyKey   []byte
	Wraps      []byte // in JSON
	Reporter   []byte // the part about the reporter in JSON; nil for none
	Commitment [32]byte
}

// SpooledEvent is what the spool's log says of a report.
const SpooledEvent = "report.spooled"

// errPatience ends the wait for a database that neither takes nor refuses.
var errPatience = fault.New(fault.Unavailable, "storage_slow", "The database did not answer in time.")

// keep stores a draft. It waits its turn however busy the store is, and does not
// stop when the sender hangs up: whoever sends again gets the same answer. While
// the database is away, the spool keeps it.
func (s *Service) keep(ctx context.Context, d *draft) (Accepted, error) {
	ctx = context.WithoutCancel(ctx)
	if s.Spool == nil {
		return s.store(ctx, d)
	}
	if s.Spool.Away() {
		return s.spool(ctx, d)
	}
	a, err := s.storeInTime(ctx, d)
	if err == nil || !awayFor(err) {
		return a, err
	}
	s.log(ctx, "the database did not take a report, so the spool keeps it", err)
	return s.spool(ctx, d)
}

// awayFor says whether the database, and not the report, is why it was not kept.
// Where the outcome is open the spool keeps it too: forwarding counts it once.
func awayFor(err error) bool {
	if store.Moved(err) { // no database here will ever take it again
		return false
	}
	switch fault.KindOf(err) {
	case fault.Unavailable, fault.Overloaded:
		return true
	}
	return errors.Is(err, store.ErrUnknown) || store.Away(err)
}

// storeInTime is store with an end to the waiting. A database that answers later
// still keeps the report, which forwarding then finds there.
func (s *Service) storeInTime(ctx context.Context, d *draft) (Accepted, error) {
	type answer struct {
		a   Accepted
		err error
	}
	done := make(chan answer, 1)
	go func() {
		a, err := s.store(ctx, d)
		done <- answer{a, err}
	}()
	patience := time.NewTimer(s.Patience)
	defer patience.Stop()
	select {
	case got := <-done:
		return got.a, got.err
	case <-patience.C:
		return Accepted{}, errPatience
	}
}

// spool keeps a draft in the spool and says so.
func (s *Service) spool(ctx context.Context, d *draft) (Accepted, error) {
	w, err := d.waiting(s.Now())
	if err != nil {
		return Accepted{}, err
	}
	leaf, err := s.Spool.Keep(ctx, w)
	if errors.Is(err, store.ErrExists) {
		had, found, findErr := s.Spool.Find(ctx, w.Program, w.Report)
		if findErr == nil && found {
			return s.had(ctx, d.program, d.names, d.body.Hash, had.held(), true)
		}
		err = errors.Join(err, findErr) // it was forwarded between the two: sent again, it is found
	}
	if err != nil {
		return Accepted{}, ErrUnsure.With(err)
	}
	return promiseBy(s.Spool.Log(w.Program), Accepted{
		Program: w.Program, Receipt: d.receipt, SealedBy: w.SealedBy, Report: w.Report, At: w.Kept, Mode: w.Mode, Deliveries: d.told, Waiting: true,
	}, leaf)
}

// held is what a receipt shows of a report that waits.
func (w Waiting) held() held {
	return held{
		program: w.Program, report: w.Report, accepted: w.Kept, mode: w.Mode, told: w.Told, sealedBy: w.SealedBy, envelope: w.Envelope,
		replyKey: w.ReplyKey, bodyHash: w.BodyHash, closed: !w.Closed.IsZero(), commitment: w.Commitment, waiting: true,
	}
}

// wireWrap and wirePart are a wrap and a sealed part as a spool keeps them.
type wireWrap struct {
	Holder string `json:"holder"`
	Key    []byte `json:"key"`
	Wrap   []byte `json:"wrap"`
}

type wirePart struct {
	Body  []byte     `json:"body"`
	Hash  []byte     `json:"hash"`
	Token []byte     `json:"token"`
	Wraps []wireWrap `json:"wraps"`
}

func toWire(wraps []wrapped) []wireWrap {
	out := make([]wireWrap, len(wraps))
	for i, w := range wraps {
		out[i] = wireWrap{w.holder, w.keyID[:], w.wrap}
	}
	return out
}

func fromWire(wraps []wireWrap) ([]wrapped, error) {
	out := make([]wrapped, len(wraps))
	for i, w := range wraps {
		if len(w.Key) != 16 {
			return nil, errors.New("a wrap in the spool is damaged")
		}
		out[i] = wrapped{w.Holder, [16]byte(w.Key), w.Wrap}
	}
	return out, nil
}

// waiting is the draft as a spool keeps it.
func (d *draft) waiting(now time.Time) (Waiting, error) {
	plan, err1 := json.Marshal(d.plan)
	keyless, err2 := json.Marshal(d.keyless)
	wraps, err3 := json.Marshal(toWire(d.wraps))
	w := Waiting{
		Program: d.program.ID, Report: d.id, Kept: now, Lookup: d.lookupHash, Via: d.via, Mode: d.envelope.Mode, Envelope: d.envelopeText,
		Form: d.form, Told: d.toldText, Plan: string(plan), Keyless: string(keyless), SealedBy: d.sealedBy, Body: d.body.Ciphertext,
		BodyHash: d.body.Hash, Token: d.body.Token, ReplyKey: d.replyKey, Wraps: wraps,
	}
	var err4 error
	if r := d.reporter; r != nil {
		w.Reporter, err4 = json.Marshal(wirePart{Body: r.Sealed.Ciphertext, Hash: r.Sealed.Hash[:], Token: r.Sealed.Token[:], Wraps: toWire(r.Wraps)})
	}
	return w, fault.Wrap(errors.Join(err1, err2, err3, err4), "preparing a report for the spool")
}

// draftOf is the way back.
func (s *Service) draftOf(w Waiting) (*draft, error) {
	p, err := s.program(w.Program)
	if err != nil {
		return nil, err
	}
	d := &draft{
		names: names{lookupHash: w.Lookup, id: w.Report}, program: p, via: w.Via, envelopeText: w.Envelope, form: w.Form, toldText: w.Told,
		sealedBy: w.SealedBy, replyKey: w.ReplyKey, accepted: w.Kept, closed: w.Closed,
		body: seal.Sealed{Ciphertext: w.Body, Hash: w.BodyHash, Token: w.Token},
	}
	var wraps []wireWrap
	err = errors.Join(json.Unmarshal([]byte(w.Plan), &d.plan), json.Unmarshal([]byte(w.Keyless), &d.keyless), json.Unmarshal(w.Wraps, &wraps))
	if err != nil {
		return nil, fault.Wrap(err, "reading a report of the spool")
	}
	if d.envelope, err = program.ParseEnvelope([]byte(w.Envelope)); err != nil {
		return nil, err
	}
	if d.wraps, err = fromWire(wraps); err != nil || w.Reporter == nil {
		return d, err
	}
	var part wirePart
	if err := json.Unmarshal(w.Reporter, &part); err != nil || len(part.Hash) != 32 || len(part.Token) != 32 {
		return nil, errors.New("the part about a reporter is damaged in the spool")
	}
	d.reporter = &Part{Sealed: seal.Sealed{Ciphertext: part.Body, Hash: [32]byte(part.Hash), Token: [32]byte(part.Token)}}
	d.reporter.Wraps, err = fromWire(part.Wraps)
	return d, err
}

// SpoolProof is what a report's time in a spool is proven by.
type SpoolProof struct {
	Origin, Verifier string
	Leaf             custody.Leaf
	Proof            custody.Proof // in a checkpoint of the spool's log
	Size             int64         // of that checkpoint
}

// ErrOtherWords says that the database holds other sealed words under the same
// receipt, so that a report of the spool has no place there. A person must look.
var ErrOtherWords = errors.New("other words are kept under this receipt")

// TakeOver stores a report that waited in a spool, exactly once however often it
// is called: with its referrals, whose clocks run since it was accepted, and with
// the proof of what its sender was promised.
func (s *Service) TakeOver(ctx context.Context, w Waiting, proof SpoolProof) error {
	d, err := s.draftOf(w)
	if err != nil {
		return err
	}
	ref := Ref{Program: w.Program, Report: w.Report, Accepted: w.Kept, Envelope: d.envelope, Via: w.Via, Keyless: d.keyless}
	err = s.DB.Accept(ctx, func(tx *store.Tx) error {
		if _, err := d.insert(tx, func() error { return s.Referrals.Record(tx, ref, d.plan) }); err != nil {
			return err
		}
		return insertSpooled(tx, w, proof)
	})
	if !errors.Is(err, store.ErrExists) {
		return fault.Wrap(err, "taking a report over from the spool")
	}
	// It came here by another way too: the same words, or this very call before.
	h, found, err := readHeld(ctx, s.DB, w.Program, w.Report)
	switch {
	case err != nil:
		return err
	case !found:
		return errors.New("taking a report over from the spool: it is there and is not")
	case h.bodyHash != w.BodyHash && w.SealedBy == sealedByBrowser:
		return ErrOtherWords
	}
	err = s.DB.Accept(ctx, func(tx *store.Tx) error { return insertSpooled(tx, w, proof) })
	if err != nil && !errors.Is(err, store.ErrExists) {
		return fault.Wrap(err, "keeping the proof of a report in the spool")
	}
	if !w.Closed.IsZero() && !h.closed { // switched off while it was on its way
		return s.closeHeld(ctx, h)
	}
	return nil
}

// progress is how far a report got. One that waits in the spool has reached none
// of the kinds of office that were named to the sender.
func (s *Service) progress(ctx context.Context, h held) ([]Progress, error) {
	if !h.waiting {
		return s.Referrals.Progress(ctx, h.program, h.report)
	}
	p, err := s.program(h.program)
	if err != nil {
		return nil, err
	}
	told, err := parseTold(p, h.told)
	var out []Progress
	for _, t := range told {
		kind := p.Offices[t.Office].Kind
		if !slices.ContainsFunc(out, func(have Progress) bool { return have.Kind == kind }) {
			out = append(out, Progress{Kind: kind})
		}
	}
	slices.SortFunc(out, func(a, b Progress) int { return strings.Compare(a.Kind, b.Kind) })
	return out, err
}

// errWaiting answers acts on a report that has not reached the database yet.
var errWaiting = fault.New(fault.Unavailable, "report_waiting", "Your report is kept safe, and has not been passed on yet. Please try this again a little later.")
