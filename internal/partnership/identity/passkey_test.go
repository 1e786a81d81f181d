// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

// A member who joined with a passkey signs in with it, and its secret with the server's share opens the root.
func TestPasskeySignsInAndOpens(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.passphraseSignIn = false
		h, a, root := w.joinWithPasskey("ann@agency.test", false)
		in := must(w.enterWith(a))(t)
		if in.Member.ID != h.Member.ID || in.Cookie == "" {
			t.Errorf("signed in as %+v", in.Member)
		}
		if m := must(w.guarded(in.Cookie, false))(t); m.ID != h.Member.ID {
			t.Errorf("the session is of %+v", m)
		}
		keys := must(w.KeysOf(t.Context(), h.Member))(t)
		if len(keys.Unlockers) != 1 || !bytes.Equal(keys.Unlockers[0].Credential, a.id) {
			t.Fatalf("the unlockers: %d", len(keys.Unlockers))
		}
		u := keys.Unlockers[0]
		opened, err := seal.OpenRoot(u.Sealed, seal.UnlockKey(a.prf, u.Share), ms, h.Member.ID.String(), u.ID.String())
		if err != nil || !bytes.Equal(opened, root) {
			t.Errorf("the root: %v", err)
		}
		if _, _, err := w.SignIn(t.Context(), ms, "ann@agency.test", [32]byte{}); !errors.Is(err, errPassphrase) {
			t.Errorf("a passphrase alone, outside a demonstration: %v", err)
		}
		if _, _, err := w.Salt(t.Context(), ms, "ann@agency.test"); !errors.Is(err, errPassphrase) {
			t.Errorf("its salt: %v", err)
		}
		ways := must(w.Ways(t.Context(), h.Member))(t)
		if len(ways) != 1 || !ways[0].Opens || !ways[0].SignsIn || ways[0].Used.IsZero() || ways[0].Label != "Key in software" {
			t.Errorf("the ways in: %+v", ways)
		}
		if err := w.EndWay(w.as(h.Member), ms, h.Member.ID, ways[0].ID, nil); !errors.Is(err, errLastWay) {
			t.Errorf("ending the last way in oneself: %v", err)
		}
	})
}

// What must not pass as a passkey's answer: each is refused with its own reason, and the log names the reason and nothing that was sent.
func TestBadAnswersAreRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var said bytes.Buffer
		w.site.Log = slog.New(slog.NewTextHandler(&said, nil))
		ctx := t.Context()
		none := func(Member) string { return "" }
		h, a, _ := w.joinWithPasskey("ann@agency.test", false)
		ask := func() json.RawMessage { return must(w.AskPasskey(ctx, origin, ms))(t) }
		good := a.get(ask())
		if _, err := w.SignInPasskey(ctx, ms, good, none); err != nil {
			t.Fatal(err)
		}
		late := a.get(ask())
		w.clock.Advance(ceremonyLife)
		lied := func(claim func(a *authenticator)) []byte {
			b := *a
			b.counter += 10
			claim(&b)
			return b.get(ask())
		}
		enrolling := must(w.beginPasskey(ctx, origin, h.Member, forAdding))(t)
		another := must(w.AskMember(ctx, origin, h.Member, "lock"))(t)
		stranger := newAuthenticator(t)
		stranger.user = h.Member.ID[:]
		for _, c := range []struct {
			name   string
			answer []byte
			want   error
			event  string
		}{
			{"used before", good, errStale, ""},
			{"after five minutes", late, errStale, ""},
			{"to a challenge nobody gave out", lied(func(a *authenticator) { a.challenge = url64(make([]byte, 32)) }), errStale, ""},
			{"to the challenge of a registration", a.get(enrolling), errStale, ""},
			{"to the challenge of another purpose", a.get(another), errStale, ""},
			{"made on another site", lied(func(a *authenticator) { a.origin = "https://waylight.evil.test" }), errOrigin, "passkey.refused_origin"},
			{"made on this machine's other port", lied(func(a *authenticator) { a.origin = "http://localhost:9999" }), errOrigin, "passkey.refused_origin"},
			{"made in a frame of another site", lied(func(a *authenticator) { a.crossOrigin = true }), errOrigin, "passkey.refused_origin"},
			{"for another site's passkey", lied(func(a *authenticator) { a.site = "evil.test" }), errOrigin, "passkey.refused_origin"},
			{"without the person", lied(func(a *authenticator) { a.flags = present }), errUnverified, "passkey.refused_unverified"},
			{"of a passkey nobody knows", stranger.get(ask()), errPasskey, ""},
			{"no answer at all", []byte(`{"id":"AAAA"}`), errAnswer, ""},
			{"not JSON", []byte("hello"), errAnswer, ""},
		} {
			before := len(w.events())
			_, err := w.SignInPasskey(ctx, ms, c.answer, none)
			if !errors.Is(err, c.want) || fault.KindOf(err) == fault.Internal {
				t.Errorf("%s: %v", c.name, err)
			}
			news := w.events()[before:]
			if c.event == "" && len(news) != 0 || c.event != "" && (len(news) == 0 || news[0] != c.event+" "+h.Member.Actor()+" system") {
				t.Errorf("%s: the log says %v", c.name, news)
			}
		}
		if _, err := w.AskPasskey(ctx, "http://127.0.0.1:8080", ms); !errors.Is(err, errNoPasskeys) {
			t.Errorf("at an address in numbers: %v", err)
		}
		for what, secret := range map[string]string{"an address": "ann@", "a name": "Person", "the credential": url64(a.id), "another origin": "evil.test"} {
			if strings.Contains(said.String(), secret) || strings.Contains(strings.Join(w.events(), "\n"), secret) {
				t.Errorf("the log holds %s:\n%s", what, said.String())
			}
		}
		if !strings.Contains(said.String(), "why=origin") {
			t.Errorf("the server's log: %s", said.String())
		}
		if !must(w.Member(ctx, ms, h.Member.ID))(t).Locked {
			t.Error("five answers made elsewhere did not lock the account")
		}
		if _, err := w.enterWith(a); !errors.Is(err, errBarred) {
			t.Errorf("the right passkey on a locked account: %v", err)
		}
	})
}

