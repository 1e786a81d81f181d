// SPDX-License-Identifier: Apache-2.0

package identity

import "net/http"

// client is what stands for a member's browser in the database: a keyed hash of what it calls itself. Only sessions of members have it; nothing of the kind is ever
// read from a request of the public.
func (s *Service) client(r *http.Request) []byte {
	return s.sessionHash("client\x00" + r.UserAgent())
}
