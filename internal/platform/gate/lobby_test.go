// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"

	"waylight/internal/platform/gate"
)

// house serves behind a lobby; every request that came to its end is answered
// when the test says so.
func house(t *testing.T, most int) (address string, asked chan struct{}, answer chan struct{}) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	lobby := gate.NewLobby(l, most)
	asked, answer = make(chan struct{}), make(chan struct{})
	server := &http.Server{
		ConnState: lobby.State, ConnContext: lobby.Context, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				return
			}
			gate.Asked(r.Context())
			asked <- struct{}{}
			<-answer
		}),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(lobby) }()
	t.Cleanup(func() {
		server.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return l.Addr().String(), asked, answer
}

func dial(t *testing.T, address, request string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err == nil {
		_, err = fmt.Fprint(c, request)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

const whole = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

// A house full of those who ask nothing, or never come to the end of what they
// ask, lets in whoever does; what was asked in full is answered.
func TestMuteConnectionsMakeRoom(t *testing.T) {
	t.Parallel()
	address, asked, answer := house(t, 4)
	first := dial(t, address, whole)
	<-asked
	for i := range 5 {
		dial(t, address, []string{"", "GET / HTTP"}[i%2])
	}
	second := dial(t, address, whole) // waits outside until the mute have had their grace
	<-asked
	for i, c := range []net.Conn{first, second} {
		if i == 0 {
			answer <- struct{}{}
			answer <- struct{}{}
		}
		if res, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || res.StatusCode != http.StatusOK {
			t.Errorf("who asked as number %d was answered %v, %v", i+1, res, err)
		}
	}
}

// Connections that are kept open for later make room at once.
func TestIdleConnectionsMakeRoom(t *testing.T) {
	t.Parallel()
	address, asked, answer := house(t, 2)
	for range 50 {
		c := dial(t, address, whole)
		<-asked
		answer <- struct{}{}
		if _, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil {
			t.Fatal(err)
		}
	}
}

// A house full of requests under way lets nobody in, and turns nobody away.
func TestAFullHouseLetsWait(t *testing.T) {
	t.Parallel()
	address, asked, answer := house(t, 2)
	var all []net.Conn
	for range 2 {
		all = append(all, dial(t, address, whole))
		<-asked
	}
	for range 3 {
		all = append(all, dial(t, address, whole))
	}
	for range 5 {
		select {
		case answer <- struct{}{}:
		case <-asked:
			answer <- struct{}{}
		}
	}
	for i, c := range all {
		if res, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || res.StatusCode != http.StatusOK {
			t.Errorf("number %d was answered %v, %v", i+1, res, err)
		}
	}
}
