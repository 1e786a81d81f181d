// SPDX-License-Identifier: Apache-2.0

// Package s3 tries the second copy in an S3-compatible store against a server of
// that protocol, github.com/johannesboyne/gofakes3, run within the test, behind a
// door that holds each signature against the one that Amazon's own library makes.
// It is a module of its own, so that nothing of these ever becomes part of
// Waylight.
package s3
