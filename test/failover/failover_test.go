// SPDX-License-Identifier: Apache-2.0

package failover

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	faults         = flag.Int("faults", 0, "how many faults to try in a random order; 0: a switch-over, the primary and a Waylight killed, both Waylight killed while the database is away")
	only           = flag.String("only", "", "only faults whose name matches this; each of them once, unless -faults says more")
	patroniProgram = flag.String("patroni", "", "Patroni to use; empty: the one that is installed")
	seed           = flag.Uint64("seed", uint64(time.Now().UnixNano()), "the order of the faults")
)

// senders is how many people send at once.
const senders = 8

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case roleKeeper:
		os.Exit(keep())
	case roleServer:
		if err := serve(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	flag.Parse()
	os.Exit(m.Run())
}

// TestAcceptedReportsSurviveFaults breaks the house again and again while
// reports come in: four faults, or as many as -faults says.
func TestAcceptedReportsSurviveFaults(t *testing.T) {
	c := startCluster(t)
	random := rand.New(rand.NewPCG(*seed, 0))
	list := choose(t, c, random)
	if !c.tools.keepsItsPlace {
		t.Log("this Patroni is older than 3.0.3: a primary that stands still is reset, as a watchdog does, and never goes on; one that was cut off is reset before it is joined")
	}
	h := openHouse(t, c)
	l := startLoad(h, senders)
	var history []struck
	for _, f := range list {
		s, err := strike(&trial{cluster: c, house: h, load: l, random: random}, f)
		if err != nil {
			t.Errorf("%s: %v", f.name, err)
			break
		}
		history = append(history, s)
		t.Logf("%-40s %5.1f s without service, %d tries repeated", f.name, s.silence.Seconds(), s.repeats)
	}
	l.end()
	reports := settle(t, h, l)
	h.close() // verify reads a log that stands still
	h.verify(t)
	table(t, history, reports)
}

// choose says which faults this machine allows, and which of them are tried.
func choose(t *testing.T, c *cluster, random *rand.Rand) []fault {
	t.Helper()
	able, unable := c.able()
	t.Logf("faults that this machine allows: %s", strings.Join(names(once(able)), "; "))
	if unable != nil {
		t.Logf("left out: %v", unable)
	}
	if *faults == 0 && *only == "" {
		return short
	}
	wanted, err := regexp.Compile(*only)
	if err != nil {
		t.Fatal(err)
	}
	able = slices.DeleteFunc(able, func(f fault) bool { return !wanted.MatchString(f.name) })
	if len(able) == 0 {
		t.Fatalf("none of the faults that this machine allows matches %q", *only)
	}
	t.Logf("the order of -seed %d", *seed)
	if *faults == 0 {
		able = once(able)
		return draw(len(able), able, random)
	}
	return draw(*faults, able, random)
}

// strike lets one fault happen to a whole house and waits until it is whole again.
func strike(x *trial, f fault) (struck, error) {
	err := until(startLimit, x.whole)
	if err == nil {
		err = x.load.flows(2 * senders)
	}
	if err == nil {
		x.node, err = x.primary()
	}
	if err != nil {
		return struck{}, fmt.Errorf("before it: %w", err)
	}
	s := struck{fault: f, from: time.Now()}
	repeats := x.load.repeats.Load()
	if err := f.strike(x); err != nil {
		return struck{}, err
	}
	if err := until(startLimit, x.whole); err != nil {
		return struck{}, fmt.Errorf("afterwards: %w", err)
	}
	if err := x.load.flows(2 * senders); err != nil {
		return struck{}, fmt.Errorf("afterwards: %w", err)
	}
	s.to = time.Now()
	s.silence, s.repeats = x.load.silence(s.from, s.to), x.load.repeats.Load()-repeats
	return s, nil
}
