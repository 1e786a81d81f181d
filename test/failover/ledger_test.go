// SPDX-License-Identifier: Apache-2.0

package failover

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"waylight/internal/app"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
	"waylight/internal/protection/report"
)

// struck is what one fault did.
type struck struct {
	fault
	from, to time.Time
	silence  time.Duration
	repeats  int64
}

// ledger is what became of every report.
type ledger struct {
	accepted, refused, lost, leafless, doubled int
}

// settle looks every report up that was accepted, and everything else that the
// database has.
func settle(t *testing.T, h *house, l *load) map[*sent]ledger {
	t.Helper()
	result := map[*sent]ledger{}
	arrive(t, l)
	kept, leaves := h.database(t)
	if len(kept) > len(l.all) {
		t.Errorf("the database has %d reports of %d that were sent", len(kept), len(l.all))
	}
	for id, n := range leaves {
		if n > 1 {
			t.Errorf("the log says %d times that report %s was accepted", n, id)
		}
	}
	lost := h.receipts(t, l)
	seen := map[string]*sent{}
	for _, s := range l.all {
		if s.at.IsZero() {
			if s.problem != "" {
				result[s] = ledger{refused: 1}
				t.Errorf("a report was refused after %d tries: %s", s.tries, s.problem)
			}
			continue
		}
		line := ledger{accepted: 1}
		if why, ok := lost[s]; ok {
			line.lost = 1
			t.Errorf("report %s was accepted at %s and its receipt finds nothing: %s", s.answer.Report, s.at.Format(time.TimeOnly), why)
		}
		if kept[s.answer.Report] != len(offices) {
			line.lost = 1
			t.Errorf("report %s was accepted at %s and has %d referrals", s.answer.Report, s.at.Format(time.TimeOnly), kept[s.answer.Report])
		}
		if leaves[s.answer.Report] == 0 {
			line.leafless = 1
			t.Errorf("report %s was accepted and the log does not say so", s.answer.Report)
		}
		if seen[s.answer.Report] != nil {
			line.doubled = 1
			t.Errorf("two reports were accepted as %s", s.answer.Report)
		}
		seen[s.answer.Report] = s
		result[s] = line
	}
	for _, d := range l.doubled {
		t.Error(d)
	}
	return result
}

// arrive waits until what the spools took has reached the database.
func arrive(t *testing.T, l *load) {
	t.Helper()
	spooled, deadline := 0, time.Now().Add(startLimit)
	for _, s := range l.all {
		if s.at.IsZero() || !s.answer.Waiting {
			continue
		}
		spooled++
		err := until(time.Until(deadline), func() error { // for all of them, or a run that lost many would not end
			if why := l.lookUp(s); why != "" {
				return errors.New(why)
			}
			return nil
		})
		if err != nil {
			t.Errorf("report %s was kept in a spool and does not arrive: %v", s.answer.Report, err)
		}
	}
	t.Logf("%d reports were kept in a spool while the database was away", spooled)
}

// receipts asks with every receipt, over HTTP, and says of each that fails why.
func (h *house) receipts(t *testing.T, l *load) map[*sent]string {
	t.Helper()
	failed := map[*sent]string{}
	var mu sync.Mutex
	var askers sync.WaitGroup
	work := make(chan *sent)
	for range 8 {
		askers.Go(func() {
			for s := range work {
				if why := l.lookUp(s); why != "" {
					mu.Lock()
					failed[s] = why
					mu.Unlock()
				}
			}
		})
	}
	for _, s := range l.all {
		if !s.at.IsZero() {
			work <- s
		}
	}
	close(work)
	askers.Wait()
	return failed
}

// lookUp asks for a report as its sender would, "" when it is found with the
// entry in the log that was promised.
func (l *load) lookUp(s *sent) string {
	body, _ := json.Marshal(map[string]string{"receipt": s.answer.Receipt})
	res, err := l.client.Post(l.addresses[s.tries%len(l.addresses)]+"/api/v1/receipt", "application/json", bytes.NewReader(body))
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	var status struct {
		Waiting bool
		Proof   struct{ Commitment, Broken *string }
	}
	if err := json.NewDecoder(res.Body).Decode(&status); err != nil {
		return err.Error()
	}
	switch {
	case res.StatusCode != http.StatusOK:
		return res.Status
	case status.Proof.Broken != nil:
		return "its promise is broken: " + *status.Proof.Broken
	case status.Waiting:
		return "it has not arrived from the spool"
	case s.answer.Waiting:
		return ""
	case status.Proof.Commitment == nil || *status.Proof.Commitment != s.answer.Promise.Commitment:
		return "another entry stands in the log than was promised"
	}
	return ""
}

