// SPDX-License-Identifier: Apache-2.0

package failover

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// The faults of a network, for machines that have one.
var (
	cutPrimary  = fault{"the primary's machine is cut off", func(x *trial) error { return x.cutPrimary("inside", "outside") }}
	cutInside   = fault{"the primary's machine is cut off from the others, not from clients", func(x *trial) error { return x.cutPrimary("inside") }}
	flapPrimary = fault{"the primary's machine is cut off for 6 s", (*trial).flapPrimary}
	cutSync     = fault{"the synchronous standby's machine is cut off", func(x *trial) error { return x.cutStandby("sync_standby") }}
	cutReplica  = fault{"the other standby's machine is cut off", func(x *trial) error { return x.cutStandby("replica") }}
	lossy       = fault{"the primary's lines lose one packet in ten", (*trial).losePackets}

	networked = []fault{cutPrimary, cutPrimary, cutInside, cutInside, flapPrimary, cutSync, cutReplica}
)

// able lists the faults that this machine allows, and says why it allows no others.
func (c *cluster) able() ([]fault, error) {
	switch {
	case c.network == nil:
		return long, fmt.Errorf("every fault of the network, because %w", c.alone)
	case c.network.lossy != nil:
		return slices.Concat(long, networked), fmt.Errorf("%s, because %w", lossy.name, c.network.lossy)
	}
	return slices.Concat(long, networked, []fault{lossy}), nil
}

// once gives each fault once.
func once(faults []fault) []fault {
	var all []fault
	for _, f := range faults {
		if !slices.Contains(names(all), f.name) {
			all = append(all, f)
		}
	}
	return all
}

func names(faults []fault) (all []string) {
	for _, f := range faults {
		all = append(all, f.name)
	}
	return all
}

// cutPrimary takes the primary off its networks while it runs, until another took
// its place and has taken reports, and holds it to it that it took none.
func (x *trial) cutPrimary(networks ...string) error {
	i := x.index(x.node)
	if err := x.network.cut(i, networks...); err != nil {
		return err
	}
	moved := x.elsewhere()
	if moved == nil {
		moved = x.load.stores(2 * senders)
	}
	if moved == nil {
		moved = x.takesNothing()
	}
	if x.tools.keepsItsPlace {
		return errors.Join(moved, x.network.join(i, networks...))
	}
	// An older Patroni takes its place back as soon as it is joined, and what was
	// accepted meanwhile is lost: its machine is reset first.
	reset := x.endNode()
	return errors.Join(moved, reset, x.network.join(i, networks...), x.startPatroni(i))
}

// flapPrimary joins it again before anybody may take its place, but after its own
// Patroni has given up.
func (x *trial) flapPrimary() error {
	i := x.index(x.node)
	if err := x.network.cut(i, "inside", "outside"); err != nil {
		return err
	}
	<-time.After(6 * time.Second)
	return x.network.join(i, "inside", "outside")
}

// cutStandby takes a standby off until Patroni has given it up and reports reach
// the database without it.
func (x *trial) cutStandby(role string) error {
	standby, err := x.having(role)
	if err != nil {
		return err
	}
	i := x.index(standby)
	if err := x.network.cut(i, "inside", "outside"); err != nil {
		return err
	}
	gone := until(startLimit, func() error {
		s, err := x.members(x.node)
		if err == nil && s[standby.name] != "" {
			err = fmt.Errorf("%s is still a %s", standby.name, s[standby.name])
		}
		return err
	})
	if gone == nil {
		gone = x.load.stores(2 * senders)
	}
	if gone == nil {
		gone = x.stays()
	}
	return errors.Join(gone, x.network.join(i, "inside", "outside"))
}

// having is the node that has a role.
func (x *trial) having(role string) (*node, error) {
	s, err := x.members(x.node)
	if err != nil {
		return nil, err
	}
	for _, n := range x.nodes {
		if s[n.name] == role {
			return n, nil
		}
	}
	return nil, fmt.Errorf("no node is a %s", role)
}

// stays holds that nobody took the primary's place.
func (x *trial) stays() error {
	now, err := x.primary()
	if err == nil && now != x.node {
		err = fmt.Errorf("%s took the place of %s though only a standby was cut off", now.name, x.node.name)
	}
	return err
}

// losePackets keeps the primary's lines bad for a while.
func (x *trial) losePackets() error {
	i := x.index(x.node)
	if err := x.network.lose(i); err != nil {
		return err
	}
	<-time.After(15 * time.Second)
	lost, err := x.network.dropped(i)
	if err == nil && lost == 0 {
		err = errors.New("no packet was lost")
	}
	return errors.Join(err, x.network.deliver(i))
}
