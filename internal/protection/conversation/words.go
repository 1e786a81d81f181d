// SPDX-License-Identifier: Apache-2.0

package conversation

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

const wordsVersion = 1

// Words is what is sealed in a message. It says where it belongs, so that who
// opened it sees whether it was moved: see Fits.
type Words struct {
	Version  int      `json:"v"`
	Report   string   `json:"report"`
	Office   string   `json:"office"`
	Kind     Kind     `json:"kind"`
	Answers  string   `json:"answers,omitempty"` // id of the message that it answers
	Language string   `json:"language"`
	From     string   `json:"from,omitempty"` // of a sender's message: keyID of the receipt's key, hex
	Text     string   `json:"text,omitempty"`
	Contact  *Choices `json:"contact,omitempty"` // of kind contact
}

// Choices say how a sender may be reached, under the names that the form has for
// the same. No way at all means: only here.
type Choices struct {
	Reach    []string `json:"reach"`
	At       string   `json:"contact,omitempty"`          // number or address
	As       string   `json:"as_whom,omitempty"`          // whom to say one is
	When     string   `json:"when_safe,omitempty"`        // hours that are safe
	Language string   `json:"contact_language,omitempty"` // to speak in
}

// Allows reports whether the sender may be reached in this way. Nobody who said
// nothing may.
func (c *Choices) Allows(way string) bool { return c != nil && slices.Contains(c.Reach, way) }

// Ways are the ways a sender may allow, in the order in which pages offer them.
func Ways() []string { return []string{"call", "text", "write", "voicemail"} }

// Marshal writes the words' one spelling.
func (w Words) Marshal() ([]byte, error) {
	w.Version = wordsVersion
	if err := w.check(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(w)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// ParseWords reads what Marshal, or the page's script, wrote. Its errors never
// repeat what was written.
func ParseWords(data []byte) (Words, error) {
	var w Words
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if d.Decode(&w) != nil || w.Version != wordsVersion {
		return Words{}, ErrMessage
	}
	if _, err := d.Token(); err != io.EOF {
		return Words{}, ErrMessage
	}
	return w, w.check()
}

// check holds the words to their limits.
func (w Words) check() error {
	known := slices.Contains(append(Office.Kinds(), Sender.Kinds()...), w.Kind)
	switch {
	case !known, (w.Kind == Contact) != (w.Contact != nil):
		return ErrMessage
	case w.Contact != nil:
		return w.Contact.check()
	case strings.TrimSpace(w.Text) == "":
		return ErrEmpty
	case utf8.RuneCountInString(w.Text) > MaxText:
		return ErrLong
	}
	return nil
}

// shortText is the longest number, name or hour that a choice takes.
const shortText = 500

func (c Choices) check() error {
	for _, way := range c.Reach {
		if !slices.Contains(Ways(), way) {
			return ErrMessage
		}
	}
	for _, text := range []string{c.At, c.As, c.When, c.Language} {
		if utf8.RuneCountInString(text) > shortText {
			return ErrLong
		}
	}
	return nil
}

// Fits says whether opened words belong to the message that they were opened
// from: a server could put a message into another thread, or call it something
// else, but cannot write that into it.
func (w Words) Fits(m Message) bool {
	answers := ""
	if !m.Answers.IsZero() {
		answers = m.Answers.String()
	}
	return w.Report == m.Report.String() && w.Office == m.Office && w.Kind == m.Kind && w.Answers == answers
}

// messageID names a message that the server seals: the same words sent again
// from the same page are the same message, other words are another one, and
// nothing is dropped silently. The nonce has at least 128 random bits, which
// are kept nowhere, so the id tells nothing about the words.
func messageID(nonce []byte, words []byte) store.ID {
	h := sha256.New()
	for _, field := range [][]byte{[]byte("waylight/message-id/v1"), nonce, words} {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(field))))
		h.Write(field)
	}
	return store.ID(h.Sum(nil)[:16])
}

// sealFor seals a sender's words for an office, in memory.
func sealFor(program, office string, id store.ID, words []byte, key *seal.PublicKey) (Draft, error) {
	rec := seal.Record{Program: program, ID: id}
	sealed, content, err := seal.Seal(words, rec)
	if err != nil {
		return Draft{}, err
	}
	wrap, err := content.Wrap(key, rec, sealed.Hash, office)
	return Draft{ID: id, Body: sealed.Ciphertext, OfficeKey: key.ID(), WrapOffice: wrap, SealedBy: SealedByServer}, err
}

// openWith opens an office's message with the receipt's key.
func openWith(key *seal.PrivateKey, m Message) (Words, error) {
	content, err := seal.OpenWrap(key, m.WrapReceipt, m.Record(), m.Hash, Receipt)
	if err != nil {
		return Words{}, err
	}
	plain, err := content.Open(m.Body, m.Record())
	if err != nil {
		return Words{}, err
	}
	w, err := ParseWords(plain)
	if err == nil && !w.Fits(m) {
		err = seal.ErrOpen
	}
	return w, err
}

// keyName is the short name of a public key, as text.
func keyName(public []byte) string {
	sum := sha256.Sum256(public)
	return hex.EncodeToString(sum[:16])
}

// plainText drops what no page shows: control characters but for line breaks and
// tabs, and bytes that are no letters.
func plainText(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' || r == utf8.RuneError {
			return -1
		}
		return r
	}, strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\r\n", "\n"))
}