// database reads, past Waylight's pages, how many referrals each report has and
// how often the log says that it was accepted.
func (h *house) database(t *testing.T) (referrals, leaves map[string]int) {
	t.Helper()
	ctx := context.Background()
	db, err := store.Inspect(ctx, h.cluster.url(), store.Options{Schemas: app.Schemas()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	referrals, leaves = map[string]int{}, map[string]int{}
	rows, err := db.Query(ctx, `select report.id, report.via, count(referral.id) from report left join referral
on referral.program = report.program and referral.report = report.id where report.program = $1 group by report.id, report.via`, program)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	own := map[string]bool{} // by which the program tests itself
	for rows.Next() {
		var id store.ID
		var via string
		var n int
		if err := rows.Scan(&id, &via, &n); err != nil {
			t.Fatal(err)
		}
		if via == report.ViaCanary {
			own[id.String()] = true
			continue
		}
		referrals[id.String()] = n
	}
	entries, err := db.Query(ctx, `select opening from custody_leaf where program = $1 order by idx`, program)
	if err != nil {
		t.Fatal(err)
	}
	defer entries.Close()
	for entries.Next() {
		var text []byte
		if err := entries.Scan(&text); err != nil {
			t.Fatal(err)
		}
		if o, err := custody.ParseOpening(text); err == nil && o.Event == "report.accepted" {
			if id := strings.TrimPrefix(o.Record, "report:"); !own[id] {
				leaves[id]++
			}
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if err := entries.Err(); err != nil {
		t.Fatal(err)
	}
	return referrals, leaves
}

// verify holds the database against its log, as waylight verify does.
func (h *house) verify(t *testing.T) {
	t.Helper()
	var out strings.Builder
	problems, err := app.Verification{Data: h.servers[0].data, Database: h.cluster.url(), Keyring: h.keyring}.Run(context.Background(), &out)
	if err != nil || problems > 0 {
		t.Errorf("verifying: %d problems, %v\n%s", problems, err, out.String())
	}
	t.Log(strings.TrimSpace(out.String()))
}

// table prints what each fault did, and each kind of it in all.
func table(t *testing.T, history []struck, reports map[*sent]ledger) {
	t.Helper()
	type line struct {
		ledger
		tried   int
		repeats int64
		longest time.Duration
	}
	var order []string
	sums := map[string]*line{}
	var b strings.Builder
	for i, s := range history {
		sum := sums[s.name]
		if sum == nil {
			sum = &line{}
			sums[s.name], order = sum, append(order, s.name)
		}
		sum.tried, sum.longest, sum.repeats = sum.tried+1, max(sum.longest, s.silence), sum.repeats+s.repeats
		fmt.Fprintf(&b, "%2d. %-40s %5.1f s without service, %4d tries that the sender had to repeat\n", i+1, s.name, s.silence.Seconds(), s.repeats)
		for r, l := range reports {
			if r.at.After(s.from) && r.at.Before(s.to) {
				sum.accepted, sum.lost, sum.doubled, sum.leafless = sum.accepted+l.accepted, sum.lost+l.lost, sum.doubled+l.doubled, sum.leafless+l.leafless
			}
		}
	}
	b.WriteString("\n| fault | times tried | accepted | lost | doubled | without leaf | longest without service |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for _, name := range order {
		s := sums[name]
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d | %.1f s |\n", name, s.tried, s.accepted, s.lost, s.doubled, s.leafless, s.longest.Seconds())
	}
	var all ledger
	for _, l := range reports {
		all.accepted, all.refused, all.lost = all.accepted+l.accepted, all.refused+l.refused, all.lost+l.lost
	}
	fmt.Fprintf(&b, "in all: %d accepted, %d lost, %d refused", all.accepted, all.lost, all.refused)
	t.Log("\n" + b.String())
}
