// SPDX-License-Identifier: Apache-2.0

package result

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/place"
	"waylight/internal/platform/store"
)

// lawMinor is the law of a pack that says that a minor is not arrested for
// prostitution. A pack that has none still gets the rule.
const lawMinor = "minor-not-arrested"

// firstDay is the oldest day a result can have: what is older is a slip.
var firstDay = dayNumber(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC))

// reader reads lines of one office into rows. It looks up each operation once.
type reader struct {
	s          *Service
	b          box
	ctx        context.Context
	a          actor
	p          *program.Program
	today      int64
	groups     map[string]bool
	operations map[string]period
}

type period struct {
	known    bool
	name     string
	from, to int64
}

func (s *Service) reader(ctx context.Context, q store.Reader, a actor) (*reader, error) {
	p, ok := s.Programs.Program(a.Program)
	if !ok {
		return nil, ErrNone
	}
	list, err := organizations(ctx, q, a.Program)
	if err != nil {
		return nil, err
	}
	b, err := s.box(a.Program)
	if err != nil {
		return nil, err
	}
	r := &reader{s: s, b: b, ctx: ctx, a: a, p: p, today: dayNumber(s.Now().In(p.Zone)), groups: map[string]bool{}, operations: map[string]period{}}
	for _, o := range list {
		r.groups[o.ID] = !o.Retired
	}
	return r, nil
}

// complaint collects what is wrong with a line.
type complaint []Problem

func (c *complaint) add(f field, reason string) { *c = append(*c, Problem{f.String(), reason}) }

// read turns a line into a row, or says everything that is wrong with it. The
// error is the database's.
func (r *reader) read(l Line) (Result, []Problem, error) {
	var wrong complaint
	for i := range l {
		l[i] = strings.TrimSpace(l[i])
	}
	kind := l[fKind]
	if fieldsOf[kind] == nil {
		wrong.add(fKind, "is not a kind of result: "+strings.Join(Kinds(), ", "))
		return Result{}, wrong, nil
	}
	for f := field(0); f < fieldCount; f++ {
		mine := slices.Contains(always, f) || slices.Contains(fieldsOf[kind], f)
		switch {
		case !utf8.ValidString(l[f]) || strings.ContainsRune(l[f], 0):
			wrong.add(f, "is not readable text; save the file as UTF-8")
			l[f] = ""
		case len(l[f]) > 100:
			wrong.add(f, "is longer than 100 letters")
			l[f] = ""
		case l[f] != "" && !mine:
			wrong.add(f, "does not belong to a row of kind "+kind)
		case l[f] == "" && slices.Contains(needed[kind], f):
			wrong.add(f, "is missing")
		}
	}
	row := Result{Program: r.a.Program, Kind: kind, State: Reported, Office: r.a.Office, Quantity: 1}
	if err := r.where(l, &row, &wrong); err != nil {
		return row, nil, err
	}
	r.sorts(l, &row, &wrong)
	r.amounts(l, &row, &wrong)
	r.document(l, &row, &wrong)
	switch kind {
	case Arrest:
		r.arrest(l, &row, &wrong)
	case Recovery:
		r.recovery(l, &row, &wrong)
	}
	return row, wrong, nil
}

// where reads date, place and operation.
func (r *reader) where(l Line, row *Result, wrong *complaint) error {
	if l[fCounty] != "" {
		if where, err := place.ParsePlace(l[fCounty]); err == nil && where.String() == l[fCounty] && where.County != "" {
			row.County = l[fCounty]
		} else {
			wrong.add(fCounty, "is not a county like MS-28049")
		}
	}
	if row.Kind != check || l[fDate] != "" {
		row.Day = r.date(l, fDate, wrong)
	}
	if l[fOperation] == "" {
		return nil
	}
	op, err := r.operation(l[fOperation])
	switch {
	case err != nil:
		return err
	case !op.known:
		wrong.add(fOperation, "is not an operation of your office")
	case row.Day != 0 && (row.Day < op.from || row.Day > op.to):
		wrong.add(fDate, fmt.Sprintf("is outside the period of %s, which is %s to %s", op.name, dayText(op.from), dayText(op.to)))
	default:
		row.Operation = l[fOperation]
	}
	return nil
}

func (r *reader) operation(id string) (period, error) {
	if p, seen := r.operations[id]; seen {
		return p, nil
	}
	var p period
	if r.s.Operations != nil {
		op, ok, err := r.s.Operations.Operation(r.ctx, r.s.DB, r.a.who, id)
		if err != nil {
			return p, fmt.Errorf("looking up an operation: %w", err)
		}
		if ok {
			p = period{true, op.Name, dayNumber(op.From.In(r.p.Zone)), dayNumber(op.To.In(r.p.Zone))}
		}
	}
	r.operations[id] = p
	return p, nil
}

