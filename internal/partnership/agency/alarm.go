// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/mail"
	"waylight/internal/platform/store"
)

// The kinds of background work.
const (
	jobExpire  = "agency.expire"  // daily: numbers whose test is too old
	jobGaps    = "agency.gaps"    // hourly: holes in rosters, desks without a key
	jobTell    = "agency.tell"    // mails the people an alarm is for
	jobRefresh = "agency.refresh" // reads the directory again
)

// The kinds of alarm. The subject is a channel or an office.
const (
	AlarmExpired  = "channel.expired" // verified more than 180 days ago
	AlarmDoubt    = "channel.doubt"   // a lifeline found wrong and without a replacement
	AlarmRemoved  = "channel.removed" // found wrong or taken away; no longer shown
	AlarmGap      = "roster.gap"      // hours of the next seven days that nobody covers
	AlarmAlone    = "roster.alone"    // a desk that nobody can be reached at for a time
	AlarmKey      = "desk.key"        // a desk whose key nobody, or a single person, can open
	AlarmDoubted  = "key.doubted"     // an office whose keys in the database are not believed
	AlarmUnsigned = "key.unsigned"    // an office whose key waits for the directory key
	AlarmRotate   = "key.rotate"      // an office that was asked for a new key
	AlarmRecovery = "recovery.drill"  // an office whose recovery shares were not tried for a year
)

// Alarm is something that needs a person.
type Alarm struct {
	Program, Kind, Subject string
	ID                     store.ID
	Raised                 time.Time
	Told                   int // people who were mailed
}

// Alarms lists what needs a person now, oldest first.
func (s *Service) Alarms(ctx context.Context, prog string) ([]Alarm, error) {
	return readAlarms(ctx, s.cfg.DB, prog)
}

// lookSoon has the alarms looked over right after a change. The jobs have no key:
// one that is running already may have read what was there before.
func (s *Service) lookSoon(tx *store.Tx, prog string) error {
	for _, kind := range []string{jobExpire, jobGaps} {
		if err := jobs.Enqueue(tx, jobs.Job{Program: prog, Kind: kind}); err != nil {
			return fault.Wrap(err, "asking for a look at the alarms")
		}
	}
	return nil
}

// refresh is the job that reads the directory again.
func (s *Service) refresh(ctx context.Context, _ jobs.Job) error { return s.Refresh(ctx) }

// expire notes the channels whose verification became too old, and raises the
// alarms of channels.
func (s *Service) expire(ctx context.Context, j jobs.Job) error {
	p, err := s.program(j.Program)
	if err != nil {
		return err
	}
	if err := s.Refresh(ctx); err != nil {
		return err
	}
	dir, now := s.directory(p.ID), s.now()
	wanted := map[string][]string{}
	for _, id := range slices.Sorted(maps.Keys(p.Channels)) {
		ch := p.Channels[id]
		st := s.standing(p, ch, dir, now)
		if st.State == program.Expired && !st.Expires.IsZero() && !now.Before(st.Expires) && !expiryNoted(dir.checks[id], ch, st) {
			if err := s.noteExpiry(ctx, p.ID, ch, st); err != nil {
				return err
			}
		}
		switch {
		case !ch.Public && len(dir.checks[id]) == 0:
		case st.Doubt:
			wanted[AlarmDoubt] = append(wanted[AlarmDoubt], id)
		case st.State == program.Expired:
			wanted[AlarmExpired] = append(wanted[AlarmExpired], id)
		case removed(st.State) && !removed(ch.State):
			wanted[AlarmRemoved] = append(wanted[AlarmRemoved], id)
		}
	}
	return s.settle(ctx, p.ID, []string{AlarmDoubt, AlarmExpired, AlarmRemoved}, wanted)
}

// expiryNoted says whether the passing of this verification is on record.
func expiryNoted(checks []Check, ch program.Channel, st Standing) bool {
	return slices.ContainsFunc(checks, func(c Check) bool {
		return c.Result == Expired && c.Contact == contact(ch) && !c.At.Before(st.Expires)
	})
}

func (s *Service) noteExpiry(ctx context.Context, prog string, ch program.Channel, st Standing) error {
	a := System(prog)
	c := Check{Channel: ch.ID, Contact: contact(ch), At: st.Expires, Result: Expired}
	return s.write(ctx, a, "channel.expired", "channel:"+ch.ID, func(tx *store.Tx) error { return insertCheck(tx, a, c) })
}

// gapsSoon raises the alarms of rosters and desks.
func (s *Service) gapsSoon(ctx context.Context, j jobs.Job) error {
	p, err := s.program(j.Program)
	if err != nil {
		return err
	}
	if err := s.Refresh(ctx); err != nil {
		return err
	}
	dir := s.directory(p.ID)
	now, wanted := s.now(), map[string][]string{AlarmDoubted: dir.doubts}
	offices := slices.DeleteFunc(slices.Sorted(maps.Keys(dir.joined)), func(o string) bool { return !dir.joined[o] })
	// A program that was opened needs this desk even when it never joined or left.
	if last := s.lastResort(p); dir.opened && last != "" && !slices.Contains(offices, last) {
		offices = append(offices, last)
	}
	for _, office := range offices {
		open, err := s.Gaps(ctx, p.ID, office, now, now.Add(lookAhead))
		if err != nil {
			return err
		}
		if len(open) > 0 {
			wanted[AlarmGap] = append(wanted[AlarmGap], office)
		}
		if !slices.Contains(p.Desks, office) {
			continue
		}
		items, err := s.oneDesk(ctx, p, office)
		if err != nil {
			return err
		}
		for _, it := range items {
			switch {
			case it.Done:
			case it.ID == "desk.key:"+office:
				wanted[AlarmKey] = append(wanted[AlarmKey], office)
			case it.ID == "desk.danger:"+office:
				wanted[AlarmAlone] = append(wanted[AlarmAlone], office)
			}
		}
	}
	if err := s.officeAlarms(ctx, p.ID, dir, wanted); err != nil {
		return err
	}
	return s.settle(ctx, p.ID, []string{AlarmGap, AlarmAlone, AlarmKey, AlarmDoubted, AlarmUnsigned, AlarmRotate, AlarmRecovery}, wanted)
}

