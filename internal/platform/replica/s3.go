// SPDX-License-Identifier: Apache-2.0

package replica

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// s3 keeps a copy in a store that speaks the S3 protocol. An object never
// changes there, so what is appended stands in objects of its own, named by
// where it begins: wal-…/<offset>.
type s3 struct {
	endpoint, bucket, prefix, region string
	key, secret                      string
	client                           *http.Client
}

// openS3 reads s3://BUCKET/PREFIX?endpoint=https://…&region=…; the key comes from
// the environment.
func openS3(address string) (Target, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, errors.New("the second copy's address is written like s3://BUCKET/PREFIX?endpoint=https://s3.example.gov&region=us-east-1")
	}
	q := u.Query()
	s := &s3{
		bucket: u.Host, prefix: strings.Trim(u.Path, "/"), region: cmp.Or(q.Get("region"), os.Getenv("AWS_REGION"), "us-east-1"),
		key: os.Getenv("AWS_ACCESS_KEY_ID"), secret: os.Getenv("AWS_SECRET_ACCESS_KEY"),
		client: &http.Client{Timeout: 2 * time.Minute},
	}
	s.endpoint = strings.TrimSuffix(cmp.Or(q.Get("endpoint"), os.Getenv("AWS_ENDPOINT_URL"), "https://s3."+s.region+".amazonaws.com"), "/")
	if s.prefix != "" {
		s.prefix += "/"
	}
	if s.key == "" || s.secret == "" {
		return nil, errors.New("the second copy's key is read from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, which are not set")
	}
	at, err := url.Parse(s.endpoint)
	if err != nil || at.Host == "" || at.Scheme != "https" && !isLoopback(at.Hostname()) {
		return nil, errors.New("the second copy's endpoint is written like https://s3.example.gov; without TLS only on this machine")
	}
	return s, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Append implements Target. An object that a failed attempt left at the same
// place is replaced.
func (s *s3) Append(ctx context.Context, name string, off int64, b []byte) error {
	_, err := s.do(ctx, http.MethodPut, s.prefix+name+fmt.Sprintf("/%016d", off), nil, b)
	return err
}

// part is one object of a name.
type part struct {
	name      string
	off, size int64
}

// parts lists objects below a name, or all, in order of their names and places.
func (s *s3) parts(ctx context.Context, below string) ([]part, error) {
	var list []part
	q := url.Values{"list-type": {"2"}, "prefix": {s.prefix + below}}
	for {
		answer, err := s.do(ctx, http.MethodGet, "", q, nil)
		if err != nil {
			return nil, err
		}
		var page struct {
			Contents []struct {
				Key  string
				Size int64
			}
			IsTruncated           bool
			NextContinuationToken string
		}
		err = xml.NewDecoder(answer).Decode(&page)
		if err = errors.Join(err, answer.Close()); err != nil {
			return nil, fmt.Errorf("reading the store's list: %w", err)
		}
		for _, c := range page.Contents {
			name, place, _ := strings.Cut(strings.TrimPrefix(c.Key, s.prefix), "/")
			off, err := strconv.ParseInt(place, 10, 64)
			if err == nil {
				list = append(list, part{name, off, c.Size})
			}
		}
		if !page.IsTruncated || page.NextContinuationToken == "" {
			slices.SortFunc(list, func(a, b part) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.off, b.off)) })
			return list, nil
		}
		q.Set("continuation-token", page.NextContinuationToken)
	}
}

// whole are the parts of a name that stand one behind the other.
func whole(parts []part) (list []part, size int64) {
	for _, p := range parts {
		if p.off == size {
			list, size = append(list, p), size+p.size
		}
	}
	return list, size
}

// Names implements Target.
func (s *s3) Names(ctx context.Context) (map[string]int64, error) {
	all, err := s.parts(ctx, "")
	if err != nil {
		return nil, err
	}
	by := map[string][]part{}
	for _, p := range all {
		by[p.name] = append(by[p.name], p)
	}
	names := map[string]int64{}
	for name, parts := range by {
		_, names[name] = whole(parts)
	}
	return names, nil
}

// Open implements Target.
func (s *s3) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	parts, err := s.parts(ctx, name+"/")
	if err != nil {
		return nil, err
	}
	list, _ := whole(parts)
	return &joined{ctx: ctx, s: s, left: list}, nil
}

// joined reads parts one after the other.
type joined struct {
	ctx  context.Context
	s    *s3
	left []part
	now  io.ReadCloser
}

