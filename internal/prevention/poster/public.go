// SPDX-License-Identifier: Apache-2.0

package poster

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"errors"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/room"
	"waylight/internal/platform/web"
)

//go:embed strings/*.yaml
var catalogs embed.FS

// Strings is the room's part of the catalog.
func Strings() fs.FS { return catalogs }

// Config is what the room stands on.
type Config struct {
	Programs *program.Set
	Press    *Press
	// Lines tells of a program's channels, and whether the public may be shown each.
	Lines func(program string) func(channel string) (program.Channel, bool)
	// Specimen says why sheets of a program are not for posting; "" when they are.
	Specimen func(program string) string
	Site     *web.Site
	Now      func() time.Time
}

// Service gives everybody the sheets of a program's notices to download. They carry
// no code: a code stands for a place, and nobody knows where these will hang.
type Service struct {
	Config
	mu     sync.Mutex
	made   map[string]finished // by what they say
	turn   chan struct{}       // held by who prints
	offers map[[3]string]offers
	known  map[[32]byte]bool // whether what a sheet says has room on it, by a hash of that
}

// offers are what was offered at some moment.
type offers struct {
	at   time.Time
	list []Offer
}

// offersHold is how long a list of offers is shown before it is made anew. Whether a
// sheet may still be printed is asked for each that is downloaded.
const offersHold = 10 * time.Second

// New makes the room.
func New(c Config) (*Service, error) {
	if c.Programs == nil || c.Press == nil || c.Lines == nil || c.Specimen == nil || c.Site == nil || c.Now == nil {
		return nil, errors.New("poster: a part of the configuration is missing")
	}
	return &Service{Config: c, made: map[string]finished{}, turn: make(chan struct{}, 1), offers: map[[3]string]offers{}, known: map[[32]byte]bool{}}, nil
}

// Room is the plug.
func (s *Service) Room() room.Room {
	r := room.Room{Name: "poster", Strings: catalogs}
	for _, id := range s.Programs.IDs() {
		r.Routes = append(r.Routes, web.Route{Pattern: "GET /" + id + "/signs/sheet/{notice}/{file}", Access: policy.At(policy.ReadSigns), Handler: s.file(id)})
	}
	return r
}

// Offer are the sheets of a notice in some languages that anybody may download.
type Offer struct {
	Languages string // in their own words: "English · Español"
	Files     []File
}

// File is one of them, in a size.
type File struct{ Title, Href string }

// offered are the sizes that anybody may download, in the order in which they are listed.
var offered = []string{"letter", "a4", "tabloid", "11x15", "card", "sticker", screen}

// screen is the size of a picture for a screen.
const screen = "screen"

// Offers are the downloads of a notice that can be printed now, in every size that its
// law allows and that its words have room on: in all languages that it must be in
// together, and in each of its languages alone.
func (s *Service) Offers(ctx context.Context, programID, notice, lang string) []Offer {
	p, ok := s.Programs.Program(programID)
	if !ok {
		return nil
	}
	n, ok := p.Notice(notice)
	if !ok || !p.Concerns(n) {
		return nil
	}
	key, now := [3]string{programID, notice, lang}, s.Now()
	s.mu.Lock()
	had, ok := s.offers[key]
	s.mu.Unlock()
	if age := now.Sub(had.at); ok && age >= 0 && age < offersHold {
		return had.list
	}
	out := s.offerAll(ctx, p, n, lang)
	s.mu.Lock()
	s.offers[key] = offers{now, out}
	s.mu.Unlock()
	return out
}

func (s *Service) offerAll(ctx context.Context, p *program.Program, n program.Notice, lang string) []Offer {
	var out []Offer
	for _, c := range combinations(n) {
		o := Offer{Languages: languageNames(c.langs)}
		for _, size := range offered {
			if ctx.Err() == nil && s.fits(s.sheet(p, n, c, size)) {
				o.Files = append(o.Files, File{s.Site.Catalog.T(lang, "poster.size."+size), "/" + p.ID + "/signs/sheet/" + n.ID + "/" + fileName(size, c.langs)})
			}
		}
		if len(o.Files) > 0 {
			out = append(out, o)
		}
	}
	return out
}

// mostKnown bounds what is remembered of sheets that were tried.
const mostKnown = 4096

// fits says whether a sheet can be printed now. Whether it may be is asked each time;
// whether its words have room on it, once for the same words.
func (s *Service) fits(sheet Sheet) bool {
	if sheet.check() != nil {
		return false
	}
	said, err := sheet.sayings()
	if err != nil {
		return false
	}
	key := sha256.Sum256([]byte(sheet.key(said, 0)))
	s.mu.Lock()
	fits, ok := s.known[key]
	s.mu.Unlock()
	if ok {
		return fits
	}
	fits = s.Press.Check(sheet) == nil
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= mostKnown {
		clear(s.known)
	}
	s.known[key] = fits
	return fits
}

