// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"waylight/internal/app"
	"waylight/internal/partnership/agency"
	"waylight/internal/platform/custody"
)

// alterations are what a server may do to what it gives to a sender.
var alterations = map[string]func(path string, body []byte) []byte{
	"honest": func(_ string, body []byte) []byte { return body },
	"another-script": func(path string, body []byte) []byte {
		if strings.HasPrefix(path, "/assets/report.") {
			return append(body, "fetch('/words')"...)
		}
		return body
	},
	"another-import": func(path string, body []byte) []byte {
		if strings.HasPrefix(path, "/assets/hpke.") {
			return append(body, "\n//"...)
		}
		return body
	},
	"script-in-page": func(path string, body []byte) []byte {
		if path == "/ms" {
			return bytes.Replace(body, []byte("</main>"), []byte("<SCRIPT >0</SCRIPT ></main>"), 1)
		}
		return body
	},
	"handler-in-page": func(path string, body []byte) []byte {
		if path == "/ms" {
			return bytes.Replace(body, []byte("<main "), []byte("<main onclick = x() "), 1)
		}
		return body
	},
	"script-in-messages": inPage("/receipt/messages"),
	"script-in-spanish":  inPage("/ms/es"),
	"another-list": func(path string, body []byte) []byte {
		if strings.HasSuffix(path, "/scripts") {
			return bytes.Replace(body, []byte(`"name": "inbox.js"`), []byte(`"name": "outbox.js"`), 1)
		}
		return body
	},
}

// inPage puts one more script into one page, without its hash.
func inPage(page string) func(string, []byte) []byte {
	return func(path string, body []byte) []byte {
		if path == page {
			return bytes.Replace(body, []byte("</main>"), []byte(`<script src="/assets/site.js"></script></main>`), 1)
		}
		return body
	}
}

// siteCommand is the script command "site ALTERATION [unpublished]": it starts a
// whole site, keeps what an outsider would keep in the files key and
// directory.pub, and puts its address into $SITE.
func siteCommand(ts *testscript.TestScript, neg bool, args []string) {
	alter := alterations[args[0]]
	if neg || alter == nil {
		ts.Fatalf("site: %v", args)
	}
	folder, err := os.MkdirTemp(ts.MkAbs("."), "site-")
	ts.Check(err)
	public, _, err := ed25519.GenerateKey(rand.Reader)
	ts.Check(err)
	a, err := app.New(context.Background(), app.Config{Data: folder, Directory: public})
	ts.Check(err)
	if len(args) == 1 {
		ts.Check(a.PublishAll(context.Background()))
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Accept-Encoding") // what is altered is what it says
		kept := httptest.NewRecorder()
		a.Handler().ServeHTTP(kept, r)
		answer := kept.Result()
		body, _ := io.ReadAll(answer.Body)
		for name, values := range answer.Header {
			w.Header()[name] = values
		}
		w.Header().Del("Content-Length")
		w.WriteHeader(answer.StatusCode)
		_, _ = w.Write(alter(r.URL.Path, body))
	}))
	ts.Defer(func() {
		server.Close()
		a.Close()
	})
	ts.Check(os.WriteFile(ts.MkAbs("key"), []byte(a.LogOf("ms").VerifierKey()+"\n"), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("directory.pub"), []byte(agency.DirectoryPublicText(public)), 0o600))
	ts.Setenv("SITE", server.URL)
}

// installationCommand is the script command "installation FOLDER": it makes an
// installation that was started once, and keeps a checkpoint of it in the file
// kept, as somebody outside would.
func installationCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("installation: %v", args)
	}
	ctx := context.Background()
	a, err := app.New(ctx, app.Config{Data: ts.MkAbs(args[0])})
	ts.Check(err)
	ts.Check(a.PublishAll(ctx))
	last, err := custody.Latest(ctx, a.DB, onlyProgram())
	ts.Check(err)
	ts.Check(a.Close())
	ts.Check(os.WriteFile(ts.MkAbs("kept"), []byte(last.Note), 0o600))
}
