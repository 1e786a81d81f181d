// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"runtime/pprof"
)

// folderFlag is where a measurement makes its folder.
func folderFlag(f *flag.FlagSet) *string {
	return f.String("dir", "", "folder to measure in, on the disk that matters; empty for the temporary one")
}

// databaseFlag is where a measurement keeps its rows.
func databaseFlag(f *flag.FlagSet) *string {
	return f.String("database", "", "postgres://... of an empty database; empty: SQLite in the folder")
}

// profileFlag is where a measurement writes what the processor was busy with.
func profileFlag(f *flag.FlagSet) *string {
	return f.String("profile", "", "write a profile of the processor's time to this file")
}

// databaseIn is the address of a database: the one that was named, or a new SQLite in
// the folder.
func databaseIn(dir, database string) string {
	if database != "" {
		return database
	}
	return "sqlite:" + filepath.Join(dir, "waylight.db")
}

// measured runs a measurement in a folder that is removed afterwards, and prints what
// it found as JSON. Where wrong says so, that is no success.
func measured[T any](c *console, folder string, run func(dir string) (T, error), wrong func(T) bool) int {
	dir, err := os.MkdirTemp(folder, "waylight-bench-")
	if err != nil {
		return c.fail(err)
	}
	defer os.RemoveAll(dir)
	result, err := run(dir)
	if err != nil {
		return c.fail(err)
	}
	out := json.NewEncoder(c.out)
	out.SetIndent("", "  ")
	if err := out.Encode(result); err != nil {
		return c.fail(err)
	}
	if wrong != nil && wrong(result) {
		return exitWrong
	}
	return exitOK
}

// profiled runs something while its processor time is written to a file, "" for none.
func profiled[T any](file string, run func() (T, error)) (T, error) {
	var none T
	if file == "" {
		return run()
	}
	out, err := os.Create(file)
	if err != nil {
		return none, err
	}
	defer out.Close()
	if err := pprof.StartCPUProfile(out); err != nil {
		return none, err
	}
	defer pprof.StopCPUProfile()
	return run()
}
