// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"sync"
)

// maxPrepared is more than the program has queries. Those beyond it are parsed
// each time, so that a query whose text is put together keeps no memory.
const maxPrepared = 512

// prepared keeps the readers' statements: SQLite would parse each query anew,
// which takes longer than to run most of them. PostgreSQL's driver keeps its own.
type prepared struct {
	mu    sync.RWMutex
	stmts map[string]*asked
}

// of gives the statement of a query, or nil where it has to be run as it is: the
// error of one that does not parse is then told by running it.
func (p *prepared) of(ctx context.Context, readers *sql.DB, q string) *asked {
	stmt, full := p.kept(q)
	if stmt != nil || full {
		return stmt
	}
	made, err := ask(ctx, readers, q)
	if err != nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if stmt = p.stmts[q]; stmt != nil {
		made.Close() // another caller was quicker
		return stmt
	}
	if p.stmts == nil {
		p.stmts = map[string]*asked{}
	}
	p.stmts[q] = made
	return made
}

// kept is the statement of a query, if there is one yet, and whether another one has
// no room.
func (p *prepared) kept(q string) (stmt *asked, full bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.stmts[q], len(p.stmts) >= maxPrepared
}
