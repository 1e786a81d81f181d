// SPDX-License-Identifier: Apache-2.0

package conversation

import (
	"net/http"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
	"waylight/internal/protection/referral"
	"waylight/internal/protection/report"
)

// threadData is what the page of one thread shows. The words are not in it:
// they are opened in the member's browser.
type threadData struct {
	ID, Short, Program, Office, OfficeName, Member string
	Chain, Reply, ReplyID                          string
	Began, Waits, Closed                           bool
	Done                                           string
	Lines                                          []threadLine
	Page, First, Next                              string
	Kinds                                          []kindOption
}

type kindOption struct {
	Kind  Kind
	Label string
}

// threadLine is one message without its words.
type threadLine struct {
	ID, Label, Who string
	At, ReadAt     time.Time
	ReadBy         string
	Ours, New      bool
	Server         bool // sealed on the server
}

// officeKinds are the words of the office's page for the kinds.
var officeKinds = map[Kind]string{
	Question: "Question", Need: "We still need", Note: "Message", Release: "Outcome that the sender may know",
	Answer: "Answer", Contact: "How to reach them",
}

func (s *Service) threadPage(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	m := me(r)
	after, err := readCursor(r)
	if err != nil {
		return err
	}
	t, messages, err := s.Thread(r.Context(), m, id, after)
	if err != nil {
		return err
	}
	reply, err := s.Reports.Reply(r.Context(), m.Program, id)
	if err != nil {
		return fault.Wrap(err, "reading the sender's key")
	}
	err = s.DB.Write(r.Context(), func(tx *store.Tx) error {
		s.entry(tx, m.Program, "messages.viewed", id, m.Actor())
		return nil
	})
	if err != nil {
		return err
	}
	data, err := s.threadData(r, m, t, messages, reply)
	if err != nil {
		return err
	}
	if !after.IsZero() {
		data.First, data.Page = "/staff/report/"+id.String()+"/messages", r.URL.Query().Get("after")
	}
	return s.pages.Staff(w, r, http.StatusOK, "conversation.thread", web.View{Title: "One entry", Data: data, Secret: true, Scripts: []string{"thread.js"}})
}

// readCursor reads where a page begins.
func readCursor(r *http.Request) (time.Time, error) {
	text := r.URL.Query().Get("after")
	if text == "" {
		return time.Time{}, nil
	}
	var at int64
	err := web.DecodeCursor(text, &at)
	return store.Time(at), err
}

func cursorAfter(messages []Message) string {
	if len(messages) < perPage {
		return ""
	}
	return web.EncodeCursor(store.Micros(messages[len(messages)-1].At))
}

func (s *Service) threadData(r *http.Request, m identity.Member, t Thread, messages []Message, reply report.Reply) (threadData, error) {
	people, err := s.People.Members(r.Context(), m.Program, m.Office)
	if err != nil {
		return threadData{}, fault.Wrap(err, "listing members")
	}
	names := map[store.ID]string{}
	for _, p := range people {
		names[p.ID] = p.Name
	}
	name := func(id store.ID) string {
		if id == m.ID {
			return "You"
		}
		if n := names[id]; n != "" {
			return n
		}
		return "A former colleague"
	}
	chain, err := s.Agencies.Directory(m.Program)[m.Office].Text()
	if err != nil {
		return threadData{}, fault.Wrap(err, "writing a key's chain")
	}
	d := threadData{
		ID: t.Report.String(), Short: referral.Short(t.Report), Program: m.Program, Office: m.Office, OfficeName: s.officeName(m.Program, m.Office, "en"),
		Member: m.ID.String(), Chain: chain, Reply: standard(reply.Key), ReplyID: keyName(reply.Key),
		Began: !t.Began.IsZero(), Waits: !t.Since.IsZero(), Closed: reply.Closed, Done: doneWords[r.URL.Query().Get("done")],
	}
	for _, k := range Office.Kinds() {
		d.Kinds = append(d.Kinds, kindOption{k, officeKinds[k]})
	}
	for _, x := range messages {
		line := threadLine{ID: x.ID.String(), Label: officeKinds[x.Kind], At: x.At, Ours: x.Side == Office, Server: x.SealedBy == SealedByServer, Who: "The sender"}
		if line.Ours {
			line.Who = name(x.Member)
		} else if line.New = x.ReadAt.IsZero(); !line.New {
			line.ReadAt, line.ReadBy = x.ReadAt, name(x.ReadBy)
		}
		d.Lines = append(d.Lines, line)
	}
	if next := cursorAfter(messages); next != "" {
		d.Next = "/staff/report/" + d.ID + "/messages?after=" + next
	}
	return d, nil
}

