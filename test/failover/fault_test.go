// SPDX-License-Identifier: Apache-2.0

package failover

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"time"

	"waylight/internal/app"
)

// trial is one fault under load.
type trial struct {
	*cluster
	house  *house
	load   *load
	random *rand.Rand
	node   *node // the primary when the fault struck
}

// fault is one way to break something. It returns once all that it broke was
// mended again; what comes back by itself is waited for afterwards.
type fault struct {
	name   string
	strike func(x *trial) error
}

var (
	switchOver    = fault{"planned switch-over", (*trial).handOver}
	killPrimary   = fault{"kill -9 of the primary", (*trial).killPrimary}
	killPatroni   = fault{"kill -9 of the primary's Patroni", (*trial).killPatroni}
	killNode      = fault{"kill -9 of the primary and its Patroni", (*trial).killNode}
	killEtcd      = fault{"kill -9 of one etcd", func(x *trial) error { return x.killEtcd(1) }}
	killTwoEtcd   = fault{"kill -9 of two etcd", func(x *trial) error { return x.killEtcd(2) }}
	stopPrimary   = fault{"SIGSTOP of the primary", func(x *trial) error { return x.freeze(false) }}
	stopNode      = fault{"SIGSTOP of the primary and its Patroni", func(x *trial) error { return x.freeze(true) }}
	killWaylight  = fault{"kill -9 of one Waylight", func(x *trial) error { return x.killWaylight(1) }}
	killWaylights = fault{"kill -9 of both Waylight", func(x *trial) error { return x.killWaylight(2) }}
	killSpools    = fault{"database away, kill -9 of both Waylight", (*trial).killSpools}
)

// short is what every run tries; long is what more faults are drawn from, and
// networked besides, where the machines have a network that can be cut.
var (
	short = []fault{switchOver, killPrimary, killWaylight, killSpools}
	long  = []fault{
		switchOver, switchOver, switchOver, killPrimary, killPrimary, killPrimary, killPatroni, killPatroni, killNode, killNode,
		killEtcd, killEtcd, killTwoEtcd, killTwoEtcd, stopPrimary, stopPrimary, stopNode, killWaylight, killWaylight, killWaylights, killSpools, killSpools,
	}
)

// draw gives so many faults in a random order: all that there are before any of
// them again.
func draw(n int, from []fault, random *rand.Rand) []fault {
	var list []fault
	for len(list) < n {
		round := slices.Clone(from)
		random.Shuffle(len(round), func(i, j int) { round[i], round[j] = round[j], round[i] })
		list = append(list, round[:min(len(round), n-len(list))]...)
	}
	return list
}

// elsewhere waits until another node is the primary.
func (x *trial) elsewhere() error {
	return until(startLimit, func() error {
		now, err := x.primary()
		if err != nil {
			return err
		}
		if now == x.node {
			return fmt.Errorf("%s is still the primary", now.name)
		}
		return now.promoted()
	})
}

// itself is a node's own PostgreSQL, through no network and no HAProxy.
func (n *node) itself() string {
	return fmt.Sprintf("postgres://waylight@/waylight?host=%s&port=%d", n.socket, n.sql)
}

// promoted holds that a node no longer follows another. Patroni calls it the primary
// as soon as it has the lock: what the former one commits until it is promoted has
// reached it, and is part of its history.
func (n *node) promoted() error {
	db, err := sql.Open("pgx", n.itself())
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	var follows bool
	err = db.QueryRowContext(ctx, `select pg_is_in_recovery()`).Scan(&follows)
	if err == nil && follows {
		err = fmt.Errorf("%s is not promoted yet", n.name)
	}
	return err
}

func (x *trial) handOver() error {
	if err := x.switchOver(x.node); err != nil {
		return err
	}
	return x.elsewhere()
}

func (x *trial) killPrimary() error {
	pid, err := x.node.postmaster()
	if err != nil {
		return err
	}
	if err := signal(syscall.SIGKILL, pid); err != nil {
		return err
	}
	// Patroni hands over, or, where the standby had just fallen behind, starts the
	// same one again.
	return until(startLimit, func() error {
		if now, err := x.primary(); err == nil && now != x.node {
			return nil
		}
		now, err := x.node.postmaster()
		if err == nil && now == pid {
			return fmt.Errorf("%s has not noticed that its PostgreSQL is gone", x.node.name)
		}
		return err
	})
}

// killPatroni leaves a PostgreSQL running that nobody tells that it is no longer
// the primary.
func (x *trial) killPatroni() error {
	if err := signal(syscall.SIGKILL, x.node.cmd.Process.Pid); err != nil {
		return err
	}
	if err := x.elsewhere(); err != nil {
		return err
	}
	if err := x.takesNothing(); err != nil {
		return err
	}
	return x.startPatroni(x.index(x.node))
}

