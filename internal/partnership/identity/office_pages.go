// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// officeRoutes are the pages of one's own office's key.
func (s *Service) officeRoutes() []web.Route {
	return []web.Route{
		{Pattern: "GET /staff/office", Access: policy.At(policy.ReadOfficeKey), Handler: s.officeKeyPage},
		{Pattern: "GET /staff/office/current", Access: policy.At(policy.FetchKeys), Handler: web.AnswerJSON(s.currentKey)},
		{Pattern: "GET /staff/office/rotate", Access: policy.At(policy.RotateKey), Handler: s.rotatePage},
		{Pattern: "GET /staff/office/holders", Access: policy.At(policy.RotateKey), Handler: web.AnswerJSON(s.holdersJSON)},
		{Pattern: "POST /staff/office/rotate", Access: policy.At(policy.RotateKey), Handler: web.AnswerJSON(s.rotatePost)},
		{Pattern: "GET /staff/office/parts", Access: policy.At(policy.RotateKey), Handler: s.partsPage},
		{Pattern: "POST /staff/office/parts", Access: policy.At(policy.RotateKey), Handler: web.AnswerJSON(s.partsPost)},
		{Pattern: "GET /staff/office/drill", Access: policy.At(policy.DrillRecovery), Handler: s.drillPage},
		{Pattern: "POST /staff/office/drill/begin", Access: policy.At(policy.DrillRecovery), Handler: web.AnswerJSON(s.drillBegin)},
		{Pattern: "POST /staff/office/drill", Access: policy.At(policy.DrillRecovery), Handler: web.AnswerJSON(s.drillPost)},
	}
}

// acts is the member as the room of offices knows them.
func acts(m Member) agency.Actor {
	return agency.Actor{Program: m.Program, Member: m.ID, Office: m.Office, Roles: m.Roles}
}

// recoveryPublic is the public half of a recovery key as a browser sends it.
type recoveryPublic struct {
	Public    []byte `json:"public"`
	Needed    int    `json:"needed"`
	Shares    int    `json:"shares"`
	Signature []byte `json:"signature"`
}

func (k recoveryPublic) key() agency.RecoveryKey {
	return agency.RecoveryKey{Public: k.Public, Needed: k.Needed, Shares: k.Shares, Signature: k.Signature}
}

// officeKeyView is the page of the office's key.
type officeKeyView struct {
	Office, OfficeID, Done      string
	Key                         string // its name, "" for none
	Waits                       bool   // for the directory key
	Holds                       bool   // oneself
	Holders                     []holderView
	Recovery                    agency.RecoveryKey
	Recovers                    bool
	Tried, Due, Rotate, Overdue string
	Late                        bool // the drill
	History                     []keyLine
}

type holderView struct{ Name, Email, KEM string }

type keyLine struct{ Name, Made, Retired string }

func (s *Service) officeKeyPage(w http.ResponseWriter, r *http.Request) error {
	m := me(r)
	data, err := s.officeKeyView(r, m)
	if err != nil {
		return err
	}
	err = s.look(r.Context(), m, "office.key_viewed", "office:"+m.Office)
	if err != nil {
		return err
	}
	return s.pages.Staff(w, r, http.StatusOK, "office_key", web.View{Title: "Your office's key", Path: "/staff/office", Data: data, Scripts: []string{"office-name.js"}})
}

