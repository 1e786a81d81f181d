// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/web"
)

// officeRow is one office of the pack in the list.
type officeRow struct {
	program.Office
	Label     string
	Standing  string // "not joined", "active" or "closed"
	Joined    string // dates
	Agreement string
	SignedBy  string
	Key       string // begin of the current key's name
	Wraps     int
	Keyed     bool
	Lost      int  // administrators who say that nobody can open the key
	Doubted   bool // its keys in the database are not believed
	People    int
	Counted   bool // whether People is known
	IsDesk    bool // the desk behind the public form
	Tag       string
	Sort      string // its kind in words
	order     string // its place in the pack, for paging
}

type officesView struct {
	frame
	Query, State string
	Rows         []officeRow
	Paging       web.Paging
	Export       string
}

const notJoined = "not joined"

func (s *Service) officeRows(ctx context.Context, v visit, query url.Values) ([]officeRow, error) {
	joined, err := s.Offices(ctx, v.p.ID)
	if err != nil {
		return nil, err
	}
	people, err := s.people(ctx, v.p.ID, "")
	if err != nil {
		return nil, err
	}
	wanted := strings.Fields(strings.ToLower(query.Get("q")))
	var rows []officeRow
	for i, id := range v.p.OfficeOrder {
		row := s.officeRow(v.p, id, joined, people)
		row.order = fmt.Sprintf("%05d", i)
		text := strings.ToLower(strings.Join([]string{id, row.Label, row.Kind, row.Office.State}, " "))
		if state := query.Get("state"); state != "" && row.Standing != state {
			continue
		}
		if slices.ContainsFunc(wanted, func(w string) bool { return !strings.Contains(text, w) }) {
			continue
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func (s *Service) officeRow(p *program.Program, id string, joined []Office, people roll) officeRow {
	row := officeRow{Office: p.Offices[id], Label: officeName(p, id), Standing: notJoined, Counted: people.known, Sort: words(p.Offices[id].Kind), IsDesk: s.Desk(p.ID) == id}
	if i := slices.IndexFunc(joined, func(o Office) bool { return o.ID == id }); i >= 0 {
		o := joined[i]
		row.Standing, row.Joined, row.Agreement, row.SignedBy = o.State, date(o.Joined, p), date(o.AgreementSigned, p), o.AgreementBy
	}
	if k, ok := s.Keys(p.ID)[id]; ok {
		row.Key, row.Wraps, row.Keyed, row.Lost = shortKey(k), k.Wraps, k.usable(), k.Lost
	}
	row.Doubted = slices.Contains(s.directory(p.ID).doubts, id)
	for _, person := range people.list {
		if person.Office == id {
			row.People++
		}
	}
	row.Tag = map[string]string{stateActive: "t-done", stateClosed: "t-off"}[row.Standing]
	return row
}

// words is a closed word of the pack as people write it.
func words(code string) string { return strings.ReplaceAll(code, "_", " ") }

// shortKey is enough of a key's name to compare over the telephone.
func shortKey(k Key) string { return hex.EncodeToString(k.ID[:4]) }

func (s *Service) officesPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.visit(r.Context())
	if err != nil {
		return err
	}
	if err := s.seen(r.Context(), v.Actor, "page:offices"); err != nil {
		return err
	}
	query := r.URL.Query()
	rows, err := s.officeRows(r.Context(), v, query)
	if err != nil {
		return err
	}
	page, next, err := paged(rows, func(o officeRow) string { return o.order }, query.Get("after"))
	if err != nil {
		return err
	}
	export := url.Values{"q": query["q"], "state": query["state"]}
	return s.show(w, r, http.StatusOK, "offices", "Offices", "/staff/offices", nil, officesView{
		frame: framed(r, nil), Query: query.Get("q"), State: query.Get("state"), Rows: page,
		Paging: paging("/staff/offices", query, fmt.Sprintf("%d found", len(rows)), next), Export: "/staff/offices.csv?" + export.Encode(),
	})
}

func (s *Service) officesCSV(w http.ResponseWriter, r *http.Request) error {
	v, err := s.visit(r.Context())
	if err != nil {
		return err
	}
	if err := s.seen(r.Context(), v.Actor, "export:offices"); err != nil {
		return err
	}
	rows, err := s.officeRows(r.Context(), v, r.URL.Query())
	if err != nil {
		return err
	}
	header := []string{"office", "name", "kind", "state", "joined", "agreement signed", "signed by", "key", "wraps", "people"}
	return web.CSV(w, "offices.csv", header, func(yield func([]string) error) error {
		for _, o := range rows {
			err := yield([]string{o.ID, o.Label, o.Kind, o.Standing, o.Joined, o.Agreement, o.SignedBy, o.Key, fmt.Sprint(o.Wraps), fmt.Sprint(o.People)})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

type keyView struct{ Name, Created, Retired, SignedBy string }

// statementView is one statement that can be attested when the office is closed.
type statementView struct {
	Statement
	Said bool
}

// attestedView is what somebody attested at a closing.
type attestedView struct{ Date, Who, What string }

type officeView struct {
	frame
	officeRow
	KeyHistory []keyView
	Hours      string
	Channels   []channelRow
	Invite     string
	Waits      bool   // its key waits for the directory key
	Own        string // its key, also while it waits
	Parts      string // its recovery parts, and when they were tried
	Rotate     string // until when it must make a new key
	Holds      int    // that stand
	Closing    bool   // a second person was asked
	MayAsk     bool
	Statements []statementView
	Attested   []attestedView
}

func (s *Service) officePage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.visit(r.Context())
	if err != nil {
		return err
	}
	if _, ok := v.p.Offices[r.PathValue("office")]; !ok {
		return errNoOffice
	}
	if err := s.seen(r.Context(), v.Actor, "office:"+r.PathValue("office")); err != nil {
		return err
	}
	return s.showOffice(w, r, v, http.StatusOK, nil)
}

func (s *Service) showOffice(w http.ResponseWriter, r *http.Request, v visit, status int, t *trouble) error {
	ctx, id := r.Context(), r.PathValue("office")
	if _, ok := v.p.Offices[id]; !ok {
		return errNoOffice
	}
	joined, err := s.Offices(ctx, v.p.ID)
	if err != nil {
		return err
	}
	people, err := s.people(ctx, v.p.ID, "")
	if err != nil {
		return err
	}
	keys, err := s.AllKeys(ctx, v.p.ID, id)
	if err != nil {
		return err
	}
	week, err := s.Week(ctx, v.p.ID, id)
	if err != nil {
		return err
	}
	data := officeView{frame: framed(r, t), officeRow: s.officeRow(v.p, id, joined, people), Hours: week.String(),
		Invite: "/staff/people/invite?" + url.Values{"office": {id}}.Encode()}
	if err := s.officeDuties(ctx, v, id, people, &data); err != nil {
		return err
	}
	for _, k := range keys {
		data.KeyHistory = append(data.KeyHistory, keyView{shortKey(k), date(k.Created, v.p), date(k.Retired, v.p), restsOn(k, people, data.Waits && shortKey(k) == data.Own)})
	}
	for _, c := range v.p.Offices[id].Channels {
		if ch, ok := v.p.Channels[c]; ok {
			data.Channels = append(data.Channels, s.channelRow(v.p, ch, false))
		}
	}
	return s.show(w, r, status, "office", "Office", "/staff/offices/"+id, t, data)
}

// officeDuties fills in what is due of the office's key, and how it is closed.
func (s *Service) officeDuties(ctx context.Context, v visit, id string, people roll, data *officeView) error {
	data.MayAsk = s.mayAskClose(v.Actor, id) == nil
	data.Waits = slices.Contains(s.waiting(v.p.ID), id)
	if own, ok := s.OwnKeys(v.p.ID)[id]; ok {
		data.Own = shortKey(own)
	}
	for _, st := range Statements() {
		data.Statements = append(data.Statements, statementView{st, data.Had("close", "said", st.ID)})
	}
	recovery, ok, err := s.RecoveryOf(ctx, v.p.ID, id)
	if err != nil {
		return err
	}
	last, due, err := s.LastRecoveryDrill(ctx, v.p.ID, id)
	if err != nil {
		return err
	}
	if ok {
		data.Parts = fmt.Sprintf("%d of %d needed. %s Next try by %s.", recovery.Needed, recovery.Shares, tried(last, v.p), date(due, v.p))
	}
	asked, err := s.AskedRotations(ctx, v.p.ID, id)
	if err != nil {
		return err
	}
	if len(asked) > 0 {
		data.Rotate = date(asked[0].Due, v.p)
	}
	holds, err := s.Holds(ctx, v.p.ID, id)
	if err != nil {
		return err
	}
	for _, h := range holds {
		if h.Lifted.IsZero() {
			data.Holds++
		}
	}
	if s.cfg.Approvals != nil {
		if _, data.Closing, err = s.cfg.Approvals.Waiting(ctx, s.cfg.DB, v.p.ID, policy.CloseOffice, "office:"+id); err != nil {
			return err
		}
	}
	return s.officeAttested(ctx, v, id, people, data)
}

func tried(last time.Time, p *program.Program) string {
	if last.IsZero() {
		return "Not tried since they were made."
	}
	return "Last tried " + date(last, p) + "."
}

// officeAttested fills in who said what at closings that a second person agreed to.
func (s *Service) officeAttested(ctx context.Context, v visit, id string, people roll, data *officeView) error {
	all, err := s.Attestations(ctx, v.p.ID, id)
	if err != nil {
		return err
	}
	words := map[string]string{saidSecond: "Agreed to the closing, as the second person."}
	for _, st := range Statements() {
		words[st.ID] = st.Text
	}
	for _, a := range all {
		agreed := slices.ContainsFunc(all, func(b Attestation) bool { return b.Closing == a.Closing && b.Statement == saidSecond })
		if agreed {
			data.Attested = append(data.Attested, attestedView{date(a.At, v.p), people.actor(a.Member), words[a.Statement]})
		}
	}
	return nil
}

func (s *Service) officeAct(do act) func(w http.ResponseWriter, r *http.Request) error {
	return s.acting(do, s.showOffice, func(r *http.Request) string { return "/staff/offices/" + r.PathValue("office") })
}

func (s *Service) postJoin(ctx context.Context, v visit, r *http.Request) (string, error) {
	return "join", s.Join(ctx, v.Actor, r.PathValue("office"))
}

func (s *Service) postAgreement(ctx context.Context, v visit, r *http.Request) (string, error) {
	return "agreement", s.SignAgreement(ctx, v.Actor, r.PathValue("office"), r.PostForm.Get("by"))
}

// postKeyLost asks for the key's name, so that no slip marks a key.
func (s *Service) postKeyLost(ctx context.Context, v visit, r *http.Request) (string, error) {
	return "key-lost", s.MarkKeyLost(ctx, v.Actor, r.PathValue("office"), strings.TrimSpace(r.PostForm.Get("key")))
}

// postClose asks for the office's short name, so that no slip closes an office.
func (s *Service) postClose(ctx context.Context, v visit, r *http.Request) (string, error) {
	if err := s.mayAskClose(v.Actor, r.PathValue("office")); err != nil {
		return "", err
	}
	if strings.TrimSpace(r.PostForm.Get("confirm")) != r.PathValue("office") {
		return "", errConfirm.At("confirm")
	}
	return "close", s.AskClose(ctx, v.Actor, r.PathValue("office"), r.PostForm["said"])
}
