// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Peer is a witness that a log asks.
type Peer struct {
	url string
	key Key
}

// NewPeer is the witness at an address, known by its key. Beyond this machine the
// address must be https.
func NewPeer(address string, key Key) (Peer, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return Peer{}, errors.New("a witness is named like https://witness.example.gov=KEYFILE")
	}
	ip := net.ParseIP(u.Hostname())
	local := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return Peer{}, errors.New("a witness on another machine is asked over https only")
	}
	return Peer{url: strings.TrimRight(address, "/"), key: key}, nil
}

// Key is what the witness is known by.
func (p Peer) Key() Key { return p.key }

// ErrForked says that a witness signed another history of this log before, or a
// longer one.
var ErrForked = errors.New("the witness has seen another history of this log")

// patience is how long a witness may take.
const patience = 15 * time.Second

// client follows no redirects and uses no proxy: a checkpoint goes where the
// administrator said, or nowhere.
var client = &http.Client{
	Timeout:       patience,
	Transport:     &http.Transport{TLSHandshakeTimeout: patience, ResponseHeaderTimeout: patience, MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// Ask sends a checkpoint of the given size to the witness and returns its
// cosignature. prove makes the proof of growth from a size that the witness
// signed before.
func (p Peer) Ask(ctx context.Context, checkpoint string, size, old int64, prove func(old int64) (Request, error)) (Cosignature, error) {
	for range 2 {
		r, err := prove(old)
		if err != nil {
			return Cosignature{}, err
		}
		r.Checkpoint = checkpoint
		answer, err := p.send(ctx, r)
		var no refusal
		switch {
		case err == nil:
			list := Cosigned(strings.TrimSuffix(checkpoint, "\n")+"\n"+answer, []Key{p.key})
			if len(list) == 0 {
				return Cosignature{}, errors.New("the witness answered without its signature")
			}
			return list[0], nil
		case !errors.As(err, &no):
			return Cosignature{}, err
		case no.status == http.StatusUnprocessableEntity, no.status == http.StatusConflict && (no.size > size || no.size == old):
			return Cosignature{}, ErrForked
		case no.status != http.StatusConflict:
			return Cosignature{}, err
		}
		old = no.size
	}
	return Cosignature{}, errors.New("the witness signs for somebody else at the same time")
}

func (p Peer) send(ctx context.Context, r Request) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+"/add-checkpoint", strings.NewReader(r.String()))
	if err != nil {
		return "", fmt.Errorf("asking the witness %s: %w", p.key.name, err)
	}
	answer, err := client.Do(request)
	if err != nil {
		return "", fmt.Errorf("asking the witness %s: %w", p.key.name, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, largest))
	if err != nil {
		return "", fmt.Errorf("asking the witness %s: %w", p.key.name, err)
	}
	if answer.StatusCode == http.StatusOK {
		return string(body), nil
	}
	no := refusal{status: answer.StatusCode}
	if no.status == http.StatusConflict {
		if no.size, err = size(strings.TrimSuffix(string(body), "\n")); err != nil {
			return "", fmt.Errorf("the witness %s answers a conflict without a size", p.key.name)
		}
	}
	return "", no
}
