// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"

	"waylight/internal/partnership/agency"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

const fileName, fileText = "test.txt", "A test file of Waylight.\n"

// file adds a file under the receipt: sealed here where the report was, else as
// a page without a script sends it.
func (c sender) file(ctx context.Context, way string, receipt seal.Receipt) error {
	if way == WaySealed {
		return c.sealedFile(ctx, receipt)
	}
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	err := parts.WriteField("receipt", receipt.Words("en"))
	if err != nil {
		return err
	}
	part, err := parts.CreateFormFile("file", fileName)
	if err != nil {
		return err
	}
	if _, err := part.Write([]byte(fileText)); err != nil {
		return err
	}
	if err := parts.Close(); err != nil {
		return err
	}
	_, err = c.ask(ctx, "adding a file", Ask{Method: http.MethodPost, Path: "/receipt/files", Type: parts.FormDataContentType(), Body: body.Bytes()}, http.StatusOK)
	return err
}

// sealedFile does what a sender's browser does with a file.
func (c sender) sealedFile(ctx context.Context, receipt seal.Receipt) error {
	lookup := receipt.Lookup()
	answer, err := c.json(ctx, "asking who reads a file", "/receipt/files/find", map[string]any{"lookup": lookup[:], "lang": "en"})
	if err != nil {
		return err
	}
	var to struct{ Readers []agency.Chain }
	if json.Unmarshal(answer, &to) != nil || len(to.Readers) == 0 {
		return fmt.Errorf("nobody can be sealed a file to")
	}
	id := store.NewID()
	rec := seal.Record{Program: c.p.ID, ID: id}
	var out bytes.Buffer
	sealer, content, err := seal.NewFileSealer(&out, rec, seal.FileInfo{Name: fileName, Type: "text/plain"})
	if err != nil {
		return err
	}
	if _, err := sealer.Write([]byte(fileText)); err != nil {
		return err
	}
	if err := sealer.Close(); err != nil {
		return err
	}
	begin, err := c.beginFile(receipt, id, rec, sealer.Head(), content, to.Readers[0], out.Len())
	if err != nil {
		return err
	}
	if _, err := c.json(ctx, "beginning a file", "/receipt/files/begin", begin); err != nil {
		return err
	}
	part := append(lookup[:], make([]byte, 32)...)
	rand.Read(part[32:]) // the mark of a part, which only a browser that goes on would look at
	_, err = c.ask(ctx, "sending a file", Ask{Method: http.MethodPut, Path: "/receipt/files/" + c.p.ID + "/" + id.String() + "/0",
		Type: "application/octet-stream", Body: append(part, out.Bytes()...)}, http.StatusOK)
	if err != nil {
		return err
	}
	_, err = c.json(ctx, "ending a file", "/receipt/files/end", map[string]any{"program": c.p.ID, "lookup": lookup[:], "file": id.String(), "parts": 1, "whole": true})
	return err
}

// beginFile is what a browser says of a file before it sends it.
func (c sender) beginFile(receipt seal.Receipt, id store.ID, rec seal.Record, head seal.FileHead, content *seal.ContentKey, reader agency.Chain, size int) (map[string]any, error) {
	key, err := agency.VerifyChain(c.Directory(c.p.ID), c.p.ID, reader.Office, reader)
	if err != nil {
		return nil, fmt.Errorf("checking the key that a file is sealed to: %w", err)
	}
	wrap, err := content.Wrap(key, rec, head.Hash, reader.Office)
	if err != nil {
		return nil, err
	}
	seed, lookup := receipt.Seed(), receipt.Lookup()
	own, err := seal.PrivateFromSeed(seed[:])
	if err != nil {
		return nil, err
	}
	resume, err := content.Wrap(own.Public(), rec, head.Hash, "receipt")
	if err != nil {
		return nil, err
	}
	keyID := key.ID()
	return map[string]any{"program": c.p.ID, "lookup": lookup[:], "file": id.String(), "copy_of": "", "token": head.Token[:], "size": size, "resume": resume,
		"wraps": []map[string]any{{"holder": reader.Office, "key_id": hex.EncodeToString(keyID[:]), "wrap": wrap}}}, nil
}

func (c sender) json(ctx context.Context, what, path string, in any) ([]byte, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	return c.ask(ctx, what, Ask{Method: http.MethodPost, Path: path, Type: "application/json", Body: body}, http.StatusOK)
}
