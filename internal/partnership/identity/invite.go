// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
)

const (
	invitationLife = 7 * 24 * time.Hour
	tokenSize      = 16 // 128 bits
	maxName        = 100
	maxEmail       = 254
)

// actor is who acts: the signed-in member of the context, or the program itself when there is none (first run, demo).
func actor(ctx context.Context) (by Member, name string, system bool) {
	m, ok := From(ctx)
	if !ok {
		return Member{}, "system", true
	}
	return m, m.Actor(), false
}

// Invite asks a person to join an office and returns the token that accepts the invitation: once, within seven days. An open invitation to the same address
// is withdrawn. When the context carries a member, that member must be allowed to give these roles.
func (s *Service) Invite(ctx context.Context, programID, office, name, email string, roles []string) (token string, err error) {
	by, actorName, system := actor(ctx)
	if system {
		by = Member{Program: programID, Roles: []string{RoleProgramAdmin}}
	}
	v, err := s.checkInvitation(by, programID, office, name, email, roles)
	if err != nil {
		return "", err
	}
	_, err = accountByEmail(ctx, s.db, programID, v.Email)
	if err == nil {
		return "", errTaken
	}
	if !errors.Is(err, errNoMember) {
		return "", err
	}
	secret := make([]byte, tokenSize)
	_, _ = rand.Read(secret)
	token = programID + "." + base64.RawURLEncoding.EncodeToString(secret)
	v.InvitedBy = actorName
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		open, err := openInvitations(ctx, tx, programID, "", v.Email, tx.Now())
		if err != nil {
			return err
		}
		for _, old := range open {
			err = s.withdrawInvitation(tx, programID, old.ID)
			if err != nil {
				return err
			}
		}
		v.Made, v.Ends = tx.Now(), tx.Now().Add(invitationLife)
		err = insertInvitation(tx, v, s.keyed("invitation", token))
		if err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: programID, Event: "member.invited", Record: "member:" + v.ID.String(), Actor: actorName})
		return s.askInvitation(tx, by, v)
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

func (s *Service) checkInvitation(by Member, programID, office, name, email string, roles []string) (invitation, error) {
	v := invitation{Program: programID, ID: store.NewID(), Office: office}
	o, err := s.office(programID, office)
	if err != nil {
		return v, err
	}
	err = s.mayInvite(by, programID, o)
	if err != nil {
		return v, err
	}
	v.Roles, err = cleanRoles(roles, s.grants(by, o))
	if err != nil {
		return v, err
	}
	if holdsKey(v.Roles) && !s.agencies.Joined(programID, office) {
		return v, errNotJoined
	}
	v.Name, err = cleanName(name)
	if err != nil {
		return v, err
	}
	v.Email, err = cleanEmail(email)
	return v, err
}

// withdraw takes an invitation back.
func (s *Service) withdraw(ctx context.Context, programID string, id store.ID) error {
	by, actorName, system := actor(ctx)
	return s.db.Write(ctx, func(tx *store.Tx) error {
		v, err := invitationByID(ctx, tx, programID, id)
		if err != nil {
			return err
		}
		if !system {
			err = s.mayChange(by, Member{Program: programID, ID: id, Office: v.Office, Roles: v.Roles})
			if err != nil {
				return err
			}
		}
		err = s.withdrawInvitation(tx, programID, id)
		if err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: programID, Event: "member.invitation_withdrawn", Record: "member:" + id.String(), Actor: actorName})
		return nil
	})
}

// invited returns the invitation that a token accepts.
func (s *Service) invited(ctx context.Context, token string) (invitation, error) {
	programID, _, found := strings.Cut(token, ".")
	if !found {
		return invitation{}, errInvitation
	}
	v, err := invitationByToken(ctx, s.db, programID, s.keyed("invitation", token))
	if err != nil {
		return invitation{}, err
	}
	if v.Used || v.Withdrawn || !s.now().Before(v.Ends) {
		return invitation{}, errInvitation
	}
	return v, nil
}

func (s *Service) office(programID, office string) (program.Office, error) {
	p, ok := s.programs.Program(programID)
	if !ok {
		return program.Office{}, errOffice
	}
	o, ok := p.Offices[office]
	if !ok {
		return program.Office{}, errOffice
	}
	return o, nil
}

// keyed hashes what somebody typed or presents, under the pepper: the database alone does not allow a guess to be tried.
func (s *Service) keyed(purpose, text string) []byte {
	mac := hmac.New(sha256.New, s.pepper)
	mac.Write([]byte("waylight/identity/" + purpose + "/v1\x00"))
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

func cleanName(name string) (string, error) {
	name = strings.Join(strings.Fields(name), " ")
	if name == "" || !utf8.ValidString(name) || utf8.RuneCountInString(name) > maxName || strings.ContainsFunc(name, hidden) {
		return "", errName
	}
	return name, nil
}

// hidden finds what would let one name look like another or break a line: control and format characters.
func hidden(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }

func cleanEmail(email string) (string, error) {
	email = strings.ToLower(strings.TrimSpace(email))
	a, err := mail.ParseAddress(email)
	if err != nil || a.Address != email || len(email) > maxEmail || strings.ContainsFunc(email, func(r rune) bool { return r > unicode.MaxASCII }) {
		return "", errEmail
	}
	return email, nil
}
