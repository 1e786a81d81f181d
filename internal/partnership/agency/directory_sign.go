// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"context"
	"crypto/ed25519"
	"fmt"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// Faults of the directory.
var (
	errNoPin       = fault.New(fault.Conflict, "directory_none", "This server has no directory key pinned. Make one offline and start the server with it; the operations guide says how.")
	errNotAsked    = fault.New(fault.Invalid, "directory_not_asked", "The answer is about another program, or about a key that nobody asked to have signed. Copy a fresh request.")
	errBadSignFor  = fault.New(fault.Invalid, "directory_bad_signature", "A signature in the answer does not fit. Nothing was kept. Copy a fresh request and sign it again.")
	errEmptyAnswer = fault.New(fault.Invalid, "directory_empty", "The answer holds no signature.")
)

// DirectoryRequest lists the keys that wait for the directory key's signature.
func (s *Service) DirectoryRequest(program string) (SigningRequest, error) {
	pin := s.pinned(program)
	if pin == nil {
		return SigningRequest{}, errNoPin
	}
	r := SigningRequest{Program: program, Directory: pin}
	for _, office := range s.waiting(program) {
		k := s.OwnKeys(program)[office]
		r.Keys = append(r.Keys, KeyToSign{office, k.ID, k.Sign})
	}
	return r, nil
}

// waiting lists the offices whose key the directory key has not signed yet.
func (s *Service) waiting(program string) []string { return s.directory(program).awaits }

// AcceptDirectory keeps the signatures of an answer, all or none, and returns how
// many there were. Whoever brings them does not matter: they are checked with the
// pinned key.
func (s *Service) AcceptDirectory(ctx context.Context, a Actor, answer SigningAnswer) (int, error) {
	if !a.system() && !a.Has(roleProgramAdmin) {
		return 0, errForbidden
	}
	pin := s.pinned(a.Program)
	switch {
	case pin == nil:
		return 0, errNoPin
	case !pin.Equal(answer.Directory):
		return 0, errOtherKey
	case answer.Program != a.Program:
		return 0, errNotAsked
	case len(answer.Signatures) == 0:
		return 0, errEmptyAnswer
	}
	for _, sig := range answer.Signatures {
		k, ok := s.OwnKeys(a.Program)[sig.Office]
		if !ok || k.ID != sig.ID {
			return 0, errNotAsked
		}
		if !ed25519.Verify(pin, []byte(DirectoryStatement(a.Program, sig.Office, k.ID, k.Sign)), sig.Signature) {
			return 0, errBadSignFor
		}
	}
	return len(answer.Signatures), s.write(ctx, a, "directory.accepted", "program:"+a.Program, func(tx *store.Tx) error {
		for _, sig := range answer.Signatures {
			if err := signKey(tx, a.Program, sig.Office, sig.ID, sig.Signature); err != nil {
				return err
			}
			tx.Log(custody.Entry{Program: a.Program, Event: "key.signed_by_directory", Record: "office:" + sig.Office, Actor: a.String()})
		}
		if err := refreshSoon(tx, a.Program); err != nil {
			return err
		}
		return s.lookSoon(tx, a.Program)
	})
}

// directoryItems asks for the directory key, and for its signature under every key.
func (s *Service) directoryItems(prog string) []Item {
	const page = "/staff/offices/directory"
	pin, waiting := s.pinned(prog), s.waiting(prog)
	items := []Item{{ID: "directory", Text: "The program's directory key was made, is kept offline, and its public half is pinned.", Link: page, Done: pin != nil}}
	if pin != nil {
		text := "The directory key has signed the key of every office that made one"
		if len(waiting) > 0 {
			text += fmt.Sprintf(": %d to sign", len(waiting))
		}
		items = append(items, Item{ID: "directory.signed", Text: text, Link: page, Done: len(waiting) == 0})
	}
	return items
}
