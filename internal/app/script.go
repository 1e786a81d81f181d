// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"waylight/internal/platform/custody"
)

// scriptsAnswer is what GET /log/{program}/scripts says: which scripts this site
// serves, and their entry in the program's log. It is public, so that anybody can
// hold what their browser was given against it.
type scriptsAnswer struct {
	Scripts    []servedScript `json:"scripts"`
	Opening    string         `json:"opening"`
	Salt       []byte         `json:"salt"`
	Commitment []byte         `json:"commitment"`
	Inclusion  *string        `json:"inclusion"` // null until a public checkpoint covers the entry
}

type servedScript struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
}

// recordScripts puts into every log which scripts are served from now on.
func (a *App) recordScripts(ctx context.Context) error {
	scripts, err := a.Site.Scripts()
	if err != nil {
		return fmt.Errorf("reading the scripts: %w", err)
	}
	return a.Reports.RecordScripts(ctx, scripts)
}

func (a *App) scripts(w http.ResponseWriter, r *http.Request) error {
	program := r.PathValue("program")
	if a.logs[program] == nil {
		return errNoLogPage
	}
	served, err := a.Reports.ServedScripts(r.Context(), program)
	if err != nil {
		return err
	}
	out := scriptsAnswer{Opening: string(served.Leaf.Opening), Salt: served.Leaf.Salt[:], Commitment: served.Leaf.Commitment[:]}
	for line := range strings.Lines(served.List) {
		name, sum, _ := strings.Cut(strings.TrimSpace(line), " ")
		out.Scripts = append(out.Scripts, servedScript{name, sum})
	}
	proof, err := custody.Prove(r.Context(), a.DB, program, served.Leaf.Commitment)
	switch {
	case err == nil:
		text := proof.String()
		out.Inclusion = &text
	case !errors.Is(err, custody.ErrNotYet):
		return err
	}
	data, err := json.MarshalIndent(out, "", " ")
	if err != nil {
		return fmt.Errorf("writing the scripts: %w", err)
	}
	return plain(w, "application/json", append(data, '\n'))
}
