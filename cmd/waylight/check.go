// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"waylight/internal/partnership/program"
	"waylight/programs"
)

// runCheck checks a folder of packs, one pack, or the embedded ones.
func runCheck(_ context.Context, c *console, args []string) int {
	f := flags(c, "check", "[FOLDER]")
	rest, code := parse(f, args, 1)
	if code >= 0 {
		return code
	}
	var packs fs.FS = programs.FS
	if len(rest) == 1 {
		var err error
		if packs, err = packFolder(rest[0]); err != nil {
			return c.fail(err)
		}
	}
	n, err := program.Check(packs, c.out)
	if err != nil {
		return c.fail(err)
	}
	if n > 0 {
		fmt.Fprintf(c.out, "problems: %d\n", n)
		return exitWrong
	}
	return exitOK
}

// packFolder returns a file system of packs: the folder itself when it holds
// packs, or, when it is one pack, that pack over the embedded ones, so that what it
// builds on is there.
func packFolder(folder string) (fs.FS, error) {
	info, err := os.Stat(folder)
	if err != nil {
		return nil, fmt.Errorf("reading packs: %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("reading packs: %s is not a folder", folder)
	}
	if _, err := os.Stat(filepath.Join(folder, "program.yaml")); err != nil {
		return os.DirFS(folder), nil
	}
	abs, err := filepath.Abs(folder)
	if err != nil {
		return nil, fmt.Errorf("reading packs: %w", err)
	}
	return onePack{name: filepath.Base(abs), pack: os.DirFS(abs), base: programs.FS}, nil
}
