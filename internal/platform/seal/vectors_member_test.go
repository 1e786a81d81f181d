// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"testing"
)

// memberVector is one unlocker of one member: from a passphrase, when Passphrase
// is set, or from a passkey's answer in Secret. A case with Of takes what it does
// not say from that case.
type memberVector struct {
	Name          string   `json:"name"`
	Of            string   `json:"of,omitempty"`
	Program       string   `json:"program,omitempty"`
	Member        string   `json:"member,omitempty"`
	Unlocker      string   `json:"unlocker,omitempty"`
	Passphrase    string   `json:"passphrase_utf8,omitempty"`
	Salt          hexBytes `json:"salt,omitempty"`
	Iterations    int      `json:"iterations,omitempty"`
	Master        hexBytes `json:"master,omitempty"`
	AuthSecret    hexBytes `json:"auth_secret,omitempty"`
	AuthSHA256    hexBytes `json:"auth_sha256,omitempty"`
	PRFSalt       hexBytes `json:"prf_salt,omitempty"`
	Secret        hexBytes `json:"secret,omitempty"`
	ServerShare   hexBytes `json:"server_share,omitempty"`
	UnlockKey     hexBytes `json:"unlock_key,omitempty"`
	Root          hexBytes `json:"root,omitempty"`
	Sealed        hexBytes `json:"sealed_root,omitempty"`
	KEMPublicKey  hexBytes `json:"kem_public_key,omitempty"`
	SignPublicKey hexBytes `json:"sign_public_key,omitempty"`
	SignSignature hexBytes `json:"signature_of_name,omitempty"`
	Error         string   `json:"error,omitempty"`
}

const (
	vectorMember   = "aaaqeayeaudaocajbifqydiob4"
	vectorUnlocker = "caireeyuculbogazdinryhi6d4"
)

// unlocker fills a case in, except for the sealing, which is random.
func (v memberVector) unlocker() memberVector {
	share, a, b := fixed("server share"), fixed("root, first half"), fixed("root, second half")
	v.Program, v.Member, v.Unlocker = "ms", vectorMember, vectorUnlocker
	v.ServerShare, v.Root = share[:], append(a[:], b[:]...)
	if v.Passphrase != "" {
		master := Stretch(v.Passphrase, v.Salt, v.Iterations)
		auth, secret := AuthSecret(master), MemberSecret(master)
		hash := sha256.Sum256(auth[:])
		v.Master, v.AuthSecret, v.AuthSHA256, v.Secret = master[:], auth[:], hash[:], secret[:]
	} else {
		salt := PRFSalt(v.Program)
		v.PRFSalt = salt[:]
	}
	key := UnlockKey([32]byte(v.Secret), share)
	sign := ed25519.NewKeyFromSeed(v.Root[SeedSize:])
	v.UnlockKey = key[:]
	v.KEMPublicKey = must(PrivateFromSeed(v.Root[:SeedSize])).Public().Bytes()
	v.SignPublicKey = hexBytes(sign.Public().(ed25519.PublicKey))
	v.SignSignature = ed25519.Sign(sign, []byte(v.Name))
	return v
}

func (v memberVector) sealed() memberVector {
	v = v.unlocker()
	v.Sealed = must(SealRoot(v.Root, [32]byte(v.UnlockKey), v.Program, v.Member, v.Unlocker))
	return v
}

func makeMemberVectors() any {
	salt, prf := fixed("salt"), fixed("passkey")
	phrase := func(name, text string, salt []byte, n int) memberVector {
		return memberVector{Name: name, Passphrase: text, Salt: salt, Iterations: n}.sealed()
	}
	passkey := memberVector{Name: "passkey", Secret: prf[:]}.sealed()
	flipped := bytes.Clone(passkey.Sealed)
	flipped[40] ^= 1
	other := fixed("another share")
	return []memberVector{
		phrase("plain", "seven plain words on a card", salt[:16], Iterations),
		phrase("accents, composed", "contrase\u00f1a \u00e9", salt[:16], 1000),
		phrase("accents, decomposed", "contrasen\u0303a e\u0301", salt[:16], 1000),
		phrase("full width digit and ligature", "\uff11 \ufb01re", salt[:16], 1000),
		phrase("spaces count", " plain ", salt[:16], 1000),
		phrase("long salt", "plain", salt[:], 1000),
		passkey,
		{Name: "for another member", Of: "passkey", Member: vectorUnlocker, Error: "open"},
		{Name: "through another unlocker", Of: "passkey", Unlocker: vectorMember, Error: "open"},
		{Name: "in another program", Of: "passkey", Program: "tx", Error: "open"},
		{Name: "with another share", Of: "passkey", ServerShare: other[:], Error: "open"},
		{Name: "with another passkey", Of: "passkey", Secret: other[:], Error: "open"},
		{Name: "altered", Of: "passkey", Sealed: flipped, Error: "open"},
		{Name: "cut", Of: "passkey", Sealed: passkey.Sealed[:91], Error: "malformed"},
		{Name: "one byte long", Of: "passkey", Sealed: append(bytes.Clone(passkey.Sealed), 0), Error: "malformed"},
	}
}

// over takes from the case that v is made of what v does not say.
func (v memberVector) over(base memberVector) memberVector {
	for _, f := range []struct{ to, from *string }{{&v.Program, &base.Program}, {&v.Member, &base.Member}, {&v.Unlocker, &base.Unlocker}} {
		if *f.to == "" {
			*f.to = *f.from
		}
	}
	for _, f := range []struct{ to, from *hexBytes }{{&v.Secret, &base.Secret}, {&v.ServerShare, &base.ServerShare}, {&v.Sealed, &base.Sealed}, {&v.Root, &base.Root}} {
		if *f.to == nil {
			*f.to = *f.from
		}
	}
	return v
}

func TestVectorsMembers(t *testing.T) {
	t.Parallel()
	var cases []memberVector
	vectors(t, "members", &cases, makeMemberVectors)
	named := map[string]memberVector{}
	for _, c := range cases {
		named[c.Name] = c
		if c.Of == "" {
			made := memberVector{Name: c.Name, Passphrase: c.Passphrase, Salt: c.Salt, Iterations: c.Iterations, Secret: c.Secret}.unlocker()
			made.Sealed = c.Sealed
			if got, want := must(json.Marshal(made)), must(json.Marshal(c)); !bytes.Equal(got, want) {
				t.Errorf("%s: made\n%s, not\n%s", c.Name, got, want)
			}
		}
		c = c.over(named[c.Of])
		root, err := OpenRoot(c.Sealed, UnlockKey([32]byte(c.Secret), [32]byte(c.ServerShare)), c.Program, c.Member, c.Unlocker)
		checkError(t, c.Name, c.Error, err)
		if c.Error == "" && !bytes.Equal(root, c.Root) {
			t.Errorf("%s: another root", c.Name)
		}
	}
}

// A sealed root is fresh each time, opens only whole, and never for other names.
func FuzzOpenRoot(f *testing.F) {
	key := fixed("fuzz")
	root := NewRoot()
	good := must(SealRoot(root, key, "ms", vectorMember, vectorUnlocker))
	f.Add(good)
	f.Add(good[1:])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, sealed []byte) {
		opened, err := OpenRoot(sealed, key, "ms", vectorMember, vectorUnlocker)
		if err == nil && (!bytes.Equal(sealed, good) || !bytes.Equal(opened, root)) {
			t.Error("something that was never sealed opened")
		}
	})
}
