// SPDX-License-Identifier: Apache-2.0

package overload

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"waylight/internal/platform/store"
)

// sender is somebody's program or browser: one connection that is kept open,
// and made anew when it breaks. What was not answered is sent again under the
// same key, as everybody is told to.
type sender struct {
	address string
	conn    net.Conn
	in      *bufio.Reader
	again   int // sent again
}

func (s *sender) hangUp() {
	if s.conn != nil {
		s.conn.Close()
	}
	s.conn = nil
}

// ask sends a request until it is answered.
func (s *sender) ask(request string, until time.Time) (status int, header http.Header, body []byte, err error) {
	for {
		if status, header, body, err = s.try(request); err == nil || time.Now().After(until) {
			return status, header, body, err
		}
		s.hangUp()
		s.again++
	}
}

func (s *sender) try(request string) (int, http.Header, []byte, error) {
	if s.conn == nil {
		conn, err := net.Dial("tcp", s.address)
		if err != nil {
			return 0, nil, nil, err
		}
		s.conn, s.in = conn, bufio.NewReaderSize(conn, 1<<10)
	}
	if _, err := io.WriteString(s.conn, request); err != nil {
		return 0, nil, nil, err
	}
	res, err := http.ReadResponse(s.in, nil)
	if err != nil {
		return 0, nil, nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if res.Close {
		s.hangUp()
	}
	return res.StatusCode, res.Header, body, err
}

func get(address, path, cookie string) string {
	line := fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\nSec-Fetch-Site: same-origin\r\n", path, address)
	if cookie != "" {
		line += "Cookie: waylight=" + cookie + "\r\n"
	}
	return line + "\r\n"
}

func post(address, path, kind, key, body string) string {
	line := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n", path, address, kind, len(body))
	if key != "" {
		line += "Idempotency-Key: " + key + "\r\n"
	}
	return line + "\r\n" + body
}

// story is a report of 2 KB about a child, which three offices are told of.
var story = strings.Repeat("An invented sentence that only measures. ", 48)

func report(address string) string {
	body, _ := json.Marshal(map[string]any{
		"program": "ms", "language": "en", "mode": "tip",
		"answers": map[string]any{"age": "under18", "who": "saw", "kind": "labor", "happened": "MS-28049", "land": "ordinary", "story": story},
	})
	return post(address, "/api/v1/reports", "application/json", store.NewID().String()+store.NewID().String(), string(body))
}
