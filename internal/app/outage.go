// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"sync"
	"time"

	"waylight/internal/platform/mail"
)

// What is mailed when no alarm can be kept.
const (
	sayUnlooked   = "The server could not find out, twice in a row, whether its log and its work are in order. Tell whoever keeps the machine to read its own log, and look at: "
	sayUnrecorded = "The server cannot record what is done. Tell whoever keeps the machine now, and look at: "
	sayAway       = "The server has not reached its database for ten minutes or more. Reports are still accepted and kept on the server's own disk, but no agency is told of them until the database is back. Tell whoever keeps the machine now, and call the agencies that are on duty. Afterwards look at: "
	sayStuck      = "A report was accepted while the database was away and has not arrived since. It is kept on the server that took it. Tell whoever keeps that machine now.\n"
)

// crier mails without keeping anything, each thing at most once an hour: for when nothing can be kept, and for what concerns this server alone, which another one on the
// same database would take for settled.
type crier struct {
	now  func() time.Time
	mu   sync.Mutex
	said map[string]time.Time // by program and what was said
}

func newCrier(now func() time.Time) *crier { return &crier{now: now, said: map[string]time.Time{}} }

// cry mails those that whom gives, unless somebody there was told the same within the hour.
func (c *crier) cry(ctx context.Context, sender *mail.Sender, program, text string, whom func(ctx context.Context, program string) ([]string, error)) error {
	said, at := program+" "+text, c.now()
	c.mu.Lock()
	soon := within(c.said[said], at, time.Hour)
	c.mu.Unlock()
	if soon || sender == nil {
		return nil
	}
	to, err := whom(ctx, program)
	if err != nil {
		return err
	}
	reached := false
	for _, address := range to {
		sent := sender.Send(ctx, mail.Message{To: address, Subject: "Waylight: something needs your attention at once", Text: text})
		reached = reached || sent == nil
		err = errors.Join(err, sent)
	}
	if reached {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.said[said] = at
	}
	return err
}

// remember keeps in the spool whom to mail: a server that starts while the database is
// away knows nobody else.
func (a *App) remember(ctx context.Context, program string) error {
	to, err := a.administrators(ctx, program)
	if err != nil || a.Spool == nil {
		return err
	}
	return a.Spool.KeepTold(ctx, program, to)
}

// administrators are the addresses of a program's administrators: those that were
// read last while the database does not answer, by this server or before it began.
func (a *App) administrators(ctx context.Context, program string) ([]string, error) {
	to, err := a.readAdministrators(ctx, program)
	a.audit.mu.Lock()
	if err == nil {
		a.audit.admins[program] = to
	}
	known := a.audit.admins[program]
	a.audit.mu.Unlock()
	if err == nil || len(known) > 0 {
		return known, nil
	}
	if a.Spool == nil {
		return nil, err
	}
	kept, wrong := a.Spool.Told(ctx, program)
	if wrong != nil || len(kept) == 0 {
		return nil, errors.Join(err, wrong)
	}
	return kept, nil
}

// telling mails, while this server has no database, that it has none: ten minutes after it began and then once an hour, as a
// server does whose database went while it ran. What is not taken is tried again ten minutes later.
func (s *shelter) telling(ctx context.Context) {
	if s.Mail.Addr == "" {
		return
	}
	sender, cried := mail.NewSender(s.Mail), newCrier(s.Now)
	tick := time.NewTicker(againEvery)
	defer tick.Stop()
	for last := s.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if within(last, s.Now(), watchEvery) {
			continue
		}
		last = s.Now()
		for _, program := range s.programs.IDs() {
			if err := cried.cry(ctx, sender, program, sayAway+s.Origin+"/staff/work\n", s.whom); err != nil && ctx.Err() == nil {
				s.Log.Error("mailing that the database is away", "program", program, "error", err.Error())
			}
		}
	}
}

// whom gives whom to mail of a program that reports can be made to here.
func (s *shelter) whom(ctx context.Context, program string) ([]string, error) {
	if _, ok := s.known[program]; !ok {
		return nil, nil
	}
	to, err := s.spool.Told(ctx, program)
	if err == nil && len(to) == 0 {
		err = errors.New("nobody's address is in the spool")
	}
	return to, err
}
