// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/keyring"
	"waylight/internal/protection/report"
	"waylight/internal/protection/spool"
)

// How the database is watched, where it is not this server's own.
const (
	pingEvery = 500 * time.Millisecond
	pingLimit = 2 * time.Second
	missed    = 2  // looks in a row without an answer: it is away
	rest      = 20 // looks until what did not arrive is forwarded again
)

// spoolFile is the spool's database in the data folder.
const spoolFile = "spool.db"

// openSpool opens the spool of a server whose database can be away.
func (c Config) openSpool(ctx context.Context, ring *keyring.Ring, programs []string) (*spool.Spool, error) {
	origin, err := ring.LogName()
	if err != nil {
		return nil, err
	}
	return spool.Open(ctx, spool.Config{File: filepath.Join(c.Data, spoolFile), Programs: programs, Now: c.Now,
		Log: func(program, name string) (*custody.Log, error) {
			signer, verifier, err := ring.SignerFor(program+"-spool-"+name, origin+"/log/"+program+"/spool/"+name)
			if err != nil {
				return nil, err
			}
			return custody.NewLog(program, signer, verifier, c.Every)
		}})
}

// spooling watches the database until ctx ends, and empties the spool whenever
// the database is there.
func (a *App) spooling(ctx context.Context) {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	silent, published, resting := 0, a.Now(), 0
	for {
		if err := a.ping(ctx); err == nil {
			silent = 0
			if a.Spool.SetAway(false) {
				a.Log.Info("the database is back")
				resting = 0
			}
			if resting--; resting < 0 && !a.forward(ctx) {
				resting = rest
			}
		} else if silent++; silent >= missed && ctx.Err() == nil {
			if a.Spool.SetAway(true) {
				a.Log.Error("the database is away: the spool keeps what comes in", "error", err.Error())
			}
			published = a.publishSpool(ctx, published)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// ping asks the database whether it takes writes, not only whether it answers: a
// standby answers too.
func (a *App) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pingLimit)
	defer cancel()
	return a.DB.Writable(ctx)
}

// forward empties the spool, and says whether everything arrived. What did not stays
// there and is tried again.
func (a *App) forward(ctx context.Context) bool {
	whole := true
	for _, program := range a.Programs.IDs() {
		n, err := a.Spool.Forward(ctx, program, a.Reports.TakeOver)
		if n > 0 {
			a.Log.Info("reports were forwarded from the spool", "program", program, "reports", n)
		}
		if err != nil && ctx.Err() == nil {
			whole = false
			a.Log.Error("forwarding from the spool", "program", program, "error", err.Error())
		}
	}
	return whole
}

// stuckAfter is for how long the database may be there, in one piece or several, while a
// report waits here for it.
const stuckAfter = 10 * time.Minute

// stuck says whether a report waits in the spool although the database is there.
func (a *App) stuck(ctx context.Context, program string) (bool, error) {
	if a.Spool == nil {
		return false, nil
	}
	since, err := a.Spool.Since(ctx, program)
	return since > stuckAfter, err
}

// spooledIn lists what waits in a data folder for a PostgreSQL database.
func spooledIn(ctx context.Context, data string) ([]spool.Kept, error) {
	return spool.List(ctx, filepath.Join(data, spoolFile))
}

// refuseSpooled refuses to give up or to change the database of a folder in which
// accepted reports still wait for it: nothing would ever forward them.
func refuseSpooled(ctx context.Context, data string) error {
	kept, err := spooledIn(ctx, data)
	if err == nil && len(kept) > 0 {
		err = fmt.Errorf("%d accepted reports wait in %s for the PostgreSQL database; serve with that database until they have arrived (waylight spool shows what waits)", len(kept), filepath.Join(data, spoolFile))
	}
	return err
}

// Spooled prints what waits in a data folder for its database.
func Spooled(ctx context.Context, data string, w io.Writer) error {
	if _, err := os.Stat(data); err != nil {
		return fmt.Errorf("there is no installation here: %w", err)
	}
	kept, err := spooledIn(ctx, data)
	if err != nil {
		return err
	}
	for _, k := range kept {
		fmt.Fprintf(w, "%s\treport %s\taccepted %s\n", k.Program, k.Report, k.At.UTC().Format(time.RFC3339))
	}
	_, err = fmt.Fprintf(w, "%d waiting\n", len(kept))
	return err
}

// publishSpool signs checkpoints of the spool's logs on the schedule of the
// programs' own, while the database is away.
func (a *App) publishSpool(ctx context.Context, last time.Time) time.Time {
	now := a.Now()
	if now.Truncate(a.Every).Equal(last.Truncate(a.Every)) {
		return last
	}
	for _, program := range a.Programs.IDs() {
		if err := a.Spool.Publish(ctx, program); err != nil {
			a.Log.Error("publishing the spool's log", "program", program, "error", err.Error())
		}
	}
	return now
}

// known is what the public page needs of a program's directory.
type known struct {
	Open     bool                    `json:"open"`
	Usable   []string                `json:"usable"`   // offices that reports can be sealed to
	Chains   map[string]agency.Chain `json:"chains"`   // every key with what it rests on
	Channels map[string]string       `json:"channels"` // what is known of each line to call
}

// keepDirectory copies the directory into the spool, for a start while the
// database is away.
func (a *App) keepDirectory(ctx context.Context) error {
	for _, id := range a.Programs.IDs() {
		p, _ := a.Programs.Program(id)
		k := known{Open: a.Agencies.IsOpen(id), Chains: a.Agencies.Directory(id), Channels: map[string]string{}}
		keyed, state := a.Agencies.Keyed(id), a.Agencies.Channels(id)
		for office := range k.Chains {
			if keyed(office) {
				k.Usable = append(k.Usable, office)
			}
		}
		for channel := range p.Channels {
			k.Channels[channel] = string(state(channel))
		}
		text, err := json.Marshal(k)
		if err == nil {
			err = a.Spool.KeepDirectory(ctx, id, string(text))
		}
		if err != nil {
			return fmt.Errorf("copying the directory into the spool: %w", err)
		}
	}
	return nil
}

// hours promises nothing while nobody can look at the rosters.
func (a *App) hours(ctx context.Context, program string) agency.Reading {
	if a.Spool != nil && a.Spool.Away() {
		return agency.Reading{Zone: time.UTC}
	}
	return a.Agencies.Hours(ctx, program)
}

// intoSpool gives the reports room its spool, or none.
func (a *App) intoSpool() report.Spool {
	if a.Spool == nil {
		return nil
	}
	return a.Spool
}
