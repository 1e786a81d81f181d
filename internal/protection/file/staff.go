// SPDX-License-Identifier: Apache-2.0

package file

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/protection/referral"
)

// OpenedStatement is what a member's browser signs when it opened a file, or when
// its member takes the original away. Server and browser write it alike.
func OpenedStatement(programID string, id store.ID, head [32]byte, act, office string, member store.ID) string {
	return fmt.Sprintf("waylight/file-opened/v1\nprogram %s\nfile %s\nhead %s\nact %s\noffice %s\nmember %s\n",
		programID, id, hex.EncodeToString(head[:]), act, office, member)
}

// Held is a file as one office may have it.
type Held struct {
	File
	Wrap   Wrap     // for the office; without one it cannot open the file yet
	Access []Access // who of the office opened it
	Unread []string // other holders that cannot open it yet, where the member may know of them
}

// List gives the files of a report that the member may see, with their wraps.
// That somebody took the list is on record.
func (s *Service) List(ctx context.Context, m identity.Member, report store.ID) ([]Held, error) {
	if err := s.Holders.Holds(ctx, m, report); err != nil {
		return nil, err
	}
	files, err := filesOf(ctx, s.DB, m.Program, report)
	if err != nil {
		return nil, err
	}
	others, err := s.others(ctx, m, report)
	if err != nil {
		return nil, err
	}
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		tx.Log(custody.Entry{Program: m.Program, Event: "file.listed", Record: reportName(report), Actor: m.Actor()})
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out []Held
	for _, f := range files {
		h := Held{File: f}
		if f.State == Open {
			u, err := readUpload(ctx, s.DB, m.Program, f.ID)
			if err != nil && !errors.Is(err, errEnded) {
				return nil, err
			}
			h.Parts, h.Size = u.Parts, u.Size
		}
		if h.Wrap, err = readWrap(ctx, s.DB, m.Program, f.ID, m.Office); err != nil {
			return nil, err
		}
		if h.Access, err = accesses(ctx, s.DB, m.Program, f.ID, m.Office); err != nil {
			return nil, err
		}
		wraps, err := wrappedFor(ctx, s.DB, m.Program, f.ID)
		if err != nil {
			return nil, err
		}
		h.Unread = slices.DeleteFunc(slices.Clone(others), func(office string) bool {
			return slices.ContainsFunc(wraps, func(w Wrap) bool { return w.Holder == office && !w.Refused })
		})
		out = append(out, h)
	}
	return out, nil
}

// others are the offices that also hold a report, have a key, and that the member
// may know of. Who else holds a help report is for desks that are not police.
func (s *Service) others(ctx context.Context, m identity.Member, report store.ID) ([]string, error) {
	p, ok := s.Programs.Program(m.Program)
	if !ok {
		return nil, ErrNoFile
	}
	mine, err := s.Holders.Held(ctx, m.Program, report, m.Office)
	if err != nil {
		return nil, err
	}
	if o := p.Offices[m.Office]; mine.Mode == program.Help && (o.Police || !o.Desk) {
		return nil, nil
	}
	readers, err := s.Readers(ctx, m.Program, report)
	var out []string
	for _, r := range readers {
		if r.Office != m.Office {
			out = append(out, r.Office)
		}
	}
	return out, err
}

// held is a file of a report that the member may see.
func (s *Service) held(ctx context.Context, m identity.Member, report, id store.ID) (File, error) {
	if err := s.Holders.Holds(ctx, m, report); err != nil {
		return File{}, err
	}
	f, err := readFile(ctx, s.DB, m.Program, id)
	if err == nil && f.Report != report {
		err = ErrNoFile
	}
	return f, err
}

// Opened records that the member opened a file, or takes the original away, on
// proof: the opening token, and the signature over OpenedStatement.
func (s *Service) Opened(ctx context.Context, m identity.Member, report, id store.ID, act string, token [32]byte, signature []byte) error {
	f, err := s.held(ctx, m, report, id)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(token[:])
	if subtle.ConstantTimeCompare(sum[:], f.Head.Token[:]) != 1 ||
		!s.People.VerifySignature(m, OpenedStatement(m.Program, id, f.Head.Hash, act, m.Office, m.ID), signature) {
		return ErrProof
	}
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		err := insertAccess(tx, m.Program, id, Access{Member: m.ID, Office: m.Office, Act: act}, signature)
		s.entry(tx, m.Program, "file."+act, id, m.Actor())
		return err
	})
}

