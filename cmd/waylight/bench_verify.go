// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"waylight/internal/app"
)

// runBenchVerify measures how long it takes to verify a log of invented leaves,
// in a folder that it removes or a PostgreSQL database that must be empty.
func runBenchVerify(ctx context.Context, c *console, args []string) int {
	f := flags(c, "bench verify", "")
	leaves := f.Int("leaves", 1_000_000, "leaves of the log")
	memory := f.Int64("memory", 256, "millions of bytes that may be held before a temporary file is used")
	folder := f.String("dir", "", "folder to measure in, on the disk that matters; empty for the temporary one")
	database := f.String("database", "", "postgres://... of an empty database; empty: SQLite in the folder")
	if _, code := parse(f, args, 0); code >= 0 {
		return code
	}
	if *leaves < 1 || *leaves > 1_000_000_000 || *memory < 1 {
		fmt.Fprintln(c.err, "waylight: a log to measure has 1 to 1,000,000,000 leaves, and needs a million bytes or more")
		return exitUsage
	}
	if *database == "" {
		dir, err := os.MkdirTemp(*folder, "waylight-bench-")
		if err != nil {
			return c.fail(err)
		}
		defer os.RemoveAll(dir)
		*database = "sqlite:" + filepath.Join(dir, "waylight.db")
	}
	meter := newMeter(c.err)
	result, err := app.BenchVerify(ctx, *database, *leaves, *memory*1_000_000, meter.say)
	meter.end()
	if err != nil {
		return c.fail(err)
	}
	out := json.NewEncoder(c.out)
	out.SetIndent("", "  ")
	if err := out.Encode(result); err != nil {
		return c.fail(err)
	}
	if result.Problems > 0 {
		return exitWrong
	}
	return exitOK
}