func (s *Service) officeKeyView(r *http.Request, m Member) (officeKeyView, error) {
	ctx := r.Context()
	v := officeKeyView{Office: s.officeName(m.Program, m.Office), OfficeID: m.Office, Done: officeDone(r)}
	current, ok := s.agencies.OwnKeys(m.Program)[m.Office]
	if ok {
		v.Key = hex.EncodeToString(current.ID[:4])
		v.Waits = s.agencies.Keys(m.Program)[m.Office].ID != current.ID
	}
	holders, err := s.officeHolders(ctx, s.db, m)
	if err != nil {
		return v, err
	}
	for _, h := range holders {
		v.Holders = append(v.Holders, holderView{h.Name, h.Email, base64.StdEncoding.EncodeToString(h.KEM)})
		v.Holds = v.Holds || h.ID == m.ID
	}
	v.Recovery, v.Recovers, err = s.agencies.RecoveryOf(ctx, m.Program, m.Office)
	if err != nil {
		return v, err
	}
	tried, due, err := s.agencies.LastRecoveryDrill(ctx, m.Program, m.Office)
	if err != nil {
		return v, err
	}
	v.Tried, v.Due, v.Late = s.dayOf(m.Program, tried), s.dayOf(m.Program, due), !due.IsZero() && !s.now().Before(due)
	asked, err := s.agencies.AskedRotations(ctx, m.Program, m.Office)
	if err != nil {
		return v, err
	}
	if len(asked) > 0 {
		v.Rotate = s.dayOf(m.Program, asked[0].Due)
		if !s.now().Before(asked[0].Due) {
			v.Rotate, v.Overdue = "", v.Rotate
		}
	}
	keys, err := s.agencies.AllKeys(ctx, m.Program, m.Office)
	for _, k := range keys {
		v.History = append(v.History, keyLine{hex.EncodeToString(k.ID[:4]), s.dayOf(m.Program, k.Created), s.dayOf(m.Program, k.Retired)})
	}
	return v, err
}

// dayOf is a moment as a day of the program, "" for none.
func (s *Service) dayOf(programID string, at time.Time) string {
	p, ok := s.programs.Program(programID)
	if at.IsZero() || !ok {
		return ""
	}
	zone := p.Zone
	if zone == nil {
		zone = time.UTC
	}
	return at.In(zone).Format("2006-01-02")
}

func officeDone(r *http.Request) string {
	return map[string]string{
		"rotated": "Your office has a new key. What came before can still be read. Colleagues open their keys once more to use it.",
		"drilled": "The parts rebuilt the recovery key, and it opens your office's key. This is on record.",
		"parts":   "The new parts are in use. Destroy the old ones.",
	}[r.URL.Query().Get("done")]
}

// currentKey says which key of the office the member should hold: their browser asks for their keys once more when it does not.
func (s *Service) currentKey(w http.ResponseWriter, r *http.Request) error {
	m := me(r)
	mine, err := s.wrapsTo(r.Context(), m)
	if err != nil {
		return err
	}
	out := struct {
		KeyID string `json:"keyId"`
	}{}
	if current, ok := s.agencies.OwnKeys(m.Program)[m.Office]; ok && len(mine) > 0 && mine[0].KeyID == current.ID {
		out.KeyID = hex.EncodeToString(current.ID[:])
	}
	return web.JSON(w, http.StatusOK, out)
}

func (s *Service) rotatePage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.officeKeyView(r, me(r))
	if err != nil {
		return err
	}
	return s.pages.Staff(w, r, http.StatusOK, "office_rotate", web.View{Title: "Make a new key", Data: v, Scripts: []string{"office-rotate.js"}})
}

// holdersJSON is what a browser needs to make the office's next key.
func (s *Service) holdersJSON(w http.ResponseWriter, r *http.Request) error {
	type holder struct {
		Holder    string `json:"holder"`
		Name      string `json:"name"`
		Key       []byte `json:"key"`
		Signature []byte `json:"signature"`
	}
	type recovery struct {
		Public    []byte `json:"public"`
		Key       string `json:"key"`
		Needed    int    `json:"needed"`
		Shares    int    `json:"shares"`
		Signature []byte `json:"signature"`
	}
	ctx, m := r.Context(), me(r)
	current, ok := s.agencies.OwnKeys(m.Program)[m.Office]
	if !ok {
		return errNotHolder
	}
	out := struct {
		Current  string    `json:"current"`
		Holders  []holder  `json:"holders"`
		Recovery *recovery `json:"recovery"`
	}{Current: hex.EncodeToString(current.ID[:])}
	all, err := s.officeHolders(ctx, s.db, m)
	if err != nil {
		return err
	}
	mine := false
	for _, h := range all {
		out.Holders = append(out.Holders, holder{h.Actor(), h.Name, h.KEM, h.Signature})
		mine = mine || h.ID == m.ID
	}
	if !mine {
		return errNotHolder
	}
	rec, ok, err := s.agencies.RecoveryOf(ctx, m.Program, m.Office)
	if err != nil {
		return err
	}
	if ok {
		out.Recovery = &recovery{rec.Public, hex.EncodeToString(rec.Key[:]), rec.Needed, rec.Shares, rec.Signature}
	}
	err = s.look(ctx, m, "office.holders_read", "office:"+m.Office)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, out)
}