// Part gives one part of a file to a member who proved to have opened it.
func (s *Service) Part(ctx context.Context, m identity.Member, report, id store.ID, part int) ([]byte, error) {
	if _, err := s.held(ctx, m, report, id); err != nil {
		return nil, err
	}
	opened, err := hasOpened(ctx, s.DB, m.Program, id, m.ID)
	if err != nil {
		return nil, err
	}
	if !opened {
		return nil, ErrUnopened
	}
	return readPart(ctx, s.DB, m.Program, id, part)
}

// CannotOpen notes that the key of the member's office does not open its wrap of
// a file. The wrap stays until somebody who opened the file replaces it.
func (s *Service) CannotOpen(ctx context.Context, m identity.Member, report, id store.ID) error {
	if _, err := s.held(ctx, m, report, id); err != nil {
		return err
	}
	w, err := readWrap(ctx, s.DB, m.Program, id, m.Office)
	if err != nil || w.Wrap == nil || w.Refused {
		return err
	}
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		err := refuseWrap(tx, m.Program, id, w)
		s.entry(tx, m.Program, "file.wrap_refused", id, m.Actor())
		return err
	})
}

// Share keeps a wrap that the member's browser made for another office that holds
// the report, so that it can open the file too. Only who proved to have opened the
// file can make one: a wrap of nothing would keep the office from the file. One
// that its office could not open is replaced.
func (s *Service) Share(ctx context.Context, m identity.Member, report, id store.ID, w Wrap) error {
	if _, err := s.held(ctx, m, report, id); err != nil {
		return err
	}
	others, err := s.others(ctx, m, report)
	if err != nil {
		return err
	}
	if !slices.Contains(others, w.Holder) {
		return referral.ErrOffice
	}
	if s.Keys(m.Program)[w.Holder].ID != w.KeyID {
		return ErrKeys
	}
	if len(w.Wrap) != seal.WrapSize {
		return errBody.At("wrap")
	}
	opened, err := hasOpened(ctx, s.DB, m.Program, id, m.ID)
	if err != nil {
		return err
	}
	if !opened {
		return ErrUnopened
	}
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		there, err := hasWrap(ctx, tx, m.Program, id, w)
		if err != nil {
			return err
		}
		kept := true
		if there {
			kept, err = replaceWrap(tx, m.Program, id, w)
		} else {
			err = insertWrap(tx, m.Program, id, w)
		}
		if kept { // else somebody else did it meanwhile
			s.entry(tx, m.Program, "file.shared", id, m.Actor())
		}
		return err
	})
}

// Damaged lists the files of a program whose parts are not those that its custody
// log vouches for, each as a line for a person. It reads every part.
func Damaged(ctx context.Context, r store.Reader, programID string) ([]string, error) {
	var out []string
	var after store.ID
	for {
		ids, err := fileIDs(ctx, r, programID, after)
		if err != nil || len(ids) == 0 {
			return out, err
		}
		for _, id := range ids {
			after = id
			wrong, err := damage(ctx, r, programID, id)
			if err != nil {
				return out, err
			}
			if wrong != "" {
				out = append(out, fmt.Sprintf("file %s: %s", id, wrong))
			}
		}
	}
}

func damage(ctx context.Context, r store.Reader, programID string, id store.ID) (string, error) {
	f, err := readFile(ctx, r, programID, id)
	if err != nil {
		return "", err
	}
	chain, size := chainOf(f.Head), int64(0)
	for n := range f.Parts {
		part, err := readPart(ctx, r, programID, id, n)
		if errors.Is(err, ErrNoFile) {
			return fmt.Sprintf("part %d of %d is gone", n+1, f.Parts), nil
		}
		if err != nil {
			return "", fault.Wrap(err, "checking a file")
		}
		chain, size = link(chain, part), size+int64(len(part))
	}
	if chain != f.Hash || size != f.Size {
		return "its parts are not those that were received", nil
	}
	return "", nil
}
