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

// runBenchFigures measures how long figures over many results take, in a folder
// that it removes or a PostgreSQL database that must be empty.
func runBenchFigures(ctx context.Context, c *console, args []string) int {
	f := flags(c, "bench figures", "")
	rows := f.Int("rows", 1_000_000, "results to count")
	folder := f.String("dir", "", "folder to measure in, on the disk that matters; empty for the temporary one")
	database := f.String("database", "", "postgres://... of an empty database; empty: SQLite in the folder")
	if _, code := parse(f, args, 0); code >= 0 {
		return code
	}
	if *rows < 1 || *rows > 100_000_000 {
		fmt.Fprintln(c.err, "waylight: figures are measured over 1 to 100,000,000 results")
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
	result, err := app.BenchFigures(ctx, *database, *rows, func(what string, done, total int64) { meter.say("%s: %d of %d", what, done, total) })
	meter.end()
	if err != nil {
		return c.fail(err)
	}
	out := json.NewEncoder(c.out)
	out.SetIndent("", "  ")
	if err := out.Encode(result); err != nil {
		return c.fail(err)
	}
	if result.Differ > 0 {
		return exitWrong
	}
	return exitOK
}
