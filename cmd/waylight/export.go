// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"waylight/internal/app"
)

// runExport carries programs out of an installation.
func runExport(ctx context.Context, c *console, args []string) int {
	f := flags(c, "export", "FILE")
	var e app.Exporting
	f.StringVar(&e.Data, "data", "waylight-data", "folder of the installation")
	f.StringVar(&e.Database, "database", "", "sqlite:FILE or postgres://…, when it is not in the data folder")
	f.StringVar(&e.Keyring, "keyring", "", "keyring, when it is not in the data folder; it signs the export, and is never part of it")
	var programs list
	f.Var(&programs, "program", "a program to carry (may be repeated); without it, all")
	f.StringVar(&e.MoveTo, "move", "", "the programs leave for this address, such as https://tips.example.gov: their logs end here, and nothing more is taken for them in this place")
	var code int
	if e.Out, code = one(f, args, "a file that does not exist yet (where an export to it broke off, this goes on with it)"); code >= 0 {
		return code
	}
	if err := checkOrigin(e.MoveTo); err != nil {
		fmt.Fprintln(c.err, "waylight: --move is written like https://tips.example.gov, without anything after the name")
		return exitUsage
	}
	e.Programs = programs
	bar := newBar(c.err)
	defer bar.close()
	e.Progress = bar.show
	if err := e.Run(ctx, c.out); err != nil {
		bar.close()
		return c.fail(err)
	}
	return exitOK
}

// runImport brings exported programs in.
func runImport(ctx context.Context, c *console, args []string) int {
	f := flags(c, "import", "FILE")
	var i app.Importing
	f.StringVar(&i.Data, "data", "waylight-data", "folder of the installation; made when it is not there")
	f.StringVar(&i.Database, "database", "", "sqlite:FILE or postgres://…; empty for waylight.db in the data folder")
	f.StringVar(&i.Keyring, "keyring", "", "keyring, when it is not in the data folder: the one that the programs have where they come from")
	f.BoolVar(&i.Restart, "restart", false, "take out what another unfinished import left, and begin anew")
	f.BoolVar(&i.Despite, "despite-problems", false, "bring it in although log and rows disagree")
	var files list
	f.Var(&files, "checkpoint", "file with a checkpoint that was kept elsewhere (may be repeated)")
	var code int
	if i.From, code = one(f, args, "the file of an export"); code >= 0 {
		return code
	}
	var err error
	if i.Checkpoints, err = readAll(files); err != nil {
		return c.fail(err)
	}
	bar := newBar(c.err)
	defer bar.close()
	i.Progress = bar.show
	if err := i.Run(ctx, c.out); err != nil {
		bar.close()
		return c.fail(err)
	}
	return exitOK
}