// date reads a day, 0 when there is none or it is wrong.
func (r *reader) date(l Line, f field, wrong *complaint) int64 {
	if l[f] == "" {
		if f == fDate {
			wrong.add(f, "is missing")
		}
		return 0
	}
	at, err := time.Parse(time.DateOnly, l[f])
	if err != nil {
		wrong.add(f, "is not a date like 2026-09-30")
		return 0
	}
	switch day := dayNumber(at); {
	case day > r.today:
		wrong.add(f, "is in the future")
	case day < firstDay:
		wrong.add(f, "is before the year 2000")
	default:
		return day
	}
	return 0
}

// sorts reads the fields with closed lists.
func (r *reader) sorts(l Line, row *Result, wrong *complaint) {
	from := func(f field, into *string, values []string) {
		switch {
		case l[f] == "":
		case slices.Contains(values, l[f]):
			*into = l[f]
		default:
			wrong.add(f, "is none of "+strings.Join(values, ", "))
		}
	}
	from(fRole, &row.Role, roles)
	from(fStage, &row.Stage, stages)
	from(fAge, &row.Age, ages)
	from(fCertainty, &row.Certainty, certainty)
	from(fExploitation, &row.Exploitation, forms)
	from(fMatched, &row.Matched, matches)
	from(fQualifier, &row.Qualifier, qualifiers)
	from(fCovers, &row.Covers, covered)
	switch {
	case row.Kind == check && row.Covers != "":
		from(fItem, &row.Item, items[row.Covers])
	case items[row.Kind] != nil:
		from(fItem, &row.Item, items[row.Kind])
	}
	if l[fOffense] != "" {
		if row.Offense = l[fOffense]; !knownOffense(row.Offense) {
			wrong.add(fOffense, "is not on the list of offenses; other is for those that are not")
		}
	}
	if g := l[fOrganization]; g != "" && g != figure.Other {
		if row.Organization = g; !r.groups[g] {
			wrong.add(fOrganization, "is not on your program's list of groups; leave it empty when none is known")
		}
	}
	if row.Role == PersonSold && row.Organization != "" {
		wrong.add(fOrganization, "cannot be given for a person who was sold")
	}
}

// amounts reads how much and how many.
func (r *reader) amounts(l Line, row *Result, wrong *complaint) {
	measure := row.Kind
	if row.Covers != "" {
		measure = row.Covers
	}
	if l[fCount] != "" {
		n, bad := count(l[fCount])
		if row.Quantity = n; bad != "" {
			wrong.add(fCount, bad)
		}
	}
	if l[fAmount] != "" {
		var bad string
		switch {
		case measure == Narcotic && units[l[fUnit]] == nil:
			if l[fUnit] != "" {
				wrong.add(fUnit, "is none of "+strings.Join(unitOrder, ", "))
			} else if row.Covers != "" {
				wrong.add(fUnit, "is missing")
			}
			_, bad = exact(l[fAmount])
		case measure == Narcotic:
			row.Amount, row.Detail.Rounded, bad = milligrams(l[fAmount], l[fUnit])
			row.Detail.Unit = l[fUnit]
		default:
			if l[fUnit] != "" && slices.Contains(fieldsOf[row.Kind], fUnit) {
				wrong.add(fUnit, "belongs to weights; this is an amount of money")
			}
			row.Amount, bad = cents(l[fAmount])
		}
		row.Detail.Typed = l[fAmount]
		if bad != "" {
			wrong.add(fAmount, bad)
		}
	}
	row.Valued = r.date(l, fValuedOn, wrong)
	if l[fAmount] != "" && l[fValuedOn] == "" && (row.Kind == Vehicle || row.Kind == Property) {
		wrong.add(fValuedOn, "is missing: say of which day the value is")
	}
	if row.Covers != "" {
		money := measure == Currency || measure == Narcotic
		switch {
		case money && l[fCount] != "":
			wrong.add(fCount, "does not belong to a total of "+measure)
		case !money && l[fAmount] != "":
			wrong.add(fAmount, "does not belong to a total of "+measure)
		case money && l[fAmount] == "":
			wrong.add(fAmount, "is missing")
		case !money && l[fCount] == "":
			wrong.add(fCount, "is missing")
		}
	}
}

