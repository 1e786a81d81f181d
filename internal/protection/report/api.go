// SPDX-License-Identifier: Apache-2.0

package report

import (
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/form"
	"waylight/internal/platform/web"
)

//go:embed openapi.json
var openAPI []byte

// request is the body of POST /api/v1/reports.
type request struct {
	Program, Language, Mode string
	Answers                 map[string]json.RawMessage
}

func malformed(message string) *fault.Error {
	return fault.New(fault.Invalid, "request", message+" Nothing was kept.")
}

// decodeRequest reads a request strictly: an unknown or repeated field is told
// rather than passed over, since somebody meant something by it.
func decodeRequest(body io.Reader) (request, error) {
	var q request
	fields := map[string]any{"program": &q.Program, "language": &q.Language, "mode": &q.Mode}
	d := json.NewDecoder(body)
	err := decodeObject(d, "", func(name string) error {
		if name == "answers" {
			q.Answers = map[string]json.RawMessage{}
			return decodeObject(d, "answers", func(question string) error {
				var raw json.RawMessage
				if err := d.Decode(&raw); err != nil {
					return unreadable(err, "answers")
				}
				q.Answers[question] = raw
				return nil
			})
		}
		into, known := fields[name]
		if !known {
			return malformed("A field of the request is not known here.").At(cut(name))
		}
		if err := d.Decode(into); err != nil {
			return unreadable(err, name)
		}
		return nil
	})
	if err != nil {
		return request{}, err
	}
	return q, atEnd(d)
}

func atEnd(d *json.Decoder) error {
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return malformed("The request has something after its end.")
	}
	return nil
}

// decodeObject reads an object's fields one by one, each at most once.
func decodeObject(d *json.Decoder, at string, field func(name string) error) error {
	open, err := d.Token()
	if err != nil {
		return unreadable(err, at)
	}
	if open != json.Delim('{') {
		return malformed("The request is not a JSON object where one belongs.").At(at)
	}
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return unreadable(err, at)
		}
		name, _ := token.(string)
		if seen[name] {
			return malformed("A field stands twice in the request.").At(cut(name))
		}
		seen[name] = true
		if err := field(name); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return unreadable(err, at)
}

// unreadable keeps the cause out of the answer and the log: it could quote the
// sender.
func unreadable(err error, at string) error {
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &tooLarge):
		return errTooLarge.With(tooLarge)
	}
	return malformed("The request is not valid JSON of the described form.").At(at)
}

// cut keeps a field's name short enough to be shown.
func cut(name string) string {
	name, _ = form.Repair(name)
	if r := []rune(name); len(r) > 60 {
		return string(r[:60])
	}
	return name
}

// postReport takes a report as JSON.
func (s *Service) postReport(w http.ResponseWriter, r *http.Request) error {
	v := s.anyProgram(r)
	q, err := decodeRequest(r.Body)
	if err != nil {
		return v.jsonError(w, err)
	}
	p, err := s.program(q.Program)
	if err != nil {
		return v.jsonError(w, err)
	}
	v = s.speaker(p, r, q.Language)
	if q.Language == "" {
		q.Language = v.lang
	}
	key := strings.Trim(r.Header.Get("Idempotency-Key"), `"`)
	if !strongKey([]byte(key)) {
		return v.jsonError(w, ErrKey.At("Idempotency-Key"))
	}
	answers, problems := q.decode(p)
	if len(problems) > 0 {
		return v.jsonProblems(w, problems)
	}
	if err := meaningless(answers); err != nil {
		return v.jsonError(w, err)
	}
	a, err := s.accept(r.Context(), p, Submission{
		Program: p.ID, Language: q.Language, Key: []byte(key), Answers: answers, Via: s.via(r, p.ID, key, ViaAPI),
	})
	if err != nil {
		s.logFailure(r.Context(), "taking a report by the API", err)
		return v.jsonError(w, err)
	}
	return v.acceptedJSON(w, a)
}

func (v speaker) acceptedJSON(w http.ResponseWriter, a Accepted) error {
	if a.Closed {
		return web.JSON(w, http.StatusOK, apiClosed{true, v.t("report.sent.again") + " " + v.t("report.sent.closed")})
	}
	status := http.StatusCreated
	if a.Repeated {
		status = http.StatusOK
	}
	return web.JSON(w, status, v.answer(a))
}

