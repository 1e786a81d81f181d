// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"waylight/internal/app"
)

// runBench measures this machine in a folder that it removes.
func runBench(ctx context.Context, c *console, args []string) int {
	if len(args) > 0 && args[0] == "files" {
		return runBenchFiles(ctx, c, args[1:])
	}
	if len(args) > 0 && args[0] == "restore" {
		return runBenchRestore(ctx, c, args[1:])
	}
	f := flags(c, "bench", "intake")
	senders := f.Int("senders", 64, "senders at once")
	seconds := f.Float64("seconds", 10, "how long to send")
	sealed := f.Bool("sealed", false, "measure reports that the senders' browsers sealed too")
	folder := f.String("dir", "", "folder to measure in, on the disk that matters; empty for the temporary one")
	rest, code := parse(f, args, 1)
	if code >= 0 {
		return code
	}
	if len(rest) != 1 || rest[0] != "intake" || *senders < 1 || *senders > 10000 || *seconds < 0.1 || *seconds > 3600 {
		fmt.Fprintln(c.err, "waylight: bench measures intake, with 1 to 10000 senders for 0.1 to 3600 seconds")
		f.Usage()
		return exitUsage
	}
	dir, err := os.MkdirTemp(*folder, "waylight-bench-")
	if err != nil {
		return c.fail(err)
	}
	defer os.RemoveAll(dir)
	result, err := app.BenchIntake(ctx, dir, *senders, time.Duration(*seconds*float64(time.Second)), *sealed)
	if err != nil {
		return c.fail(err)
	}
	out := json.NewEncoder(c.out)
	out.SetIndent("", "  ")
	if err := out.Encode(result); err != nil {
		return c.fail(err)
	}
	if result.Lost > 0 || result.Refused > 0 {
		return exitWrong
	}
	return exitOK
}
