// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/mail"
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

var auditAlarms = []string{agency.AlarmLate, agency.AlarmSilent, agency.AlarmTampered, agency.AlarmWork, agency.AlarmCopy}

// auditor is what the watch remembers between its looks.
type auditor struct {
	mu       sync.Mutex
	began    time.Time
	looked   map[string]time.Time // by program: the last look that came to an end
	verified map[string]time.Time
	damaged  map[string]bool
	shouted  map[string]time.Time
}

func newAuditor(now time.Time) *auditor {
	return &auditor{began: now, looked: map[string]time.Time{}, verified: map[string]time.Time{}, damaged: map[string]bool{}, shouted: map[string]time.Time{}}
}

// watching looks at every program until ctx ends.
func (a *App) watching(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		for _, program := range a.Programs.IDs() {
			if a.DB.MovedTo(program) != "" {
				continue // its log has ended here
			}
			err := a.Watch(ctx, program)
			if err != nil && ctx.Err() == nil {
				a.Log.Error("watching the audit log", "program", program, "error", err.Error())
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Watch looks once whether a program's auditing works, and brings its alarms into line with what it found.
func (a *App) Watch(ctx context.Context, program string) error {
	found := map[string]bool{agency.AlarmSilent: a.silent(ctx, program) != nil}
	for kind, look := range map[string]func(context.Context, string) (bool, error){
		agency.AlarmLate: a.late, agency.AlarmTampered: a.tampered, agency.AlarmWork: a.givenUp, agency.AlarmCopy: a.copyLate,
	} {
		wrong, err := look(ctx, program)
		if err != nil {
			return fault.Wrap(err, "watching the audit log")
		}
		found[kind] = wrong
	}
	wanted := map[string][]string{}
	for kind, wrong := range found {
		if wrong {
			wanted[kind] = []string{"log"}
			a.Log.Error("auditing needs a person", "program", program, "alarm", kind)
		}
	}
	err := a.Agencies.Settle(ctx, program, auditAlarms, wanted)
	if err != nil {
		return errors.Join(err, a.shout(ctx, program))
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
	fresh, damaged := a.Now().Sub(a.audit.verified[program]) < verifyEvery, a.audit.damaged[program]
	a.audit.mu.Unlock()
	if fresh && !damaged {
		return false, nil
	}
	problems, err := a.disagreements(ctx, program)
	if err != nil {
		return damaged, err
	}
	a.audit.mu.Lock()
	defer a.audit.mu.Unlock()
	a.audit.verified[program], a.audit.damaged[program] = a.Now(), len(problems) > 0
	return len(problems) > 0, nil
}

// disagreements verifies a running installation. What is being written at that very moment can look wrong, so only what two looks agree on counts.
func (a *App) disagreements(ctx context.Context, program string) (map[custody.Problem]bool, error) {
	var both map[custody.Problem]bool
	for range 2 {
		result, err := custody.Verify(ctx, a.DB, program, a.logs[program].Verifier())
		if err != nil {
			return nil, fmt.Errorf("verifying the log: %w", err)
		}
		seen := map[custody.Problem]bool{}
		for _, p := range result.Problems {
			seen[p] = true
		}
		if both == nil {
			both = seen
		}
		maps.DeleteFunc(both, func(p custody.Problem, _ bool) bool { return !seen[p] })
		if len(both) == 0 {
			return nil, nil
		}
	}
	return both, nil
}

// givenUp says whether work stands that was given up.
func (a *App) givenUp(ctx context.Context, program string) (bool, error) {
	dead, err := jobs.DeadLetters(ctx, a.DB, program)
	return len(dead) > 0, err
}

// shout mails the program's administrators without keeping anything, at most once an hour: for when nothing can be kept.
func (a *App) shout(ctx context.Context, program string) error {
	a.Log.Error("auditing fails and no alarm can be kept", "program", program)
	a.audit.mu.Lock()
	soon := a.Now().Sub(a.audit.shouted[program]) < time.Hour
	a.audit.mu.Unlock()
	if soon || a.sender == nil {
		return nil
	}
	members, err := a.People.Members(ctx, program, "")
	if err != nil {
		return err
	}
	members = slices.DeleteFunc(members, func(m identity.Member) bool { return !m.Has(identity.RoleProgramAdmin) })
	for _, m := range members {
		err = errors.Join(err, a.sender.Send(ctx, mail.Message{To: m.Email, Subject: "Waylight: something needs your attention at once",
			Text: "The server cannot record what is done. Tell whoever keeps the machine now, and look at: " + a.Origin + "/staff/work\n"}))
	}
	a.audit.mu.Lock()
	defer a.audit.mu.Unlock()
	a.audit.shouted[program] = a.Now()
	return err
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
