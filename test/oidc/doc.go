// SPDX-License-Identifier: Apache-2.0

// Package oidc tries the sign-in through an agency's own service against a real
// one: github.com/ory/fosite, an OAuth 2.0 and OpenID Connect server, run within
// the test and reached over TLS. It is a module of its own, so that nothing of
// that server ever becomes part of Waylight.
package oidc
