// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"waylight/internal/platform/form"
	"waylight/internal/platform/store"
	"waylight/internal/protection/report"
)

// Restored is what `waylight bench restore` measured.
type Restored struct {
	Reports       int     `json:"reports"`
	Bytes         int64   `json:"bytes"` // of the backup
	FillSeconds   float64 `json:"fill_seconds"`
	BackupSeconds float64 `json:"backup_seconds"`
	// From an empty folder to a database that may be served, proven by its log.
	RestoreSeconds float64 `json:"restore_seconds"`
	ExportSeconds  float64 `json:"export_seconds"`
	ImportSeconds  float64 `json:"import_seconds"`
}

// BenchRestore fills an installation, backs it up and restores it, and carries
// it by an export into another database.
func BenchRestore(ctx context.Context, folder string, reports int, progress Progress, w io.Writer) (Restored, error) {
	result := Restored{Reports: reports}
	data, saved, fresh := filepath.Join(folder, "data"), filepath.Join(folder, "backup"), filepath.Join(folder, "fresh")
	ring, file, there := filepath.Join(data, "keyring"), filepath.Join(folder, "export"), filepath.Join(folder, "there")
	for _, step := range []struct {
		took *float64
		do   func() error
	}{
		{&result.FillSeconds, func() error { return fillBench(ctx, data, reports, progress) }},
		{&result.BackupSeconds, func() error { return BackingUp{Data: data, Out: saved, Progress: progress}.Run(ctx, w) }},
		{&result.RestoreSeconds, func() error {
			return Restoring{From: saved, Data: fresh, Keyring: ring, Progress: progress}.Run(ctx, w)
		}},
		{&result.ExportSeconds, func() error { return Exporting{Data: data, Out: file, Progress: progress}.Run(ctx, w) }},
		{&result.ImportSeconds, func() error {
			return Importing{From: file, Data: there, Keyring: ring, Progress: progress}.Run(ctx, w)
		}},
	} {
		began := time.Now()
		if err := step.do(); err != nil {
			return result, err
		}
		*step.took = time.Since(began).Seconds()
	}
	info, err := os.Stat(filepath.Join(saved, backupDatabase))
	if err != nil {
		return result, fmt.Errorf("measuring the backup: %w", err)
	}
	result.Bytes = info.Size()
	return result, nil
}

// fillBench makes an installation that has accepted so many invented reports.
func fillBench(ctx context.Context, data string, reports int, progress Progress) error {
	a, err := New(ctx, Config{Data: data, Demo: true})
	if err != nil {
		return err
	}
	defer a.Close()
	for _, office := range append([]string{"help-desk"}, benchOffices...) {
		if err := a.KeyOffice(ctx, benchProgram, office); err != nil {
			return err
		}
	}
	const senders = 64
	var wg sync.WaitGroup
	var done atomic.Int64
	failed := make(chan error, senders)
	for n := range senders {
		wg.Go(func() {
			for i := n; i < reports; i += senders {
				if err := a.benchReport(ctx); err != nil {
					failed <- err
					return
				}
				if all := done.Add(1); all%1000 == 0 && n == 0 {
					progress("filling, reports", all, int64(reports))
				}
			}
		})
	}
	wg.Wait()
	select {
	case err := <-failed:
		return err
	default:
	}
	if err := a.PublishAll(ctx); err != nil {
		return err
	}
	return a.Close()
}

func (a *App) benchReport(ctx context.Context) error {
	_, err := a.Reports.Accept(ctx, report.Submission{
		Program: benchProgram, Language: "en", Key: []byte(store.NewID().String() + store.NewID().String()), Via: report.ViaWeb,
		Answers: form.Answers{"mode": {"tip"}, "age": {"under18"}, "who": {"saw"}, "kind": {"labor"}, "happened": {"MS-28049"}, "land": {"ordinary"}, "story": {benchStory}},
	})
	return err
}
