// SPDX-License-Identifier: Apache-2.0

package mail

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	netmail "net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	maxAddress = 254
	maxSubject = 200
	maxText    = 64 << 10
)

// address reads one address, "ana@example.org" or "Ana <ana@example.org>".
// Its errors do not repeat it.
func address(s string) (*netmail.Address, error) {
	if len(s) > maxAddress+maxSubject || !printable(s) {
		return nil, errors.New("the address is too long or has characters that do not belong there")
	}
	a, err := netmail.ParseAddress(s)
	if err != nil {
		return nil, errors.New("the address cannot be read")
	}
	local, domain, ok := strings.Cut(a.Address, "@")
	if !ok || local == "" || domain == "" || len(a.Address) > maxAddress || strings.Contains(domain, "@") {
		return nil, errors.New("the address is incomplete")
	}
	for _, c := range []byte(a.Address) {
		if c <= ' ' || c >= 0x7F || strings.IndexByte(`<>()[]\,;:"`, c) >= 0 {
			return nil, errors.New("the address has characters that mail servers do not agree on")
		}
	}
	return a, nil
}

// printable refuses line ends and other control characters, and what is not UTF-8.
func printable(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return false
		}
	}
	return true
}

// build writes the message as it goes over the wire.
func build(m Message, from, to *netmail.Address, now time.Time) ([]byte, error) {
	switch {
	case !printable(m.Subject) || utf8.RuneCountInString(m.Subject) > maxSubject || strings.TrimSpace(m.Subject) == "":
		return nil, ErrMessage.At("subject")
	case !utf8.ValidString(m.Text) || len(m.Text) > maxText:
		return nil, ErrMessage.At("text")
	}
	id, err := messageID(from.Address)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	for _, header := range [][2]string{
		{"From", from.String()},
		{"To", "<" + to.Address + ">"},
		{"Subject", fold(mime.QEncoding.Encode("utf-8", m.Subject))},
		{"Date", now.UTC().Format("Mon, 02 Jan 2006 15:04:05 -0000")},
		{"Message-ID", id},
		{"MIME-Version", "1.0"},
		{"Content-Type", "text/plain; charset=utf-8"},
		{"Content-Transfer-Encoding", "quoted-printable"},
		{"Auto-Submitted", "auto-generated"},
	} {
		fmt.Fprintf(&b, "%s: %s\r\n", header[0], header[1])
	}
	b.WriteString("\r\n")
	qp := quotedprintable.NewWriter(&b)
	text := strings.ReplaceAll(strings.ReplaceAll(m.Text, "\r\n", "\n"), "\r", "\n")
	_, err = qp.Write([]byte(text))
	if err == nil {
		err = qp.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("encoding a message: %w", err)
	}
	if !bytes.HasSuffix(b.Bytes(), []byte("\r\n")) {
		b.WriteString("\r\n")
	}
	return b.Bytes(), nil
}

// fold puts each encoded word on its own line, and cuts plain ones at spaces,
// so that no header line is longer than mail allows.
func fold(value string) string {
	const width = 70
	var out strings.Builder
	line := 0
	for i, word := range strings.Split(value, " ") {
		switch {
		case i == 0:
		case line+len(word) > width && word != "" && out.Len() > 0:
			out.WriteString("\r\n ")
			line = 0
		default:
			out.WriteByte(' ')
		}
		out.WriteString(word)
		line += len(word) + 1
	}
	return out.String()
}

// messageID is random: it tells neither an order nor a machine.
func messageID(from string) (string, error) {
	var random [16]byte
	_, err := rand.Read(random[:])
	if err != nil {
		return "", fmt.Errorf("making a message id: %w", err)
	}
	_, domain, _ := strings.Cut(from, "@")
	return "<" + hex.EncodeToString(random[:]) + "@" + domain + ">", nil
}
