// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"waylight/internal/partnership/policy"
)

var update = flag.Bool("update", false, "write docs/policy.md anew")

const documentPath = "../../../docs/policy.md"

// preface is what a reader must know before the table.
const preface = `# Who may do what

This is the table in ` + "`internal/partnership/policy/table.go`" + `, written out by a test: ` + "`go test ./internal/partnership/policy -update`" + `.
Every address of the site names one action. What no row allows is not allowed, and a test walks every address as every role, at offices of every kind,
in two programs, and compares what it meets with this table (` + "`internal/app/matrix_test.go`" + `).

## How to read it

- **Who**: any one of these roles. *everybody* needs no sign-in; *any member* needs nothing but one.
- **Whose**: *own office* is what the member's office holds, or who works there; *the program* is every office of the member's own program. Nothing reaches
  into another program.
- **Walls** keep out somebody whose role and place would let them in. They stand below.
- **Else** is the answer outside of the scope: 404 means that it looks as if there were no such thing. A missing role is always 403, another program always 404.
  Inside the scope, a wall around a report answers 404, the other walls 403.
- **Two** means that it takes effect when a second person agrees (` + "`/staff/approvals`" + `), and nobody approves their own request.

`

func roleNames(r policy.Rule) string {
	switch {
	case r.Scope == policy.Public:
		return "everybody"
	case len(r.Roles) == 0:
		return "any member"
	}
	return strings.Join(r.Roles, ", ")
}

func document() string {
	var b strings.Builder
	b.WriteString(preface)
	b.WriteString("## The roles\n\n| Role | What for |\n| --- | --- |\n")
	for _, role := range policy.Roles() {
		fmt.Fprintf(&b, "| %s | %s |\n", role, policy.About(role))
	}
	b.WriteString("\n## The walls\n\n| Wall | What it keeps |\n| --- | --- |\n")
	for _, w := range policy.AllWalls() {
		fmt.Fprintf(&b, "| %s | %s |\n", w, w.About())
	}
	b.WriteString("\n## The table\n\n| Action | Who | Whose | Walls | Else | Two | Why |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for _, r := range policy.Rules() {
		var walls []string
		for _, w := range r.Walls {
			walls = append(walls, string(w))
		}
		two := ""
		if r.Second {
			two = "two"
		}
		if r.NotOwnRequest {
			two = "not one's own"
		}
		why := r.Why
		if r.Law != "" {
			why += " (" + r.Law + ")"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", r.Action, roleNames(r), r.Scope, strings.Join(walls, ", "), r.Else, two, why)
	}
	return b.String()
}

// The document that people read is the table that the program asks.
func TestTheDocumentIsTheTable(t *testing.T) {
	t.Parallel()
	want := document()
	if *update {
		if err := os.WriteFile(documentPath, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(documentPath)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		have, wanted := strings.Split(string(got), "\n"), strings.Split(want, "\n")
		for _, line := range wanted {
			if !slices.Contains(have, line) {
				t.Errorf("docs/policy.md lacks: %s", line)
			}
		}
		t.Error("docs/policy.md is not the table; write it with: go test ./internal/partnership/policy -update")
	}
}
