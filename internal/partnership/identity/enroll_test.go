// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

func TestInvitationWorksOnceAndForAWeek(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		token := w.invite(police, "ann@agency.test", RoleMember)
		_, _, err := w.EnrollHolder(ctx, token, "a passphrase of her own")
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = w.EnrollHolder(ctx, token, "a passphrase of a thief")
		if !errors.Is(err, errInvitation) {
			t.Errorf("used again: %v", err)
		}
		old := w.invite(police, "ben@agency.test", RoleMember)
		again := w.invite(police, "Ben@Agency.test", RoleMember)
		_, err = w.Begin(ctx, old)
		if !errors.Is(err, errInvitation) {
			t.Errorf("an invitation that a newer one replaced: %v", err)
		}
		w.clock.Advance(7*24*time.Hour - time.Second)
		_, err = w.Begin(ctx, again)
		if err != nil {
			t.Errorf("in the last second: %v", err)
		}
		w.clock.Advance(time.Second)
		_, err = w.Begin(ctx, again)
		if !errors.Is(err, errInvitation) {
			t.Errorf("after a week: %v", err)
		}
		for _, bad := range []string{"", ".", "ms.", "ms.AAAAAAAAAAAAAAAAAAAAAA", "tx" + strings.TrimPrefix(token, "ms"), token + "x", strings.Repeat("a", 5000)} {
			_, err = w.Begin(ctx, bad)
			if !errors.Is(err, errInvitation) {
				t.Errorf("token %.30q: %v", bad, err)
			}
		}
		_, err = w.Invite(ctx, ms, police, "Ann", "ann@agency.test", []string{RoleMember})
		if !errors.Is(err, errTaken) {
			t.Errorf("inviting a member: %v", err)
		}
	})
}

// Of an invitation, a cookie and a passphrase, the database holds nothing that opens or proves anything.
func TestDatabaseHoldsNoSecret(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		token := w.invite(police, "ann@agency.test", RoleMember)
		h, _, err := w.EnrollHolder(t.Context(), token, "passphrase of ann")
		if err != nil {
			t.Fatal(err)
		}
		cookie, _, err := w.SignIn(t.Context(), ms, "ann@agency.test", h.Auth())
		if err != nil {
			t.Fatal(err)
		}
		auth := h.Auth()
		hash := sha256.Sum256(auth[:])
		opener := must(w.openers(t.Context(), h.Member))(t)[0]
		share := opener.Share
		plainCookie := sha256.Sum256([]byte(cookie))
		plainToken := sha256.Sum256([]byte(token))
		secrets := map[string][]byte{
			"the token": []byte(token), "a plain hash of the token": plainToken[:], "the cookie": []byte(cookie), "a plain hash of the cookie": plainCookie[:],
			"the auth secret": auth[:], "a plain hash of the auth secret": hash[:], "the server's share": share[:], "the passphrase": []byte("passphrase of ann"),
		}
		for table, columns := range map[string]string{
			"member":     "salt, auth, kem, sign, name, email, find, sign_in, roles",
			"unlocker":   "salt, auth, sealed, label, kind, id, member, program, salt",
			"invitation": "token, name, email, roles, office, invited_by, roles, roles, roles",
			"session":    "token, member, token, token, token, token, token, token, token",
		} {
			rows, err := w.db.Query(t.Context(), "select "+columns+" from "+table)
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			found := 0
			for rows.Next() {
				var v [9][]byte
				err = rows.Scan(&v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7], &v[8])
				if err != nil {
					t.Fatal(err)
				}
				found++
				for what, secret := range secrets {
					if bytes.Contains(bytes.Join(v[:], nil), secret) {
						t.Errorf("table %s holds %s", table, what)
					}
				}
			}
			if found == 0 {
				t.Errorf("table %s is empty: this test looked at nothing", table)
			}
		}
	})
}

