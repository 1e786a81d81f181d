// SPDX-License-Identifier: Apache-2.0

// Command postgres runs a command with a PostgreSQL server that is thrown away
// afterwards: every word {url} of the command becomes the server's address.
//
//	go run ./test/postgres [-dir FOLDER] COMMAND [ARGUMENT...]
//
// The server waits for the disk as one for real does. Measurements use it.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"

	"waylight/internal/platform/store/pgtest"
)

func main() {
	folder := flag.String("dir", "", "folder for the server's files, on the disk that matters; empty for the temporary one")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "postgres: no command to run")
		os.Exit(2)
	}
	code, err := run(*folder, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "postgres:", err)
	}
	os.Exit(code)
}

func run(folder string, words []string) (code int, err error) {
	server, err := pgtest.Start(folder, pgtest.Durable)
	if err != nil {
		return 1, err
	}
	defer server.Close()
	for i, word := range words {
		if word == "{url}" {
			words[i] = server.URL("postgres")
		}
	}
	command := exec.Command(words[0], words[1:]...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	err = command.Run()
	if command.ProcessState != nil {
		return command.ProcessState.ExitCode(), nil
	}
	return 1, err
}
