// SPDX-License-Identifier: Apache-2.0

// Package disclosure holds the audit of published tables against linear programming
// by another library: gonum's, in floating point. It is a module of its own, so
// that nothing of it ever becomes part of Waylight.
package disclosure
