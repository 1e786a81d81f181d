// SPDX-License-Identifier: Apache-2.0

package code

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/form"
	"waylight/internal/platform/place"
	"waylight/internal/platform/store"
)

// Draft is what a code is made of.
type Draft struct {
	Program string
	Kind    string
	Subject store.ID
	County  string // FIPS; "" for none
	Place   string
	Small   bool
	By      string // the actor, as the custody log names it
}

// longestPlace is how many letters a place takes: those of "name, city" of a place
// where signs hang.
const longestPlace = 250

func (n Draft) check() error {
	if n.Program == "" || n.Subject.IsZero() || !slices.Contains(Kinds(), n.Kind) {
		return errNew
	}
	return checkPlace(n.County, n.Place)
}

// checkPlace holds to what they must be the county and the words that senders read.
func checkPlace(county, name string) error {
	text, clean := form.Repair(name)
	_, known := place.CountyByFIPS(county)
	switch {
	case county != "" && !known:
		return errNew
	case strings.TrimSpace(name) == "", !clean && text != name, strings.ContainsAny(name, "\n\r\t"), utf8.RuneCountInString(name) > longestPlace:
		return errNew
	}
	return nil
}

// Issue makes a code, switched on. Its row waits for the caller's tx.Log.
func (s *Service) Issue(tx *store.Tx, n Draft) (Code, error) {
	made, err := s.IssueAll(tx, []Draft{n})
	if err != nil {
		return Code{}, err
	}
	return made[0], nil
}

// IssueAll makes many codes, in their order; their rows wait for the caller's
// tx.Log. A code is never given twice, not even of one that was switched off, nor
// in another program of this site: an address has no program in it.
func (s *Service) IssueAll(tx *store.Tx, all []Draft) ([]Code, error) {
	out := make([]Code, 0, len(all))
	taken := map[string]bool{}
	programs := map[string]bool{}
	var rows []store.Row
	for _, n := range all {
		if err := n.check(); err != nil {
			return nil, err
		}
		text, err := s.free(tx, taken)
		if err != nil {
			return nil, err
		}
		c := Code{Program: n.Program, ID: store.NewID(), Text: text, Kind: n.Kind, Subject: n.Subject, County: n.County, Place: strings.TrimSpace(n.Place), Small: n.Small,
			On: true, Made: tx.Now(), MadeBy: n.By}
		out, rows, programs[n.Program] = append(out, c), append(rows, c.row()), true
	}
	if err := tx.InsertAll("code", rows); err != nil {
		return nil, fault.Wrap(err, "issuing codes")
	}
	return out, s.turn(tx, programs)
}

// free finds a text that no code of this site has or had.
func (s *Service) free(tx *store.Tx, taken map[string]bool) (string, error) {
	for range 100 {
		text := random()
		if taken[text] {
			continue
		}
		used := false
		for _, id := range s.Programs.IDs() {
			has, err := hasText(context.Background(), tx, id, text)
			if err != nil {
				return "", err
			}
			used = used || has
		}
		if !used {
			taken[text] = true
			return text, nil
		}
	}
	return "", fmt.Errorf("issuing a code: no free one was found")
}

// Switch switches a code on or off, and says whether that changed anything. Its row
// waits for the caller's tx.Log. It holds from the commit on: within
// a fiftieth of a second on this server, and a quarter of one on every other.
func (s *Service) Switch(tx *store.Tx, programID string, id store.ID, on bool, by string) (bool, error) {
	changed, err := switchTo(tx, programID, id, on, by)
	if err != nil {
		return false, err
	}
	if !changed {
		_, err := s.Get(context.Background(), tx, programID, id)
		return false, err
	}
	if err := tx.Touch("code", programID, id); err != nil {
		return false, err
	}
	return true, s.turn(tx, map[string]bool{programID: true})
}

// Describe says anew what a code stands for, in the words that senders read: its
// county, its place, and whether so few come by there that the place may tell who it
// was. Its row waits for the caller's tx.Log. It holds from the commit on, as Switch does.
func (s *Service) Describe(tx *store.Tx, programID string, id store.ID, county, place string, small bool) error {
	if err := checkPlace(county, place); err != nil {
		return err
	}
	if err := describe(tx, programID, id, county, strings.TrimSpace(place), small); err != nil {
		return err
	}
	if err := tx.Touch("code", programID, id); err != nil {
		return err
	}
	return s.turn(tx, map[string]bool{programID: true})
}

// turn tells every server that codes of these programs changed.
func (s *Service) turn(tx *store.Tx, programs map[string]bool) error {
	for id := range programs {
		if err := turn(tx, id); err != nil {
			return err
		}
	}
	s.changed.Store(time.Now().UnixNano())
	return nil
}