// sentWrap is a wrap as a browser sends it.
type sentWrap struct {
	Holder    string `json:"holder"`
	KeyID     string `json:"keyId"`
	Sealed    []byte `json:"sealed"`
	Signature []byte `json:"signature"`
}

func (s *Service) rotatePost(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Previous  string     `json:"previous"`
		Public    []byte     `json:"public"`
		Sign      []byte     `json:"sign"`
		Wraps     []sentWrap `json:"wraps"`
		Signature []byte     `json:"signature"`
	}
	err := web.DecodeJSON(r, &in)
	if err != nil {
		return err
	}
	previous, err := keyIDOf(in.Previous)
	if err != nil {
		return err
	}
	pub, err := seal.ParsePublicKey(in.Public)
	if err != nil {
		return errBody.With(err)
	}
	k := agency.NewKey{Public: pub, Sign: in.Sign}
	for _, v := range in.Wraps {
		k.Wraps = append(k.Wraps, agency.Wrap{Holder: v.Holder, Sealed: v.Sealed, Signature: v.Signature})
	}
	err = s.RotateOffice(r.Context(), me(r), previous, k, in.Signature)
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// keyIDOf reads a key's name.
func keyIDOf(text string) ([16]byte, error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != 16 {
		return [16]byte{}, errBody
	}
	return [16]byte(b), nil
}

func (s *Service) partsPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.officeKeyView(r, me(r))
	if err != nil {
		return err
	}
	return s.pages.Staff(w, r, http.StatusOK, "office_parts", web.View{Title: "Make new parts", Data: v, Scripts: []string{"office-parts.js"}})
}

func (s *Service) partsPost(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Parts recoveryPublic `json:"parts"`
		Wraps []sentWrap     `json:"wraps"`
	}
	err := web.DecodeJSON(r, &in)
	if err != nil {
		return err
	}
	var wraps []agency.Wrap
	for _, v := range in.Wraps {
		id, err := keyIDOf(v.KeyID)
		if err != nil {
			return err
		}
		wraps = append(wraps, agency.Wrap{Key: id, Sealed: v.Sealed})
	}
	err = s.RenewParts(r.Context(), me(r), in.Parts.key(), wraps)
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Service) drillPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.officeKeyView(r, me(r))
	if err != nil {
		return err
	}
	return s.pages.Staff(w, r, http.StatusOK, "office_drill", web.View{Title: "Try the recovery parts", Data: v, Scripts: []string{"office-drill.js"}})
}

func (s *Service) drillBegin(w http.ResponseWriter, r *http.Request) error {
	m := me(r)
	begun, err := s.agencies.BeginRecoveryDrill(r.Context(), acts(m))
	if err != nil {
		return err
	}
	type wrap struct {
		KeyID  string `json:"keyId"`
		Sealed []byte `json:"sealed"`
	}
	out := struct {
		ID        string `json:"id"`
		Program   string `json:"program"`
		Office    string `json:"office"`
		Recovery  []byte `json:"recovery"`
		Challenge []byte `json:"challenge"`
		Wraps     []wrap `json:"wraps"`
	}{ID: begun.ID.String(), Program: m.Program, Office: m.Office, Recovery: begun.Recovery.Public, Challenge: begun.Challenge}
	for _, v := range begun.Wraps {
		out.Wraps = append(out.Wraps, wrap{hex.EncodeToString(v.Key[:]), v.Sealed})
	}
	return web.JSON(w, http.StatusOK, out)
}

func (s *Service) drillPost(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		ID     string `json:"id"`
		Answer []byte `json:"answer"`
	}
	err := web.DecodeJSON(r, &in)
	if err != nil {
		return err
	}
	id, err := store.ParseID(in.ID)
	if err != nil {
		return errBody.With(err)
	}
	err = s.agencies.FinishRecoveryDrill(r.Context(), acts(me(r)), id, in.Answer)
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
