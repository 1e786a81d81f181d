// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"waylight/internal/app"
)

// runPoster prints the sheets of a notice for the train stations of a state, as
// specimens: which placement a code stands for is known only to an installation.
func runPoster(ctx context.Context, c *console, args []string) int {
	f := flags(c, "poster", "")
	var p app.Posters
	f.StringVar(&p.Notice, "notice", "us-station", "which notice")
	f.StringVar(&p.Place, "place", "", "a state (MS), a station (JAN), or US for all of them")
	f.StringVar(&p.Size, "size", "letter", "letter, tabloid, 11x15, a4, card, sticker or screen")
	languages := f.String("language", "", "languages in their order, as en,es,ar; empty: all that the notice has")
	f.BoolVar(&p.Each, "each", false, "one sheet per language")
	f.StringVar(&p.Out, "out", "posters.pdf", "file to write")
	f.BoolVar(&p.Zip, "zip", false, "a document for each sheet, in an archive")
	f.IntVar(&p.Part, "part", 0, "at most so many sheets in a file; what is there already, whole, is not printed again")
	packs := f.String("packs", "", "folder of packs, or one pack; empty: those of the program")
	if _, code := parse(f, args, 0); code >= 0 {
		return code
	}
	if p.Place == "" || p.Part < 0 {
		fmt.Fprintln(c.err, "waylight: poster needs --place, a state or a station")
		f.Usage()
		return exitUsage
	}
	if *languages != "" {
		p.Languages = strings.Split(*languages, ",")
	}
	if *packs != "" {
		var err error
		if p.Packs, err = packFolder(*packs); err != nil {
			return c.fail(err)
		}
	}
	p.Day = time.Now().UTC().Truncate(24 * time.Hour)
	bar := newBar(c.err)
	defer bar.close()
	p.Progress = bar.show
	done, err := p.Run(ctx)
	bar.close()
	if err != nil {
		return c.fail(err)
	}
	fmt.Fprintf(c.out, "%d sheets in %s\n", done.Sheets, strings.Join(done.Files, ", "))
	if done.Kept > 0 {
		fmt.Fprintf(c.out, "%d of them were there already\n", done.Kept)
	}
	fmt.Fprintln(c.out, "They are specimens, and say so: without an installation no code opens anything and no number was verified.")
	return exitOK
}
