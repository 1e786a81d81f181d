// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"encoding/hex"
	"net/http"

	"waylight/internal/platform/web"
)

// recoverPage takes the printed parts of the office's recovery key. They are put together in the browser and never sent.
func (s *Service) recoverPage(w http.ResponseWriter, r *http.Request) error {
	m := me(r)
	held, err := s.HasAccess(r.Context(), m)
	if err != nil {
		return err
	}
	recovery, known, err := s.agencies.RecoveryOf(r.Context(), m.Program, m.Office)
	if err != nil {
		return err
	}
	data := struct {
		Office, OfficeID string
		HoldsKey, Has    bool
		Known            bool
		Needed, Shares   int
	}{s.officeName(m.Program, m.Office), m.Office, m.HoldsKey(), held, known, recovery.Needed, recovery.Shares}
	return s.pages.Staff(w, r, http.StatusOK, "recover", web.View{Title: "Recover", Data: data, Scripts: []string{"recover.js"}, Secret: true})
}

func (s *Service) recoveryWraps(w http.ResponseWriter, r *http.Request) error {
	list, err := s.RecoveryWraps(r.Context(), me(r))
	if err != nil {
		return err
	}
	type wrap struct {
		KeyID  string `json:"keyId"`
		Sealed []byte `json:"sealed"`
	}
	out := []wrap{}
	for _, v := range list {
		out = append(out, wrap{hex.EncodeToString(v.Key[:]), v.Sealed})
	}
	return web.JSON(w, http.StatusOK, map[string][]wrap{"wraps": out})
}

func (s *Service) recoverPost(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Wraps []struct {
			KeyID     string `json:"keyId"`
			Wrap      []byte `json:"wrap"`
			Holder    []byte `json:"holder"`
			Signature []byte `json:"signature"`
		} `json:"wraps"`
	}
	err := web.DecodeJSON(r, &in)
	if err != nil {
		return err
	}
	var keys []Recovered
	for _, v := range in.Wraps {
		id, err := hex.DecodeString(v.KeyID)
		if err != nil || len(id) != 16 {
			return errRecovered
		}
		keys = append(keys, Recovered{KeyID: [16]byte(id), Sealed: v.Wrap, Holder: v.Holder, Signature: v.Signature})
	}
	err = s.Recover(r.Context(), me(r), keys)
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
