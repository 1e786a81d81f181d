// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"waylight/internal/app"
)

// runBenchRestore measures backup and restore of an installation with so many
// reports, in a folder that it removes.
func runBenchRestore(ctx context.Context, c *console, args []string) int {
	f := flags(c, "bench restore", "")
	reports := f.Int("reports", 10000, "how many reports the installation holds")
	folder := folderFlag(f)
	if _, code := parse(f, args, 0); code >= 0 {
		return code
	}
	if *reports < 1 || *reports > 10_000_000 {
		fmt.Fprintln(c.err, "waylight: bench restore holds 1 to 10,000,000 reports")
		return exitUsage
	}
	return measured(c, *folder, func(dir string) (app.Restored, error) {
		bar := newBar(c.err)
		defer bar.close()
		return app.BenchRestore(ctx, dir, *reports, bar.show, c.err)
	}, nil)
}
