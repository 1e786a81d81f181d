// SPDX-License-Identifier: Apache-2.0

// Package browser walks through Waylight in a real Chromium, from the sender's
// page to the inbox and back to the receipt, against the demo started as a
// user starts it. Every page it meets is checked with axe-core.
//
// testdata/axe.min.js is axe-core 4.14.1 by Deque Systems, under the MPL-2.0
// (testdata/axe-LICENSE.txt); it is used by the tests only and is no part of
// the program.
package browser
