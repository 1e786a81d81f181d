// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"encoding/json"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
)

// What a batch does.
const (
	BatchPlan    = "plan"    // a sheet of a notice at spots of many places
	BatchPrinted = "printed" // many planned sheets are printed
	BatchUp      = "up"      // many printed sheets are put up
	BatchRenew   = "replace" // a new sheet for every open task that has none yet
	BatchRemove  = "remove"  // many sheets that do not hang yet are not wanted any more
)

// Spec says on what a batch acts. The filter is frozen with it.
type Spec struct {
	Notice    string   `json:"notice,omitempty"`
	Spots     []string `json:"spots,omitempty"`
	Languages []string `json:"languages,omitempty"`
	Paper     string   `json:"paper,omitempty"`
	Day       string   `json:"day,omitempty"` // on which sheets were put up
	Kind      string   `json:"kind,omitempty"`
	County    string   `json:"county,omitempty"`
	Source    string   `json:"source,omitempty"`
	Origin    store.ID `json:"origin,omitzero"` // places of this import
	Text      string   `json:"text,omitempty"`
}

// Batch is one act for many placements.
type Batch struct {
	Program, What string
	ID            store.ID
	Spec          Spec
	State         string // working, done
	At            time.Time
	By            string
	Made, LeftOut int64
	Done, Total   int64 // places, or placements, that were gone through
}

// batchRows is how many places or placements are gone through with one transaction.
const batchRows = 100

func (sp Spec) filter() Filter {
	return Filter{Kind: sp.Kind, County: sp.County, Source: sp.Source, Origin: sp.Origin, Text: sp.Text}
}

// states are those of the placements that an act is for.
func (b Batch) filter() Filter {
	f := b.Spec.filter()
	switch b.What {
	case BatchPrinted:
		f.State, f.Notice = string(Planned), b.Spec.Notice
	case BatchUp:
		f.State, f.Notice = string(Printed), b.Spec.Notice
	case BatchRenew:
		f.State, f.Notice = "", b.Spec.Notice
	case BatchRemove:
		f.Waiting, f.Notice = true, b.Spec.Notice
	}
	return f
}

// Begin begins a batch: what it is about is counted, and a job does it.
func (s *Service) Begin(ctx context.Context, m identity.Member, what string, sp Spec) (Batch, []Problem, error) {
	if err := s.may(m, policy.ChangePlacements); err != nil {
		return Batch{}, nil, err
	}
	pack, err := s.pack(m.Program)
	if err != nil {
		return Batch{}, nil, err
	}
	b := Batch{Program: m.Program, ID: store.NewID(), What: what, Spec: sp, State: "working", By: m.Actor()}
	if wrong := b.check(pack); len(wrong) > 0 {
		return b, wrong, ErrTyped
	}
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		b.At = tx.Now()
		if _, err := dayOf(sp.Day, tx.Now(), pack.Zone); err != nil {
			return err
		}
		var err error
		if b.Total, err = b.count(ctx, tx); err != nil {
			return err
		}
		if b.Total == 0 {
			return ErrEmpty
		}
		if err := insertBatch(tx, b); err != nil {
			return err
		}
		log(tx, m.Program, "placement.batch_begun", "placement_batch:"+b.ID.String(), m.Actor())
		return jobs.Enqueue(tx, jobs.Job{Program: m.Program, Kind: KindBatch, Key: b.ID.String() + "/0", Payload: b.ID[:]})
	})
	return b, nil, err
}

func (b *Batch) check(pack *program.Program) (wrong []Problem) {
	switch b.What {
	case BatchPrinted, BatchUp, BatchRenew:
		return nil
	case BatchRemove:
		if sp := b.Spec; sp.Origin.IsZero() && sp.Notice+sp.Kind+sp.County+sp.Source+sp.Text == "" {
			return []Problem{{"notice", "is missing: say which sheets, by notice, kind, county, origin or words, so that not all are removed by mistake"}}
		}
		return nil
	case BatchPlan:
	default:
		return []Problem{{"what", "is nothing that can be done for many"}}
	}
	if len(b.Spec.Spots) == 0 {
		return []Problem{{"spots", "are missing: choose at least one"}}
	}
	for _, spot := range b.Spec.Spots {
		var more []Problem
		if _, _, more = settle(pack, Draft{Notice: b.Spec.Notice, Spot: spot, Languages: b.Spec.Languages, Paper: b.Spec.Paper}, Place{}); len(more) > 0 {
			return more
		}
	}
	return nil
}

func (b Batch) count(ctx context.Context, q store.Reader) (int64, error) {
	switch b.What {
	case BatchPlan:
		return countPlaces(ctx, q, b.Program, b.filter())
	case BatchRenew:
		return countBatchPlacements(ctx, q, b)
	}
	return countPlacements(ctx, q, b.Program, b.filter())
}

func (s *Service) batchJob(ctx context.Context, j jobs.Job) error {
	return s.work(ctx, j, KindBatch, s.batchPart)
}

