// SPDX-License-Identifier: Apache-2.0

// Package conversation carries messages between the sender of a report and the
// offices that hold it, under the receipt's seven words.
//
// What it promises:
//
//   - An office begins: until it has written, the receipt shows nothing of it.
//     From then on its thread names it, and its member was told so before.
//   - What the office writes is sealed in the member's browser, for the receipt
//     and for the office. What the sender writes is sealed for that one office:
//     in the sender's browser, for a key whose chain was checked there, or in
//     this server's memory where the page runs without scripts; then the record
//     says so. No words stand on a disk or in a log.
//   - The receipt never shows what the sender wrote, only when: whoever finds the
//     words, or stands behind the sender, learns what offices asked and no more.
//   - What the sender writes is signed with the receipt, and the office checks it
//     with the key that the sealed report names. What is not signed is shown with
//     a warning. No server can write in the sender's name unseen, nor have an
//     office seal to a key that is not the sender's.
//   - Marks of reading exist on the office's side alone, made with proof of
//     opening. That a thread was looked at with the receipt is not kept at all.
//   - A message sent twice is kept once; the same id with other words is refused.
//     The order of a thread is the order in which its messages were kept.
//   - A receipt that was closed, one that never was and one mistyped are
//     answered alike. To a closed one an office can write no more, and is told.
//   - Who may see a report may see its messages, and nobody else: the walls for
//     help, for accused offices and for members who stepped back are those of the
//     report itself.
//   - What a sender wrote and nobody answered wakes the people on duty, and then
//     climbs the ladder of the report's own clock, also when it came while the
//     office was writing. Mail says only that something waits.
package conversation

import (
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

// Side says who wrote a message.
type Side string

// The sides.
const (
	Office Side = "office"
	Sender Side = "sender"
)

// Kind says what a message is: a closed list, readable at rest.
type Kind string

// The kinds. An office asks, says what it still needs, writes, or lets an
// outcome be known; a sender answers, writes, or says how to be reached.
const (
	Question Kind = "question"
	Need     Kind = "need"
	Release  Kind = "release"
	Note     Kind = "note"
	Answer   Kind = "answer"
	Contact  Kind = "contact"
)

// Kinds lists what a side may write, in the order in which pages offer it.
func (s Side) Kinds() []Kind {
	if s == Office {
		return []Kind{Question, Need, Note, Release}
	}
	return []Kind{Answer, Note, Contact}
}

// Where a message was sealed.
const (
	SealedByBrowser = "browser"
	SealedByServer  = "server"
)

// Receipt is the recipient that a wrap for the sender is bound to. No office has
// this id.
const Receipt = "receipt"

// Message is one message as it is kept: everything in it may be stored.
type Message struct {
	Program     string
	Report      store.ID
	Office      string
	ID          store.ID // made where the message was written, also the record it is sealed for
	At          time.Time
	Side        Side
	Member      store.ID // who wrote it for the office; zero for the sender
	Kind        Kind
	Answers     store.ID // the message of the other side that it answers, or zero
	Body        []byte   // sealed
	Hash        [32]byte // SHA-256 of Body
	Token       [32]byte // SHA-256 of the opening token
	OfficeKey   [16]byte // the office's key that WrapOffice is for
	WrapOffice  []byte
	WrapReceipt []byte // for the receipt's key; nil for what the sender wrote
	SealedBy    string
	ReadAt      time.Time // when a member proved to have opened it; of the sender's messages only
	ReadBy      store.ID
}

// Record is what the body and its wraps are bound to.
func (m Message) Record() seal.Record { return seal.Record{Program: m.Program, ID: m.ID} }

// Thread is what an office and a sender wrote to each other, without the messages.
type Thread struct {
	Program string
	Report  store.ID
	Office  string
	Began   time.Time
	BeganBy store.ID
	Since   time.Time // when the clock of what waits for an answer began; zero when nothing does
	Due     time.Time // when that is late
	Level   int       // rung of the ladder already climbed
	Told    string    // the rungs up to there, as referral.Held.Upto writes them
	NextAt  time.Time // when the next one is due
}

// Draft is a sealed message on its way in.
type Draft struct {
	ID          store.ID
	Kind        Kind
	Answers     store.ID
	Body        []byte
	OfficeKey   [16]byte
	WrapOffice  []byte
	WrapReceipt []byte // an office's messages only
	SealedBy    string
	Sure        bool // the office's member was told what the first message, or an outcome, shows
}

// The limits of one message.
const (
	MaxText = 20_000  // letters, as in the form
	maxBody = 2 << 16 // far more than any text of this length takes once it is sealed
	perPage = 100     // messages in one answer
)

// The limits of what a sender may write to one office: far more than anybody
// needs, and little enough for the disk and for who reads it.
const (
	MaxDaily = 60  // messages within a day
	MaxSent  = 600 // messages in all
	day      = 24 * time.Hour
)

// Faults of this room. Their messages are safe to show; all mean that nothing
// was kept.
var (
	ErrNotFound = fault.New(fault.NotFound, "conversation.not_found", "There is no such entry.")
	ErrMessage  = fault.New(fault.Invalid, "conversation.message", "This message cannot be used. Nothing was kept.")
	ErrTaken    = fault.New(fault.Conflict, "conversation.taken", "Another message has this number. Nothing was kept. Load the page again, and send it once more.")
	ErrKeys     = fault.New(fault.Conflict, "keys_changed", "The office has a new key. Nothing was kept. Load the page again, and send it once more.")
	ErrClosed   = fault.New(fault.Conflict, "conversation.closed", "The sender switched the seven words off. Nobody could read this, so it was not kept.")
	ErrFirst    = fault.New(fault.Invalid, "conversation.first", "Tick the box first: the sender will see the name of your office. Nothing was kept.")
	ErrOutcome  = fault.New(fault.Invalid, "conversation.outcome", "Tick the box first: whoever has the seven words will see this outcome. Nothing was kept.")
	ErrEnded    = fault.New(fault.Conflict, "conversation.ended", "This office cannot get messages any more. Nothing was kept.")
	ErrDaily    = fault.New(fault.Conflict, "conversation.daily", "No more messages fit today. Nothing was kept.")
	ErrFull     = fault.New(fault.Conflict, "conversation.full", "No more messages fit here. Nothing was kept.")
	ErrUnread   = fault.New(fault.Conflict, "conversation.unread", "The sender wrote something that nobody at your office has opened. Open it first. Nothing was changed.")
	ErrProof    = fault.New(fault.Invalid, "conversation.proof", "A message was not opened here. Its mark was not changed.")
	ErrEmpty    = fault.New(fault.Invalid, "conversation.empty", "The message has no words. Nothing was kept.")
	ErrLong     = fault.New(fault.TooLarge, "conversation.long", "The message is too long. Nothing was kept.")
)
