// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"waylight/internal/app"
)

// runBenchFiles measures what one file takes, in a folder that it removes.
func runBenchFiles(ctx context.Context, c *console, args []string) int {
	f := flags(c, "bench files", "")
	size := f.Int64("mb", 500, "size of the file, in millions of bytes")
	server := f.Bool("clear", false, "send it as a page without a script does, for the server to seal")
	folder := folderFlag(f)
	if _, code := parse(f, args, 0); code >= 0 {
		return code
	}
	if *size < 1 || *size > 524 {
		fmt.Fprintln(c.err, "waylight: a file has 1 to 524 million bytes")
		return exitUsage
	}
	return measured(c, *folder, func(dir string) (app.Files, error) {
		return app.BenchFiles(ctx, dir, *size*1_000_000, !*server)
	}, func(r app.Files) bool { return !r.Whole })
}
