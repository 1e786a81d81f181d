// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"waylight/internal/app"
	"waylight/internal/app/demo"
	"waylight/internal/partnership/release"
	"waylight/internal/platform/disclosure"
	"waylight/internal/platform/figure"
)

// runFigures is about figures for the public.
func runFigures(ctx context.Context, c *console, args []string) int {
	sub := map[string]func(context.Context, *console, []string) int{"release": figuresRelease, "audit": figuresAudit, "verify": figuresVerify, "measures": figuresMeasures}
	if len(args) == 0 || sub[args[0]] == nil {
		fmt.Fprint(c.err, "usage: waylight figures release --demo | audit FILE... | verify --key FILE FIGURES PROOF | measures [--lang es]\n")
		return exitUsage
	}
	return sub[args[0]](ctx, c, args[1:])
}

// figuresRelease makes the demo's release and prints it.
func figuresRelease(ctx context.Context, c *console, args []string) int {
	f := flags(c, "figures release", "")
	invented := f.Bool("demo", false, "of a demonstration with invented people, which is made for it and removed")
	lang := f.String("lang", "en", "language: en or es")
	raw := f.Bool("json", false, "print the document itself")
	if _, code := parse(f, args, 0); code >= 0 {
		return code
	}
	if !*invented {
		fmt.Fprintln(c.err, "waylight: an installation's releases are made on its pages, by two people; here is only --demo")
		return exitUsage
	}
	folder, err := os.MkdirTemp("", "waylight-figures-")
	if err != nil {
		return c.fail(err)
	}
	defer os.RemoveAll(folder)
	d, err := demo.Start(ctx, demo.Config{Data: filepath.Join(folder, "demo"), Origin: "http://127.0.0.1", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return c.fail(err)
	}
	defer d.Close()
	text, err := d.Figures(ctx)
	if err != nil {
		return c.fail(err)
	}
	if *raw {
		fmt.Fprint(c.out, text)
		return exitOK
	}
	doc, err := figure.ParseDocument([]byte(text))
	if err != nil {
		return c.fail(err)
	}
	printDocument(c, d.App, doc, *lang)
	return exitOK
}

// printDocument writes a release as tables.
func printDocument(c *console, a *app.App, doc figure.Document, lang string) {
	fmt.Fprintf(c.out, "%s\n%s to %s, computed %s, when the log had %d entries\n", doc.Headline[lang], doc.From, doc.Through, doc.Computed, doc.Log.Size)
	titles := map[string]string{}
	for _, d := range doc.Definitions {
		titles[d.Measure] = d.Words[lang].Title
	}
	total := a.Site.Catalog.T(lang, "figure.say.total")
	for _, p := range doc.Tables {
		t := p.Table()
		fmt.Fprintf(c.out, "\n%s\n", titles[p.Measure])
		w := tabwriter.NewWriter(c.out, 2, 2, 2, ' ', 0)
		if len(t.Columns) > 0 {
			var heads []string
			for _, h := range t.Columns {
				heads = append(heads, h.Words[lang])
			}
			fmt.Fprintf(w, "\t%s\t%s\n", strings.Join(heads, "\t"), total)
		}
		for i, row := range t.Entries {
			head := total
			if i < len(t.Rows) {
				head = t.Rows[i].Words[lang]
			}
			var said []string
			for _, e := range row {
				said = append(said, figure.Say(a.Site.Catalog, lang, t.Unit, e))
			}
			fmt.Fprintf(w, "  %s\t%s\n", head, strings.Join(said, "\t"))
		}
		w.Flush()
	}
}

// figuresAudit attacks published documents, all together.
func figuresAudit(ctx context.Context, c *console, args []string) int {
	f := flags(c, "figures audit", "FILE...")
	files, code := parse(f, args, 10_000)
	if code >= 0 {
		return code
	}
	if len(files) == 0 {
		f.Usage()
		return exitUsage
	}
	var tables []disclosure.Table
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			return c.fail(fmt.Errorf("reading figures: %w", err))
		}
		doc, err := figure.ParseDocument(data)
		if err != nil {
			return c.fail(fmt.Errorf("%s: %w", name, err))
		}
		tables = append(tables, doc.Disclosed()...)
	}
	found, err := disclosure.Audit(ctx, tables...)
	if err != nil {
		return c.fail(err)
	}
	for _, x := range found {
		fmt.Fprintln(c.out, x)
	}
	if len(found) > 0 {
		fmt.Fprintf(c.out, "%d findings in %d tables about people\n", len(found), len(tables))
		return exitWrong
	}
	fmt.Fprintf(c.out, "nobody can be found in %d tables about people, as far as this attack goes\n", len(tables))
	return exitOK
}

// figuresVerify holds a document against the log's signed entry.
func figuresVerify(_ context.Context, c *console, args []string) int {
	f := flags(c, "figures verify", "FIGURES PROOF")
	key := f.String("key", "", "file with the log's key, kept from /log/PROGRAM/key")
	files, code := parse(f, args, 2)
	if code >= 0 {
		return code
	}
	if len(files) != 2 || *key == "" {
		f.Usage()
		return exitUsage
	}
	var data [3][]byte
	for i, name := range append(files, *key) {
		var err error
		if data[i], err = os.ReadFile(name); err != nil {
			return c.fail(fmt.Errorf("reading what is to be verified: %w", err))
		}
	}
	if err := release.Verify(data[0], data[1], strings.TrimSpace(string(data[2]))); err != nil {
		return c.fail(err)
	}
	fmt.Fprintln(c.out, "this is what was published: its entry stands in the signed log")
	return exitOK
}

// figuresMeasures lists what is counted, and how.
func figuresMeasures(ctx context.Context, c *console, args []string) int {
	f := flags(c, "figures measures", "")
	lang := f.String("lang", "en", "language: en or es")
	if _, code := parse(f, args, 0); code >= 0 {
		return code
	}
	folder, err := os.MkdirTemp("", "waylight-figures-")
	if err != nil {
		return c.fail(err)
	}
	defer os.RemoveAll(folder)
	a, err := app.New(ctx, app.Config{Data: folder})
	if err != nil {
		return c.fail(err)
	}
	defer a.Close()
	r := a.Releases.Measures()
	for _, name := range r.Names() {
		m, _ := r.Measure(name)
		words := r.Define(m).Words[*lang]
		fmt.Fprintf(c.out, "%s (%s): %s\n  %s\n  %s\n  %s\n", name, m.Unit, words.Title, words.Definition, words.Dedup, words.Period)
		for _, d := range m.Dimensions {
			inside := ""
			if d.Inside {
				inside = " (staff only)"
			}
			fmt.Fprintf(c.out, "  - %s: %s%s\n", d.Name, words.Dimensions[d.Name], inside)
		}
	}
	return exitOK
}
