// SPDX-License-Identifier: Apache-2.0

package gate

import "time"

// Rush is a time in which words had to wait.
type Rush struct {
	Began, Ended time.Time // Ended is zero while it lasts
	Most         int       // words that waited at once
	Longest      time.Duration
	Turned       int64 // requests of other kinds that were turned away
}

// look notes whether words wait too long, when that began and when it ended.
func (g *Gate) look() {
	now := time.Now()
	waiting := g.first.Len() + g.waiting[Intake].Len()
	age := g.oldest(now)
	switch {
	case !g.rushing && age > Patience:
		g.rushing = true
		g.rush, g.before = Rush{Began: now}, g.turnedAway()
		g.tell()
	case g.rushing && waiting == 0:
		g.rushing, g.easy = false, now
		g.rush.Ended = now
		g.rush.Turned = g.turnedAway() - g.before
		g.tell()
	}
	if g.rushing {
		g.rush.Most, g.rush.Longest, g.rush.Turned = max(g.rush.Most, waiting), max(g.rush.Longest, age), g.turnedAway()-g.before
	}
	switch {
	case g.rushing && now.Sub(g.rush.Began) >= SiegeAfter:
		g.siege = true
	case !g.rushing && now.Sub(g.easy) >= SiegeEnds:
		g.siege = false
	}
}

// tell hands the rush of now on. What hears of it may write a line to a log,
// which takes a while, so nobody is held up by it.
func (g *Gate) tell() {
	if g.Tell != nil {
		go g.Tell(g.rush)
	}
}

// oldest is how long the first of each line has waited at most.
func (g *Gate) oldest(now time.Time) time.Duration {
	var age time.Duration
	for _, line := range []*waiter{g.frontOf(true), g.frontOf(false)} {
		if line != nil {
			age = max(age, now.Sub(line.since))
		}
	}
	return age
}

func (g *Gate) frontOf(first bool) *waiter {
	line := g.waiting[Intake]
	if first {
		line = g.first
	}
	if front := line.Front(); front != nil {
		return front.Value.(*waiter)
	}
	return nil
}

func (g *Gate) turnedAway() (n int64) {
	for _, turned := range g.turned {
		n += turned
	}
	return n
}

// Siege says whether there are two lines for words.
func (g *Gate) Siege() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.look()
	return g.siege
}

// State is how it stands at the gate, for whoever runs the program. It counts
// requests, never people.
type State struct {
	Words   int           // senders' words that wait now
	Oldest  time.Duration // how long the first of them has waited
	Rushing bool
	Siege   bool
	Last    Rush // of now, or the last one since the start; Began is zero when there was none
	Working map[string]int
	Waiting map[string]int
	Turned  map[string]int64 // turned away since the start
}

// State says how it stands.
func (g *Gate) State() State {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.look()
	s := State{
		Words: g.first.Len() + g.waiting[Intake].Len(), Oldest: g.oldest(time.Now()), Rushing: g.rushing, Siege: g.siege, Last: g.rush,
		Working: map[string]int{}, Waiting: map[string]int{}, Turned: map[string]int64{},
	}
	for c := Intake; c < classes; c++ {
		s.Working[c.String()], s.Waiting[c.String()], s.Turned[c.String()] = g.working[c], g.waiting[c].Len(), g.turned[c]
	}
	s.Waiting[Intake.String()] = s.Words
	return s
}
