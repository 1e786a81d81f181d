// SPDX-License-Identifier: Apache-2.0

// Package prometheus reads what package metric writes with Prometheus' own
// parser. It is a module of its own, so that nothing of it ever becomes part of
// Waylight.
package prometheus
