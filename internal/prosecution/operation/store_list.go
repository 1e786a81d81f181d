// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"strings"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// Filter narrows a list. The zero filter is everything that the office takes part in.
type Filter struct {
	State  State  // "" for those that have not ended; "all" for every state
	Kind   string // "" for every kind
	Surge  store.ID
	Search string // words that the name, the plan or a place must have
}

// position is where in the list a page begins: behind this operation.
type position struct {
	at int64
	id store.ID
}

// atOnce is how many rows are read at a time while looking for words: names are encrypted, so a search opens what it looks through.
const atOnce = 200

// list returns up to limit operations in which an office takes part, the newest first, and where the next page begins.
func (s *Service) list(ctx context.Context, r store.Reader, programID, office string, f Filter, from position, limit int) ([]Operation, position, error) {
	words := strings.Fields(strings.ToLower(f.Search))
	var out []Operation
	for {
		page, err := s.listPage(ctx, r, programID, office, f, from)
		if err != nil {
			return nil, position{}, err
		}
		for _, o := range page {
			if !o.has(words) {
				continue
			}
			if len(out) == limit {
				last := out[limit-1]
				return out, position{store.Micros(last.Made), last.ID}, nil
			}
			out = append(out, o)
		}
		if len(page) < atOnce {
			return out, position{}, nil
		}
		last := page[len(page)-1]
		from = position{store.Micros(last.Made), last.ID}
	}
}

func (s *Service) listPage(ctx context.Context, r store.Reader, programID, office string, f Filter, from position) ([]Operation, error) {
	if from == (position{}) {
		from.at = 1 << 62
	}
	surge := f.Surge[:]
	if f.Surge.IsZero() {
		surge = []byte{}
	}
	ahead, state := 0, string(f.State)
	switch f.State {
	case "":
		ahead = 1
	case "all":
		state = ""
	}
	list, err := store.Collect(ctx, r, "listing operations", s.scanOperation, `select `+operationColumns+` from operation_office x
		join operation o on o.program = x.program and o.id = x.operation
		where x.program = $1 and x.office = $2 and (x.made_at < $3 or x.made_at = $3 and x.operation < $4)
		and ($5 = 0 or o.state in ('planned', 'approved', 'running', 'closed')) and ($6 = '' or o.state = $6) and ($7 = '' or o.kind = $7) and ($8 = 0 or o.surge = $9)
		order by x.made_at desc, x.operation desc limit $10`,
		programID, office, from.at, from.id, ahead, state, f.Kind, len(surge), surge, atOnce)
	return list, err
}

// has says whether an operation has all the words, in what its offices wrote.
func (o Operation) has(words []string) bool {
	if len(words) == 0 {
		return true
	}
	parts := []string{o.Name, o.Aim, o.Outcome, o.Kind, o.ID.String()}
	for _, a := range o.Areas {
		parts = append(parts, a.Name())
	}
	text := strings.ToLower(strings.Join(parts, "\n"))
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// openWork counts the operations that an office leads and that have not been reviewed.
func openWork(ctx context.Context, r store.Reader, programID, office string) (n int, err error) {
	err = r.QueryRow(ctx, `select count(*) from operation_office x join operation o on o.program = x.program and o.id = x.operation
		where x.program = $1 and x.office = $2 and x.part = $3 and o.state in ('planned', 'approved', 'running', 'closed')`, programID, office, partLead).Scan(&n)
	return n, fault.Wrap(err, "counting what is open")
}
