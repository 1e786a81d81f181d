// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"waylight/internal/platform/fault"
)

// The first lines of what travels between the server and the machine that has the
// directory key, and of the key's own files.
const (
	requestHead = "waylight directory request 1"
	answerHead  = "waylight directory answer 1"
	privateHead = "waylight directory key 1 PRIVATE, keep offline"
	publicHead  = "waylight directory key 1 public"
	mostSigned  = 2000 // keys in one request
)

// Faults of these texts.
var (
	errRequestText = fault.New(fault.Invalid, "directory_request", "This is not a whole request. Copy it again, from its first line to the line that begins with end.")
	errAnswerText  = fault.New(fault.Invalid, "directory_answer", "This is not a whole answer. Copy it again, from its first line to the line that begins with end.")
	errKeyText     = fault.New(fault.Invalid, "directory_key", "This is not the file of a directory key.")
	errPrivateText = fault.New(fault.Invalid, "directory_key_private", "This is the private half of the directory key. It must never stand on the server: take it offline and give the public file instead.")
	errOtherKey    = fault.New(fault.Invalid, "directory_other_key", "This was made with another directory key than the one that is pinned.")
)

// KeyToSign is an office's key that the directory key is asked to sign.
type KeyToSign struct {
	Office string
	ID     [16]byte
	Sign   ed25519.PublicKey
}

// Name is what the office reads aloud from its own browser, to be compared.
func (k KeyToSign) Name() string { return SpokenName(k.ID, k.Sign) }

// SigningRequest is what the server asks of whoever keeps the directory key.
type SigningRequest struct {
	Program   string
	Directory ed25519.PublicKey // the pinned one
	Keys      []KeyToSign
}

// SigningAnswer is what comes back: a signature for each key.
type SigningAnswer struct {
	Program    string
	Directory  ed25519.PublicKey
	Signatures []KeySignature
}

// KeySignature is the directory key's signature for an office's key.
type KeySignature struct {
	Office    string
	ID        [16]byte
	Signature []byte
}

// String is the request as it travels.
func (r SigningRequest) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nprogram %s\ndirectory %s\n", requestHead, r.Program, hex.EncodeToString(r.Directory))
	for _, k := range r.Keys {
		fmt.Fprintf(&b, "key %s %s %s\n", k.Office, keyName(k.ID), hex.EncodeToString(k.Sign))
	}
	fmt.Fprintf(&b, "end %d\n", len(r.Keys))
	return b.String()
}

// String is the answer as it travels.
func (a SigningAnswer) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nprogram %s\ndirectory %s\n", answerHead, a.Program, hex.EncodeToString(a.Directory))
	for _, s := range a.Signatures {
		fmt.Fprintf(&b, "signature %s %s %s\n", s.Office, keyName(s.ID), base64.StdEncoding.EncodeToString(s.Signature))
	}
	fmt.Fprintf(&b, "end %d\n", len(a.Signatures))
	return b.String()
}

// ParseRequest reads a request.
func ParseRequest(text string) (SigningRequest, error) {
	prog, directory, rows, ok := parseSheet(text, requestHead, "key")
	r := SigningRequest{Program: prog, Directory: directory}
	for _, row := range rows {
		id, err := keyID(row[1])
		sign, err2 := hex.DecodeString(row[2])
		if err != nil || err2 != nil || len(sign) != ed25519.PublicKeySize {
			return SigningRequest{}, errRequestText
		}
		r.Keys = append(r.Keys, KeyToSign{row[0], id, sign})
	}
	if !ok {
		return SigningRequest{}, errRequestText
	}
	return r, nil
}

// ParseAnswer reads an answer.
func ParseAnswer(text string) (SigningAnswer, error) {
	prog, directory, rows, ok := parseSheet(text, answerHead, "signature")
	a := SigningAnswer{Program: prog, Directory: directory}
	for _, row := range rows {
		id, err := keyID(row[1])
		signature, err2 := base64.StdEncoding.Strict().DecodeString(row[2])
		if err != nil || err2 != nil || len(signature) != ed25519.SignatureSize {
			return SigningAnswer{}, errAnswerText
		}
		a.Signatures = append(a.Signatures, KeySignature{row[0], id, signature})
	}
	if !ok {
		return SigningAnswer{}, errAnswerText
	}
	return a, nil
}

// parseSheet reads what requests and answers have in common; a sheet that was cut
// off does not have its last line or not its number of rows.
func parseSheet(text, head, word string) (prog string, directory ed25519.PublicKey, rows [][3]string, ok bool) {
	lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")), "\n")
	if len(lines) < 4 || len(lines) > mostSigned+4 {
		return "", nil, nil, false
	}
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	prog, isProgram := strings.CutPrefix(lines[1], "program ")
	key, isKey := strings.CutPrefix(lines[2], "directory ")
	directory, err := hex.DecodeString(key)
	body, last := lines[3:len(lines)-1], lines[len(lines)-1]
	if lines[0] != head || !isProgram || !plainID(prog) || !isKey || err != nil || len(directory) != ed25519.PublicKeySize || last != "end "+strconv.Itoa(len(body)) {
		return "", nil, nil, false
	}
	for _, line := range body {
		f := strings.Split(line, " ")
		if len(f) != 4 || f[0] != word || !plainID(f[1]) {
			return "", nil, nil, false
		}
		rows = append(rows, [3]string(f[1:]))
	}
	return prog, directory, rows, true
}

// plainID says whether a word can be the id of a program or an office.
func plainID(word string) bool {
	return word != "" && len(word) <= 100 && strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// SignRequest answers a request with the directory key. It is what runs on the
// machine that is kept offline.
func SignRequest(private ed25519.PrivateKey, r SigningRequest) (SigningAnswer, error) {
	public := private.Public().(ed25519.PublicKey)
	if !public.Equal(r.Directory) {
		return SigningAnswer{}, errOtherKey
	}
	a := SigningAnswer{Program: r.Program, Directory: public}
	for _, k := range r.Keys {
		a.Signatures = append(a.Signatures, KeySignature{k.Office, k.ID, ed25519.Sign(private, []byte(DirectoryStatement(r.Program, k.Office, k.ID, k.Sign)))})
	}
	return a, nil
}

// NewDirectoryKey makes a directory key.
func NewDirectoryKey() ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	rand.Read(seed) // never fails
	return ed25519.NewKeyFromSeed(seed)
}

// DirectoryKeyText and DirectoryPublicText are the two halves as files.
func DirectoryKeyText(private ed25519.PrivateKey) string {
	return privateHead + "\n" + hex.EncodeToString(private.Seed()) + "\n"
}

// DirectoryPublicText is the half that the server pins.
func DirectoryPublicText(public ed25519.PublicKey) string {
	return publicHead + "\n" + hex.EncodeToString(public) + "\n"
}

// ParseDirectoryKey reads the private file.
func ParseDirectoryKey(text string) (ed25519.PrivateKey, error) {
	seed, err := keyFile(text, privateHead)
	if err != nil {
		return nil, err
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// ParseDirectoryPublic reads the public file, and says so when it is given the
// private one.
func ParseDirectoryPublic(text string) (ed25519.PublicKey, error) {
	if strings.HasPrefix(strings.TrimSpace(text), privateHead) {
		return nil, errPrivateText
	}
	return keyFile(text, publicHead)
}

func keyFile(text, head string) ([]byte, error) {
	first, rest, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(text), "\r\n", "\n"), "\n")
	b, err := hex.DecodeString(rest)
	if first != head || err != nil || len(b) != ed25519.SeedSize {
		return nil, errKeyText
	}
	return b, nil
}
