// SPDX-License-Identifier: Apache-2.0

// Package posters sets the same words on a letter sheet with two general PDF libraries,
// to say in docs/performance.md how fast each is and what each prints. It is a module
// of its own, so that the program depends on neither.
package posters