// meaningless refuses a list of offices that the mode has no use for: a program
// meant something by it. The page's own lists may stay from another choice.
func meaningless(a form.Answers) error {
	switch mode := a.First(modeField); {
	case mode == program.Help && len(a[leftOutField]) > 0:
		return errLeftOut.At(leftOutField)
	case mode == program.Tip && len(a[consentsField]) > 0:
		return errConsents.At(consentsField)
	}
	return nil
}

var (
	errLeftOut  = fault.New(fault.Invalid, "cannot_leave_out", "Only a tip can leave an office out. Nothing was kept.")
	errConsents = fault.New(fault.Invalid, "consents_in_tip", "Only a request for help agrees to offices. Nothing was kept.")
)

// decode reads the answers; the mode stands beside them or among them.
func (q request) decode(p *program.Program) (form.Answers, []form.Problem) {
	if q.Mode != "" {
		if within, ok := q.Answers[modeField]; ok && string(within) != `"`+q.Mode+`"` {
			return nil, []form.Problem{{Question: modeField, Code: form.TooMany, Limit: 1, Have: 2}}
		}
		mode, err := json.Marshal(q.Mode)
		if err == nil {
			if q.Answers == nil {
				q.Answers = map[string]json.RawMessage{}
			}
			q.Answers[modeField] = mode
		}
	}
	return decodeJSON(p, q.Answers)
}

// apiClosed is the answer to a repeat whose receipt was closed: that we have it,
// and nothing of it.
type apiClosed struct {
	Closed  bool   `json:"closed"`
	Message string `json:"message"`
}

// apiAccepted is the answer to an accepted report. Receipt is null when the
// sender's own browser made the words, which then never reach the server.
type apiAccepted struct {
	Receipt    *string       `json:"receipt"`
	Report     string        `json:"report"`
	Accepted   string        `json:"accepted"`
	Deliveries []apiDelivery `json:"deliveries"`
	Promise    *apiPromise   `json:"promise"` // null: the log no longer holds the entry
	Opening    *string       `json:"opening"`
	Waiting    bool          `json:"waiting"` // kept safe, and not passed on yet: the database is away
}

type apiDelivery struct {
	Office string   `json:"office"`
	Name   string   `json:"name"`
	Holder string   `json:"holder"`
	How    string   `json:"how"`
	Means  []string `json:"means,omitempty"`
}

type apiPromise struct {
	Origin      string `json:"origin"`
	Commitment  string `json:"commitment"`
	By          string `json:"by"`
	Note        string `json:"note"`
	VerifierKey string `json:"verifier_key"`
}

func (v speaker) answer(a Accepted) apiAccepted {
	out := apiAccepted{Waiting: a.Waiting, Report: a.Report.String(), Accepted: stamp(a.At), Deliveries: make([]apiDelivery, 0, len(a.Deliveries))}
	if a.SealedBy == sealedByServer {
		words := a.Receipt.Words(v.lang)
		out.Receipt = &words
	}
	if a.Opening != "" {
		out.Opening = &a.Opening
		out.Promise = &apiPromise{
			Origin: a.Promise.Origin, Commitment: standardBase64(a.Promise.Commitment),
			By: stamp(a.Promise.By), Note: a.Promise.Note, VerifierKey: a.Key,
		}
	}
	for _, t := range a.Deliveries {
		out.Deliveries = append(out.Deliveries, apiDelivery{t.Office, v.office(t.Office), t.Holder, t.How, t.Means})
	}
	return out
}

func standardBase64(b [32]byte) string { return base64.StdEncoding.EncodeToString(b[:]) }

func stamp(t time.Time) string { return t.UTC().Truncate(time.Second).Format(time.RFC3339) }

// anyProgram speaks for the API before a program is known.
func (s *Service) anyProgram(r *http.Request) speaker {
	return speaker{s, &program.Program{Languages: s.Site.Catalog.Langs()}, web.Lang(r)}
}

func (s *Service) getOpenAPI(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/json")
	_, err := w.Write(openAPI)
	return err
}