func (x *trial) killNode() error {
	if err := x.endNode(); err != nil {
		return err
	}
	if err := x.elsewhere(); err != nil {
		return err
	}
	return x.startPatroni(x.index(x.node))
}

// endNode ends the primary and its Patroni at once.
func (x *trial) endNode() error {
	pids, err := x.node.postgres()
	if err != nil {
		return err
	}
	return signal(syscall.SIGKILL, append([]int{x.node.cmd.Process.Pid}, pids...)...)
}

// killEtcd leaves some of them away for longer than Patroni tries to reach them.
func (x *trial) killEtcd(n int) error {
	gone := x.random.Perm(members)[:n]
	for _, i := range gone {
		if err := signal(syscall.SIGKILL, x.etcds[i].cmd.Process.Pid); err != nil {
			return err
		}
	}
	<-time.After(8 * time.Second)
	now, err := x.primary()
	if err != nil {
		return err
	}
	if now != x.node {
		return fmt.Errorf("%s took the place of %s though only etcd was hurt", now.name, x.node.name)
	}
	for _, i := range gone {
		if err := x.startEtcd(i); err != nil {
			return err
		}
	}
	return nil
}

// freeze stops the primary, with or without its Patroni, and lets it go on once
// another took its place. With a Patroni that would take that back, its machine is
// reset instead, when a watchdog would do so.
func (x *trial) freeze(patroni bool) error {
	pids, err := x.node.postgres()
	if err != nil {
		return err
	}
	if patroni {
		pids = append(pids, x.node.cmd.Process.Pid)
	}
	if err := signal(syscall.SIGSTOP, pids...); err != nil {
		return err
	}
	if !x.tools.keepsItsPlace {
		<-time.After(ttl - safetyMargin)
		return x.killNode()
	}
	moved := x.elsewhere()
	if err := signal(syscall.SIGCONT, pids...); err != nil {
		return err
	}
	if moved != nil {
		return moved
	}
	return x.takesNothing()
}

// A watchdog resets a machine whose Patroni has not been heard for this long.
const (
	ttl          = 20 * time.Second
	safetyMargin = 5 * time.Second
)

// takesNothing holds the former primary to it: whoever still reaches it, past
// HAProxy and every network, must not be told that anything was committed there.
func (x *trial) takesNothing() error {
	db, err := sql.Open("pgx", x.node.itself())
	if err != nil {
		return err
	}
	defer db.Close()
	for range 4 {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		_, err := db.ExecContext(ctx, `select pg_logical_emit_message(true, 'failover', 'from a former primary')`)
		cancel()
		if err == nil {
			return fmt.Errorf("%s, which is no longer the primary, committed", x.node.name)
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			return nil // refused, shut down or read-only: it knows
		}
	}
	return nil
}

func (x *trial) killWaylight(n int) error {
	gone := x.random.Perm(len(x.house.servers))[:n]
	for _, i := range gone {
		if err := x.house.servers[i].kill(); err != nil {
			return err
		}
	}
	for _, i := range gone {
		if err := x.house.start(x.house.servers[i]); err != nil {
			return err
		}
	}
	for _, i := range gone {
		if err := until(startLimit, x.house.servers[i].answers); err != nil {
			return err
		}
	}
	return nil
}

// killSpools lets the database go, ends every Waylight while its spool holds
// accepted reports, and lets them start and take more before it is back. What
// became of each report is looked up in the end, like everything else.
func (x *trial) killSpools() error {
	if err := signal(syscall.SIGKILL, x.door.Process.Pid); err != nil {
		return err
	}
	if err := x.load.spools(4 * senders); err != nil {
		return err
	}
	for _, s := range x.house.servers {
		if err := s.kill(); err != nil {
			return err
		}
	}
	before, err := x.waiting()
	if err != nil {
		return err
	}
	if before[0] == 0 || before[1] == 0 {
		return fmt.Errorf("%v reports waited in the spools when they were killed", before)
	}
	for _, s := range x.house.servers {
		if err := x.house.start(s); err != nil {
			return err
		}
	}
	err = until(startLimit, func() error {
		after, err := x.waiting()
		if err != nil {
			return err
		}
		for i, s := range x.house.servers {
			if after[i] <= before[i] {
				return fmt.Errorf("started again without the database, %s has taken nothing: %d reports wait in its spool", s.name, after[i])
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return x.startProxy()
}

// waiting counts the reports in each server's spool.
func (x *trial) waiting() (n [2]int, err error) {
	for i, s := range x.house.servers {
		var listed strings.Builder
		if err := app.Spooled(context.Background(), s.data, &listed); err != nil {
			return n, err
		}
		n[i] = strings.Count(listed.String(), "\treport ")
	}
	return n, nil
}