// The first member makes the office's key, the second waits for it, and a report sealed to the office opens for both and with two of three recovery shares.
func TestOfficeKeyFromFirstMemberToRecovery(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		if w.agencies.Keyed(ms)(police) {
			t.Fatal("an office without members has a key")
		}
		ann, shares := w.joinAs(police, "ann@agency.test", RoleMember)
		if !w.agencies.Keyed(ms)(police) || len(shares) != Shares {
			t.Fatalf("keyed %v, %d shares", w.agencies.Keyed(ms)(police), len(shares))
		}
		ben, none := w.joinAs(police, "ben@agency.test", RoleSupervisor)
		if none != nil {
			t.Error("the second member made recovery shares")
		}
		waits := must(w.waiting(ctx, []Member{ann.Member, ben.Member}))(t)
		if waits[ann.Member.Actor()] || !waits[ben.Member.Actor()] {
			t.Errorf("waiting: %v", waits)
		}

		rec := seal.Record{Program: ms, ID: store.NewID()}
		sealed, content, err := seal.Seal([]byte("what somebody saw"), rec)
		if err != nil {
			t.Fatal(err)
		}
		wrap := must(content.Wrap(w.agencies.Keys(ms)[police].Public, rec, sealed.Hash, police))(t)
		read := func(h *Holder) error {
			plain, key, err := h.OpenReport(police, wrap, sealed.Ciphertext, rec, sealed.Hash, police)
			if err != nil {
				return err
			}
			token := key.OpeningToken()
			if string(plain) != "what somebody saw" || sha256.Sum256(token[:]) != sealed.Token {
				return fmt.Errorf("other words or another token")
			}
			return nil
		}
		if err := read(ann); err != nil {
			t.Errorf("the first member: %v", err)
		}
		if err := read(ben); err == nil {
			t.Error("a member who waits for access read a report")
		}
		err = w.Grant(ctx, ann, ben.Member.ID)
		if err != nil {
			t.Fatal(err)
		}
		ben = must(w.UnlockHolder(ctx, ms, ben.Member.ID, "passphrase of ben@agency.test"))(t)
		if err := read(ben); err != nil {
			t.Errorf("after access was given: %v", err)
		}
		_, err = w.UnlockHolder(ctx, ms, ben.Member.ID, "passphrase of ann@agency.test")
		if !errors.Is(err, ErrLocked) {
			t.Errorf("a wrong passphrase: %v", err)
		}
		if !w.VerifySignature(ben.Member, "statement", ben.SignStatement("statement")) || w.VerifySignature(ann.Member, "statement", ben.SignStatement("statement")) {
			t.Error("signatures do not tell members apart")
		}

		for _, pair := range [][]string{shares[:2], shares[1:], {shares[2], shares[0]}, shares} {
			h, err := RecoverOffice(ctx, w.agencies, ms, police, pair)
			if err != nil {
				t.Errorf("recovering: %v", err)
				continue
			}
			if err := read(h); err != nil {
				t.Errorf("with recovery shares: %v", err)
			}
		}
		_, err = RecoverOffice(ctx, w.agencies, ms, police, shares[:1])
		var problem *seal.ShareError
		if !errors.As(err, &problem) || problem.Problem != seal.TooFewShares {
			t.Errorf("one share: %v", err)
		}
		_, others := w.joinAs(helpers, "cas@helpers.test", RoleMember)
		_, err = RecoverOffice(ctx, w.agencies, ms, police, others)
		if !errors.Is(err, ErrRecovery) {
			t.Errorf("another office's shares: %v", err)
		}
	})
}

func TestSecondGrantAndGrantByAnOutsider(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		ann, _ := w.joinAs(police, "ann@agency.test", RoleMember)
		ben, _ := w.joinAs(police, "ben@agency.test", RoleMember)
		cas, _ := w.joinAs(helpers, "cas@helpers.test", RoleAgencyAdmin)
		err := w.Grant(ctx, cas, ben.Member.ID)
		if !errors.Is(err, errNoAccess) {
			t.Errorf("a member of another office gave access: %v", err)
		}
		err = w.Grant(ctx, ben, ben.Member.ID)
		if !errors.Is(err, errNoAccess) {
			t.Errorf("a member gave access to themselves: %v", err)
		}
		current := w.agencies.Keys(ms)[police].ID
		for name, wraps := range map[string][]KeyWrap{
			"nothing":          nil,
			"a short wrap":     {{KeyID: current, Sealed: []byte("short")}},
			"an unknown key":   {{KeyID: [16]byte{1}, Sealed: make([]byte, seal.SealToExtra+seal.SeedSize)}},
			"twice":            {{KeyID: current, Sealed: make([]byte, seal.SealToExtra+seal.SeedSize)}, {KeyID: current, Sealed: make([]byte, seal.SealToExtra+seal.SeedSize)}},
			"without a sender": nil,
		} {
			err = w.GiveAccess(w.as(ann.Member), ben.Member.ID, wraps)
			if !errors.Is(err, errWraps) {
				t.Errorf("%s: %v", name, err)
			}
		}
		err = w.GiveAccess(t.Context(), ben.Member.ID, nil)
		if !errors.Is(err, errSignIn) {
			t.Errorf("nobody signed in: %v", err)
		}
		for i, want := range []error{nil, errChanged} {
			err = w.Grant(ctx, ann, ben.Member.ID)
			if !errors.Is(err, want) {
				t.Errorf("grant %d: %v", i+1, err)
			}
		}
		if got := w.last(); got != "member.access_given "+ben.Member.Actor()+" "+ann.Member.Actor() {
			t.Errorf("the log says %s", got)
		}
	})
}