// Read implements io.Reader.
func (j *joined) Read(b []byte) (int, error) {
	for {
		if j.now == nil {
			if len(j.left) == 0 {
				return 0, io.EOF
			}
			next, err := j.s.do(j.ctx, http.MethodGet, j.s.prefix+j.left[0].name+fmt.Sprintf("/%016d", j.left[0].off), nil, nil)
			if err != nil {
				return 0, err
			}
			j.now, j.left = next, j.left[1:]
		}
		n, err := j.now.Read(b)
		if errors.Is(err, io.EOF) {
			err = j.Close()
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// Close implements io.Closer.
func (j *joined) Close() error {
	if j.now == nil {
		return nil
	}
	err := j.now.Close()
	j.now = nil
	return err
}

// Remove implements Target.
func (s *s3) Remove(ctx context.Context, name string) error {
	parts, err := s.parts(ctx, name+"/")
	if err != nil {
		return err
	}
	for _, p := range parts {
		if _, err := s.do(ctx, http.MethodDelete, s.prefix+p.name+fmt.Sprintf("/%016d", p.off), nil, nil); err != nil {
			return err
		}
	}
	return nil
}

// do makes one signed request, and again when the store says that it is busy. Of
// GET the answer's body is the caller's to close.
func (s *s3) do(ctx context.Context, method, key string, q url.Values, body []byte) (io.ReadCloser, error) {
	var last error
	for try := range 4 {
		if try > 0 {
			pause := time.NewTimer(time.Duration(100<<try) * time.Millisecond)
			select {
			case <-pause.C:
			case <-ctx.Done():
				pause.Stop()
				return nil, ctx.Err()
			}
		}
		res, err := s.once(ctx, method, key, q, body)
		if err != nil {
			last = err
			continue
		}
		if res.StatusCode/100 == 2 {
			if method == http.MethodGet {
				return res.Body, nil
			}
			io.Copy(io.Discard, res.Body)
			return nil, res.Body.Close()
		}
		said, _ := io.ReadAll(io.LimitReader(res.Body, 500))
		res.Body.Close()
		last = fmt.Errorf("the store answers %s: %s", res.Status, said)
		if res.StatusCode < 500 && res.StatusCode != http.StatusTooManyRequests {
			break
		}
	}
	return nil, last
}

func (s *s3) once(ctx context.Context, method, key string, q url.Values, body []byte) (*http.Response, error) {
	path := "/" + escape(s.bucket, false)
	if key != "" {
		path += "/" + escape(key, true)
	}
	query := canonicalQuery(q)
	address := s.endpoint + path
	if query != "" {
		address += "?" + query
	}
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	s.sign(req, path, query, body, time.Now().UTC())
	return s.client.Do(req)
}

// sign signs a request by AWS Signature Version 4.
func (s *s3) sign(req *http.Request, path, query string, body []byte, now time.Time) {
	sum := sha256.Sum256(body)
	payload, stamp, day := hex.EncodeToString(sum[:]), now.Format("20060102T150405Z"), now.Format("20060102")
	req.Header.Set("X-Amz-Date", stamp)
	req.Header.Set("X-Amz-Content-Sha256", payload)
	const signed = "host;x-amz-content-sha256;x-amz-date"
	canonical := strings.Join([]string{
		req.Method, path, query,
		"host:" + req.URL.Host, "x-amz-content-sha256:" + payload, "x-amz-date:" + stamp, "",
		signed, payload,
	}, "\n")
	hashed := sha256.Sum256([]byte(canonical))
	scope := day + "/" + s.region + "/s3/aws4_request"
	text := "AWS4-HMAC-SHA256\n" + stamp + "\n" + scope + "\n" + hex.EncodeToString(hashed[:])
	k := []byte("AWS4" + s.secret)
	for _, part := range []string{day, s.region, "s3", "aws4_request", text} {
		mac := hmac.New(sha256.New, k)
		mac.Write([]byte(part))
		k = mac.Sum(nil)
	}
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+s.key+"/"+scope+", SignedHeaders="+signed+", Signature="+hex.EncodeToString(k))
}

func canonicalQuery(q url.Values) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(q)) {
		for _, v := range q[name] {
			list = append(list, escape(name, false)+"="+escape(v, false))
		}
	}
	return strings.Join(list, "&")
}

// escape is the one way that signatures count with.
func escape(s string, slashes bool) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.', c == '~', c == '/' && slashes:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
