// SPDX-License-Identifier: Apache-2.0

package file

import (
	"io"
	"net/http"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

var errBody = fault.New(fault.Invalid, "file_body", "Part of what was sent is missing or is not right. Nothing was changed.")

// What requests may have: seven words with a page around them, a few wraps as
// JSON, one part, and, on the one route where the server seals, files as long as
// they come: what is too much is read and let go, so that the sender gets an
// answer and not a broken connection.
const (
	maxReceipt = 8 << 10
	maxBegin   = 256 << 10
	maxPart    = int64(partHead + seal.FileHeaderSize + seal.FilePartSize)
	maxUpload  = 16 << 30
)

// Slow senders are waited for, but not for ever: whoever sends less than anybody's
// telephone does holds a place that others need.
const (
	stall     = 90 * time.Second // nothing came for so long
	grace     = 3 * time.Minute  // a part, or any other request, came in no less
	leastRate = 4 << 10          // bytes a second of a stream that takes longer
	maxDrain  = 4 << 20          // bytes that are read and let go before an answer
)

func (s *Service) routes() []web.Route {
	open, write := policy.At(policy.OpenReceipt), policy.At(policy.WriteReceipt)
	read, download := policy.At(policy.ReadFiles), policy.At(policy.DownloadFile)
	const page = "/staff/report/{id}/files"
	return []web.Route{
		{Pattern: "GET /receipt/files", Access: open, Handler: s.getSender},
		{Pattern: "POST /receipt/files", Access: write, Handler: s.postSender, MaxBody: maxUpload},
		{Pattern: "POST /receipt/files/find", Access: open, Handler: web.AnswerJSON(s.findJSON), MaxBody: maxReceipt},
		{Pattern: "POST /receipt/files/begin", Access: write, Handler: s.stepping(s.beginJSON), MaxBody: maxBegin},
		{Pattern: "PUT /receipt/files/{program}/{file}/{part}", Access: write, Handler: s.stepping(s.putPart), MaxBody: maxPart},
		{Pattern: "POST /receipt/files/end", Access: write, Handler: s.stepping(s.endJSON), MaxBody: maxReceipt},
		{Pattern: "GET " + page, Access: read, Handler: s.filesPage},
		{Pattern: "GET " + page + "/list", Access: read, Handler: web.AnswerJSON(s.listJSON)},
		{Pattern: "GET " + page + "/{file}/{part}", Access: read, Handler: s.getPart},
		{Pattern: "POST " + page + "/{file}/opened", Access: read, Handler: web.AnswerJSON(s.openedPost(ActOpened))},
		{Pattern: "POST " + page + "/{file}/downloaded", Access: download, Handler: web.AnswerJSON(s.openedPost(ActDownloaded))},
		{Pattern: "POST " + page + "/{file}/unopened", Access: read, Handler: web.AnswerJSON(s.unopenedPost)},
		{Pattern: "POST " + page + "/{file}/wrap", Access: policy.At(policy.RewrapReport), Handler: web.AnswerJSON(s.wrapPost)},
		{Pattern: "GET /staff/files/preview", Access: read, Handler: s.previewFrame},
		{Pattern: "GET /staff/files/preview.js", Access: policy.At(policy.ReadSite), Handler: s.previewScript},
	}
}

// me is the signed-in member, whom the guard has put there.
func me(r *http.Request) identity.Member {
	m, _ := identity.From(r.Context())
	return m
}

// pathID reads an id of the address. One that cannot be is one that is not there.
func pathID(r *http.Request, name string) (store.ID, error) {
	id, err := store.ParseID(r.PathValue(name))
	if err != nil {
		return store.ID{}, ErrNoFile
	}
	return id, nil
}

// steady is a body that may take longer than a page while something comes: the
// server's own limits are for pages. It begins at the first look, so that a
// request that waits for its turn loses nothing.
type steady struct {
	body io.Reader
	on   *http.ResponseController
	rate int64 // bytes a second that earn more time; 0: none does
	ends time.Time
}

func keepOn(w http.ResponseWriter, r *http.Request, rate int64) *steady {
	return &steady{body: r.Body, on: http.NewResponseController(w), rate: rate}
}

// Read reads more. Deadlines are those of the machine's own clock. A connection
// that has none is read without.
func (s *steady) Read(p []byte) (int, error) {
	s.wait()
	n, err := s.body.Read(p)
	if s.rate > 0 {
		s.ends = s.ends.Add(time.Duration(n) * time.Second / time.Duration(s.rate))
	}
	s.wait()
	return n, err
}

func (s *steady) wait() {
	now := time.Now()
	if s.ends.IsZero() {
		s.ends = now.Add(grace)
	}
	until := now.Add(stall)
	if s.ends.Before(until) {
		until = s.ends
	}
	_ = s.on.SetReadDeadline(until)
	_ = s.on.SetWriteDeadline(now.Add(2 * stall))
}
