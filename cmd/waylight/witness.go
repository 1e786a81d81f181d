// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"waylight/internal/platform/keyring"
	"waylight/internal/platform/store"
	"waylight/internal/platform/witness"
)

// runWitness signs checkpoints of the logs that it is told of, until it is told
// to stop.
func runWitness(ctx context.Context, c *console, args []string) int {
	f := flags(c, "witness", "")
	var s serveFlags
	var logs list
	f.StringVar(&s.addr, "addr", "127.0.0.1:8090", "address to listen on")
	f.StringVar(&s.data, "data", "waylight-witness", "folder of what was signed; made when it is not there")
	f.StringVar(&s.keyring, "keyring", "", "folder of the witness's key; empty for keyring in the data folder")
	f.StringVar(&s.cert, "tls-cert", "", "certificate file, to serve HTTPS")
	f.StringVar(&s.key, "tls-key", "", "key file of the certificate")
	name := f.String("name", "", "what the witness is called in its signatures, such as witness.example.gov; never change it")
	f.Var(&logs, "log", "file with the key of a log to vouch for, as its /log/PROGRAM/key gives it (may be repeated)")
	if _, code := parse(f, args, 0); code >= 0 {
		return code
	}
	if *name == "" || len(logs) == 0 {
		fmt.Fprintln(c.err, "waylight: a witness needs a --name, and at least one --log to vouch for")
		return exitUsage
	}
	err := s.witness(ctx, c, *name, logs)
	if err != nil {
		return c.fail(err)
	}
	return exitOK
}

func (s *serveFlags) witness(ctx context.Context, c *console, name string, files list) error {
	certificate, err := s.certificate()
	if err != nil {
		return err
	}
	logs, err := readLogKeys(files)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.data, 0o700); err != nil {
		return fmt.Errorf("creating the data folder: %w", err)
	}
	if s.keyring == "" {
		s.keyring = filepath.Join(s.data, "keyring")
	}
	seed, err := keyring.WitnessSeed(s.keyring)
	if err != nil {
		return err
	}
	signer, err := witness.NewSigner(name, seed)
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(s.data, "witness.db"), store.Options{Schemas: []store.Schema{witness.Schema()}})
	if err != nil {
		return err
	}
	defer db.Close()
	log := slog.New(slog.NewTextHandler(c.err, nil))
	w, err := witness.New(db, signer, logs, time.Now, log)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", s.addr)
	if err != nil {
		return err
	}
	defer l.Close()
	if certificate == nil && !local(l.Addr()) {
		return errPlain
	}
	fmt.Fprintf(c.out, "%s\nThe witness listens at %s. Give the line above to the programs that it vouches for.\n", signer.Key, l.Addr())
	if certificate != nil {
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12})
	}
	return w.Serve(ctx, l)
}

func readLogKeys(files list) ([]note.Verifier, error) {
	texts, err := readAll(files)
	if err != nil {
		return nil, err
	}
	var logs []note.Verifier
	for _, text := range texts {
		v, err := note.NewVerifier(strings.TrimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("reading a log's key: %w", err)
		}
		logs = append(logs, v)
	}
	return logs, nil
}

func readWitnessKeys(files list) ([]witness.Key, error) {
	texts, err := readAll(files)
	if err != nil {
		return nil, err
	}
	var keys []witness.Key
	for _, text := range texts {
		k, err := witness.ParseKey(text)
		if err != nil {
			return nil, err
		}
		for _, other := range keys {
			if other.Name() == k.Name() {
				return nil, fmt.Errorf("the witness %s is given twice", k.Name())
			}
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// readPeers reads URL=KEYFILE.
func readPeers(given list) ([]witness.Peer, error) {
	var peers []witness.Peer
	var files list
	for _, text := range given {
		_, file, _ := strings.Cut(text, "=")
		files = append(files, file)
	}
	keys, err := readWitnessKeys(files)
	if err != nil {
		return nil, err
	}
	for i, k := range keys {
		address, _, _ := strings.Cut(given[i], "=")
		p, err := witness.NewPeer(address, k)
		if err != nil {
			return nil, err
		}
		peers = append(peers, p)
	}
	return peers, nil
}
