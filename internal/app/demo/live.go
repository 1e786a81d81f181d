// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"fmt"
	"slices"
	"time"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/protection/referral"
	"waylight/internal/protection/report"
)

// quiet is how long before the end of the week the last reports came in that
// nobody has touched yet.
const quiet = 3 * time.Hour

// event is something that happens in the demo's week.
type event struct {
	at time.Time
	do func(ctx context.Context) error
}

// plan puts an event in its place; nothing is planned beyond the week's end.
func (d *Demo) plan(at time.Time, do func(ctx context.Context) error) {
	if at.After(d.end) {
		return
	}
	i, _ := slices.BinarySearchFunc(d.events, at, func(e event, t time.Time) int {
		if e.at.After(t) {
			return 1
		}
		return -1
	})
	d.events = slices.Insert(d.events, i, event{at, do})
}

// live lets the week pass: reports come in, people act on them, and the clocks
// run, each at its own time and in its order.
func (d *Demo) live(ctx context.Context, end time.Time) error {
	start := d.clock.Now()
	d.end = end
	step := end.Sub(start) / time.Duration(d.Config.Reports+1)
	for i := range d.Config.Reports {
		d.plan(start.Add(step*time.Duration(i+1)), func(ctx context.Context) error { return d.arrive(ctx, i) })
	}
	d.plan(end.Add(-10*time.Minute), d.takeOne)
	d.plan(end.Add(-8*time.Minute), d.courts)
	for at := start; at.Before(end); at = at.Add(6 * time.Hour) {
		d.plan(at, func(ctx context.Context) error { _, err := d.App.Runner.RunDue(ctx); return err })
	}
	for len(d.events) > 0 {
		next := d.events[0]
		d.events = d.events[1:]
		d.clock.Stand(next.at)
		if err := next.do(ctx); err != nil {
			return err
		}
	}
	d.clock.Stand(end)
	if _, err := d.App.Runner.RunDue(ctx); err != nil {
		return err
	}
	if err := d.surge(ctx); err != nil {
		return fmt.Errorf("entering the invented surge: %w", err)
	}
	if err := d.post(ctx); err != nil {
		return fmt.Errorf("hanging invented sheets: %w", err)
	}
	if err := d.App.PublishAll(ctx); err != nil {
		return err
	}
	if err := d.tellFigures(ctx); err != nil {
		return err
	}
	return d.App.PublishAll(ctx)
}

// arrive accepts a report and plans what the offices do about it.
func (d *Demo) arrive(ctx context.Context, n int) error {
	accepted, err := d.Send(ctx, n)
	if err != nil {
		return fmt.Errorf("report %d: %w", n+1, err)
	}
	d.reports = append(d.reports, accepted.Report)
	if d.end.Sub(d.clock.Now()) > quiet {
		d.handle(n, accepted)
		d.unusual(n, accepted)
	}
	return nil
}

// Send accepts the n-th report as the public page does.
func (d *Demo) Send(ctx context.Context, n int) (report.Accepted, error) {
	s := tell(n)
	key := store.NewID().String() + store.NewID().String()
	accepted, err := d.App.Reports.Accept(ctx, report.Submission{Program: Program, Language: s.language, Key: []byte(key), Answers: s.answers, Via: report.ViaWeb})
	if err != nil {
		return accepted, err
	}
	if what := map[int]string{1: "a tip that was read", d.Config.Reports - 2: "a tip that nobody opened yet"}[n]; what != "" {
		d.samples = append(d.samples, sample{what, accepted.Receipt.Words(s.language)})
	}
	return accepted, nil
}

// handle lets each office that the report went to do its part, or not: every
// seventh stays where it is until its clock runs out.
func (d *Demo) handle(n int, accepted report.Accepted) {
	for k, told := range accepted.Deliveries {
		turn := n*3 + k
		who := d.on(told.Holder, turn)
		if turn%7 == 6 || who == nil || d.apart(n, told.Holder) {
			continue
		}
		at := d.clock.Now().Add(time.Duration(2+turn%25) * time.Minute)
		d.plan(at, func(ctx context.Context) error {
			if err := d.open(ctx, who, accepted.Report); err != nil {
				return fmt.Errorf("%s opening report %d: %w", told.Holder, n+1, err)
			}
			work := d.follow
			if told.How == report.HowRelay {
				work = d.relay
			}
			if err := work(ctx, who, accepted.Report, turn); err != nil {
				return fmt.Errorf("%s working on report %d: %w", told.Holder, n+1, err)
			}
			return nil
		})
	}
}

