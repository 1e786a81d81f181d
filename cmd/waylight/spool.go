// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"

	"waylight/internal/app"
)

// runSpool lists the accepted reports that wait on this machine for their database.
func runSpool(ctx context.Context, c *console, args []string) int {
	f := flags(c, "spool", "")
	data := f.String("data", "waylight-data", "folder of the server, which may be running")
	if _, code := parse(f, args, 0); code >= 0 {
		return code
	}
	if err := app.Spooled(ctx, *data, c.out); err != nil {
		return c.fail(err)
	}
	return exitOK
}
