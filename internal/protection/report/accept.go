// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/form"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

const sealedByServer = "server"

// draft is an accepted report before it is stored: everything slow is done.
type draft struct {
	names
	program      *program.Program
	via          string
	envelope     program.Envelope
	envelopeText string
	form         string    // the form that the words answer
	accepted     time.Time // when; zero: when it is stored
	closed       time.Time // when its receipt was closed; zero: it is open
	plan         program.Plan
	told         []Told
	toldText     string
	sealedBy     string
	body         seal.Sealed
	wraps        []wrapped
	keyless      []string
	reporter     *Part // nil: nothing of it was answered
	replyKey     []byte
}

type wrapped struct {
	holder string
	keyID  [16]byte
	wrap   []byte
}

// AnswersError lists everything that is wrong with the answers.
type AnswersError struct{ Problems []form.Problem }

func (e *AnswersError) Error() string { return ErrAnswers.Error() }

// Unwrap makes it a fault of kind Invalid.
func (e *AnswersError) Unwrap() error { return ErrAnswers.At(e.Problems[0].Question) }

// Accept checks, routes and seals a submission and stores it with everything
// that follows from it. After an error nothing was kept.
func (s *Service) Accept(ctx context.Context, sub Submission) (Accepted, error) {
	p, err := s.program(sub.Program)
	if err != nil {
		return Accepted{}, err
	}
	if !strongKey(sub.Key) {
		return Accepted{}, ErrKey.At("Idempotency-Key")
	}
	answers, problems := decodeValues(p, url.Values(sub.Answers))
	if len(problems) > 0 {
		return Accepted{}, &AnswersError{problems}
	}
	sub.Answers = answers
	return s.accept(ctx, p, sub)
}

// accept is Accept for answers that the form has decoded.
func (s *Service) accept(ctx context.Context, p *program.Program, sub Submission) (Accepted, error) {
	n, err := s.name(p, sub)
	if err != nil {
		return Accepted{}, err
	}
	d, err := s.prepare(ctx, p, sub, n)
	if err != nil {
		return s.refused(ctx, p, n, [32]byte{}, err)
	}
	return s.keep(ctx, d)
}

// names are what a submission is called: all of them follow from its key and
// its words, so that a repeat has the same ones.
type names struct {
	receipt    seal.Receipt
	lookupHash [32]byte
	id         store.ID
}

func (s *Service) name(p *program.Program, sub Submission) (names, error) {
	whole, err := digest(p.ID, sub.Language, withSign(sub.Answers, sub.Sign))
	if err != nil {
		return names{}, err
	}
	n := names{receipt: seal.ReceiptFrom(sub.Key, whole)}
	lookup := n.receipt.Lookup()
	n.lookupHash = seal.LookupHash(s.Pepper, lookup)
	n.id = reportID(s.Pepper, p.ID, lookup)
	return n, nil
}

// prepare does all that needs no database: envelope, plan, sealing.
func (s *Service) prepare(ctx context.Context, p *program.Program, sub Submission, n names) (*draft, error) {
	if !s.mayCome(ctx, p.ID, sub.Via) {
		return nil, ErrClosed
	}
	if !slices.Contains(p.Languages, sub.Language) {
		return nil, ErrLanguage.At("language")
	}
	route, err := s.route(p, sub.Answers, sub.Language, sub.Via)
	if err != nil {
		return nil, err
	}
	d, err := newDraft(n, p, sub.Via, route)
	if err != nil {
		return nil, err
	}
	d.sealedBy = sealedByServer
	if err := s.seal(d, withSign(route.parts.Body, sub.Sign), sub.Language); err != nil {
		return nil, err
	}
	return d, s.sealReporter(d, route.parts.Reporter, sub.Language)
}

// newDraft is what routing knows of a report; the sealed parts are still to come.
func newDraft(n names, p *program.Program, via string, r routed) (*draft, error) {
	envelopeText, err := r.envelope.Marshal()
	if err != nil {
		return nil, err
	}
	d := &draft{
		names: n, program: p, via: via, envelope: r.envelope, envelopeText: string(envelopeText), plan: r.plan, told: toldBy(p, r.plan), form: formName(p),
	}
	d.toldText, err = marshalTold(d.told)
	return d, err
}

// refused answers a submission that cannot be accepted now. One that had been
// accepted before is still answered like the first time: whoever sends again
// must never be told that nothing was kept when it was. body is the hash of what
// a browser sealed, else zero. Whoever sends anything else under a receipt is told
// the same whether there is such a receipt or not, and whether it was closed: else
// who came by the words could ask, at no risk, if a report was ever made with them.
func (s *Service) refused(ctx context.Context, p *program.Program, n names, body [32]byte, why error) (Accepted, error) {
	h, found, err := s.findHeld(ctx, p.ID, n.id)
	if err != nil || !found || !h.repeatedBy(n, body) {
		return Accepted{}, why
	}
	return s.had(ctx, p, n, body, h, true)
}

// before looks a submission up that may have been accepted already.
func (s *Service) before(ctx context.Context, p *program.Program, sub Submission) (Accepted, bool) {
	n, err := s.name(p, sub)
	if err != nil {
		return Accepted{}, false
	}
	a, err := s.refused(ctx, p, n, [32]byte{}, ErrNoReport)
	return a, err == nil
}