// batchPart goes through some of a batch's places or placements. How far it came and
// what was made are one transaction.
func (s *Service) batchPart(ctx context.Context, tx *store.Tx, programID string, id store.ID) (int64, bool, error) {
	b, err := batchByID(ctx, tx, programID, id)
	if err != nil || b.State != "working" {
		return 0, false, err
	}
	p, err := holdProgress(ctx, tx, programID, id)
	if err != nil {
		return 0, false, err
	}
	pack, err := s.pack(programID)
	if err != nil {
		return 0, false, err
	}
	did, err := s.some(ctx, tx, pack, b, p)
	if err != nil {
		return 0, false, err
	}
	record := "placement_batch:" + id.String()
	p.done, p.parts, p.after = p.done+did.through, p.parts+did.made, did.last
	if did.through == 0 {
		b.State, b.Made, b.LeftOut = "done", p.parts, p.leftOut
		if err := finishBatch(tx, b); err != nil {
			return 0, false, err
		}
		log(tx, programID, "placement.batch_done", record, b.By)
		return p.done, false, nil
	}
	if did.made > 0 {
		log(tx, programID, "placement.batch_part", record, b.By)
	}
	p.leftOut += did.tried - did.made
	return p.done, true, setProgress(tx, programID, id, p)
}

// someDone is what a part came to: how many places or sheets were gone through, how many
// sheets that could have made or moved and did, and which was the last.
type someDone struct {
	through, tried, made int64
	last                 store.ID
}

// count counts one more that was tried.
func (d *someDone) count(made bool) {
	if d.tried++; made {
		d.made++
	}
}

// some does the next part.
func (s *Service) some(ctx context.Context, tx *store.Tx, pack *program.Program, b Batch, p progress) (someDone, error) {
	if b.What == BatchPlan {
		return s.planSome(ctx, tx, pack, b, p.after)
	}
	out := someDone{last: p.after}
	list, err := batchPlacements(ctx, tx, b, p.after, batchRows)
	if err != nil {
		return out, err
	}
	for _, t := range list {
		out.last = t.ID
		did, err := s.each(ctx, tx, pack, b, t)
		if err != nil {
			return out, err
		}
		out.through++
		out.count(did)
	}
	return out, nil
}

// each does a batch's act for one placement; false: it could not be done to it.
func (s *Service) each(ctx context.Context, tx *store.Tx, pack *program.Program, b Batch, t Placement) (bool, error) {
	switch b.What {
	case BatchPrinted:
		return true, s.move(ctx, tx, t, Printed, time.Time{}, b.By)
	case BatchRemove:
		return true, s.move(ctx, tx, t, Removed, time.Time{}, b.By)
	case BatchUp:
		on, err := dayOf(b.Spec.Day, tx.Now(), pack.Zone)
		if err != nil {
			on = b.At // the day was right when the batch began
		}
		err = s.move(ctx, tx, t, Up, on, b.By)
		return err == nil, ignoring(err, ErrTwin)
	}
	_, err := s.succeed(ctx, tx, pack, t, b.By)
	return err == nil, ignoring(refused(err), ErrTwin, ErrState, ErrTyped)
}

// refused is ErrTyped for what was not taken as it is, by the room of codes for one,
// which then has written nothing. It would be refused again however often it is tried.
func refused(err error) error {
	if fault.KindOf(err) == fault.Invalid {
		return ErrTyped
	}
	return err
}

// ignoring drops faults that only say that one of many was left out. They are found
// before anything is written.
func ignoring(err error, which ...error) error {
	f, ok := fault.As(err)
	for _, w := range which {
		if ok && f.Is(w) {
			return nil
		}
	}
	return err
}

// planSome plans sheets at the next places, at each of a spot that a place has more than
// once.
func (s *Service) planSome(ctx context.Context, tx *store.Tx, pack *program.Program, b Batch, after store.ID) (someDone, error) {
	out := someDone{last: after}
	places, err := placesFrom(ctx, tx, b.Program, b.filter(), after, batchRows)
	if err != nil {
		return out, err
	}
	for _, at := range places {
		out.last = at.ID
		out.through++
		for _, spot := range b.Spec.Spots {
			for _, label := range at.labels(spot) {
				did, err := s.planOne(ctx, tx, pack, b, at, spot, label)
				if err != nil {
					return out, err
				}
				out.count(did)
			}
		}
	}
	return out, nil
}

func (s *Service) planOne(ctx context.Context, tx *store.Tx, pack *program.Program, b Batch, at Place, spot, label string) (bool, error) {
	d, notice, wrong := settle(pack, Draft{Place: at.ID, Notice: b.Spec.Notice, Spot: spot, Languages: b.Spec.Languages, Paper: b.Spec.Paper}, at)
	if len(wrong) > 0 || cannotHang(at, spot) != "" { // the pack may have changed since the batch began
		return false, nil
	}
	p := Placement{Program: b.Program, ID: store.NewID(), Place: at, Spot: spot, Label: label, Notice: notice.ID, Version: notice.Version, Languages: d.Languages, Paper: d.Paper,
		State: Planned, MadeAt: tx.Now(), MadeBy: b.By, Row: 1}
	p.Slot = p.slot()
	twin, err := bySlot(ctx, tx, b.Program, p.Slot)
	if err != nil || !twin.ID.IsZero() {
		return false, err
	}
	_, err = s.insert(ctx, tx, p)
	return err == nil, ignoring(refused(err), ErrTyped)
}

// Batch finds a batch.
func (s *Service) Batch(ctx context.Context, m identity.Member, id store.ID) (Batch, error) {
	if err := s.may(m, policy.ReadPlacements); err != nil {
		return Batch{}, err
	}
	return batchByID(ctx, s.DB, m.Program, id)
}

func (sp Spec) text() (string, error) {
	data, err := json.Marshal(sp)
	return string(data), err
}