// open does what the member's browser does: opens the words and signs it.
func (d *Demo) open(ctx context.Context, who *person, id store.ID) error {
	_, _, err := d.read(ctx, who, id)
	return err
}

// read is open that keeps the content key, as the browser does for sending on.
func (d *Demo) read(ctx context.Context, who *person, id store.ID) (*seal.ContentKey, report.Sealed, error) {
	sealed, err := d.App.Reports.Body(ctx, Program, id, who.office)
	if err != nil {
		return nil, sealed, err
	}
	_, content, err := who.holder.OpenReport(who.office, sealed.Wrap, sealed.Ciphertext, sealed.Record(), sealed.Hash, who.office)
	if err != nil {
		return nil, sealed, err
	}
	m := who.holder.Member
	signature := who.holder.SignStatement(referral.OpenedStatement(Program, id, sealed.Hash, who.office, m.ID))
	return content, sealed, d.App.Referrals.Open(ctx, m, id, content.OpeningToken(), signature)
}

// follow acknowledges, and records what came of it.
func (d *Demo) follow(ctx context.Context, who *person, id store.ID, turn int) error {
	m := who.holder.Member
	if turn%5 == 4 {
		return nil // opened, not acknowledged
	}
	if err := d.App.Referrals.Acknowledge(ctx, m, id); err != nil {
		return err
	}
	if turn%3 == 0 {
		if err := d.note(ctx, who, id, "[Demo] Called back twice, spoke with the duty officer. Invented note."); err != nil {
			return err
		}
	}
	if turn%4 == 3 {
		return nil // acknowledged, still open
	}
	d.plan(d.clock.Now().Add(time.Hour), func(ctx context.Context) error {
		return d.App.Referrals.RecordOutcome(ctx, m, id, referral.Outcomes()[turn%6])
	})
	return nil
}

func (d *Demo) note(ctx context.Context, who *person, id store.ID, text string) error {
	key := d.App.Agencies.Keys(Program)[who.office]
	sealed, err := who.holder.SealNote(Program, id.String(), who.office, text)
	if err != nil {
		return err
	}
	return d.App.Referrals.AddNote(ctx, who.holder.Member, id, key.ID, sealed)
}

// relay works the desk's tasks about a report: most are done, some could not
// be reached, some are only taken.
func (d *Demo) relay(ctx context.Context, who *person, id store.ID, turn int) error {
	m := who.holder.Member
	page, err := d.App.Referrals.List(ctx, m, referral.Filter{List: referral.ListTasks, Text: id.String()})
	if err != nil {
		return err
	}
	for _, task := range page.Rows {
		if task.TakenBy != (store.ID{}) {
			continue
		}
		if err := d.App.Referrals.Take(ctx, m, task.ID); err != nil {
			return err
		}
		switch turn % 5 {
		case 0:
			continue
		case 1:
			err = d.App.Referrals.TryLater(ctx, m, task.ID, referral.Attempt{Result: "no_answer", RetryAt: d.clock.Now().Add(time.Hour)})
		default:
			err = d.complete(ctx, who, task, turn)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// complete types back what the other side said. Where the pack knows no
// number, the operator found the way and says whom they spoke to.
func (d *Demo) complete(ctx context.Context, who *person, task referral.Referral, turn int) error {
	proof := referral.Proof{Kind: referral.ProofCode, Code: fmt.Sprintf("DEMO-%04d", turn)}
	if !slices.Contains(task.Proofs, proof.Kind) && slices.Contains(task.Proofs, referral.ProofReply) {
		proof.Kind = referral.ProofReply
	}
	state := d.App.Agencies.Channels(Program)
	p, _ := d.App.Programs.Program(Program)
	for _, c := range p.Offices[task.Recipient].Channels {
		if state(c).Showable(true) {
			proof.Channel = c
			break
		}
	}
	return d.App.Referrals.Complete(ctx, who.holder.Member, task.ID, proof)
}

// Checkpoint is the latest public checkpoint of the demo's log.
func (d *Demo) Checkpoint(ctx context.Context) (string, error) {
	cp, err := custody.Latest(ctx, d.App.DB, Program)
	return cp.Note, err
}