// enrolment makes what a browser sends to join with a passphrase, bringing the office's key.
func (w *world) enrolment(token string) (Enrolment, *Holder) {
	w.t.Helper()
	b := must(w.Begin(w.t.Context(), token))(w.t)
	slot := must(w.EnrolSlot(w.t.Context(), token, KindPassphrase))(w.t)
	root := seal.NewRoot()
	h := must(newHolder(Member{Program: ms, ID: b.Member, Office: b.Office}, root))(w.t)
	way := must(h.passphraseWay(root, slot, "passphrase", seal.Iterations))(w.t)
	e := Enrolment{KEM: h.kem.Public().Bytes(), Sign: h.sign.Public().(ed25519.PublicKey), Ways: []NewWay{way}}
	e.Signature = h.SignStatement(EnrolStatement(ms, b.Member, e.KEM))
	key, _, err := h.makeOfficeKey(ms, b.Office)
	if err != nil {
		w.t.Fatal(err)
	}
	e.OfficeKey = key
	return e, h
}

func TestEnrolmentIsChecked(t *testing.T) {
	w := one(t)
	ctx := t.Context()
	token := w.invite(police, "ann@agency.test", RoleMember)
	b := must(w.Begin(ctx, token))(t)
	if again := must(w.Begin(ctx, token))(t); again.Member != b.Member || !b.HoldsKey || b.OfficeKeyed {
		t.Fatalf("beginning twice: %+v", again)
	}
	made, h := w.enrolment(token)
	key := made.OfficeKey
	good := func() Enrolment {
		e := made
		e.Ways = slices.Clone(made.Ways)
		office := *key
		office.Wraps = slices.Clone(key.Wraps)
		e.OfficeKey = &office
		return e
	}
	for name, spoil := range map[string]func(*Enrolment){
		"no way in":              func(e *Enrolment) { e.Ways = nil },
		"a short salt":           func(e *Enrolment) { e.Ways[0].Salt = e.Ways[0].Salt[:8] },
		"few iterations":         func(e *Enrolment) { e.Ways[0].Iterations = seal.Iterations - 1 },
		"too many iterations":    func(e *Enrolment) { e.Ways[0].Iterations = 1 << 40 },
		"a cut root":             func(e *Enrolment) { e.Ways[0].Sealed = e.Ways[0].Sealed[1:] },
		"another root":           func(e *Enrolment) { e.Ways[0].Sealed = make([]byte, seal.SealedRootSize) },
		"another slot":           func(e *Enrolment) { e.Ways[0].ID = store.NewID() },
		"an unknown kind":        func(e *Enrolment) { e.Ways[0].Kind = "smile" },
		"an unsigned way":        func(e *Enrolment) { e.Ways[0].Signature = e.Signature },
		"a cut public key":       func(e *Enrolment) { e.KEM = e.KEM[1:] },
		"no public key":          func(e *Enrolment) { e.KEM = nil },
		"another's public key":   func(e *Enrolment) { e.KEM = key.Public },
		"no signing key":         func(e *Enrolment) { e.Sign = nil },
		"another's signing key":  func(e *Enrolment) { e.Sign = make([]byte, 32) },
		"no signature":           func(e *Enrolment) { e.Signature = nil },
		"another signature":      func(e *Enrolment) { e.Signature = h.SignStatement("something else") },
		"a bad office key":       func(e *Enrolment) { e.OfficeKey.Public = e.OfficeKey.Public[1:] },
		"no recovery wrap":       func(e *Enrolment) { e.OfficeKey.Wraps = e.OfficeKey.Wraps[:1] },
		"a wrap too many":        func(e *Enrolment) { e.OfficeKey.Wraps = append(e.OfficeKey.Wraps, e.OfficeKey.Wraps[0]) },
		"a wrap for another":     func(e *Enrolment) { e.OfficeKey.Wraps[0].Holder = "member:" + store.NewID().String() },
		"a wrap of another size": func(e *Enrolment) { e.OfficeKey.Wraps[1].Sealed = []byte("x") },
	} {
		e := good()
		spoil(&e)
		_, err := w.Enroll(ctx, token, e)
		if !errors.Is(err, errEnrolment) && !errors.Is(err, errFewWays) && name != "an unknown kind" || err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	e := good()
	e.OfficeKey = nil
	_, err := w.Enroll(ctx, token, e)
	if !errors.Is(err, errOfficeKey) {
		t.Errorf("the first member without a key for the office: %v", err)
	}
	_, err = w.Enroll(ctx, token, good())
	if err != nil {
		t.Errorf("after all that, a good enrollment: %v", err)
	}
	if got := w.events(); !slices.Contains(got, "office.key_made office:"+police+" member:"+b.Member.String()) {
		t.Errorf("the log: %v", got)
	}
}

// Of two first members who join at once, one makes the office's key; the other is told and can begin again.
func TestTwoFirstMembersAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		tokens := []string{w.invite(police, "ann@agency.test", RoleMember), w.invite(police, "ben@agency.test", RoleMember)}
		enrolments := make([]Enrolment, 2)
		for i, token := range tokens {
			enrolments[i], _ = w.enrolment(token)
		}
		results := make(chan error, 2)
		for i := range tokens {
			go func() {
				_, err := w.Enroll(context.WithoutCancel(t.Context()), tokens[i], enrolments[i])
				results <- err
			}()
		}
		first, second := <-results, <-results
		if first != nil {
			first, second = second, first
		}
		if first != nil || !errors.Is(second, errOfficeKey) {
			t.Fatalf("%v and %v", first, second)
		}
		keys := must(w.agencies.AllKeys(t.Context(), ms, police))(t)
		if len(keys) != 1 || keys[0].Wraps != 2 {
			t.Errorf("the office's keys: %v", keys)
		}
		members := must(w.Members(t.Context(), ms, police))(t)
		if len(members) != 1 {
			t.Errorf("%d members", len(members))
		}
	})
}

