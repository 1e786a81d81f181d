// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"waylight/internal/app"
)

// runBenchFiles measures what one file takes, in a folder that it removes.
func runBenchFiles(ctx context.Context, c *console, args []string) int {
	f := flags(c, "bench files", "")
	size := f.Int64("mb", 500, "size of the file, in millions of bytes")
	server := f.Bool("clear", false, "send it as a page without a script does, for the server to seal")
	folder := f.String("dir", "", "folder to measure in, on the disk that matters; empty for the temporary one")
	_, code := parse(f, args, 0)
	if code >= 0 {
		return code
	}
	if *size < 1 || *size > 524 {
		fmt.Fprintln(c.err, "waylight: a file has 1 to 524 million bytes")
		return exitUsage
	}
	dir, err := os.MkdirTemp(*folder, "waylight-bench-")
	if err != nil {
		return c.fail(err)
	}
	defer os.RemoveAll(dir)
	result, err := app.BenchFiles(ctx, dir, *size*1_000_000, !*server)
	if err != nil {
		return c.fail(err)
	}
	out := json.NewEncoder(c.out)
	out.SetIndent("", "  ")
	if err := out.Encode(result); err != nil {
		return c.fail(err)
	}
	if !result.Whole {
		return exitWrong
	}
	return exitOK
}
