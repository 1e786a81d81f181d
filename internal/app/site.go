// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"maps"
	"net/http"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/protection/report"
	"waylight/programs"
)

// SiteCheck holds the scripts that a site gives to senders against its public
// log and against this program's own.
type SiteCheck struct {
	URL, Program string
	Key          string            // the log's key, kept elsewhere
	Directory    ed25519.PublicKey // nil: the pinned key is only shown
	Fetch        func(ctx context.Context, url string) (http.Header, []byte, error)
}

// siteChecking is one run.
type siteChecking struct {
	SiteCheck
	ctx    context.Context
	out    io.Writer
	served map[string][]byte // scripts by name, as they were served
	found  int
}

// Run prints what it finds and returns the number of problems.
func (c SiteCheck) Run(ctx context.Context, w io.Writer) (int, error) {
	verifier, err := note.NewVerifier(strings.TrimSpace(c.Key))
	if err != nil {
		return 0, fmt.Errorf("reading the log's key: %w", err)
	}
	c.URL = strings.TrimRight(c.URL, "/")
	r := &siteChecking{SiteCheck: c, ctx: ctx, out: w, served: map[string][]byte{}}
	if err := r.pages(); err != nil {
		return r.found, err
	}
	if len(r.served) == 0 {
		r.problem("the pages have no scripts at all")
		return r.found, nil
	}
	if err := r.log(verifier); err != nil {
		return r.found, err
	}
	if err := r.own(); err != nil {
		return r.found, err
	}
	fmt.Fprintf(w, "%s: %d scripts checked, %d problems\n", c.URL, len(r.served), r.found)
	return r.found, nil
}

// senders are the addresses of the pages that may hold a sender's words, beside
// the program's own.
var senders = []string{"/receipt", "/receipt/messages", "/receipt/files"}