func TestInvitationsAreCheckedAndBounded(t *testing.T) {
	w := one(t)
	admin := w.add(police, "Admin", "admin@agency.test", RoleAgencyAdmin)
	head := w.add(police, "Head", "head@agency.test", RoleProgramAdmin)
	civil := w.add(helpers, "Civil", "civil@helpers.test", RoleProgramAdmin)
	plain := w.add(police, "Plain", "plain@agency.test", RoleMember, RoleSupervisor, RoleDesk)
	auditor := w.add(police, "Auditor", "auditor@agency.test", RoleAuditor)
	cases := []struct {
		name               string
		by                 *Member
		office, who, email string
		roles              []string
		want               error
	}{
		{"system", nil, police, "A B", "a@b.test", []string{RoleMember}, nil},
		{"own office", &admin, police, "A B", "c@b.test", []string{RoleMember, RoleDesk}, nil},
		{"own office's next administrator", &admin, police, "A B", "d@b.test", []string{RoleAgencyAdmin}, nil},
		{"another office", &admin, helpers, "A B", "e@b.test", []string{RoleMember}, errRole},
		{"above oneself", &admin, police, "A B", "e@b.test", []string{RoleProgramAdmin}, errRoles},
		{"an auditor of oneself", &admin, police, "A B", "e@b.test", []string{RoleMember, RoleAuditor}, errRoles},
		{"program administrator", &civil, police, "A B", "f@b.test", []string{RoleProgramAdmin}, nil},
		{"program administrator of a police office", &head, helpers, "A B", "e@b.test", []string{RoleProgramAdmin}, errWalled},
		{"a member", &plain, police, "A B", "e@b.test", []string{RoleMember}, errRole},
		{"an auditor", &auditor, police, "A B", "e@b.test", []string{RoleMember}, errRole},
		{"no role", nil, police, "A B", "e@b.test", nil, errRoles},
		{"an unknown role", nil, police, "A B", "e@b.test", []string{"root"}, errRoles},
		{"a desk role without a desk", nil, "mdcps", "A B", "e@b.test", []string{RoleDesk}, errRoles},
		{"an office that has not joined", nil, "mdcps", "A B", "e@b.test", []string{RoleMember}, errNotJoined},
		{"no office", nil, "nowhere", "A B", "e@b.test", []string{RoleMember}, errOffice},
		{"no name", nil, police, " \t", "e@b.test", []string{RoleMember}, errName},
		{"a long name", nil, police, strings.Repeat("n", 101), "e@b.test", []string{RoleMember}, errName},
		{"a name that turns the line around", nil, police, "A \u202e B", "e@b.test", []string{RoleMember}, errName},
		{"a name in wrong encoding", nil, police, "A \xff", "e@b.test", []string{RoleMember}, errName},
		{"no address", nil, police, "A B", "", []string{RoleMember}, errEmail},
		{"two addresses", nil, police, "A B", "e@b.test, f@b.test", []string{RoleMember}, errEmail},
		{"a header in the address", nil, police, "A B", "e@b.test\r\nBcc: x@y.test", []string{RoleMember}, errEmail},
		{"a look-alike address", nil, police, "A B", "аdmin@b.test", []string{RoleMember}, errEmail},
	}
	for _, c := range cases {
		ctx := t.Context()
		if c.by != nil {
			ctx = w.as(*c.by)
		}
		_, err := w.Invite(ctx, ms, c.office, c.who, c.email, c.roles)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	_, err := w.Invite(w.as(head), "us", police, "A B", "g@b.test", []string{RoleMember})
	if fault.KindOf(err) == fault.Internal {
		t.Errorf("another program: %v", err)
	}
	if err := w.agencies.Join(t.Context(), agency.System(ms), "mdcps"); err != nil {
		t.Error(err)
	}
}
