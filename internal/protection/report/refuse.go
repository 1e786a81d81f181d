// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/form"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// retryAfter is how many seconds to wait when the store takes nothing.
const retryAfter = "20"

func statusOf(f *fault.Error) int {
	switch f.Kind {
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.Overloaded, fault.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// classify gives the fault that an error is; what has none is ours.
func classify(err error) *fault.Error {
	if f, ok := fault.As(err); ok {
		return f
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return errTooLarge.With(err)
	}
	if store.Away(err) {
		return errAway.With(err)
	}
	return errInternal.With(err)
}

var (
	errInternal = fault.New(fault.Internal, "internal", "Something went wrong here. Please send it again: it counts only once.")
	errTooLarge = fault.New(fault.TooLarge, "too_large", "What was sent is too large. Nothing was kept.")
	errGarbled  = fault.New(fault.Invalid, "garbled", "What was sent could not be read. Nothing was kept.")
)

// unsure says whether a report may have been kept although it failed.
func unsure(f *fault.Error) bool { return f.Code == ErrUnsure.Code || f.Kind == fault.Internal }

// logFailure notes an error if it is a failure of ours. That a form is closed,
// has no reader, or that many write at once is how things may be: a line for
// each would tell when somebody wrote, and nothing that helps.
func (s *Service) logFailure(ctx context.Context, doing string, err error) {
	switch f := classify(err); {
	case f.Code == ErrClosed.Code, f.Code == ErrNoReader.Code:
	case f.Kind == fault.Internal, f.Kind == fault.Unavailable:
		s.log(ctx, doing, err)
	}
}

// log notes a failure of ours. Errors here never carry a sender's words.
func (s *Service) log(ctx context.Context, doing string, err error) {
	logger := s.Site.Log
	if logger == nil {
		logger = slog.Default()
	}
	logger.ErrorContext(ctx, "report: "+doing, "error", err.Error())
}

// explain says in the page's language what happened.
func (v speaker) explain(f *fault.Error) string {
	if f.Code == ErrNoHelp.Code {
		return v.notice("help-not-offered", "report.error."+f.Code)
	}
	if to := v.movedTo(v.p.ID); to != "" && (f.Code == ErrClosed.Code || f.Code == "moved") {
		return v.t("report.error.moved", "to", to)
	}
	if key := "report.error." + f.Code; v.Site.Catalog.Has(v.lang, key) {
		return v.t(key, "field", f.Field, "limit", limitOf(f))
	}
	switch f.Kind {
	case fault.Overloaded, fault.Unavailable:
		return v.t("report.error.unavailable")
	case fault.Invalid, fault.NotFound, fault.TooLarge:
		return v.t("report.error.invalid")
	}
	return v.t("report.error.internal")
}

// limitOf says how large a request may be that was too large.
func limitOf(f *fault.Error) string {
	limit := int64(maxPage)
	var tooLarge *http.MaxBytesError
	if errors.As(f, &tooLarge) {
		limit = tooLarge.Limit
	}
	if limit >= 1<<20 {
		return strconv.FormatInt(limit>>20, 10) + " MB"
	}
	return strconv.FormatInt(limit>>10, 10) + " KB"
}

// apiError is an error as the API answers it.
type apiError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Field   string `json:"field"`
	Kept    string `json:"kept"`
	// Problems lists everything that is wrong with the answers.
	Problems []apiProblem `json:"problems,omitempty"`
	// Position and Suggestions help with a mistyped receipt.
	Position    int      `json:"position,omitempty"`
	Suggestions []string `json:"suggestions,omitempty"`
	unsure      bool
}

type apiProblem struct {
	Field   string   `json:"field"`
	Code    string   `json:"code"`
	Message string   `json:"message"`
	Limit   int      `json:"limit,omitempty"`
	Have    int      `json:"have,omitempty"`
	Suggest []string `json:"suggest,omitempty"`
}

func (v speaker) jsonError(w http.ResponseWriter, err error) error {
	f := classify(err)
	status := statusOf(f)
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", retryAfter)
	}
	return v.jsonFault(w, status, apiError{Code: f.Code, Message: v.explain(f), Field: f.Field, unsure: unsure(f)})
}

func (v speaker) jsonProblems(w http.ResponseWriter, problems []form.Problem) error {
	e := apiError{Code: ErrAnswers.Code, Message: v.explain(ErrAnswers), Field: problems[0].Question}
	for _, p := range problems {
		e.Problems = append(e.Problems, apiProblem{
			Field: p.Question, Code: p.Code, Limit: p.Limit, Have: p.Have, Suggest: p.Suggest,
			Message: v.problem(p),
		})
	}
	return v.jsonFault(w, http.StatusUnprocessableEntity, e)
}

// problem says what is wrong with an answer to a program that sent it, which
// has no page that could have changed.
func (v speaker) problem(p form.Problem) string {
	key := "report.problem." + p.Code
	if !v.Site.Catalog.Has(v.lang, key) {
		key = "form.problem." + p.Code
	}
	return v.t(key, "limit", p.Limit, "have", p.Have)
}

func (v speaker) jsonFault(w http.ResponseWriter, status int, e apiError) error {
	e.Kept = v.t("report.kept.nothing")
	if e.unsure {
		e.Kept = v.t("report.kept.unsure")
	}
	return web.JSON(w, status, map[string]apiError{"error": e})
}

func joined(words []string) string { return strings.Join(words, ", ") }