var doneWords = map[string]string{
	"written": "Sent. The sender sees it with the seven words.", "settled": "Marked: nothing needs an answer.",
}

// officeName names an office in a language, as the pack has it.
func (s *Service) officeName(programID, office, lang string) string {
	if p, ok := s.Programs.Program(programID); ok {
		if o, ok := p.Offices[office]; ok {
			return o.Name.In(lang)
		}
	}
	return office
}

// sealedLine is a message as the member's browser opens it.
type sealedLine struct {
	ID       string `json:"id"`
	Side     Side   `json:"side"`
	Kind     Kind   `json:"kind"`
	Answers  string `json:"answers"`
	Body     []byte `json:"body"`
	Hash     []byte `json:"hash"`
	Wrap     []byte `json:"wrap"`
	SealedBy string `json:"sealed_by"`
	Read     bool   `json:"read"`
}

func (s *Service) sealedJSON(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	after, err := readCursor(r)
	if err != nil {
		return err
	}
	m := me(r)
	_, messages, err := s.Thread(r.Context(), m, id, after)
	if err != nil {
		return err
	}
	if len(messages) > 0 { // what was fetched can be opened later, without this server
		err := s.DB.Write(r.Context(), func(tx *store.Tx) error {
			s.entry(tx, m.Program, "message.fetched", id, m.Actor())
			return nil
		})
		if err != nil {
			return err
		}
	}
	out := []sealedLine{}
	for _, x := range messages {
		line := sealedLine{ID: x.ID.String(), Side: x.Side, Kind: x.Kind, Body: x.Body, Hash: x.Hash[:], Wrap: x.WrapOffice, SealedBy: x.SealedBy, Read: x.Side == Office || !x.ReadAt.IsZero()}
		if !x.Answers.IsZero() {
			line.Answers = x.Answers.String()
		}
		out = append(out, line)
	}
	return web.JSON(w, http.StatusOK, map[string]any{"messages": out})
}

func (s *Service) readPost(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	var in struct {
		Opened []struct {
			ID    string `json:"id"`
			Token []byte `json:"token"`
		} `json:"opened"`
	}
	if err := web.DecodeJSON(r, &in); err != nil {
		return err
	}
	if len(in.Opened) > perPage {
		return errBody
	}
	var proofs []Opening
	for _, o := range in.Opened {
		message, err := store.ParseID(o.ID)
		if err != nil || len(o.Token) != 32 {
			return errBody
		}
		proofs = append(proofs, Opening{ID: message, Token: [32]byte(o.Token)})
	}
	if err := s.Read(r.Context(), me(r), id, proofs); err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, map[string]bool{"ok": true})
}

func (s *Service) writePost(w http.ResponseWriter, r *http.Request) error {
	return s.officePost(w, r, func(k Kind) bool { return k != Release })
}

func (s *Service) releasePost(w http.ResponseWriter, r *http.Request) error {
	return s.officePost(w, r, func(k Kind) bool { return k == Release })
}

func (s *Service) officePost(w http.ResponseWriter, r *http.Request, fits func(Kind) bool) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	var in sealedMessage
	if err := web.DecodeJSON(r, &in); err != nil {
		return err
	}
	d, err := in.draft()
	if err != nil {
		return err
	}
	if !fits(d.Kind) {
		return ErrMessage
	}
	if err := s.Write(r.Context(), me(r), id, d); err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, map[string]bool{"ok": true})
}

func (s *Service) settlePost(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil || len(r.PostForm["shut"]) > perPage {
		return errBody.With(err)
	}
	var shut []store.ID
	for _, text := range r.PostForm["shut"] {
		message, err := store.ParseID(text)
		if err != nil {
			return errBody.With(err)
		}
		shut = append(shut, message)
	}
	if err := s.Settle(r.Context(), me(r), id, shut...); err != nil {
		return err
	}
	http.Redirect(w, r, "/staff/report/"+id.String()+"/messages?done=settled", http.StatusSeeOther)
	return nil
}
