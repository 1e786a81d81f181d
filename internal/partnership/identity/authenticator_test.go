// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"

	"waylight/internal/platform/seal"
)

const (
	origin = "http://localhost:8080"
	site   = "localhost"
)

// authenticator is a passkey in software, which can also lie.
type authenticator struct {
	t       *testing.T
	key     *ecdsa.PrivateKey
	id      []byte
	user    []byte
	counter uint32
	prf     [32]byte // what its pseudo-random function answers
	// What it claims.
	origin, site    string
	crossOrigin     bool
	flags           byte
	spoilSignature  bool
	challenge, kind string // instead of what was asked
}

const (
	present, verified, attested = 0x01, 0x04, 0x40
)

func newAuthenticator(t *testing.T) *authenticator {
	t.Helper()
	a := &authenticator{t: t, key: must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t), id: make([]byte, 32), origin: origin, site: site, flags: present | verified}
	rand.Read(a.id)
	rand.Read(a.prf[:])
	return a
}

func url64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (a *authenticator) client(kind, challenge string) []byte {
	if a.challenge != "" {
		challenge = a.challenge
	}
	if a.kind != "" {
		kind = a.kind
	}
	return must(json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": a.origin, "crossOrigin": a.crossOrigin}))(a.t)
}

func (a *authenticator) data(flags byte) []byte {
	a.counter++
	hash := sha256.Sum256([]byte(a.site))
	return binary.BigEndian.AppendUint32(append(hash[:], a.flags|flags), a.counter)
}

// create answers the options for a new passkey.
func (a *authenticator) create(options json.RawMessage) []byte {
	a.t.Helper()
	var o struct {
		Challenge string
		User      struct{ ID string }
		RP        struct{ ID string }
	}
	if err := json.Unmarshal(options, &o); err != nil {
		a.t.Fatal(err)
	}
	a.user = must(base64.RawURLEncoding.DecodeString(o.User.ID))(a.t)
	pub := must(a.key.PublicKey.Bytes())(a.t) // 4 | x | y
	cose := must(webauthncbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: pub[1:33], -3: pub[33:]}))(a.t)
	data := append(a.data(attested), make([]byte, 16)...)
	data = append(binary.BigEndian.AppendUint16(data, uint16(len(a.id))), a.id...)
	object := must(webauthncbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": append(data, cose...)}))(a.t)
	return must(json.Marshal(map[string]any{
		"id": url64(a.id), "rawId": url64(a.id), "type": "public-key", "clientExtensionResults": map[string]any{},
		"response": map[string]any{"clientDataJSON": url64(a.client("webauthn.create", o.Challenge)), "attestationObject": url64(object)},
	}))(a.t)
}

// get answers the options for an assertion.
func (a *authenticator) get(options json.RawMessage) []byte {
	a.t.Helper()
	var o struct{ Challenge string }
	if err := json.Unmarshal(options, &o); err != nil {
		a.t.Fatal(err)
	}
	client, data := a.client("webauthn.get", o.Challenge), a.data(0)
	hash := sha256.Sum256(client)
	signed := sha256.Sum256(append(bytes.Clone(data), hash[:]...))
	signature := must(ecdsa.SignASN1(rand.Reader, a.key, signed[:]))(a.t)
	if a.spoilSignature {
		signature = must(ecdsa.SignASN1(rand.Reader, a.key, hash[:]))(a.t)
	}
	return must(json.Marshal(map[string]any{
		"id": url64(a.id), "rawId": url64(a.id), "type": "public-key", "clientExtensionResults": map[string]any{},
		"response": map[string]any{
			"clientDataJSON": url64(client), "authenticatorData": url64(data), "signature": url64(signature), "userHandle": url64(a.user),
		},
	}))(a.t)
}

// passkeyWay makes a passkey for whoever holds root, as a browser does, at a place of m's.
func (a *authenticator) passkeyWay(h *Holder, root []byte, slot Slot, options json.RawMessage) NewWay {
	a.t.Helper()
	m := h.Member
	sealed := must(seal.SealRoot(root, seal.UnlockKey(a.prf, slot.Share), m.Program, m.ID.String(), slot.ID.String()))(a.t)
	return NewWay{
		ID: slot.ID, Kind: KindPasskey, Label: "Key in software", Sealed: sealed, Answer: a.create(options),
		Signature: h.SignStatement(WayStatement(m.Program, m.ID, KindPasskey, slot.ID, a.id, sealed)),
	}
}

// joinWithPasskey enrolls the office's first member, or a later one when keyed, with a passkey and nothing else.
func (w *world) joinWithPasskey(email string, keyed bool) (*Holder, *authenticator, []byte) {
	w.t.Helper()
	ctx := w.t.Context()
	token := w.invite(police, email, RoleMember)
	b := must(w.Begin(ctx, token))(w.t)
	a, root := newAuthenticator(w.t), seal.NewRoot()
	h := must(newHolder(Member{Program: ms, ID: b.Member, Office: police}, root))(w.t)
	slot := must(w.EnrolSlot(ctx, token, KindPasskey))(w.t)
	v := must(w.newcomer(ctx, token))(w.t)
	options := must(w.beginPasskey(ctx, origin, v.Member, forEnrolment))(w.t)
	e := Enrolment{KEM: h.kem.Public().Bytes(), Sign: h.sign.Public().(ed25519.PublicKey), Ways: []NewWay{a.passkeyWay(h, root, slot, options)}}
	e.Signature = h.SignStatement(EnrolStatement(ms, b.Member, e.KEM))
	if !keyed {
		key, _, err := h.makeOfficeKey(ms, police)
		if err != nil {
			w.t.Fatal(err)
		}
		e.OfficeKey = key
	}
	h.Member = must(w.Enroll(ctx, token, e))(w.t)
	return h, a, root
}

// enterWith signs in with a passkey.
func (w *world) enterWith(a *authenticator) (SignedIn, error) {
	w.t.Helper()
	options := must(w.AskPasskey(w.t.Context(), origin, ms))(w.t)
	return w.SignInPasskey(w.t.Context(), ms, a.get(options), func(Member) string { return "" })
}
