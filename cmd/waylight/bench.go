// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime/pprof"
	"strings"
	"time"

	"waylight/internal/app"
)

// runBench measures this machine in a folder that it removes.
func runBench(ctx context.Context, c *console, args []string) int {
	if len(args) > 0 && args[0] == "files" {
		return runBenchFiles(ctx, c, args[1:])
	}
	if len(args) > 0 && args[0] == "size" {
		return runBenchSize(ctx, c, args[1:])
	}
	if len(args) > 0 && args[0] == "verify" {
		return runBenchVerify(ctx, c, args[1:])
	}
	if len(args) > 0 && args[0] == "restore" {
		return runBenchRestore(ctx, c, args[1:])
	}
	if len(args) > 0 && args[0] == "conflicts" {
		return runBenchConflicts(ctx, c, args[1:])
	}
	if len(args) > 0 && args[0] == "figures" {
		return runBenchFigures(ctx, c, args[1:])
	}
	f := flags(c, "bench", "intake")
	senders := f.Int("senders", 64, "senders at once")
	seconds := f.Float64("seconds", 10, "how long to send")
	sealed := f.Bool("sealed", false, "measure reports that the senders' browsers sealed too")
	database := f.String("database", "sqlite", `"sqlite", or postgres://… of a database in which schemas may be made`)
	stored := f.Int("stored", 0, "measure again, and look-ups and inboxes, with so many reports stored")
	profile := f.String("profile", "", "write a profile of the processor's time to this file")
	folder := f.String("dir", "", "folder to measure in, on the disk that matters; empty for the temporary one")
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
	dir, err := os.MkdirTemp(*folder, "waylight-bench-")
	if err != nil {
		return c.fail(err)
	}
	defer os.RemoveAll(dir)
	b := app.Bench{
		Folder: dir, Senders: *senders, Length: time.Duration(*seconds * float64(time.Second)), Sealed: *sealed, Stored: *stored, Progress: c.err,
	}
	if *database != "sqlite" {
		b.Database = *database
	}
	result, err := profiled(*profile, func() (app.Intake, error) { return b.Run(ctx) })
	if err != nil {
		return c.fail(err)
	}
	out := json.NewEncoder(c.out)
	out.SetIndent("", "  ")
	if err := out.Encode(result); err != nil {
		return c.fail(err)
	}
	result.Table(c.err)
	if wrong := result.Lost + result.Refused; wrong > 0 || result.Full != nil && result.Full.Lost+result.Full.Refused > 0 {
		return exitWrong
	}
	return exitOK
}

// profiled runs something while its processor time is written to a file, "" for none.
func profiled(file string, run func() (app.Intake, error)) (app.Intake, error) {
	if file == "" {
		return run()
	}
	out, err := os.Create(file)
	if err != nil {
		return app.Intake{}, err
	}
	defer out.Close()
	if err := pprof.StartCPUProfile(out); err != nil {
		return app.Intake{}, err
	}
	defer pprof.StopCPUProfile()
	return run()
}
