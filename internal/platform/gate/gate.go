// SPDX-License-Identifier: Apache-2.0

// Package gate decides, when more comes in than the machine can do, what is
// done now, what waits, and what is turned away.
//
// It promises:
//
//   - What carries a sender's words waits as long as it takes and is never
//     turned away (class [Intake]). While any of it waits longer than
//     [Patience], everything else is held to a few places at a time, so that
//     nearly all of the machine works for it; what does not fit is turned away
//     with a word that says so.
//   - Members who are signed in keep places of their own, because they must
//     read what comes ([Staff]).
//   - Within a class it is first come, first served. Nothing is known of who
//     comes: no address, no cookie, no count of anybody. A school class that
//     shares one address is thirty senders.
//   - Memory is bounded: at work are as many as the class has places; what
//     waits holds its words and little else; [Lobby] bounds how many can be in
//     the house at all; [Scale] bounds what long words weigh together.
//   - When the rush is over nothing remains of it: the next request is
//     answered as if there had been none.
//
// Under a siege, when words have waited for longer than [Patience] without a
// pause for [SiegeAfter], there are two lines at the same door. Words that come
// with a proof of work ([Puzzles]) stand in the first, and three of four places
// go to it. All others stand in the second: later, but accepted all the same.
package gate

import (
	"container/list"
	"context"
	"sync"
	"time"

	"waylight/internal/platform/fault"
)

// Class is what a request is about, as far as the gate cares.
type Class int

// The classes. Free is never held: what must always answer, and costs nothing.
const (
	Free    Class = iota // health, leaving the page
	Intake               // a sender's words, and the questions a form asks before it sends them
	Staff                // members who are signed in
	Door                 // signing in and enrolling
	Receipt              // what a receipt shows
	Page                 // pages and files of the site, the public log
	File                 // files under a receipt
	Heavy                // figures and lists for download
	classes
)

var names = [classes]string{"free", "intake", "staff", "door", "receipt", "page", "file", "heavy"}

// String is the class's name in logs and figures.
func (c Class) String() string { return names[c] }

// Classes lists all of them.
func Classes() []Class { return []Class{Free, Intake, Staff, Door, Receipt, Page, File, Heavy} }

const (
	// Patience is how long words may wait before all else makes way.
	Patience = 500 * time.Millisecond
	// SiegeAfter is how long that must last, without a pause, before there are two lines.
	SiegeAfter = 30 * time.Second
	// SiegeEnds is how long words must not have had to wait before there is one again.
	SiegeEnds = time.Minute
	// LongBodies is what bodies that are not short may weigh together.
	LongBodies = 48 << 20
	// firstLine of so many places go to the first line while both wait.
	firstLine, ofPlaces = 3, 4
)

// rule is what a class may have: places at work, fewer of them while words
// wait, how many may wait for one, and for how long.
type rule struct {
	calm, pressed, queue int
	wait                 time.Duration
}

// wordsAtWork is twice what a busy commit takes at once: while one lot is carried
// to the disk, the next is sealed.
const wordsAtWork = 256

var rules = [classes]rule{
	Intake:  {calm: wordsAtWork, pressed: wordsAtWork},
	Staff:   {calm: 32, pressed: 8, queue: 256, wait: 20 * time.Second},
	Door:    {calm: 16, pressed: 2, queue: 128, wait: 10 * time.Second},
	Receipt: {calm: 32, pressed: 4, queue: 256, wait: 10 * time.Second},
	Page:    {calm: 32, pressed: 4, queue: 2048, wait: 10 * time.Second},
	File:    {calm: 16, pressed: 0, queue: 32, wait: 5 * time.Second},
	Heavy:   {calm: 2, pressed: 0, queue: 8, wait: 10 * time.Second},
}

// Busy says that a request of a class was turned away. Nothing of it was kept.
func Busy(c Class) *fault.Error {
	return fault.New(fault.Overloaded, "busy_"+c.String(), "Very many people are writing to us just now, so this has to wait.")
}

// waiter is one request that waits for its turn.
type waiter struct {
	since time.Time
	turn  chan struct{} // closed when it has come
	in    *list.List
	at    *list.Element
}

