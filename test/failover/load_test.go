// SPDX-License-Identifier: Apache-2.0

package failover

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"waylight/internal/platform/store"
)

// answer is what a sender is told of an accepted report.
type answer struct {
	Receipt string
	Report  string
	Waiting bool // kept in a server's spool, whose promise is another log's
	Promise struct{ Commitment string }
}

// agrees says whether both answers promise the same. One that a spool gave is kept
// by another log's entry than one of the main database, or of another spool.
func (a answer) agrees(b answer) bool {
	same := a.Report == b.Report && a.Receipt == b.Receipt
	return same && (a.Waiting || b.Waiting || a.Promise == b.Promise)
}

// sent is one report as its sender knows it.
type sent struct {
	key, body string
	answer    answer
	at        time.Time // when it was accepted; zero: it was not
	tries     int
	problem   string // what its sender was told last when it was not accepted
}

// load are the senders.
type load struct {
	addresses []string
	client    *http.Client
	patience  time.Duration // how long a sender tries the same report again
	pause     time.Duration // between two reports of one sender
	stop      chan struct{}
	done      sync.WaitGroup
	accepted  atomic.Int64
	spooled   atomic.Int64 // of those, into a spool
	repeats   atomic.Int64 // of submissions that had no answer, or a bad one
	mu        sync.Mutex
	all       []*sent
	doubled   []string
}

func startLoad(h *house, senders int) *load {
	l := &load{
		client:   &http.Client{Timeout: 40 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: senders}},
		patience: 2 * time.Minute, pause: 100 * time.Millisecond, stop: make(chan struct{}),
	}
	for _, s := range h.servers {
		l.addresses = append(l.addresses, "http://"+loopback(s.port))
	}
	for i := range senders {
		l.done.Go(func() { l.sender(i) })
	}
	return l
}

// end lets the senders finish what they are at.
func (l *load) end() {
	close(l.stop)
	l.done.Wait()
	l.client.CloseIdleConnections()
}

func (l *load) sender(number int) {
	for n := 0; ; n++ {
		s := compose(number, n)
		l.mu.Lock()
		l.all = append(l.all, s)
		l.mu.Unlock()
		l.send(s, number+n)
		if s.at.IsZero() {
			continue
		}
		if n%10 == 0 {
			l.again(s, number+n+1)
		}
		select {
		case <-l.stop:
			return
		case <-time.After(l.pause):
		}
	}
}

// compose makes a report that no other is like.
func compose(sender, n int) *sent {
	body, _ := json.Marshal(map[string]any{
		"program": program, "language": "en", "mode": "tip",
		"answers": map[string]any{"age": "under18", "who": "saw", "kind": "labor", "happened": "MS-28049", "land": "ordinary",
			"story": fmt.Sprintf("Invented report %d of sender %d. %s", n, sender, strings.Repeat("It only tests. ", 40))},
	})
	return &sent{key: store.NewID().String() + store.NewID().String(), body: string(body)}
}

// send tries until the report is accepted, as a sender's browser or program
// does: the same words under the same key, to whichever process answers.
func (l *load) send(s *sent, first int) {
	began := time.Now()
	for {
		s.tries++
		got, problem := l.post(s, l.addresses[(first+s.tries)%len(l.addresses)])
		if problem == "" {
			l.mu.Lock()
			s.answer, s.at = got, time.Now()
			l.mu.Unlock()
			l.accepted.Add(1)
			if got.Waiting {
				l.spooled.Add(1)
			}
			return
		}
		s.problem = problem
		l.repeats.Add(1)
		if time.Since(began) > l.patience || strings.HasPrefix(problem, "4") {
			return
		}
		<-time.After(200 * time.Millisecond)
	}
}

// again sends an accepted report once more, as a double click does.
func (l *load) again(s *sent, first int) {
	for range 50 {
		got, problem := l.post(s, l.addresses[first%len(l.addresses)])
		if problem != "" {
			first++
			<-time.After(200 * time.Millisecond)
			continue
		}
		if !got.agrees(s.answer) {
			l.mu.Lock()
			l.doubled = append(l.doubled, fmt.Sprintf("%s was accepted as %s", s.answer.Report, got.Report))
			l.mu.Unlock()
		}
		return
	}
}

// post sends a report once and says what was wrong with the answer, "" for nothing.
func (l *load) post(s *sent, address string) (answer, string) {
	req, err := http.NewRequest(http.MethodPost, address+"/api/v1/reports", strings.NewReader(s.body))
	if err != nil {
		return answer{}, "4 " + err.Error()
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", s.key)
	res, err := l.client.Do(req)
	if err != nil {
		return answer{}, "no answer: " + err.Error()
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}, "half an answer: " + err.Error()
	}
	if res.StatusCode != http.StatusCreated && res.StatusCode != http.StatusOK {
		return answer{}, fmt.Sprintf("%d %s", res.StatusCode, bytes.TrimSpace(text))
	}
	var got answer
	if err := json.Unmarshal(text, &got); err != nil || got.Receipt == "" || got.Report == "" || got.Promise.Commitment == "" {
		return answer{}, fmt.Sprintf("4 an answer without receipt or promise: %s", text)
	}
	return got, ""
}

// flows waits until so many more reports were accepted.
func (l *load) flows(n int64) error { return more(l.accepted.Load, n, "accepted") }

// spools waits until so many more reports were accepted into a spool.
func (l *load) spools(n int64) error { return more(l.spooled.Load, n, "accepted into a spool") }

// stores waits until so many more reports were accepted by the database itself.
func (l *load) stores(n int64) error {
	return more(func() int64 { return l.accepted.Load() - l.spooled.Load() }, n, "accepted by the database")
}

func more(count func() int64, n int64, how string) error {
	from := count()
	return until(startLimit, func() error {
		if got := count() - from; got < n {
			return fmt.Errorf("%d of %d reports were %s", got, n, how)
		}
		return nil
	})
}

// silence is the longest time between two acceptances from one moment to another.
func (l *load) silence(from, to time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	var times []time.Time
	for _, s := range l.all {
		if s.at.After(from) && s.at.Before(to) {
			times = append(times, s.at)
		}
	}
	return longestGap(from, times)
}

func longestGap(from time.Time, times []time.Time) time.Duration {
	slices.SortFunc(times, time.Time.Compare)
	longest := time.Duration(0)
	for _, at := range times {
		longest = max(longest, at.Sub(from))
		from = at
	}
	return longest
}
