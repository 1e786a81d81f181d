// SPDX-License-Identifier: Apache-2.0

package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/gate"
)

const maxBody = 1 << 20

// lastResort is said where not even an error page can be made.
const lastResort = "Something went wrong on our side. Please try again in a minute. In danger now, call 911."

// The policy of every page: only this site's own files, forms only to this
// site, no frames, no inline script or style.
const contentPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// Mount adds the routes and the site's own (assets, /exit and the page for
// what is not there) to mux. Call it once, with all routes. The guard decides
// who may use routes that are not public; it never runs for public ones, so
// that these cannot depend on, or give away, who is signed in. Without a guard
// such routes are closed.
func (s *Site) Mount(mux *http.ServeMux, routes []Route, guard func(Access, Handler) Handler) {
	for _, route := range routes {
		h := noting(s.admitted(route.Class, bodyLimit(route.MaxBody), route.Handler))
		switch {
		case route.Access.Public:
		case guard == nil:
			h = func(http.ResponseWriter, *http.Request) error { return errSignIn }
		default:
			h = guard(route.Access, h)
		}
		mux.Handle(route.Pattern, s.wrap(h, route.MaxBody, cookieless(route)))
	}
	mux.Handle("GET /assets/{file}", s.wrap(s.serveAsset, 0, true))
	mux.Handle("GET /exit", s.wrap(s.exit, 0, true))
	missing := func(w http.ResponseWriter, r *http.Request) error { return s.missing(mux, w, r) }
	mux.Handle("/", s.wrap(s.admitted(gate.Page, bodyLimit(0), missing), 0, true))
}

// cookieless says whether a route never looks at a cookie: the public ones, but
// for those under /staff/, where signing in and enrolling begin a session.
func cookieless(route Route) bool {
	_, path, _ := strings.Cut(route.Pattern, " ")
	return route.Access.Public && !strings.HasPrefix(strings.TrimSpace(path), "/staff/")
}

// noting remembers the request as the handler saw it: the guard may have added
// to it who is signed in, which an error page shows.
func noting(h Handler) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if serving := servingOf(r); serving != nil {
			serving.seen = r
		}
		return h(w, r)
	}
}

// missing answers for addresses that nothing else answers for.
func (s *Site) missing(mux *http.ServeMux, w http.ResponseWriter, r *http.Request) error {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		_, pattern := mux.Handler(other)
		if pattern != "" && pattern != "/" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		return errNoPage
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	return errMethod
}

// bodyLimit is how long a body may be.
func bodyLimit(limit int64) int64 {
	if limit == 0 {
		return maxBody
	}
	return limit
}

// wrap puts around a handler what every answer of the site has.
func (s *Site) wrap(h Handler, limit int64, cookieless bool) http.Handler {
	limit = bodyLimit(limit)
	var origin http.CrossOriginProtection
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = s.attach(r)
		out := &response{ResponseWriter: w}
		defer s.served(r.Pattern, out, time.Now())
		s.headers(out.Header(), r)
		defer s.recover(out, r)
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		err := sameOrigin(&origin, r, cookieless)
		if err == nil {
			err = h(out, r)
		}
		if err != nil {
			s.fail(out, r, err)
		}
	})
}

// sameOrigin refuses what another site makes a browser send. Old browsers and
// proxies say nothing certain about where a request comes from, and a form on a
// public page must not be refused for that, nor for a cookie that some other site
// of the same domain has set: where no cookie is looked at, there is no standing
// that another site could borrow, and only a browser's clear word counts.
func sameOrigin(origin *http.CrossOriginProtection, r *http.Request, cookieless bool) error {
	if cookieless && r.Header.Get("Sec-Fetch-Site") != "cross-site" {
		return nil
	}
	err := origin.Check(r)
	if err != nil {
		return errCrossSite.With(err)
	}
	return nil
}

// headers sets what every answer carries. The referrer policy is "same-origin"
// rather than "no-referrer" because under the latter browsers send forms of
// this very site with "Origin: null"; other sites learn nothing either way.
func (s *Site) headers(h http.Header, r *http.Request) {
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=(), interest-cohort=()")
	h.Set("Cache-Control", "no-store")
	if s.HTTPS || r.TLS != nil {
		h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
	}
}

// response remembers whether an answer has begun, and with which status.
type response struct {
	http.ResponseWriter
	begun  bool
	status int
}

func (w *response) WriteHeader(status int) {
	w.begun, w.status = true, status
	w.ResponseWriter.WriteHeader(status)
}

func (w *response) Write(b []byte) (int, error) {
	if !w.begun {
		w.begun, w.status = true, http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// served tells of an answer that has come to its end. One that was broken off
// is a failure whatever it began with.
func (s *Site) served(pattern string, w *response, began time.Time) {
	if s.Served == nil {
		return
	}
	status := cmp.Or(w.status, http.StatusOK)
	if cause := recover(); cause != nil {
		defer panic(cause)
		status = http.StatusInternalServerError
	}
	s.Served(pattern, status, time.Since(began))
}

// Unwrap lets http.ResponseController reach the connection.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// recover turns a panic into an error. What is logged is where it happened and
// its kind, never its value: that could hold somebody's words.
func (s *Site) recover(w *response, r *http.Request) {
	cause := recover()
	if cause == nil {
		return
	}
	if cause == http.ErrAbortHandler {
		panic(cause)
	}
	kind := fmt.Sprintf("%T", cause)
	if known, ok := cause.(runtime.Error); ok {
		kind = known.Error()
	}
	s.log().Error("a handler panicked", "route", r.Pattern, "kind", kind, "stack", string(debug.Stack()))
	s.fail(w, r, fault.New(fault.Internal, "internal", "Something went wrong here."))
}

// fail answers with an error. An answer that has begun is broken off, so that
// it cannot be taken for a whole one.
func (s *Site) fail(w *response, r *http.Request, err error) {
	f := classify(err)
	var lost *net.OpError // names the sender's address: never logged
	if f.Kind == fault.Internal && !errors.As(err, &lost) && !errors.Is(err, context.Canceled) {
		s.log().Error("a request failed", "route", r.Pattern, "error", err.Error())
	}
	if w.begun {
		panic(http.ErrAbortHandler)
	}
	h := w.Header()
	for _, name := range []string{"Content-Disposition", "Content-Encoding", "Content-Length", "Content-Type", "Vary"} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
	if f.Kind == fault.Overloaded || f.Kind == fault.Unavailable {
		if h.Get("Retry-After") == "" {
			h.Set("Retry-After", "5")
		}
	}
	if serving := servingOf(r); serving != nil && serving.seen != nil {
		r = serving.seen
	}
	if isAPI(r) {
		err = s.failJSON(w, r, f)
	} else {
		err = s.failPage(w, r, f)
	}
	if err != nil {
		s.log().Error("an error page failed", "route", r.Pattern, "error", err.Error())
		if !w.begun {
			http.Error(w, lastResort, http.StatusInternalServerError)
		}
	}
}

func isAPI(r *http.Request) bool {
	return r.URL.Path == "/api" || strings.HasPrefix(r.URL.Path, "/api/")
}
