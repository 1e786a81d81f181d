// SPDX-License-Identifier: Apache-2.0

// Command waylight is the whole of Waylight in one program.
//
//	waylight demo                 an installation with invented people, to look at
//	waylight serve                the real thing
//	waylight check [FOLDER]       is a pack right?
//	waylight verify               was anything lost or altered?
//	waylight backup FOLDER        a copy of the database, while it is in use
//	waylight restore FOLDER       puts a copy back, and proves it by its log
//	waylight export FILE          whole programs, for the other kind of database
//	waylight import FILE          brings them in
//	waylight spool                accepted reports that wait here for the database
//	waylight open REPORT          open one report offline, with recovery shares
//	waylight directory new|sign   the key that says which office keys are real
//	waylight release E-MAIL       unlock an account that failed sign-ins locked
//	waylight figures VERB         the demo's release; attack and check published figures
//	waylight witness              sign other programs' checkpoints
//	waylight poster               posters of a notice, as specimens
//	waylight bench intake         how fast, measured on this machine
//	waylight version              which build is this, and what is in it?
//
// check and verify exit with 0 when all is well, 1 when something is wrong and
// 2 for wrong usage.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"waylight/internal/partnership/program"
	"waylight/programs"
)

// verb is one thing the program does. It returns the exit code.
type verb struct {
	name, summary string
	run           func(ctx context.Context, c *console, args []string) int
}

// console is where a verb reads and prints.
type console struct {
	in       io.Reader
	out, err io.Writer
}

const (
	exitOK    = 0
	exitWrong = 1
	exitUsage = 2
	exitNoEnd = 3 // verify: nothing was found, and not everything was looked at
)

func verbs() []verb {
	return []verb{
		{"demo", "start an installation with invented people in a fresh folder", runDemo},
		{"serve", "run an installation", runServe},
		{"check", "check packs: rules, examples, references, numbers", runCheck},
		{"verify", "hold a database against its custody log", runVerify},
		{"backup", "copy an installation's database into a folder, while it runs", runBackup},
		{"restore", "put a backup into a fresh folder, and prove it", runRestore},
		{"export", "carry programs out into a file that fits either database; run again, it goes on where it broke off", runExport},
		{"import", "bring an exported file into an empty database", runImport},
		{"spool", "list accepted reports that wait on this machine for the database", runSpool},
		{"open", "open one report offline with recovery shares", runOpen},
		{"directory", "make the offline directory key; sign with it", runDirectory},
		{"release", "unlock the account of an e-mail address", runRelease},
		{"figures", "release --demo, audit, verify, measures: published figures", runFigures},
		{"witness", "sign other programs' checkpoints", runWitness},
		{"poster", "print a notice for the train stations of a state, as specimens", runPoster},
		{"bench", "measure this machine: bench intake, files, size, verify, conflicts, figures, scans, posters", runBench},
		{"version", "tell which build this is; --sbom lists what is in it", runVersion},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // who asks a second time does not want to wait
	if err := keepMemory(); err != nil {
		fmt.Fprintf(os.Stderr, "waylight: %v\n", err)
	}
	os.Exit(run(ctx, &console{in: os.Stdin, out: os.Stdout, err: os.Stderr}, os.Args[1:]))
}

func run(ctx context.Context, c *console, args []string) int {
	if len(args) == 0 {
		usage(c.err)
		return exitUsage
	}
	if args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		usage(c.out)
		return exitOK
	}
	for _, v := range verbs() {
		if v.name == args[0] {
			return v.run(ctx, c, args[1:])
		}
	}
	fmt.Fprintf(c.err, "waylight: there is no verb %q\n\n", args[0])
	usage(c.err)
	return exitUsage
}

func usage(w io.Writer) {
	fmt.Fprint(w, "usage: waylight VERB [flags]\n\n")
	for _, v := range verbs() {
		fmt.Fprintf(w, "  %-9s %s\n", v.name, v.summary)
	}
	fmt.Fprint(w, "\nwaylight VERB -h tells a verb's flags.\n")
}

// flags makes a verb's flag set; parse says with which code to stop, or -1.
func flags(c *console, name, args string) *flag.FlagSet {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(c.err)
	f.Usage = func() {
		fmt.Fprintf(c.err, "usage: waylight %s [flags] %s\n", name, args)
		f.PrintDefaults()
	}
	return f
}

// parse reads flags wherever they stand among the other words and says with
// which code to stop, or -1 to go on.
func parse(f *flag.FlagSet, args []string, most int) (rest []string, code int) {
	for {
		err := f.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			return nil, exitOK
		}
		if err != nil {
			return nil, exitUsage
		}
		args = f.Args()
		if len(args) == 0 {
			break
		}
		rest = append(rest, args[0])
		args = args[1:]
	}
	if len(rest) > most {
		fmt.Fprintf(f.Output(), "waylight: too many words: %q\n", rest[most:])
		f.Usage()
		return nil, exitUsage
	}
	return rest, -1
}

// onlyProgram is the one program that the built-in packs hold, or "" when there
// are several and one must be named.
func onlyProgram() string {
	set, err := program.Load(programs.FS)
	if err != nil || len(set.IDs()) != 1 {
		return ""
	}
	return set.IDs()[0]
}

// fail prints an error and returns the code for something wrong.
func (c *console) fail(err error) int {
	fmt.Fprintf(c.err, "waylight: %v\n", err)
	return exitWrong
}
