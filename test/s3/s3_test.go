// SPDX-License-Identifier: Apache-2.0

package s3_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/replica"
	"waylight/internal/platform/store"
)

var schemas = []store.Schema{{Room: "kept", FS: fstest.MapFS{"0001_kept.sql": {Data: []byte(`
create table kept ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  body bytes not null, -- sealed
  primary key (program, id)
);
`)}}}}

const region = "us-gov-test-1"

// bucket starts a server with an empty bucket and gives the copy's address in it.
// Every eleventh request is answered that the server is busy.
func bucket(t *testing.T) string {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "waylight-test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "an invented secret")
	backend := s3mem.New()
	if err := backend.CreateBucket("copies"); err != nil {
		t.Fatal(err)
	}
	inside := gofakes3.New(backend).Server()
	var count atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if why := forged(r); why != "" {
			t.Errorf("%s %s: %s", r.Method, r.URL, why)
			http.Error(w, why, http.StatusForbidden)
			return
		}
		if count.Add(1)%11 == 0 {
			http.Error(w, "slow down", http.StatusServiceUnavailable)
			return
		}
		inside.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return "s3://copies/some%20place/main?region=" + region + "&endpoint=" + server.URL
}

// forged says what is wrong with a request's signature.
func forged(r *http.Request) string {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err.Error()
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	sum := sha256.Sum256(body)
	payload := hex.EncodeToString(sum[:])
	if r.Header.Get("X-Amz-Content-Sha256") != payload {
		return "another body was signed"
	}
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		return err.Error()
	}
	again, err := http.NewRequest(r.Method, "http://"+r.Host+r.URL.RequestURI(), nil)
	if err != nil {
		return err.Error()
	}
	again.Header.Set("X-Amz-Content-Sha256", payload)
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	credentials := aws.Credentials{AccessKeyID: "waylight-test", SecretAccessKey: "an invented secret"}
	if err := signer.SignHTTP(r.Context(), credentials, again, payload, "s3", region, at); err != nil {
		return err.Error()
	}
	if want, got := again.Header.Get("Authorization"), r.Header.Get("Authorization"); want != got {
		return "the signature is " + got + ", not " + want
	}
	return ""
}

// A database that waits for its copy in such a store loses nothing with its disk,
// goes on after a restart, and begins bases anew.
func TestSecondCopyInAStore(t *testing.T) {
	address := bucket(t)
	dir := t.TempDir()
	var ids []store.ID
	for range 2 {
		to, err := replica.Open(address)
		if err != nil {
			t.Fatal(err)
		}
		copier := replica.New(replica.Config{To: to, Wait: true, Patience: time.Minute, Renew: 4 << 20})
		db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(dir, "main.db"), store.Options{Schemas: schemas, Copy: copier})
		if err != nil {
			t.Fatal(err)
		}
		for range 25 {
			id, body := store.NewID(), make([]byte, 250<<10)
			rand.Read(body)
			err := db.Accept(t.Context(), func(tx *store.Tx) error {
				defer tx.Log(custody.Entry{Program: "p", Event: "kept", Record: "kept:" + id.String(), Actor: "system"})
				return tx.Insert("kept", store.Row{"program": "p", "id": id, "body": body})
			})
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
		}
		if s := copier.Status(); !s.Whole || s.Away {
			t.Fatalf("the copy: %+v", s)
		}
		found(t, address, ids)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func found(t *testing.T, address string, ids []store.ID) {
	t.Helper()
	from, err := replica.Open(address)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "back.db")
	if err := replica.Fetch(context.Background(), from, file, store.CarryLog, nil); err != nil {
		t.Fatal(err)
	}
	db, err := store.Inspect(t.Context(), "sqlite:"+file, store.Options{Schemas: schemas})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, id := range ids {
		var n int
		if err := db.QueryRow(t.Context(), `select count(*) from kept where program = 'p' and id = $1`, id[:]).Scan(&n); err != nil || n != 1 {
			t.Fatalf("%s: %d rows, %v", id, n, err)
		}
	}
	if damage, err := db.Integrity(t.Context()); err != nil || len(damage) > 0 {
		t.Errorf("the copy is damaged: %v, %v", damage, err)
	}
}

// A store that is reached without TLS, or without a key, is refused.
func TestStoreAddresses(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "waylight-test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "an invented secret")
	if _, err := replica.Open("s3://copies?endpoint=http://s3.example.gov"); err == nil || !strings.Contains(err.Error(), "TLS") {
		t.Errorf("without TLS: %v", err)
	}
	if _, err := replica.Open("s3://copies?endpoint=https://s3.example.gov"); err != nil {
		t.Error(err)
	}
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	if _, err := replica.Open("s3://copies?endpoint=https://s3.example.gov"); err == nil || !strings.Contains(err.Error(), "key") {
		t.Errorf("without a key: %v", err)
	}
}
