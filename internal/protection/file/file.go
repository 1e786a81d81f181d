// SPDX-License-Identifier: Apache-2.0

// Package file takes files under a receipt and shows them to the offices that
// hold the report: pictures, recordings, papers, whatever the sender has.
//
// What it promises:
//
//   - A file is sealed before it touches the disk: in the sender's browser, piece
//     by piece, or, without a script, by the server in memory, and then its record
//     says so. Its name and type are sealed with it. Neither side ever holds more
//     of it in memory than a few parts.
//   - Every file is kept as it was sent, byte for byte, whatever it is: evidence is
//     not refused for its kind. Nothing on the server ever looks into one.
//   - An upload that breaks off can go on, also after the page was closed; what
//     arrived is kept, can be opened, and is marked as incomplete. A file that is
//     too large is refused with the reason, and what arrived of it is kept too.
//   - A form of a page without a script that is sent again keeps its files once; what
//     is not the same to the last byte is never taken for it.
//   - When the disk fills up, files are refused and reports are still accepted.
//   - The receipt never shows a name or the content of a file, only that so many
//     came, when, and whether they are whole. To a sender's browser one office is
//     named, the same for ever; its members share a file with the other holders.
//   - Only offices that hold the report see its files. A member's browser opens
//     them and proves that it did; that somebody took an original away is on record.
package file

import (
	"context"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/protection/referral"
	"waylight/internal/protection/report"
)

// The states of a file.
const (
	Open   = "open"   // it still arrives
	Whole  = "whole"  // all of it is here
	Broken = "broken" // it broke off: what arrived is here
)

// Why a file broke off.
const (
	ReasonNone = ""
	ReasonCut  = "cut"   // the connection ended, or nothing came for a day
	ReasonSize = "size"  // it is larger than is taken
	ReasonFull = "space" // no room for more under this report, or on the disk
)

// Who added a file.
const (
	ViaSender = "sender"
	ViaOffice = "office"
)

// Who sealed a file.
const (
	ByServer  = "server"
	ByBrowser = "browser"
)

// File is one file as anybody who may know of it may see it.
type File struct {
	Program  string
	ID       store.ID
	Report   store.ID
	CopyOf   store.ID // the original this is a copy of; zero for an original
	At       time.Time
	Via      string
	SealedBy string
	Head     seal.FileHead
	State    string
	Reason   string
	Ended    time.Time // zero while it arrives
	Parts    int
	Size     int64    // sealed bytes
	Hash     [32]byte // running hash over the parts
}

// Record is what the file and its wraps are bound to.
func (f File) Record() seal.Record { return seal.Record{Program: f.Program, ID: f.ID} }

// Wrap is a content key for one reader.
type Wrap struct {
	Holder string
	KeyID  [16]byte
	Wrap   []byte
	// Refused: the holder said that it cannot open it.
	Refused bool
}

// Reader is an office that reads the files of a report. Chain is how a browser
// checks its key; its Office is empty where none is published.
type Reader struct {
	Office string
	Key    agency.Key
	Chain  agency.Chain
}

// Access is one opening of a file.
type Access struct {
	At     time.Time
	Member store.ID
	Office string
	Act    string // ActOpened or ActDownloaded
}

// What a member did with a file.
const (
	ActOpened     = "opened"     // looked at in the browser
	ActDownloaded = "downloaded" // the original was taken to the member's disk
)

// Limits say how much is taken. The zero value means the defaults.
type Limits struct {
	File   int64 // bytes of one file
	Report int64 // sealed bytes of all files of a report
	Count  int   // originals of a report
}

// DefaultLimits are what a pack that says nothing gets.
var DefaultLimits = Limits{File: 500 << 20, Report: 2 << 30, Count: 20}

// Space is what is left on the disk.
type Space struct{ Free, Total uint64 }

// Receipts is what this room needs of the room that keeps the receipts.
type Receipts interface {
	// Find gives the report of a receipt's lookup, in every program for ""; a
	// receipt that does not exist and one that is closed are the same fault.
	Find(ctx context.Context, program string, lookup [32]byte) (report.Found, error)
	// FindWords does it by the seven words.
	FindWords(ctx context.Context, words string) (report.Found, error)
}

// Holders is what this room needs of the room that follows reports up.
type Holders interface {
	// Holds says whether the member may know of the report: a fault of kind
	// NotFound if not.
	Holds(ctx context.Context, m identity.Member, id store.ID) error
	// Held gives a report as an office holds it now: a fault of kind NotFound if
	// it does not.
	Held(ctx context.Context, program string, id store.ID, office string) (referral.Held, error)
	// OnDuty is who is on duty at the office, or else whoever comes next on its
	// ladder, and on which rung; Tell mails one of them.
	OnDuty(ctx context.Context, h referral.Held, at time.Time) (int, []identity.Member, error)
	Tell(ctx context.Context, m identity.Member, rung int) error
}
