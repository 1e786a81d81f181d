// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"waylight/internal/app"
)

// maxFetched is far more than any page or script of a site.
const maxFetched = 8 << 20

// checkSite holds what a site gives to senders against its public log and this
// program's own scripts.
func checkSite(ctx context.Context, c *console, site, program, directory string, keys []string) int {
	if len(keys) != 1 || program == "" {
		fmt.Fprintln(c.err, "waylight: verify --site needs --program and one --key: the key of that program's log, kept from an earlier day")
		return exitUsage
	}
	check := app.SiteCheck{URL: site, Program: program, Key: keys[0], Fetch: fetch}
	var err error
	if check.Directory, err = readDirectory(directory); err != nil {
		return c.fail(err)
	}
	found, err := check.Run(ctx, c.out)
	if err != nil {
		return c.fail(err)
	}
	if found > 0 {
		return exitWrong
	}
	fmt.Fprintln(c.out, "all is well")
	return exitOK
}

// fetch asks for one public page as anybody's browser would, and follows no
// redirect: what is checked is what the address gives.
func fetch(ctx context.Context, url string) (http.Header, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, nil, err
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, nil, fmt.Errorf("the site answers %s", res.Status)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxFetched))
	return res.Header, body, err
}
