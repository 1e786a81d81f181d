// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"

	"waylight/internal/app"
)

// one reads a verb's flags and the one word it needs.
func one(f *flag.FlagSet, args []string, needs string) (word string, code int) {
	rest, code := parse(f, args, 1)
	if code >= 0 {
		return "", code
	}
	if len(rest) != 1 {
		fmt.Fprintf(f.Output(), "waylight: %s needs %s\n", f.Name(), needs)
		f.Usage()
		return "", exitUsage
	}
	return rest[0], -1
}

// runBackup copies the database of a running or stopped installation.
func runBackup(ctx context.Context, c *console, args []string) int {
	f := flags(c, "backup", "FOLDER")
	var b app.BackingUp
	f.StringVar(&b.Data, "data", "waylight-data", "folder of the installation")
	f.StringVar(&b.Database, "database", "", "sqlite:FILE or postgres://…, when it is not in the data folder")
	f.StringVar(&b.Keyring, "keyring", "", "keyring, when it is not in the data folder; only read, never copied")
	var code int
	if b.Out, code = one(f, args, "a folder that does not exist yet"); code >= 0 {
		return code
	}
	bar := newBar(c.err)
	defer bar.close()
	b.Progress = bar.show
	if err := b.Run(ctx, c.out); err != nil {
		bar.close()
		return c.fail(err)
	}
	return exitOK
}

// runRestore puts a backup into a fresh folder.
func runRestore(ctx context.Context, c *console, args []string) int {
	f := flags(c, "restore", "FOLDER|s3://BUCKET/PREFIX")
	var r app.Restoring
	f.StringVar(&r.Data, "data", "waylight-data", "folder to restore into; made, or empty but for the keyring")
	f.StringVar(&r.Database, "database", "", "postgres://…, for a backup that was made of PostgreSQL; an empty database")
	f.StringVar(&r.Keyring, "keyring", "", "keyring, when it is not in the data folder; restored from its own backup first")
	packs := f.String("packs", "", "folder of packs, as for serve")
	f.BoolVar(&r.Despite, "despite-problems", false, "restore although log and rows disagree")
	var files list
	f.Var(&files, "checkpoint", "file with a checkpoint that was kept elsewhere (may be repeated)")
	var code int
	if r.From, code = one(f, args, "the folder of a backup, or where a second copy is kept"); code >= 0 {
		return code
	}
	if *packs != "" {
		r.Packs = []fs.FS{os.DirFS(*packs)}
	}
	var err error
	if r.Checkpoints, err = readAll(files); err != nil {
		return c.fail(err)
	}
	bar := newBar(c.err)
	defer bar.close()
	r.Progress = bar.show
	if err := r.Run(ctx, c.out); err != nil {
		bar.close()
		return c.fail(err)
	}
	return exitOK
}
