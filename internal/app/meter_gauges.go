// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"path/filepath"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/metric"
	"waylight/internal/protection/file"
)

// declareGauges adds what is asked for instead of counted: once everything is open.
func (a *App) declareGauges() {
	s := a.meter.set
	one := func(v float64) func(context.Context) ([]metric.Value, error) {
		return func(context.Context) ([]metric.Value, error) { return metric.Single(v), nil }
	}
	programs := []metric.Label{{Name: "program", Values: a.Programs.IDs()}}
	built := a.Build
	s.Gauge(metric.Series{Name: "waylight_build_info", Help: "Which build runs.", Labels: []metric.Label{{Name: "version", Values: []string{built.Version}}, {Name: "go", Values: []string{built.Go}}}}, one(1))
	s.Gauge(metric.Series{Name: "process_start_time_seconds", Help: "When this process began."}, one(float64(a.audit.began.Unix())))
	s.Gauge(metric.Series{Name: "waylight_ready", Help: "1 while this process takes requests, 0 while it stops."}, a.askReady)
	s.Gauge(metric.Series{Name: "waylight_database_up", Help: "1 when the database answers."}, a.askDatabase)
	s.Gauge(metric.Series{Name: "waylight_database_bytes", Help: "Size of the database, rounded up.", Step: diskStep, Up: true}, a.askSize)
	s.Gauge(metric.Series{Name: "waylight_disk_free_bytes", Help: "Free on the disk of the embedded database, or of the spool.", Step: diskStep}, a.askDisk)
	s.Gauge(metric.Series{Name: "waylight_writer_queue", Help: "Writes that wait to be committed.", Step: manyEvents}, func(context.Context) ([]metric.Value, error) {
		return metric.Single(float64(a.DB.Waiting())), nil
	})
	s.Gauge(metric.Series{Name: "waylight_checkpoint_schedule_seconds", Help: "How often the public log is published, and how often held numbers are shown."}, one(a.Every.Seconds()))
	s.Gauge(metric.Series{Name: "waylight_checkpoint_age_seconds", Step: 1, Help: "Since the public log was last published.", Labels: programs}, a.askCheckpoints)
	s.Gauge(metric.Series{Name: "waylight_watch_age_seconds", Step: 1, Help: "Since the audit watch last looked at every program."}, func(context.Context) ([]metric.Value, error) {
		return metric.Single(a.Now().Sub(a.watched()).Seconds()), nil
	})
	s.Gauge(metric.Series{Name: "waylight_verification_age_seconds", Step: 1, Help: "Since this process last held data and log against each other; absent before the first time.", Labels: programs}, a.askVerified)
	s.Gauge(metric.Series{Name: "waylight_verification_disagrees", Help: "1 when data and log disagreed.", Labels: programs}, a.askDamaged)
	s.Gauge(metric.Series{Name: "waylight_second_copy_age_seconds", Step: 1, Help: "Since the second copy was last whole; absent where none is kept."}, a.askCopied)
	s.Gauge(metric.Series{Name: "waylight_sessions", Help: "Open sessions of members, rounded up.", Step: someWrong, Up: true, Held: true}, a.askSessions)
	s.Gauge(metric.Series{Name: "waylight_spool_waiting", Help: "Accepted reports on this server's disk that have not reached the database, rounded up; absent where there is no spool.", Step: someWrong, Up: true, Held: true}, a.askSpool)
	a.declareWork()
	declareProcess(s)
}

func (a *App) askCheckpoints(ctx context.Context) ([]metric.Value, error) {
	var list []metric.Value
	for _, program := range a.Programs.IDs() {
		last, err := custody.Latest(ctx, a.DB, program)
		if err != nil {
			return nil, err
		}
		since := last.Published
		if since.IsZero() {
			since = a.audit.began // none yet
		}
		list = append(list, metric.Value{V: a.Now().Sub(since).Seconds(), Labels: []string{program}})
	}
	return list, nil
}

func (a *App) askSessions(ctx context.Context) ([]metric.Value, error) {
	total := 0
	for _, program := range a.Programs.IDs() {
		n, err := a.People.OpenSessions(ctx, program)
		if err != nil {
			return nil, err
		}
		total += n
	}
	return metric.Single(float64(total)), nil
}

func (a *App) askVerified(context.Context) ([]metric.Value, error) {
	a.audit.mu.Lock()
	defer a.audit.mu.Unlock()
	var list []metric.Value
	for program, at := range a.audit.verified {
		list = append(list, metric.Value{V: a.Now().Sub(at).Seconds(), Labels: []string{program}})
	}
	return list, nil
}

func (a *App) askDamaged(context.Context) ([]metric.Value, error) {
	a.audit.mu.Lock()
	defer a.audit.mu.Unlock()
	var list []metric.Value
	for program, damaged := range a.audit.damaged {
		list = append(list, metric.Value{V: truth(damaged), Labels: []string{program}})
	}
	return list, nil
}

func (a *App) askCopied(context.Context) ([]metric.Value, error) {
	if a.Copied == nil {
		return nil, nil
	}
	return metric.Single(a.Now().Sub(a.Copied()).Seconds()), nil
}

func (a *App) askReady(context.Context) ([]metric.Value, error) {
	return metric.Single(truth(!a.stopping.Load() && !a.older.Load())), nil
}

func (a *App) askDatabase(ctx context.Context) ([]metric.Value, error) {
	return metric.Single(truth(a.DB.Ping(ctx) == nil)), nil
}

func (a *App) askSize(ctx context.Context) ([]metric.Value, error) {
	size, err := a.DB.Size(ctx)
	return metric.Single(float64(size)), err
}

func (a *App) askDisk(context.Context) ([]metric.Value, error) {
	on := a.DB.File()
	if on == "" {
		on = filepath.Join(a.Data, spoolFile)
	}
	space, err := file.SpaceOf(on)
	return metric.Single(float64(space.Free)), err
}

func (a *App) askSpool(ctx context.Context) ([]metric.Value, error) {
	if a.Spool == nil {
		return nil, nil
	}
	total := 0
	for _, program := range a.Programs.IDs() {
		n, err := a.Spool.Waiting(ctx, program)
		if err != nil {
			return nil, err
		}
		total += n
	}
	return metric.Single(float64(total)), nil
}

func truth(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