// combination are the languages of a sheet; part says that other sheets, which are
// offered too, carry the rest of those that the notice must be in.
type combination struct {
	langs []string
	part  bool
}

// combinations are what is offered: the languages that the notice must be in, on one
// sheet and each on its own; every other language beside these; and all together.
func combinations(n program.Notice) []combination {
	out := []combination{{langs: n.Languages}}
	if len(n.Languages) > 1 {
		for _, lang := range n.Languages {
			out = append(out, combination{[]string{lang}, true})
		}
	}
	all := Languages(n)
	more := all[len(n.Languages):]
	for _, lang := range more {
		out = append(out, combination{langs: append(slices.Clone(n.Languages), lang)})
	}
	if len(more) > 1 {
		out = append(out, combination{langs: all})
	}
	return out
}

// names are the languages in their own words.
var names = map[string]string{"en": "English", "es": "Español", "fr": "Français", "vi": "Tiếng Việt", "zh-Hans": "简体中文", "ko": "한국어", "ar": "العربية", "hi": "हिन्दी"}

// LanguageName is a language in its own words; its tag where none are known.
func LanguageName(lang string) string {
	if name := names[lang]; name != "" {
		return name
	}
	return lang
}

func languageNames(langs []string) string {
	out := make([]string, len(langs))
	for i, l := range langs {
		out[i] = LanguageName(l)
	}
	return strings.Join(out, " · ")
}

func fileName(size string, langs []string) string {
	ext := ".pdf"
	if size == screen {
		ext = ".png"
	}
	return size + "_" + strings.Join(langs, "_") + ext
}

func (s *Service) sheet(p *program.Program, n program.Notice, c combination, size string) Sheet {
	of, _ := SizeOf(size)
	now := s.Now().In(p.Zone)
	return Sheet{Notice: n, Languages: c.langs, Size: of, Lines: s.Lines(p.ID), Specimen: s.Specimen(p.ID), part: c.part,
		Day: time.Date(now.Year(), now.Month(), now.Day(), 12, 0, 0, 0, time.UTC)}
}

// errNone is the answer to whatever is not offered.
var errNone = fault.New(fault.NotFound, "poster.none", "There is no such sheet, or it cannot be printed now.")

// file sends a sheet.
func (s *Service) file(programID string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, ok := s.Programs.Program(programID)
		if !ok {
			return errNone
		}
		n, ok := p.Notice(r.PathValue("notice"))
		if !ok || !p.Concerns(n) {
			return errNone
		}
		size, c, ok := asked(n, r.PathValue("file"))
		if !ok {
			return errNone
		}
		data, err := s.make(r.Context(), s.sheet(p, n, c, size))
		if err != nil {
			return errNone.With(err)
		}
		kind := "application/pdf"
		if size == screen {
			kind = "image/png"
		}
		h := w.Header()
		h.Set("Content-Type", kind)
		h.Set("Content-Disposition", `attachment; filename="`+fileName(size, c.langs)+`"`)
		_, err = w.Write(data)
		return err
	}
}

// asked finds what a file's name stands for, among what may be offered.
func asked(n program.Notice, file string) (size string, c combination, ok bool) {
	for _, c := range combinations(n) {
		for _, size := range offered {
			if fileName(size, c.langs) == file {
				return size, c, true
			}
		}
	}
	return "", combination{}, false
}

// mostMade bounds what is kept of finished sheets.
const mostMade = 64

// failedHolds is how long a sheet that could not be printed is not tried again.
const failedHolds = 10 * time.Second

// finished is a sheet that was made, or why it could not be.
type finished struct {
	data []byte
	err  error
	at   time.Time
}

// make prints a sheet, or finds it among those that were asked for before. One is
// printed at a time: who asks for many holds up nobody but those who ask for one too.
func (s *Service) make(ctx context.Context, sheet Sheet) ([]byte, error) {
	key, err := Remark(sheet.Size.Name, 1, func(int) (Sheet, error) { return sheet, nil })
	if err != nil {
		return nil, err
	}
	if f, ok := s.had(key); ok {
		return f.data, f.err
	}
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-s.turn }()
	if f, ok := s.had(key); ok { // somebody before asked for the same
		return f.data, f.err
	}
	var out bytes.Buffer
	if sheet.Size.Pixels > 0 {
		err = s.Press.PNG(&out, sheet, 0)
	} else {
		err = s.Press.PDF(&out, sheet)
	}
	f := finished{data: out.Bytes(), err: err, at: s.Now()}
	if err != nil {
		f.data = nil
	}
	s.keep(key, f)
	return f.data, f.err
}

func (s *Service) had(key string) (finished, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.made[key]
	if age := s.Now().Sub(f.at); ok && f.err != nil && (age < 0 || age >= failedHolds) {
		return f, false
	}
	return f, ok
}

func (s *Service) keep(key string, f finished) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.made { // any one goes: which is all the same
		if len(s.made) < mostMade {
			break
		}
		delete(s.made, k)
	}
	s.made[key] = f
}
