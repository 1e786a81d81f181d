// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/gate"
	"waylight/internal/platform/room"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed strings/*.yaml
var words embed.FS

//go:embed templates/*.html
var templates embed.FS

//go:embed assets/*.js
var assets embed.FS

// Faults of this room. Their messages are safe to show; all of them but
// ErrUnsure mean that nothing was kept.
var (
	ErrProgram  = fault.New(fault.NotFound, "program_unknown", "There is no such program here. Nothing was kept.")
	ErrLanguage = fault.New(fault.Invalid, "language_unknown", "This program does not speak that language. Nothing was kept.")
	ErrClosed   = fault.New(fault.Unavailable, "form_closed", "This form is not open yet. Nothing was kept. Please call or text one of the lines instead.")
	ErrNoHelp   = fault.New(fault.Invalid, "help_not_offered", "Nobody can be asked for help through this form yet. Nothing was kept. Please call or text one of the lines instead.")
	ErrKey      = fault.New(fault.Invalid, "idempotency_key", "The Idempotency-Key must be a random value of at least 128 bits: 32 hexadecimal digits, a UUID, or 22 characters of base64url. Nothing was kept; send the report again with such a key.")
	ErrNoReader = fault.New(fault.Unavailable, "no_reader", "Nobody can read reports here right now. Nothing was kept. Please call or text one of the lines instead.")
	ErrUnsure   = fault.New(fault.Unavailable, "unsure", "We cannot say whether this was kept. Please send it again: it counts only once.")
	ErrAnswers  = fault.New(fault.Invalid, "answers", "Some answers need a change. Nothing was kept yet.")
	ErrReceipt  = fault.New(fault.NotFound, "receipt_unknown", "No report was found with these words.")
	ErrNoReport = fault.New(fault.NotFound, "report_unknown", "There is no such report.")
)

// Config is what the service stands on. What comes from floors above or beside
// arrives as functions, which are called on every request and must be fast.
type Config struct {
	DB        *store.DB
	Programs  *program.Set
	Keys      Keys
	Referrals Referrals
	// Chains gives the offices' keys with the signatures that they rest on, and
	// Directory the key that all of them rest on in the end, which the page's script
	// carries. Where either is missing the server seals.
	Chains    func(program string) map[string]agency.Chain
	Directory func(program string) ed25519.PublicKey
	// AllKeys lists an office's keys with those that were retired; nil: only the
	// current ones count.
	AllKeys func(ctx context.Context, program, office string) ([]agency.Key, error)
	// Pinned takes the place of the script that carries the directory keys, for a
	// program that only checks another site's scripts.
	Pinned []byte
	// Scripts are the scripts of higher rooms that the holder of a receipt uses.
	// They hear of it by the event "receipt" on the document.
	Scripts []string
	// Keyed says whether reports can be sealed to an office; nil: it has a key.
	Keyed func(program string) func(office string) bool
	// Log gives the log that signs a program's promises.
	Log    func(program string) *custody.Log
	Pepper []byte // at least 32 random bytes, kept outside the database
	Site   *web.Site
	// Open says whether the public may send; nil: always.
	Open func(ctx context.Context, program string) bool
	// Moved says where a program went that left this place, "" for one that is here;
	// nil: none ever leaves.
	Moved func(program string) string
	// Hours says when a person reads reports; nil: nothing is promised.
	Hours func(ctx context.Context, program string) agency.Reading
	// Channels tells what recorded calls say of a program's lines; nil: what its
	// pack says.
	Channels func(program string) func(channel string) program.ChannelState
	// Work gives a puzzle while so much comes in that those who solve one go first.
	// It is asked only for reports that a browser seals; nil, or nothing: none is.
	Work func() *gate.Work
	Now  func() time.Time
	// Signs knows the codes of signs; nil: nobody comes by one.
	Signs Signs
	// About is the address of the page about a program's signs, which the form leads
	// to; nil: there is none.
	About func(program, lang string) string
	// Spool keeps reports while the database is away; nil where the database cannot
	// be away, because it is this server's own.
	Spool Spool
	// Patience is how long a report waits for the database before the spool keeps
	// it; 0: ten seconds.
	Patience time.Duration
}

// Service is the room. Make one with New.
type Service struct {
	Config
	reader      store.Reader // of receipts
	pages       *web.Templates
	pinned      map[string]string          // by program: the directory key in base64
	clearFields map[string]map[string]bool // by program: what a browser may send in clear
}

// New makes the room. The catalogue of Config.Site must hold Strings().
func New(c Config) (*Service, error) {
	switch {
	case c.DB == nil, c.Programs == nil, c.Keys == nil, c.Referrals == nil, c.Log == nil, c.Site == nil:
		return nil, errors.New("report: DB, Programs, Keys, Referrals, Log and Site are needed")
	case len(c.Pepper) < 32:
		return nil, errors.New("report: the pepper needs at least 32 bytes")
	}
	s := &Service{Config: c.withDefaults(), reader: c.DB}
	if err := s.addScripts(); err != nil {
		return nil, fault.Wrap(err, "report: adding the assets")
	}
	pages, err := c.Site.Templates(templates, "templates/*.html")
	if err != nil {
		return nil, fault.Wrap(err, "report: reading the templates")
	}
	s.pages = pages
	return s, nil
}

// addScripts gives the site this room's scripts, and the one that carries the
// pinned keys.
func (s *Service) addScripts() error {
	s.pinned, s.clearFields = map[string]string{}, map[string]map[string]bool{}
	for _, id := range s.Programs.IDs() {
		p, err := s.program(id)
		if err != nil {
			return err
		}
		s.clearFields[id] = clearFields(p)
		if _, taken := p.Form.Question(signField); taken {
			return errors.New("the form of " + id + " has a question of its own called " + signField)
		}
		if s.Chains == nil || s.Directory == nil {
			continue
		}
		if key := s.Directory(id); len(key) == ed25519.PublicKeySize {
			s.pinned[id] = base64.StdEncoding.EncodeToString(key)
		}
	}
	keys, err := json.Marshal(s.pinned)
	if err != nil {
		return err
	}
	script := s.Pinned
	if script == nil {
		script = []byte(pinnedBefore + string(keys) + pinnedAfter)
	}
	if err := s.Site.AddAsset(PinnedScript, script); err != nil {
		return err
	}
	return s.Site.AddAssets(assets)
}

// PinnedScript is the script that carries each program's directory key: the one
// script of the site that differs from installation to installation.
const PinnedScript = "pinned.js"

const pinnedBefore, pinnedAfter = "export default ", ";\n"

// ParsePinned reads the script that carries the directory keys and gives the key
// of a program. It fails for anything that is more than a list of keys.
func ParsePinned(script []byte, programID string) (ed25519.PublicKey, error) {
	list, begins := bytes.CutPrefix(script, []byte(pinnedBefore))
	list, ends := bytes.CutSuffix(list, []byte(pinnedAfter))
	keys := map[string][]byte{}
	if !begins || !ends || json.Unmarshal(list, &keys) != nil {
		return nil, errors.New("report: the script of the pinned keys holds something else")
	}
	if len(keys[programID]) != ed25519.PublicKeySize {
		return nil, errors.New("report: no directory key is pinned for this program")
	}
	return keys[programID], nil
}

func (c Config) withDefaults() Config {
	if c.Keyed == nil {
		keys := c.Keys
		c.Keyed = func(program string) func(string) bool {
			return func(office string) bool { return keys(program)[office].Public != nil }
		}
	}
	if c.Open == nil {
		c.Open = func(context.Context, string) bool { return true }
	}
	if c.Hours == nil {
		c.Hours = func(context.Context, string) agency.Reading { return agency.Reading{} }
	}
	if c.Channels == nil {
		c.Channels = func(string) func(string) program.ChannelState { return nil }
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Patience == 0 {
		c.Patience = 10 * time.Second
	}
	return c
}

// Strings are the room's words. They are also part of Room.
func Strings() embed.FS { return words }

// Schema is the room's tables. They are also part of Room.
func Schema() store.Schema { return store.Schema{Room: "report", FS: migrations} }

// Room is what app mounts.
func (s *Service) Room() room.Room {
	return room.Room{Name: "report", Routes: s.routes(), Schema: Schema(), Strings: words, Measures: s.Measures()}
}

func (s *Service) program(id string) (*program.Program, error) {
	p, ok := s.Programs.Program(id)
	if !ok {
		return nil, ErrProgram.At("program")
	}
	return p, nil
}

// movedTo is where a program went that left this place.
func (s *Service) movedTo(program string) string {
	if s.Moved == nil {
		return ""
	}
	return s.Moved(program)
}