var (
	// aNumber is what an agency's own number can look like. It has a digit, and no
	// sign that only sentences have: no place for a name.
	aNumber = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9./#:_-]{0,59}$`)
	aDigit  = regexp.MustCompile(`[0-9]`)
	aDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

func (r *reader) anyNumber(l Line, f field, wrong *complaint) string {
	if l[f] != "" && (!aNumber.MatchString(l[f]) || !aDigit.MatchString(l[f])) {
		wrong.add(f, "is not a number as agencies give them: letters, digits and . / # : _ - without spaces, at least one digit. Never a name")
		return ""
	}
	return l[f]
}

// document reads what shows the result.
func (r *reader) document(l Line, row *Result, wrong *complaint) {
	row.Detail.Number = r.anyNumber(l, fNumber, wrong)
	if r.date(l, fDated, wrong) != 0 {
		row.Detail.Dated = l[fDated]
	}
	if row.Detail.SHA256 = strings.ToLower(l[fSHA256]); row.Detail.SHA256 != "" && !aDigest.MatchString(row.Detail.SHA256) {
		wrong.add(fSHA256, "is not a SHA-256 sum of 64 digits and letters a to f")
	}
	switch {
	case l[fEvidence] == "":
		if l[fNumber] != "" || l[fDated] != "" || l[fSHA256] != "" {
			wrong.add(fEvidence, "is missing: say what kind of document it is")
		}
	case !slices.Contains(evidences, l[fEvidence]):
		wrong.add(fEvidence, "is none of "+strings.Join(evidences, ", "))
	case l[fNumber] == "":
		wrong.add(fNumber, "is missing: a document is found by its number")
	default:
		row.Evidence = l[fEvidence]
	}
}

// arrest holds the rules about people who were arrested.
func (r *reader) arrest(l Line, row *Result, wrong *complaint) {
	if row.Age != Adult && (row.Offense == prostitution || row.Role == PersonSold) {
		wrong.add(fAge, r.minorRule())
	}
	booking, state := r.anyNumber(l, fBooking, wrong), r.anyNumber(l, fStateID, wrong)
	if row.Role == PersonSold && (booking != "" || state != "") {
		f := fBooking
		if booking == "" {
			f = fStateID
		}
		wrong.add(f, "is not kept of a person who was sold; leave it empty")
		return
	}
	if booking != "" {
		row.Booking = r.b.hash("booking", booking)
	}
	if state != "" {
		row.StateID = r.b.hash("state identification", state)
	}
}

// minorRule says why a minor is not entered, with the pack's law where it has one.
func (r *reader) minorRule() string {
	text := "Whoever may be a minor is never entered as arrested for prostitution. Hand a child to child protection now and enter a recovery instead; of an adult, say that it is one"
	law, ok := r.p.Laws[lawMinor]
	if !ok {
		return text
	}
	text += " (" + law.Citation
	if law.Status != "checked" {
		text += ", not yet checked by counsel"
	}
	return text + ")"
}

// recovery holds the rules about people who were recovered.
func (r *reader) recovery(l Line, row *Result, wrong *complaint) {
	d := &row.Detail
	d.Receipt = r.anyNumber(l, fReceipt, wrong)
	if r.date(l, fHandedOn, wrong) != 0 {
		d.On = l[fHandedOn]
	}
	if r.date(l, fCheckedOn, wrong) != 0 {
		d.Checked = l[fCheckedOn]
	}
	switch d.To = l[fHandedTo]; {
	case d.To == "":
		if row.Age == Minor {
			wrong.add(fHandedTo, "must be child_protection: a minor is handed to child protection at once")
		} else if l[fHandedOn] != "" || l[fReceipt] != "" {
			wrong.add(fHandedTo, "is missing: say to whom the person was handed")
		}
	case !slices.Contains(handed, d.To):
		wrong.add(fHandedTo, "is none of "+strings.Join(handed, ", "))
	case row.Age == Minor && d.To != childProtection:
		wrong.add(fHandedTo, "must be child_protection: a minor is handed to child protection at once")
	case row.Age == Adult && d.To == childProtection:
		wrong.add(fHandedTo, "cannot be child_protection for an adult")
	case l[fHandedOn] == "":
		wrong.add(fHandedOn, "is missing")
	case d.On != "" && row.Day != 0 && d.On < dayText(row.Day):
		wrong.add(fHandedOn, "is before the recovery")
	}
	if row.Age == Minor && l[fCheckedOn] == "" {
		wrong.add(fCheckedOn, "is missing: say when somebody checked whether the child is reported missing")
	}
	switch l[fConsent] {
	case "", yes:
		d.Consent = l[fConsent] == yes
	default:
		wrong.add(fConsent, "is yes or empty")
	}
	if d.To == helper && !d.Consent {
		wrong.add(fConsent, "must be yes: nobody is handed to a helper who did not agree")
	}
}

// dayNumber is a time's calendar day, counted since 1970.
func dayNumber(t time.Time) int64 {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400
}

func dayTime(day int64) time.Time { return time.Unix(day*86400, 0).UTC() }

func dayText(day int64) string { return dayTime(day).Format(time.DateOnly) }

// dayIn is the first moment of a day in a zone.
func dayIn(day int64, zone *time.Location) time.Time {
	y, m, d := dayTime(day).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, zone)
}
