// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"waylight/internal/app"
)

// runBench measures this machine in a folder that it removes.
func runBench(ctx context.Context, c *console, args []string) int {
	measurements := map[string]func(context.Context, *console, []string) int{
		"files": runBenchFiles, "size": runBenchSize, "verify": runBenchVerify, "restore": runBenchRestore, "conflicts": runBenchConflicts, "figures": runBenchFigures, "scans": runBenchScans,
		"posters": runBenchPosters,
	}
	if len(args) > 0 && measurements[args[0]] != nil {
		return measurements[args[0]](ctx, c, args[1:])
	}
	f := flags(c, "bench", "intake")
	senders := f.Int("senders", 64, "senders at once")
	seconds := f.Float64("seconds", 10, "how long to send")
	sealed := f.Bool("sealed", false, "measure reports that the senders' browsers sealed too")
	database := f.String("database", "sqlite", `"sqlite", or postgres://… of a database in which schemas may be made`)
	stored := f.Int("stored", 0, "measure again, and look-ups and inboxes, with so many reports stored")
	profile := profileFlag(f)
	folder := folderFlag(f)
	rest, code := parse(f, args, 1)
	if code >= 0 {
		return code
	}
	known := *database == "sqlite" || strings.HasPrefix(*database, "postgres://") || strings.HasPrefix(*database, "postgresql://")
	if len(rest) != 1 || rest[0] != "intake" || *senders < 1 || *senders > 10000 || *seconds < 0.1 || *seconds > 3600 || *stored < 0 || !known {
		fmt.Fprintln(c.err, "waylight: bench measures intake, with 1 to 10000 senders for 0.1 to 3600 seconds, on SQLite or PostgreSQL")
		f.Usage()
		return exitUsage
	}
	b := app.Bench{Senders: *senders, Length: time.Duration(*seconds * float64(time.Second)), Sealed: *sealed, Stored: *stored, Progress: c.err}
	if *database != "sqlite" {
		b.Database = *database
	}
	return measured(c, *folder, func(dir string) (app.Intake, error) {
		b.Folder = dir
		result, err := profiled(*profile, func() (app.Intake, error) { return b.Run(ctx) })
		if err == nil {
			result.Table(c.err)
		}
		return result, err
	}, func(r app.Intake) bool {
		return r.Lost+r.Refused > 0 || r.Full != nil && r.Full.Lost+r.Full.Refused > 0
	})
}
