// SPDX-License-Identifier: Apache-2.0

package file

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"slices"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/room"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
	"waylight/internal/protection/report"
)

//go:embed strings/*.yaml
var words embed.FS

//go:embed templates/*.html
var templates embed.FS

//go:embed assets/*.js
var assets embed.FS

// Faults of this room.
var (
	ErrNoFile   = fault.New(fault.NotFound, "file_unknown", "There is no such file.")
	ErrName     = fault.New(fault.Invalid, "file_name", "The name of this file is too long, or has signs in it that cannot be shown. It was not taken. Please give it another name and send it again.")
	ErrSize     = fault.New(fault.TooLarge, "file_size", "This file is larger than can be taken. What arrived of it is kept.")
	ErrCount    = fault.New(fault.TooLarge, "file_count", "No more files can be added to this report. Those that were added are kept.")
	ErrFull     = fault.New(fault.TooLarge, "file_report_full", "The files of this report take all the room there is for one report. What arrived is kept.")
	ErrSpace    = fault.New(fault.Unavailable, "file_space", "There is no room for files right now. Reports and messages are still taken. What arrived is kept; please try again later.")
	ErrBusy     = fault.New(fault.Overloaded, "file_busy", "Many files are arriving right now. Please try again in a moment; it goes on where it stopped.")
	ErrPart     = fault.New(fault.Invalid, "file_part", "This is not a part of a sealed file. It was not kept.")
	ErrExists   = fault.New(fault.Conflict, "file_exists", "There is another file under this number already. Nothing was changed.")
	ErrOther    = fault.New(fault.Conflict, "file_other", "Another file that begins the same came from this page before. This one was not kept; choose it again on a new page.")
	ErrCut      = fault.New(fault.Invalid, "file_cut", "The connection ended. What arrived of the file is kept.")
	ErrKeys     = fault.New(fault.Conflict, "file_keys", "The keys of the offices have changed. Nothing was kept yet; ask for them again.")
	ErrNoReader = fault.New(fault.Unavailable, "file_no_reader", "Nobody can open files of this report right now. Nothing was kept.")
	ErrProof    = fault.New(fault.Invalid, "file_proof", "This does not prove that the file was opened. Nothing was recorded.")
	ErrUnopened = fault.New(fault.Forbidden, "file_unopened", "Open the file first: who reads a file is on record.")
	errEnded    = fault.New(fault.Conflict, "file_ended", "This file has ended already. What arrived is kept.")
	errMoved    = errors.New("the file went on meanwhile")
)

// nextPart answers a part that is not the one that is wanted next.
type nextPart struct{ next int }

// Error is the text for logs.
func (e nextPart) Error() string { return "another part of the file is next" }

// Config is what the room stands on.
type Config struct {
	DB       *store.DB
	Programs *program.Set
	Keys     func(program string) map[string]agency.Key
	Chains   func(program string) map[string]agency.Chain // of each office's key; nil: none is published, and browsers do not seal
	People   People
	Receipts Receipts
	Holders  Holders
	Site     *web.Site
	Now      func() time.Time
	Limits   func(program string) Limits // nil: DefaultLimits
	Space    func() (Space, error)       // of the disk that files go to; nil: that of the database's file
	Log      *slog.Logger
}

// People is what this room needs of the room that knows the members.
type People interface {
	VerifySignature(m identity.Member, statement string, signature []byte) bool
	Members(ctx context.Context, program, office string) ([]identity.Member, error)
}

// Service is the room. Make one with New.
type Service struct {
	Config
	pages   *web.Templates
	pieces  chan struct{} // of parts that browsers send
	streams chan []byte   // for files that the server seals
	writing chan struct{} // parts that wait for the database
	places  places
	turns   turns
}

// New makes the room. The catalog of Config.Site must hold Strings().
func New(c Config) (*Service, error) {
	if c.DB == nil || c.Programs == nil || c.Keys == nil || c.People == nil || c.Receipts == nil || c.Holders == nil || c.Site == nil {
		return nil, errors.New("file: DB, Programs, Keys, People, Receipts, Holders and Site are needed")
	}
	s := &Service{Config: c.withDefaults(), pieces: make(chan struct{}, piecesAtOnce), streams: make(chan []byte, streamsAtOnce),
		writing: make(chan struct{}, writesAtOnce), places: places{taken: map[store.ID]int{}}, turns: turns{held: map[store.ID]chan struct{}{}}}
	for range streamsAtOnce {
		s.streams <- nil
	}
	if err := c.Site.AddAssets(assets); err != nil {
		return nil, fault.Wrap(err, "file: adding the assets")
	}
	pages, err := c.Site.Templates(templates, "templates/*.html")
	if err != nil {
		return nil, fault.Wrap(err, "file: reading the templates")
	}
	s.pages = pages
	return s, nil
}