// pages reads every page that may hold a sender's words, in every language: those
// that the site links to, and those of the program as this release knows it.
func (r *siteChecking) pages() error {
	first := append([]string{"/" + r.Program}, senders...)
	langs := map[string]bool{}
	if set, err := program.Load(programs.FS); err == nil {
		if p, ok := set.Program(r.Program); ok {
			for _, lang := range p.Languages {
				langs[lang] = true
			}
		}
	}
	for _, at := range first {
		body, err := r.page(at)
		if err != nil {
			return err
		}
		for _, m := range linked.FindAllSubmatch(body, -1) {
			langs[string(m[1])] = true
		}
	}
	for _, lang := range slices.Sorted(maps.Keys(langs)) {
		pages := []string{"/" + r.Program + "/" + lang}
		for _, at := range senders {
			pages = append(pages, at+"?lang="+lang)
		}
		for _, at := range pages {
			if _, err := r.page(at); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *siteChecking) problem(format string, args ...any) {
	r.found++
	fmt.Fprintf(r.out, format+"\n", args...)
}

func (r *siteChecking) get(path string) ([]byte, error) {
	_, body, err := r.Fetch(r.ctx, r.URL+path)
	if err != nil {
		return nil, fmt.Errorf("asking for %s: %w", path, err)
	}
	return body, nil
}

// The only ways in which a page may load a script. A page that holds the word in
// any other form is a problem: nothing here guesses how a browser would read it.
var (
	anyScript  = regexp.MustCompile(`(?i)<script|<link|\son[a-z]+\s*=|javascript:|<base|<iframe|<object|<embed`)
	loads      = regexp.MustCompile(`^<script (?:defer|type="module") src="([^"]*)" integrity="([^"]*)"></script>`)
	imported   = regexp.MustCompile(`^<link rel="modulepreload" href="([^"]*)" integrity="([^"]*)">`)
	linked     = regexp.MustCompile(` hreflang="([A-Za-z-]+)"`)
	otherLinks = regexp.MustCompile(`^<link rel="(?:icon|stylesheet)" `)
)

// page reads a page and every script that it loads.
func (r *siteChecking) page(at string) ([]byte, error) {
	head, body, err := r.Fetch(r.ctx, r.URL+at)
	if err != nil {
		return nil, fmt.Errorf("asking for %s: %w", at, err)
	}
	if policy := head.Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'self'") || strings.Contains(policy, "unsafe") {
		r.problem("%s: the page's policy would let other scripts run: %s", at, policy)
	}
	for _, where := range anyScript.FindAllIndex(body, -1) {
		rest := body[where[0]:]
		m := loads.FindSubmatch(rest)
		if m == nil {
			m = imported.FindSubmatch(rest)
		}
		switch {
		case m != nil:
			if err := r.script(at, html.UnescapeString(string(m[1])), html.UnescapeString(string(m[2]))); err != nil {
				return nil, err
			}
		case !otherLinks.Match(rest):
			r.problem("%s: the page may run a script in another way: %.60q", at, rest)
		}
	}
	return body, nil
}

// addressed is a script as pages and other scripts name it.
var (
	addressed = regexp.MustCompile(`^/assets/([A-Za-z0-9_-]+)\.([0-9a-f]{16})(\.[a-z0-9]+)$`)
	imports   = regexp.MustCompile(`["']\./([A-Za-z0-9_-]+\.[0-9a-f]{16}\.[a-z0-9]+)["']`)
)

// script reads a script, holds it against the hash that the page names, and
// follows what it imports.
func (r *siteChecking) script(at, address, integrity string) error {
	m := addressed.FindStringSubmatch(address)
	if m == nil {
		r.problem("%s: loads a script from %q, which is not one of this site's", at, address)
		return nil
	}
	body, err := r.get(address)
	if err != nil {
		return err
	}
	long, short := sha512.Sum384(body), sha256.Sum256(body)
	if integrity != "" && integrity != "sha384-"+base64.StdEncoding.EncodeToString(long[:]) {
		r.problem("%s is not the script that the page %s names", address, at)
	}
	if hex.EncodeToString(short[:8]) != m[2] {
		r.problem("%s is not what its address says", address)
	}
	name := m[1] + m[3]
	if have, seen := r.served[name]; seen {
		if string(have) != string(body) {
			r.problem("%s was served in two versions", name)
		}
		return nil
	}
	if m[3] != ".js" {
		return nil
	}
	r.served[name] = body
	for _, other := range imports.FindAllSubmatch(body, -1) {
		if err := r.script(address, path.Join("/assets", string(other[1])), ""); err != nil {
			return err
		}
	}
	return nil
}

// log holds the scripts against the entry of the public log.
func (r *siteChecking) log(verifier note.Verifier) error {
	body, err := r.get("/log/" + r.Program + "/scripts")
	if err != nil {
		return err
	}
	var said scriptsAnswer
	if err := json.Unmarshal(body, &said); err != nil || len(said.Salt) != 32 || len(said.Commitment) != 32 {
		r.problem("the site does not say which scripts its log names")
		return nil
	}
	logged := map[string][32]byte{}
	for _, s := range said.Scripts {
		sum, err := hex.DecodeString(s.SHA256)
		if err != nil || len(sum) != sha256.Size {
			r.problem("the list of scripts is damaged")
			return nil
		}
		logged[s.Name] = [32]byte(sum)
	}
	for name, script := range r.served {
		if logged[name] != sha256.Sum256(script) {
			r.problem("%s is not the script that the log names", name)
		}
	}
	return r.entry(verifier, said, report.ScriptList(logged))
}

// entry says whether the log's entry is about this list, and public.
func (r *siteChecking) entry(verifier note.Verifier, said scriptsAnswer, list string) error {
	commitment := custody.Commitment([32]byte(said.Salt), []byte(said.Opening))
	o, err := custody.ParseOpening([]byte(said.Opening))
	if err != nil || commitment != [32]byte(said.Commitment) || o.Program != r.Program || o.Event != "site.script" || o.Record != report.ScriptsRecord(list) {
		r.problem("the log's entry is not about these scripts")
		return nil
	}
	if said.Inclusion == nil {
		r.problem("the log's entry of %s is not in a public checkpoint yet: ask again in a quarter of an hour", o.At.Format("2006-01-02 15:04 MST"))
		return nil
	}
	proof, err := custody.ParseProof(*said.Inclusion)
	if err == nil {
		err = proof.Check(commitment, verifier)
	}
	if err != nil {
		r.problem("the log that the kept key belongs to does not hold these scripts: %v", err)
		return nil
	}
	fmt.Fprintf(r.out, "the log names these scripts since %s, leaf %d\n", o.At.Format("2006-01-02 15:04 MST"), proof.Index)
	return nil
}

// own holds the scripts against those of this program, and shows the one part
// that is another for every site: the pinned key.
func (r *siteChecking) own() error {
	key, err := report.ParsePinned(r.served[report.PinnedScript], r.Program)
	switch {
	case err != nil:
		r.problem("%s: %v", report.PinnedScript, err)
	case r.Directory != nil && !r.Directory.Equal(key):
		r.problem("the site pins the directory key %x, not the one that was kept", []byte(key))
	default:
		fmt.Fprintf(r.out, "the site pins the directory key %x\n", []byte(key))
	}
	mine, err := ownScripts(r.ctx, r.served[report.PinnedScript])
	if err != nil {
		return err
	}
	for name, script := range r.served {
		switch sum, ok := mine[name]; {
		case !ok:
			r.problem("%s is no script of this program", name)
		case sum != sha256.Sum256(script):
			r.problem("%s differs from this program's own: compare with the version that the site runs", name)
		}
	}
	return nil
}

// ownScripts are the scripts that this program would serve with these pinned
// keys, since their hash stands in the others.
func ownScripts(ctx context.Context, pinned []byte) (map[string][32]byte, error) {
	folder, err := os.MkdirTemp("", "waylight-site-")
	if err != nil {
		return nil, fmt.Errorf("making this program's own scripts: %w", err)
	}
	defer os.RemoveAll(folder)
	a, err := New(ctx, Config{Data: folder, pinned: pinned})
	if err != nil {
		return nil, fmt.Errorf("making this program's own scripts: %w", err)
	}
	defer a.Close()
	return a.Site.Scripts()
}
