// SPDX-License-Identifier: Apache-2.0

// Package replica keeps a second copy of the embedded database, in a folder on
// another disk or in an S3-compatible store, never more than moments behind and,
// if the writer waits for it, not behind at all.
//
// SQLite writes each transaction into its log of pages (WAL) before it carries
// the pages into the database. The copy is a base, which is the database's file as it
// was read at some time, and every log that was written from before that time on,
// up to the last commit. Putting it back is what SQLite does after a crash: the
// logs are carried into the base, one after the other. A page of the base that
// was changed while it was read stands whole in one of the logs.
//
// What it rests on, and checks:
//
//   - Only commits that are whole are copied: each frame's checksum is followed
//     from the log's first one on.
//   - A log is begun anew only after all of it was copied. The store asks for that
//     before each checkpoint. Where another process did otherwise, or the copy is
//     not what was written to it, everything begins anew with another base.
//   - A base counts once the logs have come past the moment at which its reading
//     ended; until then the one before it stays.
//
// It writes nothing into the database and takes no lock of it.
package replica

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Target is where a copy is kept.
type Target interface {
	// Append puts b behind the first off bytes of what stands under name, and
	// returns once it is durable. What stands behind off is replaced. errGap says
	// that there are fewer bytes than off.
	Append(ctx context.Context, name string, off int64, b []byte) error
	// Names lists everything, with its length.
	Names(ctx context.Context) (map[string]int64, error)
	// Open reads what stands under name, from its beginning.
	Open(ctx context.Context, name string) (io.ReadCloser, error)
	// Remove removes what stands under name.
	Remove(ctx context.Context, name string) error
}

// errGap says that the copy has less than was written to it.
var errGap = errors.New("the copy has less than was written to it")

// Config says what is copied, and where to.
type Config struct {
	To  Target
	Now func() time.Time
	Log *slog.Logger
	// Wait makes Committed wait for the copy.
	Wait bool
	// Patience is how long Committed waits before the copy counts as away; from then
	// on nothing waits until it is back. 0: five seconds.
	Patience time.Duration
	// Every is how often what was committed is copied where nothing waits. 0: a
	// second.
	Every time.Duration
	// Renew is how many bytes of logs make a new base worth it. 0: 256 MB, or the
	// base's own size where that is more.
	Renew int64
}

// Copier copies one database.
type Copier struct {
	Config
	file string
	asks chan chan error // for whoever waits
	wake chan struct{}
	stop context.CancelFunc
	done chan struct{}

	carried atomic.Int64 // frames of the log that a checkpoint carried into the database, all of them
	length  atomic.Int64 // bytes of the log that are copied

	mu     sync.Mutex // guards what follows; held while the target works
	wal    wal
	base   int64     // bytes of the last base
	logs   int64     // bytes of logs since
	looked time.Time // when the copy was last looked at

	told   sync.Mutex // guards what follows; never held for long
	away   bool
	why    string
	at     time.Time // when the copy last had everything
	whole  bool      // a base of this epoch counts
	making bool      // a base is being read
}

// New returns a copier; the store starts it.
func New(c Config) *Copier {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Patience == 0 {
		c.Patience = 5 * time.Second
	}
	if c.Every == 0 {
		c.Every = time.Second
	}
	if c.Renew == 0 {
		c.Renew = 256 << 20
	}
	made := &Copier{Config: c, asks: make(chan chan error), wake: make(chan struct{}, 1), done: make(chan struct{}), at: c.Now()}
	made.carried.Store(-1)
	return made
}

// Open makes the target of an address: a folder, or s3://BUCKET/PREFIX.
func Open(address string) (Target, error) {
	if strings.HasPrefix(address, "s3://") {
		return openS3(address)
	}
	dir, err := filepath.Abs(address)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("the folder of the second copy: %w", err)
	}
	return folder(dir), nil
}

// Start begins to copy the database in file. Where the copy goes on from what it
// has, or nothing waits for it, it returns at once; else once the first base
// counts.
func (c *Copier) Start(ctx context.Context, file string) error {
	c.file = file
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	c.stop = stop
	err := c.begin(ctx)
	if err == nil && c.Wait && !c.isWhole() {
		err = c.makeBase(ctx)
	}
	if err != nil {
		stop()
		close(c.done)
		return fmt.Errorf("starting the second copy: %w", err)
	}
	go c.run(running)
	return nil
}

// Stop copies what is still missing, and ends. Nothing commits any more.
func (c *Copier) Stop() {
	if c.stop == nil {
		return
	}
	c.stop()
	<-c.done
}

