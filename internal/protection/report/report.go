// SPDX-License-Identifier: Apache-2.0

// Package report takes reports from the public: by the page, by the JSON API,
// and as tests. It seals them in memory, stores them with their referrals and
// their custody entry in one transaction, and answers with a receipt.
//
// What it promises:
//
//   - "Accepted" is said only after the sealed report, everything that must
//     happen with it, and its log entry are in the store together. If that
//     cannot be, the answer says that nothing was kept and gives every word back.
//   - The words of a report and the words of its receipt never reach the disk or
//     a log in clear. No cookie, address or browser name of a sender is kept.
//   - A repeat of the same submission under the same idempotency key gets the
//     same answer, until its receipt is closed: then only that we have it. The
//     same key with other words is a new report with a new receipt; nothing is
//     ever dropped silently.
//   - A receipt that does not exist, one whose words do not fit together, and
//     one that its holder closed are answered alike.
//   - Nothing on the sender's way counts, ranks or refuses senders.
package report

import (
	"context"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/form"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

// The ways a submission comes in. A test, or a canary, is accepted while the program is still
// closed to the public, and goes to the program's own desk only.
const (
	ViaWeb    = "web"
	ViaAPI    = "api"
	ViaTest   = "test"
	ViaCanary = "canary" // a test that the program sends itself: nobody is told of it
)

// Submission is one report as it arrives, before anything is checked.
type Submission struct {
	Program  string
	Language string
	Key      []byte // idempotency key: at least 128 random bits
	// Answers by question id, the envelope's included: "mode" is tip or help,
	// "consents" and "left_out" list offices.
	Answers form.Answers
	Via     string // ViaWeb, ViaAPI, ViaTest or ViaCanary
	// Sign is the place of the sign that the sender scanned, if they let it go along.
	Sign string
}

// Accepted is the answer to a stored report.
type Accepted struct {
	Program    string
	Receipt    seal.Receipt // zero when the sender's browser made it
	SealedBy   string       // "server", or "browser"
	Report     store.ID
	At         time.Time // when it was accepted
	Mode       string    // tip or help
	Deliveries []Told
	Promise    custody.Promise
	Opening    string // what the promised entry says; a repeat whose entry is gone from the log has neither
	Key        string // what the promise is checked with
	Waiting    bool   // it is kept in this server's spool, and goes to the database when that is back
	Repeated   bool   // the same submission had been accepted before
	Closed     bool   // and its receipt was closed since: then Program and Repeated are all that is set
}

// Told is one office that will be told, and how.
type Told struct {
	Office string    // the office that must be told
	Name   form.Text // its name
	Holder string    // whose people read the report: Office itself, or a desk
	How    string    // HowInbox or HowRelay
	Means  []string  // how a desk passes it on, in order of preference
}

// How an office is told.
const (
	HowInbox = "inbox" // its own people open the report here
	HowRelay = "relay" // people of a desk open it and pass it on
)

// Ref is what referral work may know about an accepted report.
type Ref struct {
	Program  string
	Report   store.ID
	Accepted time.Time
	Envelope program.Envelope
	Via      string
	// Keyless are planned readers that had no key when the report was sealed:
	// nothing was wrapped for them, so each needs a desk task at once.
	Keyless []string
}

// Progress is how far a report got at one kind of office. Zero times mean "not
// yet".
type Progress struct {
	Kind           string
	Received, Read time.Time
}

// Referrals is what this room needs from the room that follows a report up.
type Referrals interface {
	// Record stores the referrals of an accepted report inside its transaction.
	Record(tx *store.Tx, ref Ref, plan program.Plan) error
	// Progress answers per kind of office, never per office and never an outcome.
	Progress(ctx context.Context, program string, report store.ID) ([]Progress, error)
}

// Keys gives the current public keys of a program's offices. The map is not
// changed by either side.
type Keys func(program string) map[string]agency.Key

// Sealed is a stored report as one holder may have it: all of it is safe to
// keep, and the words open only with the holder's key.
type Sealed struct {
	Program    string
	ID         store.ID
	Accepted   time.Time
	Via        string
	Envelope   program.Envelope
	Form       string // "ms@<version>": the form the words answer
	SealedBy   string // "server", or "browser" when the sender's browser did it
	Ciphertext []byte
	Hash       [32]byte // SHA-256 of Ciphertext
	Token      [32]byte // SHA-256 of the opening token
	ReplyKey   []byte   // the sender's public key, for answers
	Holder     string
	KeyID      [16]byte // the holder's key that Wrap is for
	Wrap       []byte   // nil when nothing was wrapped for the holder yet
}

// Record is what the body and its wraps are bound to.
func (s Sealed) Record() seal.Record { return seal.Record{Program: s.Program, ID: s.ID} }
