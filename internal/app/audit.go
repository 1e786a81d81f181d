// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
)

// The audit watch looks every ten minutes whether auditing works: whether an entry that is written can be read back through the log, whether the log is
// published on time, whether log and data agree, and whether work was given up. What fails is an alarm and a mail to the program's administrators, within the hour
// that CJIS Security Policy AU-5 allows. Where not even an alarm can be kept, it is mailed and written to the server's own log. It is no job, because jobs need a
// database that can be written.
const (
	watchEvery  = 10 * time.Minute
	verifyEvery = 24 * time.Hour
	watchLimit  = time.Hour       // without a watch, the server calls itself unwell
	lateBy      = 5 * time.Minute // beyond two schedules of the public log
)

var auditAlarms = []string{agency.AlarmLate, agency.AlarmSilent, agency.AlarmTampered, agency.AlarmForked, agency.AlarmUnseen, agency.AlarmWork, agency.AlarmCopy}

// auditor is what the watch remembers between its looks.
type auditor struct {
	self     store.ID // this process, among those on the database
	mu       sync.Mutex
	began    time.Time
	looked   map[string]time.Time // by program: the last look that came to an end
	verified map[string]time.Time
	damaged  map[string]bool
	forked   map[string]bool     // by program and witness: another history was seen
	admins   map[string][]string // by program: whom to mail, as last read
	failed   map[string]int      // by program: looks in a row that the database broke off
}

func newAuditor(now time.Time) *auditor {
	return &auditor{self: store.NewID(), began: now, looked: map[string]time.Time{}, verified: map[string]time.Time{}, damaged: map[string]bool{}, forked: map[string]bool{},
		admins: map[string][]string{}, failed: map[string]int{}}
}