// Committed is told of each commit. Where the writer waits for the copy, it
// returns once the copy has the commit or counts as away.
func (c *Copier) Committed() {
	if !c.Wait || c.isAway() {
		select {
		case c.wake <- struct{}{}:
		default:
		}
		return
	}
	if err := c.ask(c.Patience); err != nil {
		c.setAway(err)
	}
}

var errSlow = errors.New("it does not answer in time")

// ask has everything copied that is committed, and waits for it.
func (c *Copier) ask(patience time.Duration) error {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	answer := make(chan error, 1)
	select {
	case c.asks <- answer:
	case <-c.done:
		return errors.New("it has ended")
	case <-timer.C:
		return errSlow
	}
	select {
	case err := <-answer:
		return err
	case <-timer.C:
		return errSlow
	}
}

// Length is how much of the log is copied.
func (c *Copier) Length() int64 { return c.length.Load() }

// Ready has everything copied before a checkpoint, and says whether it is. While
// the copy is away a checkpoint is due all the same once the log takes so much:
// the disk must not fill up for it.
func (c *Copier) Ready(most int64) bool {
	if !c.isAway() {
		return c.ask(c.Patience) == nil
	}
	info, err := os.Stat(c.file + "-wal")
	return err == nil && info.Size() >= most
}

// Carried is told that a checkpoint carried all frames of the log, so many, into
// the database: the log may be begun anew.
func (c *Copier) Carried(frames int64) { c.carried.Store(frames) }

// isAway says whether nothing may wait for the copy: it does not answer, or could
// not be put back yet.
func (c *Copier) isAway() bool {
	c.told.Lock()
	defer c.told.Unlock()
	return c.away || !c.whole
}

func (c *Copier) isWhole() bool {
	c.told.Lock()
	defer c.told.Unlock()
	return c.whole
}

func (c *Copier) setWhole(whole bool) {
	c.told.Lock()
	defer c.told.Unlock()
	c.whole = whole
}

func (c *Copier) setAway(err error) {
	c.told.Lock()
	defer c.told.Unlock()
	if !c.away {
		c.Log.Error("the second copy is away; what is accepted is kept on this disk alone until it is back", "error", err.Error())
	}
	c.away, c.why = true, err.Error()
}

// Status is how a copy stands.
type Status struct {
	Current time.Time // when it last had everything
	Whole   bool      // it can be put back
	Away    bool
	Why     string
}

// Status says how the copy stands.
func (c *Copier) Status() Status {
	c.told.Lock()
	defer c.told.Unlock()
	return Status{Current: c.at, Whole: c.whole, Away: c.away, Why: c.why}
}

// run copies until it is stopped.
func (c *Copier) run(ctx context.Context) {
	defer close(c.done)
	tick := time.NewTicker(c.Every)
	defer tick.Stop()
	var bases sync.WaitGroup
	defer bases.Wait()
	for {
		select {
		case answer := <-c.asks:
			answer <- c.copyAll(ctx, true)
		case <-c.wake:
			if c.Wait { // back as soon as it can be
				c.copyAll(ctx, false)
			}
		case <-tick.C:
			c.copyAll(ctx, false)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*c.Patience)
			defer cancel()
			if err := c.copyAll(last, true); err != nil {
				c.Log.Error("the second copy does not have everything", "error", err.Error())
			}
			return
		}
		if c.wantsBase() {
			bases.Go(func() {
				if err := c.makeBase(ctx); err != nil && ctx.Err() == nil {
					c.setAway(err)
				}
			})
		}
	}
}

// copyAll copies everything that is committed. Where nobody waits, a log whose
// first bytes are just being written is left for the next time.
func (c *Copier) copyAll(ctx context.Context, waited bool) error {
	began := c.Now()
	err := c.ship(ctx)
	if errors.Is(err, errNoWAL) && !waited {
		return nil
	}
	if err == nil {
		err = c.stands(ctx)
	}
	if err != nil {
		c.setAway(err)
		return err
	}
	c.told.Lock()
	defer c.told.Unlock()
	if c.away {
		c.Log.Info("the second copy is back")
	}
	c.away, c.why = false, ""
	if c.whole {
		c.at = began
	}
	return nil
}

func (c *Copier) wantsBase() bool {
	c.mu.Lock()
	grown := c.logs >= max(c.Renew, c.base)
	c.mu.Unlock()
	c.told.Lock()
	defer c.told.Unlock()
	if c.making || c.away || c.whole && !grown {
		return false
	}
	c.making = true
	return true
}
