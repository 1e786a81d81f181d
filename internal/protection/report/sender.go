// SPDX-License-Identifier: Apache-2.0

package report

import (
	"crypto/ed25519"
	"encoding/binary"
	"encoding/json"
	"net/url"
	"slices"

	"waylight/internal/partnership/agency"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/form"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

// Sender does what the page's script does in a sender's browser: it is for
// programs that write here, and for measurements.
type Sender struct {
	Program, Language string
	Directory         ed25519.PublicKey // the pinned key
	Receipt           seal.Receipt      // fresh random bytes for each report
}

// Ask is what is posted to /<program>/seal to learn whose keys to seal to. clear
// holds the answers that routing needs.
func (c Sender) Ask(clear url.Values) url.Values {
	lookup := c.Receipt.Lookup()
	q := cloneValues(clear)
	q.Set("lang", c.Language)
	q.Set(askField, urlBase64(lookup[:]))
	return q
}

// Seal makes what is posted to /<program>/sealed: of the answer to Ask, of what
// the sender was shown (the field "shown" of the answer to /<program>/who), and
// of the answers to be sealed. A key that does not rest on the directory key is
// agency.ErrChain.
func (c Sender) Seal(answer []byte, clear url.Values, shown string, words, reporter form.Answers) ([]byte, error) {
	var to readers
	if err := json.Unmarshal(answer, &to); err != nil {
		return nil, fault.Wrap(err, "reading whose keys to seal to")
	}
	id, err := store.ParseID(to.Report)
	if err != nil {
		return nil, fault.Wrap(err, "reading the id of a report")
	}
	seed := c.Receipt.Seed()
	reply, err := seal.PrivateFromSeed(seed[:])
	if err != nil {
		return nil, err
	}
	head := cloneValues(clear)
	head.Set("lang", c.Language)
	head.Set(formField, to.Form)
	head.Set(shownField, shown)
	lookup := c.Receipt.Lookup()
	out := appendLong([]byte(sealedMagic), []byte(head.Encode()))
	out = append(append(out, lookup[:]...), reply.Public().Bytes()...)
	body := Body{Version: bodyVersion, Form: to.Form, Language: c.Language, Answers: words, Reply: replyKeys(c.Receipt, reply.Public())}
	out, err = c.part(out, seal.Record{Program: c.Program, ID: id}, to, body, func(agency.Chain) bool { return true })
	if err != nil || len(reporter) == 0 {
		return out, err
	}
	body.Answers, body.Reply = reporter, nil
	return c.part(out, ReporterRecord(c.Program, id), to, body, func(chain agency.Chain) bool { return slices.Contains(to.Reporter, chain.Office) })
}

// part appends one sealed body and its wraps.
func (c Sender) part(out []byte, rec seal.Record, to readers, body Body, meant func(agency.Chain) bool) ([]byte, error) {
	plain, err := body.Marshal()
	if err != nil {
		return nil, err
	}
	sealed, content, err := seal.Seal(plain, rec)
	if err != nil {
		return nil, err
	}
	out = appendLong(out, sealed.Ciphertext)
	at := len(out)
	out = append(out, 0)
	for _, chain := range to.Readers {
		if !meant(chain) {
			continue
		}
		key, err := agency.VerifyChain(c.Directory, c.Program, chain.Office, chain)
		if err != nil {
			return nil, err
		}
		wrap, err := content.Wrap(key, rec, sealed.Hash, chain.Office)
		if err != nil {
			return nil, err
		}
		id := key.ID()
		out = append(append(out, byte(len(chain.Office))), chain.Office...)
		out = append(append(out, id[:]...), wrap...)
		out[at]++
	}
	return out, nil
}

func appendLong(out, b []byte) []byte {
	return append(binary.BigEndian.AppendUint32(out, uint32(len(b))), b...)
}

func cloneValues(v url.Values) url.Values {
	out := make(url.Values, len(v)+3)
	for name, values := range v {
		out[name] = slices.Clone(values)
	}
	return out
}

// Called is what the report of a receipt is called: its id, and the hash by which
// the directory of receipts has it.
func (s *Service) Called(programID string, lookup [32]byte) (store.ID, [32]byte) {
	return reportID(s.Pepper, programID, lookup), seal.LookupHash(s.Pepper, lookup)
}
