// SPDX-License-Identifier: Apache-2.0

// Package code is the short address on a sign: HTTPS://TIPS.EXAMPLE.GOV/Q/7K3F9.
//
// A code names the place of a sign, or a batch of signs, a digital piece or a
// campaign; it never names a person. Whoever scans one is led to the form of
// the program, in the language that their browser asks for, with the code in the
// address; the form asks whether the place may be sent along.
//
// What it promises:
//
//   - A code leads on only while it is switched on and the program's form is open: a
//     staffed desk, and a test report that somebody acknowledged. In every other case
//     the answer is one and the same page with the lines to call: whoever guesses
//     cannot tell a code that is switched off from one that never was.
//   - Of a scan one is added to (code, day, language), and nothing else is kept: no
//     address, browser, cookie, referrer or hour. What asks without being a person
//     who opens a page (HEAD, prefetching, previews of links) is not counted.
//   - Counting never stands in a sender's way: it is collected in memory and added
//     every few seconds, and at the end. A crash loses at most those seconds of
//     counts. Counts may be too low; they are never too high.
//   - How many senders let a report carry the code is kept by week alone, and written
//     at one fixed hour, of days that are over: neither a row nor when it was written
//     meets the moment of a report.
//   - Staff see counts of weeks that are over, from [Least] up.
//   - Guessing at random is slowed for everybody together and nobody alone: see
//     [budget]. It never keeps anybody from the form or from the lines to call.
package code

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"html/template"
	"io/fs"
	"sync"
	"sync/atomic"
	"time"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/place"
	"waylight/internal/platform/room"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

//go:embed migrations/*.sql templates/*.html strings/*.yaml
var files embed.FS

// Schema is the room's tables.
func Schema() store.Schema { return store.Schema{Room: "code", FS: files} }

// Strings is the room's part of the catalog.
func Strings() fs.FS { return files }

// Alphabet are the letters of a code: those that a QR code holds in its
// alphanumeric mode, without 0 and O, 1 and I. Five of them make 33,554,432 codes.
const Alphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

// Length is how many letters a code has.
const Length = 5

// What a code stands for.
const (
	Placement = "placement" // one sign
	Batch     = "batch"     // many signs with one code, where a place of its own would tell who was there
	Piece     = "piece"     // a digital piece of a campaign
	Campaign  = "campaign"  // a campaign as a whole
)

// Kinds lists them.
func Kinds() []string { return []string{Placement, Batch, Piece, Campaign} }

// Faults of this room.
var (
	ErrNone = fault.New(fault.NotFound, "code.none", "There is no such code.")
	errNew  = fault.New(fault.Invalid, "code.new", "A code needs a kind, what it stands for, a place of at most 250 letters, and a county of the list or none.")
)

// Code is one code.
type Code struct {
	Program    string
	ID         store.ID
	Text       string   // as printed: five letters of [Alphabet]
	Kind       string   // one of [Kinds]
	Subject    store.ID // the placement, batch, piece or campaign
	County     string   // FIPS; "" for none
	Place      string   // as the sender reads it: "Union Station, Jackson"
	Small      bool     // so few come by that the place may tell who it was
	On         bool
	Made       time.Time
	MadeBy     string
	Switched   time.Time // zero: never since it was made
	SwitchedBy string
}

// Where is the place with its county, as the form and the readers show it.
func (c Code) Where() string {
	if county, ok := place.CountyByFIPS(c.County); ok {
		return c.Place + ", " + county.Name + ", " + county.State().Name
	}
	return c.Place
}

// Parse reads a code in whatever case it was typed. What is no code by its shape
// is not ok.
func Parse(text string) (code string, ok bool) {
	if len(text) != Length {
		return "", false
	}
	out := []byte(text)
	for i, c := range out {
		if c >= 'a' && c <= 'z' {
			out[i] = c - 'a' + 'A'
		}
		if !inAlphabet(out[i]) {
			return "", false
		}
	}
	return string(out), true
}

func inAlphabet(c byte) bool {
	for i := range len(Alphabet) {
		if Alphabet[i] == c {
			return true
		}
	}
	return false
}

// random makes the text of a code. The alphabet has 32 letters, so that each of
// the low five bits of a byte is one.
func random() string {
	out := make([]byte, Length)
	rand.Read(out)
	for i, b := range out {
		out[i] = Alphabet[b&31]
	}
	return string(out)
}

// Address is what stands beside a code in print, and Link what its QR code holds:
// in capitals, which makes the code smaller to print and easier to read.
func Address(origin, text string) string { return bare(origin) + "/q/" + text }

// Link is the address that a QR code holds.
func Link(origin, text string) string { return upper(origin) + "/Q/" + text }

// Line is one way to reach a person, as a page shows it.
type Line struct {
	Name, Says, Hours string
	Href              template.URL
	Demo              bool // shown because this is a demonstration; nobody has called it yet
}

// Config is what the service stands on.
type Config struct {
	DB       *store.DB
	Programs *program.Set
	Site     *web.Site
	Now      func() time.Time
	// Open says whether a program's form takes reports. It is asked at every scan
	// and must be fast.
	Open func(ctx context.Context, program string) bool
	// Form is the address of a program's form for who scanned a code.
	Form func(program, lang, code string) string
	// Lines are the lines of a program that may be shown to the public now.
	Lines func(program, lang string) []Line
	// Patience is how long a scan waits for the database before the codes are used as they
	// were read last; 0: half a second.
	Patience time.Duration
	// Failed is told when the database does not answer, once until it does again; nil: nobody.
	Failed func(error)
}

// Service is the room. Make one with New.
type Service struct {
	Config
	pages *web.Templates

	reading sync.Mutex // one reads the book at a time
	book    atomic.Pointer[book]
	checked atomic.Int64 // when the book was last held against the database, by the machine's clock
	changed atomic.Int64 // when this process last changed a code
	failing atomic.Bool  // the database did not answer when it was last asked
	guesses budget
	counted tally
}

// New makes the room.
func New(c Config) (*Service, error) {
	if c.DB == nil || c.Programs == nil || c.Site == nil || c.Now == nil || c.Open == nil || c.Lines == nil || c.Form == nil {
		return nil, errors.New("code: a part of the configuration is missing")
	}
	if c.Patience == 0 {
		c.Patience = patience
	}
	if c.Failed == nil {
		c.Failed = func(error) {}
	}
	s := &Service{Config: c, counted: tally{told: map[toldKey]int64{}}}
	pages, err := c.Site.Templates(files)
	if err != nil {
		return nil, fault.Wrap(err, "code: reading the templates")
	}
	s.pages = pages
	return s, nil
}

// Room is what app plugs in.
func (s *Service) Room() room.Room {
	return room.Room{Name: "code", Schema: Schema(), Strings: files, Routes: s.routes(), Measures: s.measures()}
}

// complain passes on that the database does not answer, once until it does again.
func (s *Service) complain(err error) {
	if was := s.failing.Swap(err != nil); err != nil && !was {
		s.Failed(err)
	}
}

func (s *Service) zone(programID string) *time.Location {
	if p, ok := s.Programs.Program(programID); ok && p.Zone != nil {
		return p.Zone
	}
	return time.UTC
}
