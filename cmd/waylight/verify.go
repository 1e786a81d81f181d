// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"waylight/internal/app"
	"waylight/internal/platform/custody"
)

// runVerify holds a database against its log and the checkpoints kept
// elsewhere, or with --site what a site gives to senders.
func runVerify(ctx context.Context, c *console, args []string) int {
	f := flags(c, "verify", "")
	var v app.Verification
	f.StringVar(&v.Data, "data", "waylight-data", "folder of the installation")
	f.StringVar(&v.Database, "database", "", "database, when it is not in the data folder")
	f.StringVar(&v.Keyring, "keyring", "", "keyring, when it is not in the data folder")
	f.StringVar(&v.Backup, "backup", "", "verify this backup (waylight backup) instead of a database")
	f.StringVar(&v.Export, "export", "", "verify this export (waylight export) instead of a database")
	site := f.String("site", "", "check the scripts that a site gives to senders, at this address, instead of a database")
	program := f.String("program", "", "with --site: the program whose page is checked")
	directory := f.String("directory-key", "", "with --site: file with the public half of the directory key; empty: the pinned key is shown")
	var files, proofs, keys list
	f.Var(&keys, "key", "file with a log's key that was kept elsewhere (may be repeated); without it, the keyring's")
	f.Var(&files, "checkpoint", "file with a checkpoint that was kept elsewhere (may be repeated)")
	f.Var(&proofs, "promise", "file with a promise that a sender was given (may be repeated)")
	var witnesses list
	f.Var(&witnesses, "witness-key", "file with the key of a witness (may be repeated)")
	f.IntVar(&v.Witnessed, "witnessed", 0, "how many of the witnesses must have signed the kept checkpoints, or where none was kept a recent one of the database")
	memory := f.Int64("memory", 256, "millions of bytes that may be held before a temporary file is used")
	if _, code := parse(f, args, 0); code >= 0 {
		return code
	}
	var err error
	if v.Keys, err = readAll(keys); err != nil {
		return c.fail(err)
	}
	if *site != "" {
		return checkSite(ctx, c, *site, *program, *directory, v.Keys)
	}
	if v.Checkpoints, err = readAll(files); err != nil {
		return c.fail(err)
	}
	if v.Promises, err = readAll(proofs); err != nil {
		return c.fail(err)
	}
	if v.WitnessKeys, err = readWitnessKeys(witnesses); err != nil {
		return c.fail(err)
	}
	if v.Witnessed < 0 || v.Witnessed > len(v.WitnessKeys) {
		fmt.Fprintln(c.err, "waylight: --witnessed asks for more witnesses than there are keys")
		return exitUsage
	}
	v.Memory = *memory * 1_000_000
	meter := newMeter(c.err)
	v.Progress = func(p custody.Progress) {
		meter.say("%s: %d of %d leaves, %d rows", p.Program, p.Leaves, p.Size, p.Rows)
	}
	found, err := v.Run(ctx, ending{c.out, meter})
	meter.end()
	if err != nil {
		code := c.fail(err)
		if found == 0 && (ctx.Err() != nil || errors.Is(err, app.ErrNoEnd)) {
			code = exitNoEnd
		}
		return code
	}
	if found > 0 {
		return exitWrong
	}
	fmt.Fprintln(c.out, "all is well")
	return exitOK
}

// list is a flag that may be repeated.
type list []string

// String implements flag.Value.
func (l *list) String() string { return fmt.Sprint(*l) }

// Set implements flag.Value.
func (l *list) Set(s string) error {
	*l = append(*l, s)
	return nil
}

func readAll(files []string) ([]string, error) {
	var texts []string
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading what was kept: %w", err)
		}
		texts = append(texts, string(b))
	}
	return texts, nil
}
