// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"waylight/internal/app"
)

// runBenchSize measures what reports take of a disk, in a folder that it removes.
func runBenchSize(ctx context.Context, c *console, args []string) int {
	f := flags(c, "bench size", "")
	reports := f.Int("reports", 10_000, "how many reports to accept")
	folder := folderFlag(f)
	if _, code := parse(f, args, 0); code >= 0 {
		return code
	}
	if *reports < 1 || *reports > 10_000_000 {
		fmt.Fprintln(c.err, "waylight: bench size takes 1 to 10000000 reports")
		return exitUsage
	}
	return measured(c, *folder, func(dir string) (app.Size, error) { return app.BenchSize(ctx, dir, *reports) }, nil)
}
