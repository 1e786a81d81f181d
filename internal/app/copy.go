// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"waylight/internal/platform/replica"
	"waylight/internal/platform/store"
)

// copyLimit is how old the second copy may become before somebody is told.
const copyLimit = 5 * time.Minute

// openCopy opens where the second copy is kept. The store starts it.
func (a *App) openCopy() error {
	if a.CopyTo == "" {
		if a.CopyWait {
			return errors.New("there is no second copy to wait for: say where it is kept with --copy-to")
		}
		return nil
	}
	to, err := replica.Open(a.CopyTo)
	if err != nil {
		return fmt.Errorf("opening the second copy: %w", err)
	}
	a.copier = replica.New(replica.Config{To: to, Wait: a.CopyWait, Now: a.Now, Log: a.Log})
	a.Copied = func() time.Time { return a.copier.Status().Current }
	return nil
}

// copyLate says whether the second copy is too old. While a server makes its
// first one, which takes as long as the database is large, that counts too.
func (a *App) copyLate(context.Context, string) (bool, error) {
	if a.copier == nil {
		return false, nil
	}
	return a.Now().Sub(a.copier.Status().Current) > copyLimit, nil
}

// copyAt says whether a second copy is kept at an address, and opens it.
func copyAt(ctx context.Context, address string) (replica.Target, error) {
	if !strings.HasPrefix(address, "s3://") {
		if _, err := os.Stat(address); err != nil {
			return nil, fmt.Errorf("there is neither a backup nor a second copy: %w", err)
		}
	}
	from, err := replica.Open(address)
	if err != nil {
		return nil, err
	}
	holds, err := replica.Holds(ctx, from)
	if err != nil {
		return nil, fmt.Errorf("looking for a second copy: %w", err)
	}
	if !holds {
		return nil, replica.ErrNoCopy
	}
	return from, nil
}

// fetch puts the second copy into the data folder, under the name that no server
// opens.
func (r *Restoring) fetch(ctx context.Context, from replica.Target, data string) (*backup, error) {
	to := filepath.Join(data, restoring)
	removeDatabase(to)
	if err := replica.Fetch(ctx, from, to, store.CarryLog, r.Progress.tell("copying, bytes")); err != nil {
		return nil, err
	}
	programs, err := programsOf(ctx, to)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(to)
	if err != nil {
		return nil, fmt.Errorf("restoring: %w", err)
	}
	return &backup{Created: r.now().UTC(), Size: info.Size(), Programs: programs}, nil
}

func (r *Restoring) now() time.Time {
	if r.Now == nil {
		return time.Now()
	}
	return r.Now()
}
