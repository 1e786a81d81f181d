// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"waylight/internal/app"
)

// runBenchSize measures what reports take of a disk, in a folder that it removes.
func runBenchSize(ctx context.Context, c *console, args []string) int {
	f := flags(c, "bench size", "")
	reports := f.Int("reports", 10_000, "how many reports to accept")
	folder := f.String("dir", "", "folder to measure in, on the disk that matters; empty for the temporary one")
	_, code := parse(f, args, 0)
	if code >= 0 {
		return code
	}
	if *reports < 1 || *reports > 10_000_000 {
		fmt.Fprintln(c.err, "waylight: bench size takes 1 to 10000000 reports")
		return exitUsage
	}
	dir, err := os.MkdirTemp(*folder, "waylight-bench-")
	if err != nil {
		return c.fail(err)
	}
	defer os.RemoveAll(dir)
	result, err := app.BenchSize(ctx, dir, *reports)
	if err != nil {
		return c.fail(err)
	}
	out := json.NewEncoder(c.out)
	out.SetIndent("", "  ")
	if err := out.Encode(result); err != nil {
		return c.fail(err)
	}
	return exitOK
}
