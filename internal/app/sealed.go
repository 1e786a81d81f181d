// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"waylight/internal/platform/form"
	"waylight/internal/protection/report"
)

// benchClear are the answers of the measured report that routing needs, and
// benchWords the others.
var (
	benchClear = url.Values{"mode": {"tip"}, "age": {"under18"}, "who": {"saw"}, "kind": {"labor"}, "happened": {"MS-28049"}, "land": {"ordinary"}}
	benchWords = form.Answers{"story": {benchStory}}
)

// sealedBodies makes the measured report as senders' browsers send it: sealed, by
// way of the questions that they ask. lookupAt is where the receipt's lookup
// stands in each.
func (a *App) sealedBodies(address string) (bodies [][]byte, lookupAt int, err error) {
	for range 64 {
		sender := report.Sender{Program: benchProgram, Language: "en", Directory: a.Directory}
		rand.Read(sender.Receipt[:])
		who, err := asked(address, "/"+benchProgram+"/who", benchClear)
		if err != nil {
			return nil, 0, err
		}
		var told struct{ Shown string }
		if err := json.Unmarshal(who, &told); err != nil {
			return nil, 0, fmt.Errorf("reading who is told: %w", err)
		}
		keys, err := asked(address, "/"+benchProgram+"/seal", sender.Ask(benchClear))
		if err != nil {
			return nil, 0, err
		}
		body, err := sender.Seal(keys, benchClear, told.Shown, benchWords, nil)
		if err != nil {
			return nil, 0, err
		}
		lookup := sender.Receipt.Lookup()
		bodies, lookupAt = append(bodies, body), bytes.Index(body, lookup[:])
	}
	return bodies, lookupAt, nil
}

// asked asks the running site what a browser asks before it seals.
func asked(address, path string, fields url.Values) ([]byte, error) {
	body := fields.Encode()
	line := newLine(address, 1, func() []byte {
		return []byte("POST " + path + " HTTP/1.1\r\nHost: " + address + "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: " +
			strconv.Itoa(len(body)) + "\r\n\r\n" + body)
	})
	line.want = http.StatusOK
	defer line.hangUp()
	answer, err := line.send()
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", path, err)
	}
	return answer, nil
}
