// SPDX-License-Identifier: Apache-2.0

package file_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/file"
)

// A telephone whose connection breaks: the log does not say where it was.
func TestABrokenConnectionLeavesNoAddressInTheLog(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := build(t, db, clock)
	mux := http.NewServeMux()
	w.site.Mount(mux, w.routes(), w.byHeader)
	server := httptest.NewServer(mux)
	ana := w.hire(childCare, "Ana")
	sent := w.send(child())
	to := w.found(sent)
	x := w.seal(to, "a", threeParts())
	_, err := w.files.Begin(t.Context(), to, x.Begun)
	check(t, err)
	clock.Advance(time.Second)
	lookup := sent.Receipt.Lookup()
	form := "--x\r\nContent-Disposition: form-data; name=\"receipt\"\r\n\r\n" + sent.Receipt.Words("en") +
		"\r\n--x\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a.jpg\"\r\n\r\n" + strings.Repeat("p", 200_000)
	own := []string{
		resetIn(t, server.URL, "POST /receipt/files", "multipart/form-data; boundary=x", form),
		resetIn(t, server.URL, "PUT /receipt/files/ms/"+x.ID.String()+"/0", "application/octet-stream", string(lookup[:])+strings.Repeat("p", 200_000)),
	}
	server.Close() // every request has ended, and has written what it writes
	if files := w.list(ana, sent.Report); len(files) != 2 || files[1].State != file.Broken || files[1].Reason != file.ReasonCut {
		t.Errorf("what arrived: %+v", files)
	}
	for _, address := range own {
		if strings.Contains(w.logged.String(), address) || strings.Contains(w.logged.String(), "127.0.0.1") {
			t.Errorf("the log holds the sender's address:\n%s", w.logged)
		}
	}
}

// resetIn sends half of a request over a connection that is then reset, and gives
// the address that it came from.
func resetIn(t *testing.T, origin, line, kind, body string) string {
	t.Helper()
	host := strings.TrimPrefix(origin, "http://")
	c, err := net.Dial("tcp", host)
	check(t, err)
	_, err = fmt.Fprintf(c, "%s HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", line, host, kind, 3*len(body))
	check(t, err)
	_, err = io.ReadFull(c, make([]byte, len("HTTP/1.1 100 Continue\r\n\r\n"))) // it is being read
	check(t, err)
	_, err = io.WriteString(c, body)
	check(t, err)
	check(t, c.(*net.TCPConn).SetLinger(0)) // closing sends a reset
	address := c.LocalAddr().String()
	check(t, c.Close())
	return address
}

// A mail server that is away for long: nothing appears among the failed work,
// those on duty are mailed once when it is back, and only who was not.
func TestNoticesAreRetriedAndNeverFail(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := setup(t, db, clock)
	ana := w.hire(childCare, "Ana")
	w.shift(ana, agency.On)
	sent := w.send(child())
	w.run()
	to := w.found(sent)
	w.caught.Away(true)
	w.upload(to, w.seal(to, "a", []byte("words")))
	w.pass(3*time.Hour, 5*time.Minute)
	var dead, waiting int
	check(t, db.QueryRow(t.Context(), "select count(*), coalesce(sum(dead), 0) from job where kind = $1", file.KindNotice).Scan(&waiting, &dead))
	if dead != 0 || waiting != 1 {
		t.Errorf("%d notices are dead and %d wait", dead, waiting)
	}
	if w.events("file.notice_failed") == 0 || w.events("file.notice_sent") != 0 {
		t.Error("the attempts are not on record")
	}
	w.caught.Away(false)
	w.pass(4*time.Hour, 30*time.Minute)
	if n := w.events("file.notice_sent"); n != 1 {
		t.Errorf("%d mails were sent, want 1", n)
	}
}

// Files that begin at one moment do not slip past the limits together.
func TestFilesThatBeginTogetherAreCountedTogether(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana := w.hire(childCare, "Ana")
		sent := w.send(child())
		to := w.found(sent)
		w.limits = file.Limits{Count: 3}
		var all []sealed
		for range 12 {
			all = append(all, w.seal(to, "a", nil))
		}
		var together sync.WaitGroup
		for _, x := range all {
			together.Go(func() {
				if _, err := w.files.Begin(t.Context(), to, x.Begun); err != nil && !errors.Is(err, file.ErrCount) {
					t.Error(err)
				}
			})
		}
		together.Wait()
		if n := len(w.list(ana, sent.Report)); n != 3 {
			t.Errorf("%d files began, want 3", n)
		}
	})
}

// Connections that send next to nothing take next to nothing: others go on.
func TestSlowConnectionsDoNotStopOthers(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := setup(t, db, clock)
	w.hire(childCare, "Ana")
	host := strings.TrimPrefix(w.client.URL, "http://")
	for range 20 {
		sent := w.send(child())
		to := w.found(sent)
		x := w.seal(to, "slow", threeParts())
		_, err := w.files.Begin(t.Context(), to, x.Begun)
		check(t, err)
		lookup := sent.Receipt.Lookup()
		c, err := net.Dial("tcp", host)
		check(t, err)
		t.Cleanup(func() { c.Close() })
		_, err = fmt.Fprintf(c, "PUT /receipt/files/ms/%s/0 HTTP/1.1\r\nHost: %s\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", x.ID, host, 64+len(x.parts[0]))
		check(t, err)
		_, err = io.ReadFull(c, make([]byte, len("HTTP/1.1 100 Continue\r\n\r\n"))) // it is being read
		check(t, err)
		_, err = c.Write(append(lookup[:], make([]byte, 33)...))
		check(t, err)
	}
	sent := w.send(child())
	to := w.found(sent)
	x := w.seal(to, "quick", threeParts())
	s := script{w, sent.Receipt.Lookup()}
	s.begin(x)
	for n, part := range x.parts {
		if status, out := s.put(x, n, part); status != http.StatusOK {
			t.Fatalf("part %d beside slow ones: %d %v", n, status, out)
		}
	}
}
