// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/mail"
	"waylight/internal/platform/store"
)

// codeLife is how long a message's code can be typed back.
const codeLife = 24 * time.Hour

// Faults of test addresses.
var (
	errNoMail  = fault.New(fault.Unavailable, "canary_no_mail", "No mail server is set up. Nothing was kept.")
	errAway    = fault.New(fault.Unavailable, "canary_mail_failed", "The mail server did not take the message. Nothing was kept; please try again.")
	errAddress = fault.New(fault.Invalid, "canary_address", "Write one e-mail address, such as waylight-test@agency.example.gov.")
	errPerson  = fault.New(fault.Invalid, "canary_person", "This is the address of a person who works here. Test messages go to a machine's mailbox, never to a person.")
	errCode    = fault.New(fault.Invalid, "canary_code", "This is not the code of a message sent in the last 24 hours.")
)

// Address is a test address of an office.
type Address struct {
	Program, Office string
	ID              store.ID
	Address         string
	code            []byte // SHA-256 of what must be typed back
	Asked           time.Time
	Confirmed       time.Time // zero: not yet
}

// counts says whether test messages go there.
func (a Address) counts() bool { return !a.Confirmed.IsZero() }

func (a Address) hash(code string) []byte {
	sum := sha256.Sum256([]byte("waylight/canary-address/v1\n" + a.ID.String() + "\n" + code))
	return sum[:]
}

// AskAddress sends a code to an address that an office gives for tests of the
// mail. It takes the place of the one before once the code is typed back.
func (s *Service) AskAddress(ctx context.Context, m identity.Member, address string) error {
	address = strings.TrimSpace(address)
	if s.Mail == nil {
		return errNoMail
	}
	if len(address) > 200 || strings.Count(address, "@") != 1 || strings.ContainsAny(address, " \t\r\n<>,;\"") {
		return errAddress.At("address")
	}
	if err := s.nobodys(ctx, m.Program, address); err != nil {
		return err
	}
	n, err := rand.Int(rand.Reader, big.NewInt(1e8))
	if err != nil {
		return fault.Wrap(err, "making a code")
	}
	a := Address{Program: m.Program, Office: m.Office, ID: store.NewID(), Address: address}
	code := fmt.Sprintf("%08d", n)
	a.code = a.hash(code)
	err = s.Mail.Send(ctx, mail.Message{To: address, Subject: "Waylight: an address for tests", Text: "This address was given for automatic tests of the mail. " +
		"Each hour one message comes here that can be deleted unread.\n\nType this code on the page of the test address to agree: " + code + "\n"})
	switch {
	case fault.KindOf(err) == fault.Invalid:
		return errAddress.At("address").With(err)
	case err != nil:
		return errAway.With(err)
	}
	return s.record(ctx, m, "canary.address_asked", func(tx *store.Tx) error { return insertAddress(tx, a, m.Actor()) })
}

// nobodys refuses an address that belongs to a member: machines are tested, people are not.
func (s *Service) nobodys(ctx context.Context, programID, address string) error {
	if s.People == nil {
		return nil
	}
	members, err := s.People.Members(ctx, programID, "")
	if err != nil {
		return fault.Wrap(err, "listing members")
	}
	if slices.ContainsFunc(members, func(m identity.Member) bool { return strings.EqualFold(m.Email, address) }) {
		return errPerson.At("address")
	}
	return nil
}

// ConfirmAddress takes the code of the message, and tests the address at once.
func (s *Service) ConfirmAddress(ctx context.Context, m identity.Member, code string) error {
	waiting, err := addressesOf(ctx, s.DB, m.Program, m.Office)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(waiting, func(a Address) bool {
		return a.Confirmed.IsZero() && s.Now().Sub(a.Asked) < codeLife && subtle.ConstantTimeCompare(a.hash(strings.TrimSpace(code)), a.code) == 1
	})
	if i < 0 {
		return errCode.At("code")
	}
	return s.record(ctx, m, "canary.address_confirmed", func(tx *store.Tx) error {
		for _, a := range waiting {
			if a.ID != waiting[i].ID {
				if err := endAddress(tx, a); err != nil {
					return err
				}
			}
		}
		if err := confirmAddress(tx, waiting[i]); err != nil {
			return err
		}
		return jobs.Enqueue(tx, jobs.Job{Program: m.Program, Kind: KindMail, Key: mailWay(m.Office), Payload: []byte(mailWay(m.Office))})
	})
}

// EndAddress gives an office's test address up.
func (s *Service) EndAddress(ctx context.Context, m identity.Member) error {
	have, err := addressesOf(ctx, s.DB, m.Program, m.Office)
	if err != nil {
		return err
	}
	err = s.record(ctx, m, "canary.address_ended", func(tx *store.Tx) error {
		for _, a := range have {
			if err := endAddress(tx, a); err != nil {
				return err
			}
		}
		return dropWay(tx, m.Program, mailWay(m.Office))
	})
	return errors.Join(err, s.Settle(ctx, m.Program))
}

func (s *Service) record(ctx context.Context, m identity.Member, event string, fn func(tx *store.Tx) error) error {
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: m.Program, Event: event, Record: "office:" + m.Office, Actor: m.Actor()})
		return nil
	})
}

// mailOne is the job that sends one test message. That the server took it is all
// that can be known here; whether it is in the mailbox is for the office to see.
func (s *Service) mailOne(ctx context.Context, j jobs.Job) error {
	w := sent{program: j.Program, way: string(j.Payload)}
	have, err := addressesOf(ctx, s.DB, j.Program, office(w.way))
	if err != nil {
		return err
	}
	i := slices.IndexFunc(have, Address.counts)
	if i < 0 || s.Mail == nil {
		return nil
	}
	st, err := readWay(ctx, s.DB, j.Program, w.way)
	if err != nil || st.State == stateOK && st.Tries == 0 && s.Now().Sub(st.Tried) < 2*every-time.Minute {
		return err // hourly is often enough while it works
	}
	err = s.Mail.Send(ctx, mail.Message{To: have[i].Address, Subject: "Waylight: automatic test",
		Text: "This is the hourly test of the mail. Nothing happened and nobody needs help. It can be deleted unread.\n"})
	if err != nil {
		return s.failed(ctx, w, err)
	}
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		tx.Log(custody.Entry{Program: w.program, Event: "canary.passed", Record: "canary:" + w.way, Actor: "system"})
		return passWay(tx, w.program, w.way)
	})
	return errors.Join(err, s.Settle(ctx, w.program))
}
