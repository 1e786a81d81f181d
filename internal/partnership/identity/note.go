// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"bytes"
	"fmt"

	"waylight/internal/platform/seal"
)

const noteBlock = 256

// NoteInfo is what a staff note is sealed under, in the browser and here: it opens only for its report and office.
func NoteInfo(program, report, office string) string {
	return "waylight/note/v1/" + program + "/" + report + "/" + office
}

// SealNote seals a staff note about a report to the office's key, padded so that its length tells little.
func (h *Holder) SealNote(program, report, office, text string) ([]byte, error) {
	key, ok := h.OfficeKey(office)
	if !ok {
		return nil, errNoAccess
	}
	return seal.SealTo(key.Public(), padNote(text), NoteInfo(program, report, office))
}

// OpenNote opens a staff note, under whichever of the office's keys it was sealed to.
func (h *Holder) OpenNote(program, report, office string, sealed []byte) (string, error) {
	o := h.offices[office]
	if o == nil {
		return "", errNoAccess
	}
	for _, key := range o.keys {
		plain, err := seal.OpenFrom(key, sealed, NoteInfo(program, report, office))
		if err == nil {
			return unpadNote(plain)
		}
	}
	return "", fmt.Errorf("opening a note: %w", seal.ErrOpen)
}

// padNote puts the byte 0x80 behind a text and zeros up to a multiple of 256.
func padNote(text string) []byte {
	size := (len(text)/noteBlock + 1) * noteBlock
	padded := make([]byte, size)
	copy(padded, text)
	padded[len(text)] = 0x80
	return padded
}

func unpadNote(padded []byte) (string, error) {
	plain := bytes.TrimRight(padded, "\x00")
	if len(padded)%noteBlock != 0 || len(plain) == 0 || plain[len(plain)-1] != 0x80 || len(padded)-len(plain) >= noteBlock {
		return "", fmt.Errorf("opening a note: %w", seal.ErrMalformed)
	}
	return string(plain[:len(plain)-1]), nil
}
