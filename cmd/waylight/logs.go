// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"io"
	"log/slog"
)

// logFlags say how the log is written.
type logFlags struct {
	format string
	level  slog.Level
}

func (l *logFlags) declare(f *flag.FlagSet) {
	f.StringVar(&l.format, "log-format", "text", "text or json, one line for each event")
	f.TextVar(&l.level, "log-level", slog.LevelInfo, "debug, info, warn or error: what is less is left out")
}

// open makes the log. Times are UTC, as everywhere in the data.
func (l *logFlags) open(w io.Writer) (*slog.Logger, error) {
	options := &slog.HandlerOptions{Level: l.level, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey {
			a.Value = slog.TimeValue(a.Value.Time().UTC())
		}
		return a
	}}
	switch l.format {
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return nil, errors.New("--log-format is text or json")
}
