// SPDX-License-Identifier: Apache-2.0

// Package crash holds no code of the program. Its tests take the machine away under a
// running installation: they kill the real program while reports come in and look every
// accepted one up afterwards; they stand below the embedded engine, note everything that
// it writes and syncs, build the states that a disk may be in after power loss, and look
// for every acknowledged report in each; and they fill the disk, make it read-only or
// slow, and set the clock back and forward, and hold what senders are told against what
// was kept.
//
// Their short forms run with every other test. `make crash` runs the long ones.
package crash
