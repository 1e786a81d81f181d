// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"waylight/internal/app"
)

// runRelease unlocks an account from the machine itself, for when nobody who
// could do it on the pages can sign in. It is recorded in the custody log.
func runRelease(ctx context.Context, c *console, args []string) int {
	f := flags(c, "release", "E-MAIL")
	data := f.String("data", "waylight-data", "folder of the installation")
	keyring := f.String("keyring", "", "keyring, when it is not in the data folder")
	program := f.String("program", onlyProgram(), "program the account belongs to")
	rest, code := parse(f, args, 1)
	if code >= 0 {
		return code
	}
	if len(rest) != 1 {
		fmt.Fprintln(c.err, "waylight: release needs the e-mail address of the account")
		f.Usage()
		return exitUsage
	}
	if err := app.RequireDatabase(app.Config{Data: *data, Keyring: *keyring}); err != nil {
		return c.fail(err)
	}
	a, err := app.New(ctx, app.Config{Data: *data, Keyring: *keyring})
	if err != nil {
		return c.fail(err)
	}
	defer a.Close()
	if err := a.People.ReleaseByEmail(ctx, *program, rest[0]); err != nil {
		return c.fail(err)
	}
	fmt.Fprintln(c.out, "The account can sign in again.")
	return exitOK
}
