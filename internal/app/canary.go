// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"waylight/internal/protection/canary"
	"waylight/internal/protection/report"
)

const (
	canaryTimeout = 15 * time.Second
	canaryAnswer  = 4 << 20 // bytes of a page that are read
)

// SendCanariesTo says where this process listens, so that its tests of the ways in
// can go there as a sender's machine does. Serve calls it. certificate is nil for
// plain HTTP.
func (a *App) SendCanariesTo(address string, certificate *tls.Certificate) error {
	line, err := a.lineTo(address, certificate)
	if err == nil {
		a.canaryLine.Store(&line)
	}
	return err
}

// lineTo speaks to this server's own listener under the name that senders use. A
// certificate that ended, or is for another name, breaks it as it does for them;
// who signed it is not looked at.
func (a *App) lineTo(address string, certificate *tls.Certificate) (canary.Line, error) {
	base := &url.URL{Scheme: "http", Host: address}
	if origin, err := url.Parse(a.Origin); err == nil && origin.Host != "" {
		base.Host = origin.Host
	}
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", address)
	}}
	if certificate != nil {
		base.Scheme = "https"
		roots := x509.NewCertPool()
		for _, der := range certificate.Certificate {
			c, err := x509.ParseCertificate(der)
			if err != nil {
				return nil, fmt.Errorf("reading the certificate: %w", err)
			}
			roots.AddCert(c)
		}
		transport.TLSClientConfig = &tls.Config{ServerName: base.Hostname(), RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	client := &http.Client{Transport: transport, Timeout: canaryTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return func(ctx context.Context, q canary.Ask) (canary.Answer, error) {
		r, err := http.NewRequestWithContext(ctx, q.Method, base.Scheme+"://"+base.Host+q.Path, bytes.NewReader(q.Body))
		if err != nil {
			return canary.Answer{}, err
		}
		for name, value := range map[string]string{"Content-Type": q.Type, report.CanaryHeader: q.Mark, "Idempotency-Key": q.Key} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		res, err := client.Do(r)
		if err != nil {
			return canary.Answer{}, err
		}
		defer res.Body.Close()
		body, err := io.ReadAll(io.LimitReader(res.Body, canaryAnswer))
		return canary.Answer{Status: res.StatusCode, Body: body}, err
	}, nil
}

// line is how the canaries reach this server, or nil while it does not serve.
func (a *App) line() canary.Line {
	if line := a.canaryLine.Load(); line != nil {
		return *line
	}
	return nil
}

// reachable is where a listener can be spoken to from this machine.
func reachable(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return addr.String()
	}
	host := "127.0.0.1"
	if tcp.IP.To4() == nil {
		host = "::1"
	}
	return net.JoinHostPort(host, fmt.Sprint(tcp.Port))
}

// wayWord names a way in for people.
func (a *App) wayWord(program, way string) string {
	if words := map[string]string{canary.WayPage: "The page", canary.WaySealed: "The page, sealed in the browser", canary.WayAPI: "The program interface"}[way]; words != "" {
		return words
	}
	return "Mail to the test address of " + a.nameOf(context.Background(), program, "office:"+way[min(len(way), len("mail:")):])
}
