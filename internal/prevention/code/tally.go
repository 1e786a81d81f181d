// SPDX-License-Identifier: Apache-2.0

package code

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"waylight/internal/platform/store"
)

type scanKey struct {
	program       string
	code          store.ID
	day, language string
}

type toldKey struct {
	program string
	code    store.ID
	day     string // on which it came, in the program; only its week is written
}

// tally is what was counted and does not stand in the database yet.
type tally struct {
	mu    sync.Mutex
	scans [portions]map[scanKey]int64
	told  map[toldKey]int64
}

// portion is the turn at which the counts of a code are added, always the same.
func (k scanKey) portion() int { return int(k.code[len(k.code)-1]) % portions }

// scan counts scans, those of one key together.
func (t *tally) scan(k scanKey, n int64) {
	p := k.portion()
	if t.scans[p] == nil {
		t.scans[p] = map[scanKey]int64{}
	}
	t.scans[p][k] += n
}

// emptyPortion makes room for what comes next in a portion, and gives what there was.
func (t *tally) emptyPortion(p int) map[scanKey]int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	scans := t.scans[p]
	t.scans[p] = nil
	return scans
}

// empty makes room for what comes next, and gives what there was.
func (t *tally) empty() map[scanKey]int64 {
	scans := map[scanKey]int64{}
	for p := range portions {
		maps.Copy(scans, t.emptyPortion(p))
	}
	return scans
}

// emptyTold gives those reports that are due, and makes room for what comes next.
func (t *tally) emptyTold(due func(toldKey) bool) map[toldKey]int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	told := map[toldKey]int64{}
	for k, n := range t.told {
		if due(k) {
			told[k] = n
			delete(t.told, k)
		}
	}
	return told
}

const (
	every    = 5 * time.Second  // how often the scans of a code are added
	portions = 25               // of codes, one after the other: all at once would keep the processor from those who scan meanwhile
	patient  = 20 * time.Second // how long that may take
	toldHour = 3                // of the program's day: when reports that carried a code are, those of the days before
)

// scanned counts one scan.
func (s *Service) scanned(c Code, language string) {
	k := scanKey{c.Program, c.ID, s.Now().In(s.zone(c.Program)).Format(time.DateOnly), language}
	s.counted.mu.Lock()
	s.counted.scan(k, 1)
	s.counted.mu.Unlock()
}

// Count counts one scan of a code, as if a person's browser had opened it: for a
// demonstration.
func (s *Service) Count(c Code, language string) { s.scanned(c, language) }

// Told counts a report that carried a code. It is called after the report was
// accepted, and neither stores nor logs anything: what it counts is written at a fixed
// hour of a later day, with all others of its day, so that neither its row nor the time
// at which that was written leads to one report.
func (s *Service) Told(ctx context.Context, programID, text string) {
	code, shaped := Parse(text)
	if !shaped {
		return
	}
	c, found := s.look(ctx, code)
	if !found || c.Program != programID {
		return
	}
	k := toldKey{c.Program, c.ID, s.Now().In(s.zone(c.Program)).Format(time.DateOnly)}
	s.counted.mu.Lock()
	defer s.counted.mu.Unlock()
	s.counted.told[k]++
}

// weekOf names the week of a day by its Monday.
func weekOf(day time.Time) string {
	return day.AddDate(0, 0, -(int(day.Weekday())+6)%7).Format(time.DateOnly)
}

// Run adds what was counted every few seconds, a portion of the codes at a time, until
// ctx ends. What comes after that is added by Flush, which app calls when nobody is
// answered any more.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(every / portions)
	defer tick.Stop()
	for turn := 0; ; turn = (turn + 1) % portions {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if tried, err := s.addSoon(ctx, turn); tried {
			s.complain(err)
		}
	}
}

// addSoon adds the scans whose turn it is, with the first turn the reports that are
// due, and is not stopped halfway. It says whether there was anything to add.
func (s *Service) addSoon(ctx context.Context, turn int) (tried bool, err error) {
	scans, told := s.counted.emptyPortion(turn), map[toldKey]int64(nil)
	if turn == 0 {
		told = s.counted.emptyTold(s.dueTold)
	}
	if len(scans) == 0 && len(told) == 0 {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patient)
	defer cancel()
	return true, s.add(ctx, scans, told)
}

// Flush adds everything that was counted.
func (s *Service) Flush(ctx context.Context) error {
	return s.add(ctx, s.counted.empty(), s.counted.emptyTold(func(toldKey) bool { return true }))
}

// dueTold says whether a report's day is over, and the hour to write it has come.
func (s *Service) dueTold(k toldKey) bool {
	now := s.Now().In(s.zone(k.program))
	return now.Hour() >= toldHour && k.day < now.Format(time.DateOnly)
}

// add writes counts in one transaction. What could not be written is counted again
// next time, unless it may have been: then it is let go, since no count may be too high.
func (s *Service) add(ctx context.Context, scans map[scanKey]int64, told map[toldKey]int64) error {
	if len(scans) == 0 && len(told) == 0 {
		return nil
	}
	// In one order on every server, so that no two wait for each other.
	keys, reports := slices.SortedFunc(maps.Keys(scans), scanKey.compare), slices.SortedFunc(maps.Keys(told), toldKey.compare)
	err := s.DB.Write(ctx, func(tx *store.Tx) error {
		if err := addScans(tx, keys, scans); err != nil {
			return err
		}
		for _, k := range reports {
			day, err := time.Parse(time.DateOnly, k.day)
			if err != nil { // Told wrote it
				return err
			}
			if err := addTold(tx, k.program, k.code, weekOf(day), told[k]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, store.ErrUnknown) {
		s.again(scans, told)
	}
	return err
}

func (s *Service) again(scans map[scanKey]int64, told map[toldKey]int64) {
	s.counted.mu.Lock()
	defer s.counted.mu.Unlock()
	for k, n := range scans {
		s.counted.scan(k, n)
	}
	for k, n := range told {
		s.counted.told[k] += n
	}
}

func (k scanKey) compare(o scanKey) int {
	return cmp.Or(cmp.Compare(k.program, o.program), slices.Compare(k.code[:], o.code[:]), cmp.Compare(k.day, o.day), cmp.Compare(k.language, o.language))
}

func (k toldKey) compare(o toldKey) int {
	return cmp.Or(cmp.Compare(k.program, o.program), slices.Compare(k.code[:], o.code[:]), cmp.Compare(k.day, o.day))
}