// watching looks at every program until ctx ends.
func (a *App) watching(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		a.WatchAll(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// WatchAll looks once at every program whose log has not ended here. What it cannot
// find out, it mails past the database when the next look cannot either.
func (a *App) WatchAll(ctx context.Context) {
	for _, program := range a.Programs.IDs() {
		// Whoever looks remembers whom to mail: when the database goes it is too late to ask.
		if err := a.remember(ctx, program); err != nil && ctx.Err() == nil {
			a.Log.Error("reading whom to mail", "program", program, "error", err.Error())
		}
		err := a.tellStuck(ctx, program)
		if a.DB.MovedTo(program) == "" {
			err = errors.Join(err, a.watch(ctx, program))
		}
		if err != nil && ctx.Err() == nil {
			a.Log.Error("watching the audit log", "program", program, "error", err.Error())
		}
		if err := a.brokenOff(ctx, program, err); err != nil && ctx.Err() == nil {
			a.Log.Error("mailing that nobody can look at the audit log", "program", program, "error", err.Error())
		}
	}
}

// watch looks unless another server on the same database does: two that saw different
// things would raise and clear each other's alarms. Where nobody can say whose turn it
// is, it looks.
func (a *App) watch(ctx context.Context, program string) error {
	mine, err := jobs.Hold(ctx, a.DB, program, "watch", a.audit.self, 2*watchEvery+time.Minute)
	if err != nil || mine {
		return a.Watch(ctx, program)
	}
	a.audit.mu.Lock()
	defer a.audit.mu.Unlock()
	a.audit.looked[program] = a.Now()
	return nil
}

// Watch looks once whether a program's auditing works, and brings its alarms into line with what it found.
func (a *App) Watch(ctx context.Context, program string) error {
	found := map[string]bool{agency.AlarmSilent: a.silent(ctx, program) != nil}
	for kind, look := range map[string]func(context.Context, string) (bool, error){
		agency.AlarmLate: a.late, agency.AlarmTampered: a.tampered, agency.AlarmForked: a.forked, agency.AlarmUnseen: a.unseen, agency.AlarmCopy: a.copyLate,
	} {
		wrong, err := look(ctx, program)
		if err != nil {
			return fault.Wrap(err, "watching the audit log")
		}
		found[kind] = wrong
	}
	given, err := a.givenUp(ctx, program)
	if err != nil {
		return fault.Wrap(err, "watching the audit log")
	}
	wanted := map[string][]string{agency.AlarmWork: given}
	for kind, wrong := range found {
		if wrong {
			wanted[kind] = []string{"log"}
			a.Log.Error("auditing needs a person", "program", program, "alarm", kind)
		}
	}
	err = a.Agencies.Settle(ctx, program, auditAlarms, wanted)
	if err != nil {
		a.Log.Error("auditing fails and no alarm can be kept", "program", program)
		return errors.Join(err, a.shout(ctx, program, sayUnrecorded+a.Origin+"/staff/work\n"))
	}
	if err := a.Canaries.Settle(ctx, program); err != nil {
		return fault.Wrap(err, "looking at the tests of the ways in")
	}
	a.audit.mu.Lock()
	defer a.audit.mu.Unlock()
	a.audit.looked[program] = a.Now()
	return nil
}

// silent writes an entry and reads it back: nil when the log took it.
func (a *App) silent(ctx context.Context, program string) error {
	var leaf custody.Leaf
	err := a.DB.Accept(ctx, func(tx *store.Tx) error { // waits under load, which is no failure
		leaf = tx.Log(custody.Entry{Program: program, Event: "audit.checked", Record: "log", Actor: "system"})
		return nil
	})
	if err != nil {
		return err
	}
	_, err = custody.Find(ctx, a.DB, program, leaf.Commitment)
	return err
}

// late says whether the last public checkpoint is too old. A server that has just started gets the time to publish one.
func (a *App) late(ctx context.Context, program string) (bool, error) {
	last, err := custody.Latest(ctx, a.DB, program)
	if err != nil {
		return false, err
	}
	since := last.Published
	if a.audit.began.After(since) {
		since = a.audit.began
	}
	return a.Now().Sub(since) > 2*a.Every+lateBy, nil
}

// tampered says whether log and data disagree, by the last verification; once a day there is a new one, and as long as something disagrees every time.
func (a *App) tampered(ctx context.Context, program string) (bool, error) {
	a.audit.mu.Lock()
	fresh, damaged := within(a.audit.verified[program], a.Now(), verifyEvery), a.audit.damaged[program]
	a.audit.mu.Unlock()
	if fresh && !damaged {
		return false, nil
	}
	wrong, err := a.disagree(ctx, program)
	if err != nil {
		return damaged, err
	}
	a.audit.mu.Lock()
	defer a.audit.mu.Unlock()
	a.audit.verified[program], a.audit.damaged[program] = a.Now(), wrong
	return wrong, nil
}

// auditMemory is what the daily verification may hold beside everything else that the server does; the rest goes to a temporary file.
const auditMemory = 64 << 20

// disagree verifies a running installation on one processor, as it was at one moment: what is being written meanwhile cannot look wrong.
func (a *App) disagree(ctx context.Context, program string) (bool, error) {
	result, err := custody.Check{Program: program, Verifier: a.logs[program].Verifier(), Memory: auditMemory, Workers: 1}.Run(ctx, a.DB)
	if err != nil {
		return false, fmt.Errorf("verifying the log: %w", err)
	}
	return !result.OK(), nil
}

// givenUp lists the kinds of work of which something was given up. Each is an
// alarm of its own: that one kind fails already keeps nobody from hearing of the next.
func (a *App) givenUp(ctx context.Context, program string) ([]string, error) {
	counts, err := jobs.DeadCounts(ctx, a.DB, program)
	var kinds []string
	for _, c := range counts {
		kinds = append(kinds, c.Kind)
		a.Log.Error("work was given up", "program", program, "kind", c.Kind, "jobs", c.Count)
	}
	return kinds, err
}

// within says whether something was done less than a while ago. What was done at a time to come was done by a clock that has been set back since: nobody knows when.
func within(done, now time.Time, while time.Duration) bool {
	return !done.After(now) && now.Sub(done) < while
}

// brokenOff counts the looks in a row that ended in an error, and mails from the
// second on: the first may have met a database that only changed machines.
func (a *App) brokenOff(ctx context.Context, program string, err error) error {
	a.audit.mu.Lock()
	a.audit.failed[program]++
	if err == nil {
		a.audit.failed[program] = 0
	}
	failed := a.audit.failed[program]
	a.audit.mu.Unlock()
	if failed < 2 {
		return nil
	}
	say := sayUnlooked
	if a.Spool != nil && a.ping(ctx) != nil {
		say = sayAway
	}
	return a.shout(ctx, program, say+a.Origin+"/staff/work\n")
}

// tellStuck mails that a report waits in this server's spool although the database is
// there, or was there for long enough before it went again; of a program that moved
// away, from where no database will ever take it. That a mail is not taken is no look
// that failed.
func (a *App) tellStuck(ctx context.Context, program string) error {
	stuck, err := a.stuck(ctx, program)
	if err != nil {
		return fmt.Errorf("looking at what waits in the spool: %w", err)
	}
	if !stuck {
		return nil
	}
	a.Log.Error("a report does not arrive from this server's spool", "program", program)
	if err := a.shout(ctx, program, sayStuck); err != nil && ctx.Err() == nil {
		a.Log.Error("mailing that a report does not arrive", "program", program, "error", err.Error())
	}
	return nil
}

// shout mails the program's administrators past the database.
func (a *App) shout(ctx context.Context, program, text string) error {
	return a.cried.cry(ctx, a.sender, program, text, a.administrators)
}

func (a *App) readAdministrators(ctx context.Context, program string) ([]string, error) {
	members, err := a.People.Members(ctx, program, "")
	var to []string
	for _, m := range members {
		if m.Has(identity.RoleProgramAdmin) {
			to = append(to, m.Email)
		}
	}
	return to, err
}

// watched says since when every program was looked at, or since when the server runs.
func (a *App) watched() time.Time {
	a.audit.mu.Lock()
	defer a.audit.mu.Unlock()
	oldest := time.Time{} // stays when every program moved away
	for _, program := range a.Programs.IDs() {
		if a.DB.MovedTo(program) != "" {
			continue
		}
		at := a.audit.looked[program]
		if at.IsZero() {
			at = a.audit.began
		}
		if oldest.IsZero() || at.Before(oldest) {
			oldest = at
		}
	}
	if oldest.IsZero() {
		return a.Now()
	}
	return oldest
}
