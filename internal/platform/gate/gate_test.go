// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/gate"
)

// rush fills every place for words and lets more wait; end lets all of them go.
func rush(g *gate.Gate, waiting int) (end func()) { return crowd(g, 256+waiting) }

// crowd are so many senders with words, who keep their places until the end.
func crowd(g *gate.Gate, n int) (end func()) {
	stop := make(chan struct{})
	for range n {
		go func() {
			defer g.Words(false)()
			<-stop
		}()
	}
	synctest.Wait()
	return func() { close(stop); synctest.Wait() }
}

// enter asks for a place and says how it was answered.
func enter(g *gate.Gate, c gate.Class) (leave func(), code string) {
	leave, err := g.Enter(context.Background(), c)
	if f, ok := fault.As(err); ok {
		return leave, f.Code
	}
	return leave, ""
}

// Words are never turned away, however many come and however long it takes;
// nothing else keeps them waiting.
func TestWordsAreNeverTurnedAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := gate.New()
		end := rush(g, 0)
		var through atomic.Int64
		for range 20_000 {
			go func() {
				defer g.Words(false)()
				through.Add(1)
			}()
		}
		synctest.Wait()
		<-time.After(24 * time.Hour)
		if s := g.State(); s.Words != 20_000 || s.Oldest != 24*time.Hour || !s.Rushing || through.Load() != 0 {
			t.Fatalf("%+v, %d through", s, through.Load())
		}
		end()
		if s := g.State(); through.Load() != 20_000 || s.Words != 0 || s.Rushing || s.Working["intake"] != 0 || s.Turned["intake"] != 0 {
			t.Errorf("%d through, %+v", through.Load(), s)
		}
	})
}

// While words wait, files and figures are turned away at once, pages when they
// have waited their time; members who are signed in keep their places. When the
// rush is over, everything is as before.
func TestAllElseMakesWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := gate.New()
		var said []gate.Rush
		told := make(chan gate.Rush, 2)
		g.Tell = func(r gate.Rush) { told <- r }
		end := rush(g, 5)
		if leave, code := enter(g, gate.File); code != "" {
			t.Errorf("before anybody lost patience, a file: %s", code)
		} else {
			leave()
		}
		<-time.After(gate.Patience + time.Millisecond)
		for c, want := range map[gate.Class]string{gate.File: "busy_file", gate.Heavy: "busy_heavy", gate.Free: "", gate.Staff: "", gate.Page: "", gate.Receipt: "", gate.Door: ""} {
			leave, code := enter(g, c)
			if code != want {
				t.Errorf("%s: %q", c, code)
			}
			if code == "" {
				leave()
			}
		}
		var staff []func()
		for range 8 {
			leave, code := enter(g, gate.Staff)
			if code != "" {
				t.Fatalf("a member's place: %s", code)
			}
			staff = append(staff, leave)
		}
		var pages []func()
		for range 4 {
			leave, _ := enter(g, gate.Page)
			pages = append(pages, leave)
		}
		asked := time.Now()
		if _, code := enter(g, gate.Page); code != "busy_page" || time.Since(asked) != 10*time.Second {
			t.Errorf("the fifth page: %q after %v", code, time.Since(asked))
		}
		waiting, answered := make(chan struct{}), make(chan string)
		go func() {
			close(waiting)
			leave, code := enter(g, gate.Page)
			if code == "" {
				defer leave()
			}
			answered <- code
		}()
		<-waiting
		end()
		if code := <-answered; code != "" {
			t.Errorf("a page that waited when the rush ended: %q", code)
		}
		for _, leave := range append(staff, pages...) {
			leave()
		}
		if leave, code := enter(g, gate.File); code != "" {
			t.Errorf("a file after the rush: %s", code)
		} else {
			leave()
		}
		said = append(said, <-told, <-told)
		if !said[0].Ended.IsZero() || said[1].Ended.IsZero() || said[1].Turned != 3 || said[1].Most != 5 {
			t.Errorf("told %+v", said)
		}
	})
}

// Who goes away while they wait takes nobody's place.
func TestWhoGoesAwayTakesNoPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := gate.New()
		var places []func()
		for range 2 {
			leave, _ := enter(g, gate.Heavy)
			places = append(places, leave)
		}
		ctx, cancel := context.WithCancel(context.Background())
		gone := make(chan error)
		go func() { _, err := g.Enter(ctx, gate.Heavy); gone <- err }()
		synctest.Wait()
		cancel()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("who went away was told %v", err)
		}
		for _, leave := range places {
			leave()
		}
		if s := g.State(); s.Working["heavy"] != 0 || s.Waiting["heavy"] != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// When a rush lasts, words with a proof of work get three of four places, and
// the others the fourth: nobody is left standing.
func TestTwoLinesUnderASiege(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := gate.New()
		// All places but one stay taken, so that turns come one after the other and the order is that of the turns.
		others, end := crowd(g, 255), crowd(g, 2)
		<-time.After(gate.Patience + time.Millisecond)
		if g.Siege() {
			t.Fatal("a siege at once")
		}
		<-time.After(gate.SiegeAfter)
		if !g.Siege() {
			t.Fatal("no siege")
		}
		order := make(chan bool, 800)
		for i := range 800 {
			go func() {
				defer g.Words(i%2 == 0)()
				order <- i%2 == 0
			}()
		}
		synctest.Wait()
		end()
		first := 0
		for range 400 {
			if <-order {
				first++
			}
		}
		if first < 280 || first > 320 {
			t.Errorf("of the first 400 places, %d went to the first line", first)
		}
		for range 400 {
			<-order
		}
		others()
		if !g.Siege() {
			t.Error("the siege ended with the first breath")
		}
		<-time.After(gate.SiegeEnds)
		if g.Siege() {
			t.Error("the siege does not end")
		}
	})
}

// What long words weigh together stays bounded, and each gets its turn in order.
func TestScale(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := gate.NewScale(10)
		first := s.Take(6)
		var got []int64
		turn := make(chan int64, 3)
		for _, weight := range []int64{5, 1, 99} {
			go func() {
				done := s.Take(weight)
				turn <- weight
				done()
			}()
			synctest.Wait()
		}
		if len(turn) != 0 {
			t.Error("somebody overtook")
		}
		first()
		for range 3 {
			got = append(got, <-turn)
		}
		if got[0]+got[1] != 6 || got[2] != 99 {
			t.Errorf("in the order %v", got)
		}
	})
}