func (c Config) withDefaults() Config {
	if c.Chains == nil {
		c.Chains = func(string) map[string]agency.Chain { return nil }
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Limits == nil {
		c.Limits = func(string) Limits { return DefaultLimits }
	}
	if c.Space == nil {
		file := c.DB.File()
		c.Space = func() (Space, error) { return SpaceOf(file) }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// The room's jobs.
const (
	KindSweep  = "file.sweep"  // ends uploads that nothing came for
	KindNotice = "file.notice" // tells those on duty that a file came
)

// Strings are the room's words, for the catalog. They are also part of Room.
func Strings() fs.FS { return words }

// Schema is the room's tables. They are also part of Room.
func Schema() store.Schema { return store.Schema{Room: "file", FS: migrations} }

// Room is what app mounts.
func (s *Service) Room() room.Room {
	return room.Room{
		Name: "file", Routes: s.routes(), Schema: Schema(), Strings: words,
		Jobs:      map[string]jobs.Handler{KindSweep: s.sweep, KindNotice: s.notify},
		Schedules: []jobs.Schedule{{Kind: KindSweep, Every: time.Hour}},
	}
}

// limits are a program's, with the defaults for what it does not say.
func (s *Service) limits(program string) Limits {
	l := s.Limits(program)
	if l.File <= 0 {
		l.File = DefaultLimits.File
	}
	if l.Report <= 0 {
		l.Report = DefaultLimits.Report
	}
	if l.Count <= 0 {
		l.Count = DefaultLimits.Count
	}
	return l
}

// sealed is the most that one file may take when it is sealed.
func (l Limits) sealed() int64 { return seal.SealedFileSize(l.File + 4<<10) }

// What must stay free on the disk before a file is taken: reports come first.
const (
	leastFree  = 5_000_000_000
	leastShare = 10 // one part in ten
)

// roomLeft refuses files while the disk fills up. A disk that cannot be asked is
// taken to have room: a report's evidence is not refused for that.
func (s *Service) roomLeft() error {
	left, err := s.Space()
	if err != nil || left.Total == 0 {
		return nil
	}
	if left.Free < leastFree || left.Free < left.Total/leastShare {
		return ErrSpace
	}
	return nil
}

// SenderReader is the one office that a sender's browser seals a file to. It
// stands fixed from the moment the report was accepted: whoever gets hold of a
// receipt must not learn from it who came to hold the report later, nor, of a
// request for help, whom the survivor chose beside the one. The others get the
// file from this office. ok is false while the office may not read it: then the
// server seals, which tells nothing and reaches every holder.
func (s *Service) SenderReader(ctx context.Context, to report.Found) (r Reader, ok bool, err error) {
	p, known := s.Programs.Program(to.Program)
	if !known {
		return Reader{}, false, ErrNoFile
	}
	keys := s.Keys(to.Program)
	candidates := slices.DeleteFunc(slices.Clone(to.Told), func(id string) bool { return keys[id].Public == nil })
	slices.SortStableFunc(candidates, func(a, b string) int {
		return cmp.Compare(distance(p.Offices[a], to.Mode), distance(p.Offices[b], to.Mode))
	})
	if len(candidates) == 0 {
		return Reader{}, false, nil
	}
	first := candidates[0]
	_, err = s.Holders.Held(ctx, to.Program, to.Report, first)
	if fault.KindOf(err) == fault.NotFound {
		return Reader{}, false, nil
	}
	if err != nil {
		return Reader{}, false, fault.Wrap(err, "asking who holds a report")
	}
	return Reader{Office: first, Key: keys[first], Chain: s.Chains(to.Program)[first]}, true, nil
}

// distance orders offices for SenderReader: a desk first, which passes things on
// and says least about a report; police last where somebody asked for help.
func distance(o program.Office, mode string) int {
	switch {
	case mode == program.Help && o.Police:
		return 2
	case o.Desk:
		return 0
	}
	return 1
}

// Readers are the offices that hold a report now and have a key.
func (s *Service) Readers(ctx context.Context, programID string, report store.ID) ([]Reader, error) {
	holders, err := s.holders(ctx, programID, report)
	if err != nil {
		return nil, err
	}
	keys, chains := s.Keys(programID), s.Chains(programID)
	var out []Reader
	for _, office := range holders {
		if k := keys[office]; k.Public != nil {
			out = append(out, Reader{Office: office, Key: k, Chain: chains[office]})
		}
	}
	return out, nil
}

// holders are the offices that hold a report now, in the order of their names.
func (s *Service) holders(ctx context.Context, programID string, report store.ID) ([]string, error) {
	p, ok := s.Programs.Program(programID)
	if !ok {
		return nil, ErrNoFile
	}
	var out []string
	for _, id := range slices.Sorted(maps.Keys(p.Offices)) {
		_, err := s.Holders.Held(ctx, programID, report, id)
		switch {
		case err == nil:
			out = append(out, id)
		case fault.KindOf(err) != fault.NotFound:
			return nil, fault.Wrap(err, "asking who holds a report")
		}
	}
	return out, nil
}

func recordName(id store.ID) string { return "file:" + id.String() }

func reportName(id store.ID) string { return "report:" + id.String() }

func (s *Service) entry(tx *store.Tx, programID, event string, id store.ID, actor string) {
	tx.Log(custody.Entry{Program: programID, Event: event, Record: recordName(id), Actor: actor})
}