// A signature that the key did not make counts as a failure, and five of them lock the account.
func TestWrongSignaturesLock(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		h, a, _ := w.joinWithPasskey("ann@agency.test", false)
		for i := range 5 {
			b := *a
			b.spoilSignature = true
			if _, err := w.enterWith(&b); !errors.Is(err, errPasskey) {
				t.Errorf("try %d: %v", i+1, err)
			}
		}
		if got := w.last(); got != "member.locked "+h.Member.Actor()+" system" {
			t.Errorf("the log says %s", got)
		}
	})
}

// A counter that goes back is a copy of the authenticator, or of its state: neither the copy nor the original is let in any more.
func TestCopiedAuthenticatorIsSetAside(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		h, a, _ := w.joinWithPasskey("ann@agency.test", false)
		clone := *a
		for range 3 {
			must(w.enterWith(a))(t)
		}
		if _, err := w.enterWith(&clone); !errors.Is(err, errAside) {
			t.Errorf("the copy: %v", err)
		}
		if got := w.events(); !slices.Contains(got, "passkey.set_aside "+h.Member.Actor()+" system") {
			t.Errorf("the log: %v", got)
		}
		if _, err := w.enterWith(a); !errors.Is(err, errAside) {
			t.Errorf("the original, afterwards: %v", err)
		}
		if keys := must(w.KeysOf(t.Context(), h.Member))(t); len(keys.Unlockers) != 0 {
			t.Error("the server's share still goes out for it")
		}
		ways := must(w.Ways(t.Context(), h.Member))(t)
		if len(ways) != 1 || !ways[0].Aside || ways[0].Opens || ways[0].SignsIn {
			t.Errorf("the ways in: %+v", ways)
		}
	})
}

// A way in is taken only from who has the member's root open, at a place that was given to them, once.
func TestWaysAreCheckedWhenAdded(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		h, a, root := w.joinWithPasskey("ann@agency.test", false)
		other, _, otherRoot := w.joinWithPasskey("ben@agency.test", true)
		second := newAuthenticator(t)
		slot := must(w.Slot(ctx, h.Member, KindPasskey))(t)
		make := func(a *authenticator, h *Holder, root []byte) NewWay {
			return a.passkeyWay(h, root, slot, must(w.beginPasskey(ctx, origin, h.Member, forAdding))(t))
		}
		elsewhere := newAuthenticator(t)
		elsewhere.origin = "https://evil.test"
		blind := newAuthenticator(t)
		blind.flags = present
		for name, c := range map[string]struct {
			way  NewWay
			want error
		}{
			"signed by somebody else":   {way: func() NewWay { v := make(second, h, root); v.Signature = other.SignStatement("x"); return v }(), want: errWay},
			"at another member's place": {way: func() NewWay { v := make(second, h, root); v.ID = store.NewID(); return v }(), want: errWay},
			"made for another member":   {way: make(second, other, otherRoot), want: errStale},
			"with a root that was replaced": {way: func() NewWay {
				v := make(second, h, root)
				v.Sealed = bytes.Clone(v.Sealed)
				v.Sealed[20] ^= 1
				return v
			}(), want: errWay},
			"with a cut root":                  {way: func() NewWay { v := make(second, h, root); v.Sealed = v.Sealed[1:]; return v }(), want: errWay},
			"made on another site":             {way: make(elsewhere, h, root), want: errOrigin},
			"made without the person":          {way: make(blind, h, root), want: errUnverified},
			"with a hidden letter in its name": {way: func() NewWay { v := make(second, h, root); v.Label = "My\u202e phone"; return v }(), want: errLabel},
			"with a line in its name":          {way: func() NewWay { v := make(second, h, root); v.Label = "My\nphone"; return v }(), want: errLabel},
			"registered already":               {way: make(a, h, root), want: errKnown},
		} {
			before := len(w.events())
			if err := w.AddWay(ctx, h.Member, c.way); !errors.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
			if len(w.events()) != before {
				t.Errorf("%s: something was done", name)
			}
		}
		w.clock.Advance(time.Minute) // ways in are listed by age
		way := make(second, h, root)
		if err := w.AddWay(ctx, h.Member, way); err != nil {
			t.Fatal(err)
		}
		if err := w.AddWay(ctx, h.Member, way); !errors.Is(err, errWay) {
			t.Errorf("twice: %v", err)
		}
		// The first is lost: it ends, with its share and the other sessions, and the second still lets her in.
		in, on := must(w.enterWith(a))(t), must(w.enterWith(second))(t)
		ways := must(w.Ways(ctx, h.Member))(t)
		keep := must(sessionByToken(ctx, w.db, ms, w.sessionHash(on.Cookie)))(t)
		if err := w.EndWay(w.as(other.Member), ms, h.Member.ID, ways[0].ID, nil); !errors.Is(err, errRole) {
			t.Errorf("ended by a colleague: %v", err)
		}
		if err := w.EndWay(w.as(h.Member), ms, h.Member.ID, ways[0].ID, keep.id); err != nil {
			t.Fatal(err)
		}
		if _, err := w.guarded(in.Cookie, false); !errors.Is(err, errSignIn) {
			t.Errorf("the session on the lost device: %v", err)
		}
		if _, err := w.guarded(on.Cookie, false); err != nil {
			t.Errorf("the session that ended it: %v", err)
		}
		if _, err := w.enterWith(a); !errors.Is(err, errPasskey) {
			t.Errorf("the lost passkey: %v", err)
		}
		if _, err := w.shareOf(ways[0].ID); !errors.Is(err, errNoShare) {
			t.Errorf("its share: %v", err)
		}
		if _, err := w.enterWith(second); err != nil {
			t.Errorf("the second passkey: %v", err)
		}
	})
}

