// SPDX-License-Identifier: Apache-2.0

// Package architecture holds the tests that guard the house: who may import
// whom, what every package, table and catalog must carry, and what may stand
// nowhere. It contains no code for anyone to use.
//
// Each rule says why it exists, and a failing test prints that reason, so that
// whoever meets it can tell a mistake from a rule that no longer fits. Each rule
// is also shown a small bad house (testdata/<rule>.txt) and must find exactly
// what is wrong there: a guard that cannot bark is no guard. Exceptions stand in
// the rules, each with its reason.
package architecture
