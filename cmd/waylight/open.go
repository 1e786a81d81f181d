// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"waylight/internal/app"
)

// runOpen opens a report with recovery shares. Shares are read from standard
// input: words in a command line would stand in the shell's history.
func runOpen(ctx context.Context, c *console, args []string) int {
	f := flags(c, "open", "REPORT")
	data := f.String("data", "waylight-data", "folder of the installation or of a restored backup")
	keyring := f.String("keyring", "", "keyring, when it is not in the data folder")
	program := f.String("program", onlyProgram(), "program the report belongs to")
	office := f.String("office", "", "office whose recovery shares are at hand")
	rest, code := parse(f, args, 1)
	if code >= 0 {
		return code
	}
	if len(rest) != 1 || *office == "" {
		fmt.Fprintln(c.err, "waylight: open needs --office and the report's id")
		f.Usage()
		return exitUsage
	}
	if err := app.RequireDatabase(app.Config{Data: *data, Keyring: *keyring}); err != nil {
		return c.fail(err)
	}
	fmt.Fprintln(c.err, "Type the recovery shares, one on each line, then an empty line.")
	shares, err := readShares(c)
	if err != nil {
		return c.fail(err)
	}
	words, recorded, err := app.OpenOffline(ctx, app.Config{Data: *data, Keyring: *keyring}, *program, *office, rest[0], shares)
	if err != nil {
		return c.fail(err)
	}
	if !recorded {
		fmt.Fprintln(c.err, "There is no keyring: this opening is recorded nowhere. Write down who opened what, when and why.")
	}
	fmt.Fprintf(c.out, "%s\n", words)
	return exitOK
}

func readShares(c *console) ([]string, error) {
	var shares []string
	lines := bufio.NewScanner(c.in)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" && len(shares) > 0 {
			break
		}
		if line != "" {
			shares = append(shares, line)
		}
	}
	if lines.Err() == nil && len(shares) == 0 {
		return nil, errors.New("no shares were given")
	}
	return shares, lines.Err()
}