// A passkey that cannot open keys signs in, and the passphrase beside it opens them.
func TestPasskeyWithoutSecretNeedsAPassphrase(t *testing.T) {
	w := one(t)
	w.passphraseSignIn = false
	ctx := t.Context()
	token := w.invite(police, "ann@agency.test", RoleMember)
	e, h := w.enrolment(token)
	if _, err := w.Enroll(ctx, token, e); !errors.Is(err, errFewWays) {
		t.Errorf("a passphrase alone: %v", err)
	}
	a := newAuthenticator(t)
	v := must(w.newcomer(ctx, token))(t)
	slot := must(w.EnrolSlot(ctx, token, KindPasskey))(t)
	answer := a.create(must(w.beginPasskey(ctx, origin, v.Member, forEnrolment))(t))
	made := must(w.PasskeyMade(ctx, token, slot.ID, answer))(t)
	way := NewWay{ID: slot.ID, Kind: KindPasskey, Made: made, Signature: h.SignStatement(WayStatement(ms, v.ID, KindPasskey, slot.ID, a.id, nil))}
	only := e
	only.Ways = []NewWay{way}
	if _, err := w.Enroll(ctx, token, only); !errors.Is(err, errFewWays) {
		t.Errorf("nothing that opens the keys: %v", err)
	}
	w.clock.Advance(time.Hour) // the recovery parts were printed
	both := e
	both.Ways = []NewWay{way, e.Ways[0]}
	spoiled := bytes.Clone(made)
	spoiled[len(spoiled)-2] ^= 1
	forged := both
	forged.Ways = slices.Clone(both.Ways)
	forged.Ways[0].Made = spoiled
	if _, err := w.Enroll(ctx, token, forged); !errors.Is(err, errAnswer) {
		t.Errorf("a passkey that this server did not check: %v", err)
	}
	m := must(w.Enroll(ctx, token, both))(t)
	if in := must(w.enterWith(a))(t); in.Member.ID != m.ID {
		t.Errorf("signed in as %v", in.Member)
	}
	if _, err := w.UnlockHolder(ctx, ms, m.ID, "passphrase"); err != nil {
		t.Errorf("the passphrase: %v", err)
	}
	ways := must(w.Ways(ctx, m))(t)
	if len(ways) != 2 || ways[0].Opens || !ways[0].SignsIn || !ways[1].Opens || ways[1].SignsIn {
		t.Errorf("the ways in: %+v", ways)
	}
	if err := w.EndWay(w.as(m), ms, m.ID, ways[1].ID, nil); !errors.Is(err, errLastWay) {
		t.Errorf("ending the passphrase: %v", err)
	}
}

// Two answers with the same counter that arrive at once: one signs in.
func TestChallengeIsTakenOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, a, _ := w.joinWithPasskey("ann@agency.test", false)
		answer := a.get(must(w.AskPasskey(t.Context(), origin, ms))(t))
		results := make(chan error, 4)
		for range 4 {
			go func() {
				_, err := w.SignInPasskey(w.t.Context(), ms, answer, func(Member) string { return "" })
				results <- err
			}()
		}
		in := 0
		for range 4 {
			switch err := <-results; {
			case err == nil:
				in++
			case !errors.Is(err, errStale):
				t.Error(err)
			}
		}
		if in != 1 {
			t.Errorf("%d of four got in", in)
		}
	})
}
