// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"waylight/internal/app"
)

// runBenchRestore measures backup and restore of an installation with so many
// reports, in a folder that it removes.
func runBenchRestore(ctx context.Context, c *console, args []string) int {
	f := flags(c, "bench restore", "")
	reports := f.Int("reports", 10000, "how many reports the installation holds")
	folder := f.String("dir", "", "folder to measure in, on the disk that matters; empty for the temporary one")
	if _, code := parse(f, args, 0); code >= 0 {
		return code
	}
	if *reports < 1 || *reports > 10_000_000 {
		fmt.Fprintln(c.err, "waylight: bench restore holds 1 to 10,000,000 reports")
		return exitUsage
	}
	dir, err := os.MkdirTemp(*folder, "waylight-bench-")
	if err != nil {
		return c.fail(err)
	}
	defer os.RemoveAll(dir)
	bar := newBar(c.err)
	result, err := app.BenchRestore(ctx, dir, *reports, bar.show, c.err)
	bar.close()
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