// Gate is the one door of a site. Make it with New.
type Gate struct {
	// Tell is told when words begin to wait, and when none wait any more; it must
	// return at once. Nil: nobody is.
	Tell func(Rush)

	// Long is what bodies that are not short weigh on.
	Long *Scale

	mu      sync.Mutex
	working [classes]int
	waiting [classes]*list.List // of *waiter; Intake's is its second line
	first   *list.List          // Intake's first line
	given   int                 // places given to Intake while both lines waited
	turned  [classes]int64
	rush    Rush      // of now, or the last one
	before  int64     // turned away when it began
	rushing bool      // words have waited beyond Patience, and not all of them are through
	easy    time.Time // when the last rush ended
	siege   bool
}

// New makes a gate at which nobody waits.
func New() *Gate {
	g := &Gate{first: list.New(), Long: NewScale(LongBodies)}
	for c := range g.waiting {
		g.waiting[c] = list.New()
	}
	return g
}

// Enter waits for a place for a request of any class but Intake. leave gives the
// place back. The error is a fault of kind Overloaded, or that of ctx.
func (g *Gate) Enter(ctx context.Context, c Class) (leave func(), err error) {
	if c == Free {
		return func() {}, nil
	}
	w, err := g.stand(c)
	if err != nil || w == nil {
		return g.leaver(c), err
	}
	late := time.NewTimer(rules[c].wait)
	defer late.Stop()
	select {
	case <-w.turn:
		return g.leaver(c), nil
	case <-late.C:
		err = Busy(c)
	case <-ctx.Done():
		err = ctx.Err()
	}
	return g.leaver(c), g.giveUp(c, w, err)
}

// Words waits for a place for a sender's words, however long that takes. first
// puts them into the first line, where there are two.
func (g *Gate) Words(first bool) (leave func()) {
	g.mu.Lock()
	line := g.waiting[Intake]
	if first && g.siege {
		line = g.first
	}
	w := g.line(Intake, line)
	g.mu.Unlock()
	if w != nil {
		<-w.turn
	}
	return g.leaver(Intake)
}

// stand takes a place, or stands in line for one (a waiter), or is turned away.
func (g *Gate) stand(c Class) (*waiter, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.look()
	r := rules[c]
	if g.waiting[c].Len() >= r.queue || g.rushing && r.pressed == 0 {
		g.turned[c]++
		return nil, Busy(c)
	}
	return g.line(c, g.waiting[c]), nil
}

// line stands in a line, and gives nil when the turn has come at once.
func (g *Gate) line(c Class, in *list.List) *waiter {
	w := &waiter{since: time.Now(), turn: make(chan struct{}), in: in}
	w.at = in.PushBack(w)
	g.admit()
	select {
	case <-w.turn:
		return nil
	default:
		return w
	}
}

// giveUp takes a waiter out of its line. A turn that came at the same moment is
// taken.
func (g *Gate) giveUp(c Class, w *waiter, why error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-w.turn:
		return nil
	default:
	}
	w.in.Remove(w.at)
	g.turned[c]++
	return why
}

func (g *Gate) leaver(c Class) func() {
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.working[c]--
		g.admit()
	}
}

// admit gives places to whose turn it is: words first.
func (g *Gate) admit() {
	for g.working[Intake] < rules[Intake].calm {
		w := g.nextWords()
		if w == nil {
			break
		}
		g.let(Intake, w)
	}
	g.look()
	for c := Staff; c < classes; c++ {
		places := rules[c].calm
		if g.rushing {
			places = rules[c].pressed
		}
		for g.working[c] < places && g.waiting[c].Len() > 0 {
			g.let(c, g.waiting[c].Front().Value.(*waiter))
		}
	}
}

func (g *Gate) let(c Class, w *waiter) {
	w.in.Remove(w.at)
	g.working[c]++
	close(w.turn)
}

// nextWords is whose turn it is among words; nil when none wait.
func (g *Gate) nextWords() *waiter {
	first, second := g.first.Front(), g.waiting[Intake].Front()
	switch {
	case first == nil && second == nil:
		return nil
	case first == nil:
		return second.Value.(*waiter)
	case second == nil:
		return first.Value.(*waiter)
	}
	g.given++
	if g.given%ofPlaces < firstLine {
		return first.Value.(*waiter)
	}
	return second.Value.(*waiter)
}
