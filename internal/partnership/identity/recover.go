// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"errors"
	"fmt"

	"waylight/internal/partnership/agency"
	"waylight/internal/platform/seal"
)

// ErrRecovery means that the shares fit together but open no key of this office.
var ErrRecovery = errors.New("identity: these shares belong to another office or to an older recovery key")

// RecoverOffice rebuilds an office's recovery key from its printed shares and opens every key of the office that was sealed to it. The
// holder it returns opens the office's reports but is no member: it cannot sign. It needs no server, only the database. The custody log cannot know of it; who may hold shares is a matter of the office's rules.
func RecoverOffice(ctx context.Context, agencies *agency.Service, programID, office string, shares []string) (*Holder, error) {
	recovery, err := recoveryKey(shares)
	if err != nil {
		return nil, err
	}
	wraps, err := agencies.Wraps(ctx, programID, office)
	if err != nil {
		return nil, err
	}
	h := &Holder{Member: Member{Program: programID, Office: office}, offices: map[string]*officeKeys{}}
	for _, w := range wraps {
		if w.Holder != recoveryHolder || !w.Ended.IsZero() {
			continue
		}
		seed, err := seal.OpenFrom(recovery, w.Sealed, seal.OfficeKeyInfo(programID, office, w.Key))
		if errors.Is(err, seal.ErrOpen) {
			continue // sealed to an earlier recovery key
		}
		if err != nil {
			return nil, err
		}
		err = h.hold(office, w.Key, seed)
		if err != nil {
			return nil, err
		}
	}
	if h.offices[office] == nil {
		return nil, ErrRecovery
	}
	h.settle(agencies)
	return h, nil
}

func recoveryKey(shares []string) (*seal.PrivateKey, error) {
	parts := make([]seal.Share, len(shares))
	for i, text := range shares {
		part, err := seal.ParseShare(text)
		if err != nil {
			return nil, fmt.Errorf("share %d: %w", i+1, err)
		}
		parts[i] = part
	}
	seed, err := seal.Combine(parts)
	if err != nil {
		return nil, err
	}
	return seal.PrivateFromSeed(seed)
}
