// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"regexp"
	"strconv"
	"strings"
)

// asked is a statement for SQLite. Its driver looks each numbered parameter up by its
// name among all the others at every call, for many rows in one statement that takes
// longer than to add them: so the text that it is given has no numbers.
type asked struct {
	*sql.Stmt
	order []int // which argument each mark stands for; nil: the first for the first, and so on
}

// preparer is a connection, or several.
type preparer interface {
	PrepareContext(ctx context.Context, q string) (*sql.Stmt, error)
}

func ask(ctx context.Context, on preparer, q string) (*asked, error) {
	text, order := unnumbered(steady(q))
	stmt, err := on.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	return &asked{stmt, order}, nil
}

// args brings a caller's arguments into the order of the marks. Where their number is
// wrong the engine says so.
func (a *asked) args(given []any) []any {
	if a.order == nil || len(given) != len(a.order) {
		return given
	}
	out := make([]any, len(given))
	for i, at := range a.order {
		out[i] = given[at]
	}
	return out
}

// limitMark is a limit that is an argument by itself.
var limitMark = regexp.MustCompile(`\b(limit|offset) ([$?])`)

// steady is a statement's text with "limit +$1" for "limit $1": for a bare argument
// SQLite makes its plan anew each time that it is bound, of an expression it makes one.
func steady(q string) string {
	if !limitMark.MatchString(q) {
		return q
	}
	parts := strings.Split(q, "'")
	for i := 0; i < len(parts); i += 2 { // the others stand between quotes
		parts[i] = limitMark.ReplaceAllString(parts[i], "$1 +$2")
	}
	return strings.Join(parts, "'")
}

// unnumbered is a statement's text with ? for $1, $2 and so on, and the order in which
// it names them. A statement that names one of them twice, or holds anything that may
// only look like one, stays as it is.
func unnumbered(q string) (text string, order []int) {
	if strings.ContainsAny(q, "?:@\"`[") || strings.Contains(q, "--") || strings.Contains(q, "/*") {
		return q, nil
	}
	var b strings.Builder
	sorted := true
	seen := map[int]bool{}
	for i, part := range strings.Split(q, "'") {
		if i > 0 {
			b.WriteByte('\'')
		}
		if i%2 == 1 { // between quotes
			b.WriteString(part)
			continue
		}
		for {
			head, rest, found := strings.Cut(part, "$")
			b.WriteString(head)
			if !found {
				break
			}
			digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
			n, err := strconv.Atoi(rest[:digits])
			if err != nil || n < 1 || seen[n] {
				return q, nil
			}
			seen[n] = true
			sorted = sorted && n == len(order)+1
			order = append(order, n-1)
			b.WriteByte('?')
			part = rest[digits:]
		}
	}
	for n := range order {
		if !seen[n+1] {
			return q, nil
		}
	}
	if sorted {
		order = nil
	}
	return b.String(), order
}
