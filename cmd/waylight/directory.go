// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"waylight/internal/partnership/agency"
	"waylight/internal/platform/fault"
)

// maxSheet is more than any request is long.
const maxSheet = 1 << 20

// runDirectory makes and uses the directory key. Nothing here opens a connection
// or a database: it is run on a machine that is never online.
func runDirectory(_ context.Context, c *console, args []string) int {
	if len(args) > 0 && args[0] == "new" {
		return newDirectory(c, args[1:])
	}
	if len(args) > 0 && args[0] == "sign" {
		return signDirectory(c, args[1:])
	}
	fmt.Fprintln(c.err, "usage: waylight directory new FILE")
	fmt.Fprintln(c.err, "       waylight directory sign --key FILE [REQUEST]")
	return exitUsage
}

// newDirectory writes a fresh key to FILE and its public half to FILE.pub.
func newDirectory(c *console, args []string) int {
	f := flags(c, "directory new", "FILE")
	rest, code := parse(f, args, 1)
	if code >= 0 {
		return code
	}
	if len(rest) != 1 {
		f.Usage()
		return exitUsage
	}
	private := agency.NewDirectoryKey()
	public := private.Public().(ed25519.PublicKey)
	// The public half first: a key without it would be found only when it is needed.
	if err := writeNew(rest[0]+".pub", agency.DirectoryPublicText(public), 0o644); err != nil {
		return c.fail(err)
	}
	if err := writeNew(rest[0], agency.DirectoryKeyText(private), 0o600); err != nil {
		return c.fail(err)
	}
	fmt.Fprintf(c.out, "The directory key %x is in %s. It never leaves this machine: keep it on two sticks in two safes.\n", public[:4], rest[0])
	fmt.Fprintf(c.out, "Carry %s.pub to the server and start it with --directory-key.\n", rest[0])
	return exitOK
}

// writeNew writes a file that is not there yet: a key is never written over.
func writeNew(name, text string, mode fs.FileMode) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// signDirectory reads a request and prints the answer.
func signDirectory(c *console, args []string) int {
	f := flags(c, "directory sign", "[REQUEST]")
	key := f.String("key", "", "file of the directory key")
	rest, code := parse(f, args, 1)
	if code >= 0 {
		return code
	}
	if *key == "" {
		fmt.Fprintln(c.err, "waylight: sign needs --key")
		f.Usage()
		return exitUsage
	}
	answer, request, err := answerRequest(c, *key, rest)
	if err != nil {
		return c.fail(err)
	}
	fmt.Fprintln(c.err, "Signed. Give the answer to nobody before each office has read the name of its key to you on the telephone:")
	for _, k := range request.Keys {
		fmt.Fprintf(c.err, "  %s  %s\n", k.Name(), k.Office)
	}
	fmt.Fprint(c.out, answer)
	return exitOK
}

func answerRequest(c *console, key string, rest []string) (agency.SigningAnswer, agency.SigningRequest, error) {
	var none agency.SigningAnswer
	text, err := os.ReadFile(key)
	if err != nil {
		return none, agency.SigningRequest{}, err
	}
	private, err := agency.ParseDirectoryKey(string(text))
	if err != nil {
		return none, agency.SigningRequest{}, showable(err)
	}
	in := c.in
	if len(rest) == 1 {
		file, err := os.Open(rest[0])
		if err != nil {
			return none, agency.SigningRequest{}, err
		}
		defer file.Close()
		in = file
	}
	sheet, err := io.ReadAll(io.LimitReader(in, maxSheet))
	if err != nil {
		return none, agency.SigningRequest{}, fmt.Errorf("reading the request: %w", err)
	}
	request, err := agency.ParseRequest(string(sheet))
	if err != nil {
		return none, agency.SigningRequest{}, showable(err)
	}
	answer, err := agency.SignRequest(private, request)
	return answer, request, showable(err)
}

// showable is an error in the words that a person is meant to read.
func showable(err error) error {
	if f, ok := fault.As(err); ok {
		return errors.New(f.Message)
	}
	return err
}

// readDirectory reads the public half that a server pins; no name means none.
func readDirectory(name string) (ed25519.PublicKey, error) {
	if name == "" {
		return nil, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading --directory-key: %w", err)
	}
	public, err := agency.ParseDirectoryPublic(string(text))
	if err != nil {
		return nil, fmt.Errorf("reading --directory-key: %w", showable(err))
	}
	return public, nil
}
