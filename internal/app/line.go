// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"

	"waylight/internal/platform/store"
)

// line is the senders' side of a measurement: plain connections that are kept
// open, so that the machine's time goes to the server and not to its callers.
type line struct {
	address string
	head    []byte // of a request, up to the idempotency key
	tail    []byte // the rest of the request
	free    chan *call
}

// call is one open connection.
type call struct {
	conn net.Conn
	in   *bufio.Reader
}

func newLine(address string, senders int, body []byte) *line {
	return &line{
		address: address, free: make(chan *call, senders),
		head: []byte("POST /api/v1/reports HTTP/1.1\r\nHost: " + address + "\r\nContent-Type: application/json\r\nContent-Length: " +
			strconv.Itoa(len(body)) + "\r\nIdempotency-Key: "),
		tail: append([]byte("\r\n\r\n"), body...),
	}
}

// send posts the report under a fresh key and returns the answer.
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
	request := make([]byte, 0, len(l.head)+52+len(l.tail))
	request = append(append(request, l.head...), store.NewID().String()+store.NewID().String()...)
	if _, err := c.conn.Write(append(request, l.tail...)); err != nil {
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
	if res.StatusCode != http.StatusCreated {
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
