// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"net/http"

	"waylight/internal/platform/store"
)

// Asking is the member who asks for a page.
func Asking(r *http.Request) (Member, error) {
	m, ok := From(r.Context())
	if !ok {
		return m, errSignIn
	}
	return m, nil
}

// Asked is who asks for a page, and what it is about: the id that stands in its address
// under a name. An id that cannot be is one that is not there: none.
func Asked(r *http.Request, name string, none error) (Member, store.ID, error) {
	id, err := store.ParseID(r.PathValue(name))
	if err != nil {
		return Member{}, id, none
	}
	m, err := Asking(r)
	return m, id, err
}
