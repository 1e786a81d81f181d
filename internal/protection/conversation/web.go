// SPDX-License-Identifier: Apache-2.0

package conversation

import (
	"encoding/hex"
	"net/http"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

var errBody = fault.New(fault.Invalid, "conversation.body", "Part of what was sent is missing or is not right. Nothing was kept.")

// maxReceipt is enough for seven words as a page sends them, maxPosted for a
// message with them, maxSealed for a sealed one as JSON.
const (
	maxReceipt = 8 << 10
	maxPosted  = 256 << 10
	maxSealed  = 512 << 10
)

func (s *Service) routes() []web.Route {
	open, write := policy.At(policy.OpenReceipt), policy.At(policy.WriteReceipt)
	const page = "/staff/report/{id}/messages"
	return []web.Route{
		{Pattern: "GET /receipt/messages", Access: open, Handler: s.getReceipt},
		{Pattern: "POST /receipt/messages", Access: open, Handler: s.postReceipt, MaxBody: maxReceipt},
		{Pattern: "POST /receipt/messages/send", Access: write, Handler: s.postAnswer, MaxBody: maxPosted},
		{Pattern: "POST /receipt/messages/find", Access: open, Handler: s.spoken(s.findJSON), MaxBody: maxReceipt},
		{Pattern: "POST /receipt/messages/keep", Access: write, Handler: s.spoken(s.keepJSON), MaxBody: maxSealed},
		{Pattern: "GET " + page, Access: policy.At(policy.ReadMessages), Handler: s.threadPage},
		{Pattern: "GET " + page + "/sealed", Access: policy.At(policy.ReadMessages), Handler: web.AnswerJSON(s.sealedJSON)},
		{Pattern: "POST " + page + "/read", Access: policy.At(policy.ReadMessages), Handler: web.AnswerJSON(s.readPost)},
		{Pattern: "POST " + page + "/write", Access: policy.At(policy.WriteMessage), Handler: web.AnswerJSON(s.writePost), MaxBody: maxSealed},
		{Pattern: "POST " + page + "/release", Access: policy.At(policy.ReleaseAnswer), Handler: web.AnswerJSON(s.releasePost), MaxBody: maxSealed},
		{Pattern: "POST " + page + "/settle", Access: policy.At(policy.WriteMessage), Handler: s.settlePost},
	}
}

// me is the signed-in member, whom the guard has put there.
func me(r *http.Request) identity.Member {
	m, _ := identity.From(r.Context())
	return m
}

// pathID reads the id of the address. One that cannot be is one that is not there.
func pathID(r *http.Request) (store.ID, error) {
	id, err := store.ParseID(r.PathValue("id"))
	if err != nil {
		return store.ID{}, ErrNotFound
	}
	return id, nil
}

// sealedMessage is a message as a page's script posts it.
type sealedMessage struct {
	ID      string `json:"id"`
	Kind    Kind   `json:"kind"`
	Answers string `json:"answers"`
	Body    []byte `json:"body"`
	KeyID   string `json:"key_id"`
	Wrap    []byte `json:"wrap"`
	Reply   []byte `json:"reply"` // wrap for the receipt; an office's messages only
	Sure    bool   `json:"sure"`
}

// draft reads it.
func (p sealedMessage) draft() (Draft, error) {
	d := Draft{Kind: p.Kind, Body: p.Body, WrapOffice: p.Wrap, WrapReceipt: p.Reply, SealedBy: SealedByBrowser, Sure: p.Sure}
	var err error
	if d.ID, err = store.ParseID(p.ID); err != nil {
		return Draft{}, errBody.At("id")
	}
	if p.Answers != "" {
		if d.Answers, err = store.ParseID(p.Answers); err != nil {
			return Draft{}, errBody.At("answers")
		}
	}
	key, err := hex.DecodeString(p.KeyID)
	if err != nil || len(key) != len(d.OfficeKey) {
		return Draft{}, errBody.At("key_id")
	}
	copy(d.OfficeKey[:], key)
	return d, nil
}
