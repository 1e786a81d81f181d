// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"net/http"
	"time"

	"waylight/internal/partnership/policy"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// wayRow is a way in as pages list it.
type wayRow struct {
	Way
	Name, Does, Tag string
}

func wayRows(ways []Way) []wayRow {
	rows := make([]wayRow, len(ways))
	for i, w := range ways {
		rows[i] = wayRow{Way: w, Name: w.Label, Does: "Signs in and opens keys", Tag: "t-done"}
		if w.Label == "" {
			rows[i].Name = map[string]string{KindPasskey: "Passkey", KindPassphrase: "Passphrase"}[w.Kind]
		}
		switch {
		case w.Aside:
			rows[i].Does, rows[i].Tag = "Set aside: it may have been copied", "t-late"
		case !w.Opens:
			rows[i].Does, rows[i].Tag = "Signs in only", "t-wait"
		case !w.SignsIn:
			rows[i].Does = "Opens keys"
		}
	}
	return rows
}

// opening counts the ways that open the member's keys.
func opening(ways []Way) int {
	n := 0
	for _, w := range ways {
		if w.Opens {
			n++
		}
	}
	return n
}

// waysPage is a member's own ways in.
func (s *Service) waysPage(w http.ResponseWriter, r *http.Request) error {
	m := me(r)
	ways, err := s.Ways(r.Context(), m)
	if err != nil {
		return err
	}
	in, err := s.sessionOf(r)
	if err != nil {
		return err
	}
	agency, err := s.ownSignOn(r.Context(), m, in)
	if err != nil {
		return err
	}
	data := struct {
		Ways          []wayRow
		Opening       int
		Passkeys, Has bool // passkeys work here; there is a passphrase
		Done, Member  string
		Minutes       int
		Agency        *ownSignOn
	}{Agency: agency, Member: m.ID.String(), Ways: wayRows(ways), Opening: opening(ways), Passkeys: s.passkeysWork(r), Done: wayDone(r), Minutes: int(linkLife / time.Minute)}
	for _, v := range ways {
		data.Has = data.Has || v.Kind == KindPassphrase
	}
	return s.pages.Staff(w, r, http.StatusOK, "ways", web.View{Title: "Ways in", Data: data, Scripts: []string{"my-ways.js"}})
}

func wayDone(r *http.Request) string {
	return map[string]string{
		"agency":     "Your account at your agency's sign-in lets you in from now on. It opens no keys.",
		"added":      "A way in was added.",
		"passphrase": "The passphrase was set. The one before it, if there was one, opens nothing any more.",
		"ended":      "It was ended, and the server's half of its key destroyed. Every other session was ended, too.",
		"linked":     "The other device was given your keys. It is listed here once it has added its own way in.",
	}[r.URL.Query().Get("done")]
}

// newPasskey and newPassphrase answer with the place of a way in that the signed-in member adds.
func (s *Service) newPasskey(w http.ResponseWriter, r *http.Request) error {
	m := me(r)
	options, err := s.beginPasskey(r.Context(), s.siteOf(r), m, forAdding)
	if err != nil {
		return err
	}
	return s.answerSlot(w, r, m, KindPasskey, options)
}

func (s *Service) newPassphrase(w http.ResponseWriter, r *http.Request) error {
	return s.answerSlot(w, r, me(r), KindPassphrase, nil)
}

func (s *Service) addWay(w http.ResponseWriter, r *http.Request) error {
	var in wayIn
	err := web.DecodeJSON(r, &in)
	if err != nil {
		return err
	}
	way, err := in.way()
	if err != nil {
		return err
	}
	err = s.AddWay(r.Context(), me(r), way)
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Service) endOwnWay(w http.ResponseWriter, r *http.Request) error {
	m := me(r)
	id, err := store.ParseID(r.PathValue("id"))
	if err != nil {
		return errNoWay
	}
	v, err := s.sessionOf(r)
	if err != nil {
		return err
	}
	err = s.EndWay(r.Context(), m.Program, m.ID, id, v.id)
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/staff/ways?done=ended", http.StatusSeeOther)
	return nil
}

// personWays is what an administrator sees of somebody's ways in, and where they are ended or renewed.
type personWays struct {
	Person    Member
	Ways      []wayRow
	Opening   int
	Done      string
	Link      string
	Renewable time.Time // an open renewal ends then
	Days      int
	Waits     bool // a second administrator must agree before the link lets anybody in
}

func (s *Service) personWaysPage(w http.ResponseWriter, r *http.Request) error {
	m, err := s.changeable(r)
	if err != nil {
		return err
	}
	return s.showPersonWays(w, r, m, "")
}

// changeable is target for who may also change the person's account.
func (s *Service) changeable(r *http.Request) (Member, error) {
	m, err := s.target(r)
	if err != nil {
		return m, err
	}
	return m, s.mayChange(me(r), m)
}

func (s *Service) showPersonWays(w http.ResponseWriter, r *http.Request, m Member, link string) error {
	ways, err := s.Ways(r.Context(), m)
	if err != nil {
		return err
	}
	ends, err := s.openRenewal(r.Context(), m)
	if err != nil {
		return err
	}
	err = s.look(r.Context(), me(r), "member.ways_viewed", m.Actor())
	if err != nil {
		return err
	}
	data := personWays{Person: m, Ways: wayRows(ways), Opening: opening(ways), Link: link, Renewable: ends, Days: int(invitationLife / (24 * time.Hour))}
	data.Waits, err = s.asked(r.Context(), m.Program, policy.RenewPerson, m.ID)
	if err != nil {
		return err
	}
	if r.URL.Query().Get("done") == "ended" {
		data.Done = "It was ended, and the server's half of its key destroyed. Every session was ended, too."
	}
	return s.pages.Staff(w, r, http.StatusOK, "person_ways", web.View{Title: "Ways in", Data: data, Secret: link != ""})
}

func (s *Service) endPersonWay(w http.ResponseWriter, r *http.Request) error {
	m, err := s.changeable(r)
	if err != nil {
		return err
	}
	id, err := store.ParseID(r.PathValue("way"))
	if err != nil {
		return errNoWay
	}
	err = s.EndWay(r.Context(), m.Program, m.ID, id, nil)
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/staff/people/"+m.ID.String()+"/ways?done=ended", http.StatusSeeOther)
	return nil
}

// renewPost makes a renewal link and shows it once.
func (s *Service) renewPost(w http.ResponseWriter, r *http.Request) error {
	m, err := s.changeable(r)
	if err != nil {
		return err
	}
	token, err := s.Renew(r.Context(), m.Program, m.ID)
	if err != nil {
		return err
	}
	return s.showPersonWays(w, r, m, s.base(r)+"/staff/enroll#"+token)
}