// seal seals the words for every planned reader that has a key.
func (s *Service) seal(d *draft, words map[string][]string, language string) error {
	seed := d.receipt.Seed()
	reply, err := seal.PrivateFromSeed(seed[:])
	if err != nil {
		return fault.Wrap(err, "making a receipt's key")
	}
	d.replyKey = reply.Public().Bytes()
	plain, err := Body{
		Version: bodyVersion, Form: formName(d.program), Language: language, Answers: words, Reply: replyKeys(d.receipt, reply.Public()),
	}.Marshal()
	if err != nil {
		return err
	}
	rec := seal.Record{Program: d.program.ID, ID: d.id}
	body, content, err := seal.Seal(plain, rec)
	if err != nil {
		return fault.Wrap(err, "sealing a report")
	}
	d.body = body
	keys := s.Keys(d.program.ID)
	for _, holder := range d.plan.Readers {
		key, ok := keys[holder]
		if !ok || key.Public == nil {
			d.keyless = append(d.keyless, holder)
			continue
		}
		wrap, err := content.Wrap(key.Public, rec, body.Hash, holder)
		if err != nil {
			return fault.Wrap(err, "wrapping a report for "+holder)
		}
		d.wraps = append(d.wraps, wrapped{holder, key.ID, wrap})
	}
	if len(d.wraps) == 0 {
		return ErrNoReader
	}
	return nil
}

// store puts a draft into the database.
func (s *Service) store(ctx context.Context, d *draft) (Accepted, error) {
	leaf, err := s.insert(ctx, d)
	repeated := errors.Is(err, store.ErrExists)
	unknown := errors.Is(err, store.ErrUnknown)
	if unknown {
		// Looking would not tell: the commit may still be under way. The same report
		// stored once more waits for that to end, and meets it or takes its place.
		first := err
		if leaf, err = s.insert(ctx, d); err != nil {
			err = errors.Join(first, err)
		}
	}
	switch {
	case errors.Is(err, store.ErrExists):
		return s.again(ctx, d, repeated, err)
	case err != nil && unknown:
		return Accepted{}, ErrUnsure.With(err)
	case err != nil:
		return Accepted{}, err
	}
	return promiseBy(s.Log(d.program.ID), Accepted{
		Program: d.program.ID, Receipt: d.receipt, SealedBy: d.sealedBy, Report: d.id, At: leaf.At, Mode: d.envelope.Mode, Deliveries: d.told,
	}, leaf)
}

// insert stores a draft with everything that follows from it.
func (s *Service) insert(ctx context.Context, d *draft) (leaf custody.Leaf, err error) {
	err = s.DB.Add(ctx, func(tx *store.Tx) error {
		ref := Ref{Program: d.program.ID, Report: d.id, Accepted: tx.Now(), Envelope: d.envelope, Via: d.via, Keyless: d.keyless}
		var err error
		leaf, err = d.insert(tx, func() error { return s.Referrals.Record(tx, ref, d.plan) })
		return err
	})
	return leaf, err
}

// promiseBy adds what a log will hold of an accepted report.
func promiseBy(log *custody.Log, a Accepted, leaf custody.Leaf) (Accepted, error) {
	promise, err := log.Promise(leaf)
	if err != nil {
		return Accepted{}, fault.Wrap(err, "promising a place in the log")
	}
	a.Promise, a.Opening, a.Key = promise, string(leaf.Opening), log.VerifierKey()
	return a, nil
}

// again looks a report up that is stored already: cause is why. repeated says that
// it was sent before, and not only stored twice.
func (s *Service) again(ctx context.Context, d *draft, repeated bool, cause error) (Accepted, error) {
	h, found, err := readHeld(ctx, s.DB, d.program.ID, d.id)
	switch {
	case err != nil:
		return Accepted{}, ErrUnsure.With(errors.Join(cause, err))
	case !found: // it may still come to be
		return Accepted{}, ErrUnsure.With(cause)
	}
	return s.had(ctx, d.program, d.names, d.body.Hash, h, repeated)
}

// repeatedBy says whether what was sent is what is stored: a browser's receipt is
// not made of its words, so the bytes that it sealed must be the same ones.
func (h held) repeatedBy(n names, body [32]byte) bool {
	return n.receipt != (seal.Receipt{}) || h.bodyHash == body
}

// had answers with a stored report like the first time. Once its receipt was
// closed, the page may be in other hands: then it says only that we have it. Other
// words under the same receipt need one of their own.
func (s *Service) had(ctx context.Context, p *program.Program, n names, body [32]byte, h held, repeated bool) (Accepted, error) {
	if !h.repeatedBy(n, body) {
		return Accepted{}, ErrNewReceipt
	}
	if !h.waiting { // what was read may not stand on the second machine yet
		if err := s.DB.Settle(ctx); err != nil {
			return Accepted{}, ErrUnsure.With(err)
		}
	}
	if h.closed {
		return Accepted{Program: p.ID, Repeated: true, Closed: true}, nil
	}
	told, err := parseTold(p, h.told)
	if err != nil {
		return Accepted{}, err
	}
	a := Accepted{
		Program: p.ID, Receipt: n.receipt, SealedBy: h.sealedBy, Report: n.id, At: h.accepted, Mode: h.mode, Deliveries: told, Repeated: repeated,
		Waiting: h.waiting,
	}
	leaf, err := s.entry(ctx, h)
	switch {
	case errors.Is(err, custody.ErrNoLeaf):
		return a, nil
	case err != nil:
		return Accepted{}, err
	}
	return promiseBy(s.stands(h).log, a, leaf)
}
