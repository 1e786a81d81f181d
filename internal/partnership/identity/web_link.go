// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"net/http"

	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// makeLink answers the signed-in device with a link for another one.
func (s *Service) makeLink(w http.ResponseWriter, r *http.Request) error {
	id, token, err := s.MakeLink(r.Context(), me(r))
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, map[string]string{"id": id.String(), "link": s.base(r) + "/staff/device#" + token})
}

// linkState tells the signed-in device what the new one has left.
func (s *Service) linkState(w http.ResponseWriter, r *http.Request) error {
	id, err := store.ParseID(r.PathValue("id"))
	if err != nil {
		return errLink
	}
	public, given, err := s.LinkOf(r.Context(), me(r), id)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, struct {
		Public []byte `json:"public"`
		Given  bool   `json:"given"`
	}{public, given})
}

// giveRoot takes the root, sealed to the key that both screens showed the same words for.
func (s *Service) giveRoot(w http.ResponseWriter, r *http.Request) error {
	id, err := store.ParseID(r.PathValue("id"))
	if err != nil {
		return errLink
	}
	var in struct {
		Public []byte `json:"public"`
		Sealed []byte `json:"sealed"`
	}
	err = web.DecodeJSON(r, &in)
	if err != nil {
		return err
	}
	err = s.GiveRoot(r.Context(), me(r), id, in.Public, in.Sealed)
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Service) closeLinks(w http.ResponseWriter, r *http.Request) error {
	err := s.CloseLinks(r.Context(), me(r))
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// devicePage is what the new device opens. The token stands behind the # and reaches the server only in bodies.
func (s *Service) devicePage(w http.ResponseWriter, r *http.Request) error {
	return s.pages.Staff(w, r, http.StatusOK, "device", web.View{Title: "Add this device", Scripts: []string{"device.js"}, Langs: map[string]string{}})
}

// openLink is the new device's first step.
func (s *Service) openLink(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Token  string `json:"token"`
		Public []byte `json:"public"`
	}
	err := web.DecodeJSON(r, &in)
	if err != nil {
		return err
	}
	l, m, err := s.OpenLink(r.Context(), in.Token, in.Public)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, struct {
		Link     string `json:"link"`
		Program  string `json:"program"`
		Member   string `json:"member"`
		Name     string `json:"name"`
		KEM      []byte `json:"kem"`
		Passkeys bool   `json:"passkeys"`
	}{l.id.String(), m.Program, m.ID.String(), m.Name, m.KEM, s.passkeysWork(r)})
}

// takeRoot answers with the sealed root, once the old device has left it.
func (s *Service) takeRoot(w http.ResponseWriter, r *http.Request) error {
	token, err := tokenIn(r)
	if err != nil {
		return err
	}
	l, _, err := s.link(r.Context(), token)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, map[string][]byte{"sealed": l.sealed})
}

func (s *Service) linkPasskey(w http.ResponseWriter, r *http.Request) error {
	m, err := s.linkedMember(r)
	if err != nil {
		return err
	}
	options, err := s.beginPasskey(r.Context(), s.siteOf(r), m, forLink)
	if err != nil {
		return err
	}
	return s.answerSlot(w, r, m, KindPasskey, options)
}

func (s *Service) linkPassphrase(w http.ResponseWriter, r *http.Request) error {
	m, err := s.linkedMember(r)
	if err != nil {
		return err
	}
	return s.answerSlot(w, r, m, KindPassphrase, nil)
}

// linkedMember is whose link the body's token is, once the root was given.
func (s *Service) linkedMember(r *http.Request) (Member, error) {
	token, err := tokenIn(r)
	if err != nil {
		return Member{}, err
	}
	l, m, err := s.link(r.Context(), token)
	if err == nil && len(l.sealed) == 0 {
		err = errLink
	}
	return m, err
}

func (s *Service) finishLink(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Token string  `json:"token"`
		Ways  []wayIn `json:"ways"`
	}
	err := web.DecodeJSON(r, &in)
	if err != nil {
		return err
	}
	ways, err := waysIn(in.Ways)
	if err != nil {
		return err
	}
	err = s.AddLinkedWays(r.Context(), in.Token, ways)
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