// officeAlarms adds what active offices have to do about their keys.
func (s *Service) officeAlarms(ctx context.Context, prog string, dir *directory, wanted map[string][]string) (err error) {
	wanted[AlarmUnsigned] = s.waiting(prog)
	if wanted[AlarmRecovery], err = s.lateDrills(ctx, prog); err != nil {
		return err
	}
	asked, err := s.AskedRotations(ctx, prog, "")
	for _, a := range asked {
		if dir.joined[a.Office] {
			wanted[AlarmRotate] = append(wanted[AlarmRotate], a.Office)
		}
	}
	return err
}

// settle brings the standing alarms of the kinds into line with what is wanted:
// new ones are raised and told, those that no longer hold are cleared.
func (s *Service) settle(ctx context.Context, prog string, kinds []string, wanted map[string][]string) error {
	have, err := readAlarms(ctx, s.cfg.DB, prog)
	if err != nil || inLine(have, kinds, wanted) {
		return err
	}
	return s.cfg.DB.Write(ctx, func(tx *store.Tx) error {
		have, err := readAlarms(ctx, tx, prog)
		if err != nil {
			return err
		}
		for _, al := range have {
			if !slices.Contains(kinds, al.Kind) || slices.Contains(wanted[al.Kind], al.Subject) {
				continue
			}
			if err := clearAlarm(tx, al); err != nil {
				return err
			}
			tx.Log(al.entry("alarm.cleared"))
		}
		for _, kind := range kinds {
			for _, subject := range wanted[kind] {
				if stands(have, kind, subject) {
					continue
				}
				if err := raise(tx, Alarm{Program: prog, Kind: kind, Subject: subject, ID: store.NewID()}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func inLine(have []Alarm, kinds []string, wanted map[string][]string) bool {
	for _, al := range have {
		if slices.Contains(kinds, al.Kind) && !slices.Contains(wanted[al.Kind], al.Subject) {
			return false
		}
	}
	for _, kind := range kinds {
		for _, subject := range wanted[kind] {
			if !stands(have, kind, subject) {
				return false
			}
		}
	}
	return true
}

func stands(have []Alarm, kind, subject string) bool {
	return slices.ContainsFunc(have, func(al Alarm) bool { return al.Kind == kind && al.Subject == subject })
}

func raise(tx *store.Tx, al Alarm) error {
	if err := insertAlarm(tx, al); err != nil {
		return err
	}
	tx.Log(al.entry("alarm.raised"))
	return jobs.Enqueue(tx, jobs.Job{Program: al.Program, Kind: jobTell, Key: al.ID.String(), Payload: []byte(al.ID.String())})
}

func (al Alarm) entry(event string) custody.Entry {
	return custody.Entry{Program: al.Program, Event: event, Record: "alarm:" + al.ID.String(), Actor: "system"}
}

// tell mails the people an alarm is for: that something waits, and nothing else.
// It fails, to be tried again, only when nobody at all could be mailed.
func (s *Service) tell(ctx context.Context, j jobs.Job) error {
	standing, err := s.Alarms(ctx, j.Program)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(standing, func(al Alarm) bool { return al.ID.String() == string(j.Payload) })
	if i < 0 || standing[i].Told > 0 || s.cfg.Mail == nil {
		return nil
	}
	to, err := s.tellWhom(ctx, standing[i])
	if err != nil || len(to) == 0 {
		return err
	}
	told, failures := 0, []error(nil)
	for _, address := range to {
		err := s.cfg.Mail.Send(ctx, mail.Message{To: address, Subject: "Waylight: something needs your attention",
			Text: "Something needs a person.\n\nPlease sign in: " + s.cfg.Origin + "/staff\nIf you look after the whole program, it stands on: " + s.cfg.Origin + "/staff/setup\n"})
		if err != nil {
			failures = append(failures, err)
			continue
		}
		told++
	}
	if told == 0 {
		return fault.Wrap(errors.Join(failures...), "mailing an alarm")
	}
	return s.cfg.DB.Write(ctx, func(tx *store.Tx) error {
		if err := tellAlarm(tx, standing[i], told); err != nil {
			return err
		}
		tx.Log(standing[i].entry("alarm.told"))
		return nil
	})
}

// tellWhom lists addresses: the program's administrators, and for an office's own
// trouble those who look after its roster.
func (s *Service) tellWhom(ctx context.Context, al Alarm) ([]string, error) {
	people, err := s.people(ctx, al.Program, "")
	if err != nil {
		return nil, err
	}
	var out []string
	for _, p := range people.list {
		local := p.Office == al.Subject && (slices.Contains(p.Roles, roleAgencyAdmin) || slices.Contains(p.Roles, roleSupervisor))
		if p.Email != "" && (local || slices.Contains(p.Roles, roleProgramAdmin)) && !slices.Contains(out, p.Email) {
			out = append(out, p.Email)
		}
	}
	return out, nil
}
