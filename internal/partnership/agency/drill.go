// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"math/big"
	"strings"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/mail"
	"waylight/internal/platform/store"
)

// The kinds of test that the checklist asks for.
const (
	DrillReport = "report" // a test report went its whole way and the desk acknowledged it
	DrillMail   = "mail"   // a message arrived and its code was typed back
)

// codeLife is how long a test message's code can be typed back.
const codeLife = 24 * time.Hour

// Faults of tests.
var (
	errDrill      = fault.New(fault.Invalid, "agency_drill", "There is no such kind of test.")
	errNoMail     = fault.New(fault.Unavailable, "agency_no_mail", "No mail server is set up, or you have no address here. Nothing was sent.")
	errMailFailed = fault.New(fault.Unavailable, "agency_mail_failed", "The mail server did not take the message. Nothing was sent.")
	errCode       = fault.New(fault.Invalid, "agency_code", "This is not the code of a message sent in the last 24 hours.")
	errNoTest     = fault.New(fault.Unavailable, "agency_no_test", "Test reports cannot be sent from here.")
)

// drill is one test.
type drill struct {
	id   store.ID
	kind string
	code []byte // SHA-256 of what must be typed back
	done bool

	office string // whose, for a drill of the recovery shares
}

// RecordDrill records that a test came through and that a acknowledged it. The
// reports' inbox calls it when the desk acknowledges a test report.
func (s *Service) RecordDrill(ctx context.Context, a Actor, kind string) error {
	if kind != DrillReport && kind != DrillMail {
		return errDrill
	}
	d := drill{id: store.NewID(), kind: kind, done: true}
	return s.write(ctx, a, "drill.acknowledged", "drill:"+d.id.String(), func(tx *store.Tx) error { return insertDrill(tx, a, d) })
}

// SendTestMail sends the signed-in administrator a code. The mail counts as
// tested once the code is typed back, because only that shows that it arrived.
func (s *Service) SendTestMail(ctx context.Context, a Actor) error {
	if !a.Has(roleProgramAdmin) {
		return errForbidden
	}
	to, err := s.address(ctx, a)
	if err != nil {
		return err
	}
	n, err := rand.Int(rand.Reader, big.NewInt(1e8))
	if err != nil {
		return fault.Wrap(err, "making a code")
	}
	code := fmt.Sprintf("%08d", n)
	d := drill{id: store.NewID(), kind: DrillMail}
	d.code = d.hash(code)
	err = s.write(ctx, a, "drill.sent", "drill:"+d.id.String(), func(tx *store.Tx) error { return insertDrill(tx, a, d) })
	if err != nil {
		return err
	}
	err = s.cfg.Mail.Send(ctx, mail.Message{To: to, Subject: "Waylight: a test message", Text: "This is a test of the mail.\n\n" +
		"Type this code on the setup page to show that it arrived: " + code + "\n"})
	if err != nil {
		return errMailFailed.With(err)
	}
	return nil
}

func (s *Service) address(ctx context.Context, a Actor) (string, error) {
	if s.cfg.Mail == nil {
		return "", errNoMail
	}
	people, err := s.people(ctx, a.Program, "")
	if err != nil {
		return "", err
	}
	for _, p := range people.list {
		if p.ID == a.Member && p.Email != "" {
			return p.Email, nil
		}
	}
	return "", errNoMail
}

// ConfirmTestMail takes the code of a test message.
func (s *Service) ConfirmTestMail(ctx context.Context, a Actor, code string) error {
	if !a.Has(roleProgramAdmin) {
		return errForbidden
	}
	waiting, err := waitingDrills(ctx, s.cfg.DB, a.Program, DrillMail, s.now().Add(-codeLife))
	if err != nil {
		return err
	}
	for _, d := range waiting {
		if subtle.ConstantTimeCompare(d.hash(strings.TrimSpace(code)), d.code) != 1 {
			continue
		}
		return s.write(ctx, a, "drill.acknowledged", "drill:"+d.id.String(), func(tx *store.Tx) error { return acknowledgeDrill(tx, a, d.id) })
	}
	return errCode.At("code")
}

func (d drill) hash(code string) []byte {
	sum := sha256.Sum256([]byte("waylight/mail-test/v1\n" + d.id.String() + "\n" + code))
	return sum[:]
}

// SendTestReport sends a test report the way the public's go.
func (s *Service) SendTestReport(ctx context.Context, a Actor) error {
	if !a.Has(roleProgramAdmin) && !a.system() {
		return errForbidden
	}
	if s.cfg.TestReport == nil {
		return errNoTest
	}
	if err := s.seen(ctx, a, "page:test-report"); err != nil {
		return err
	}
	return fault.Wrap(s.cfg.TestReport(ctx, a.Program), "sending a test report")
}

func (s *Service) drillItems(ctx context.Context, prog string) ([]Item, error) {
	mailed, err := lastDrill(ctx, s.cfg.DB, prog, DrillMail)
	if err != nil {
		return nil, err
	}
	reported, err := lastDrill(ctx, s.cfg.DB, prog, DrillReport)
	return []Item{
		{ID: "mail", Text: "Mail was tested: a message arrived and its code was typed back.", Link: "/staff/setup#mail", Done: !mailed.IsZero()},
		{ID: "drill", Text: "A test report was sent, opened and acknowledged by the desk.", Link: "/staff/setup#test", Done: !reported.IsZero()},
	}, err
}
