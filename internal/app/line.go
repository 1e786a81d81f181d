// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bufio"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"

	"waylight/internal/platform/store"
)

// line is the senders' side of a measurement: plain connections that are kept
// open, so that the machine's time goes to the server and not to its callers.
type line struct {
	address string
	request func() []byte // the next request, whole
	want    int           // the status of the answer; anything else is a failure
	free    chan *call
}

// call is one open connection.
type call struct {
	conn net.Conn
	in   *bufio.Reader
}

func newLine(address string, senders int, request func() []byte) *line {
	return &line{address: address, free: make(chan *call, senders), request: request, want: http.StatusCreated}
}

// inClear makes requests whose words the server seals: each under a fresh key.
func inClear(address string, body []byte) func() []byte {
	head := []byte("POST /api/v1/reports HTTP/1.1\r\nHost: " + address + "\r\nContent-Type: application/json\r\nContent-Length: " +
		strconv.Itoa(len(body)) + "\r\nIdempotency-Key: ")
	tail := append([]byte("\r\n\r\n"), body...)
	return func() []byte {
		request := make([]byte, 0, len(head)+52+len(tail))
		request = append(append(request, head...), store.NewID().String()+store.NewID().String()...)
		return append(request, tail...)
	}
}

// ready makes requests of reports that were sealed before the measurement began,
// over and over, each under a receipt of its own. That the sealed parts were made
// for another one is for their readers to find; a server cannot tell.
func ready(address, program string, bodies [][]byte, lookupAt int) func() []byte {
	var next atomic.Int64
	head := "POST /" + program + "/sealed HTTP/1.1\r\nHost: " + address + "\r\nContent-Type: application/octet-stream\r\nContent-Length: "
	return func() []byte {
		body := bodies[int(next.Add(1))%len(bodies)]
		request := make([]byte, 0, len(head)+16+len(body))
		request = append(request, head...)
		request = append(strconv.AppendInt(request, int64(len(body)), 10), "\r\n\r\n"...)
		at := len(request) + lookupAt
		request = append(request, body...)
		rand.Read(request[at : at+32])
		return request
	}
}

// send posts the next report and returns the answer.
func (l *line) send() ([]byte, error) {
	c, err := l.connect()
	if err != nil {
		return nil, err
	}
	answer, err := l.post(c)
	if err != nil {
		c.conn.Close()
		return nil, err
	}
	l.free <- c
	return answer, nil
}

func (l *line) connect() (*call, error) {
	select {
	case c := <-l.free:
		return c, nil
	default:
	}
	conn, err := net.Dial("tcp", l.address)
	if err != nil {
		return nil, err
	}
	return &call{conn: conn, in: bufio.NewReaderSize(conn, 8<<10)}, nil
}

func (l *line) post(c *call) ([]byte, error) {
	if _, err := c.conn.Write(l.request()); err != nil {
		return nil, err
	}
	res, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != l.want {
		return nil, fmt.Errorf("answered %d: %s", res.StatusCode, answer)
	}
	return answer, nil
}

// hangUp closes the connections that are open.
func (l *line) hangUp() {
	for {
		select {
		case c := <-l.free:
			c.conn.Close()
		default:
			return
		}
	}
}
