// SPDX-License-Identifier: Apache-2.0

package program

import "waylight/internal/platform/form"

// The shapes of a pack's files as they are written (docs/spec/pack.md). They
// become the exported types once every reference in them has been resolved.

type programFile struct {
	At        mark
	ID        string     `pack:"id!"`
	Base      bool       `pack:"base"`
	State     string     `pack:"state"`
	BuildsOn  string     `pack:"builds_on"`
	Name      form.Text  `pack:"name!"`
	Zone      string     `pack:"zone"`
	Languages []string   `pack:"languages!"`
	Desks     []string   `pack:"desks"`
	Limits    *limitsRow `pack:"limits"`
	Figures   *figureRow `pack:"figures"`
	Demo      bool       `pack:"demo"`
}

type figureRow struct {
	At    mark
	Least string `pack:"least"`
	Round string `pack:"round"`
}

type limitsRow struct {
	At            mark
	AtOnce        string `pack:"at_once!"`
	Consent       string `pack:"consent!"`
	ConsentDanger string `pack:"consent_danger!"`
	Fallback      string `pack:"fallback!"`
	Basis         string `pack:"basis!"`
}

type holidaysFile struct {
	Holidays []holidayRow `pack:"holidays!"`
}

type holidayRow struct {
	At           mark
	ID           string    `pack:"id!"`
	Jurisdiction string    `pack:"jurisdiction!"`
	Name         form.Text `pack:"name!"`
	On           string    `pack:"on!"`
	Moves        string    `pack:"moves"`
	Basis        []string  `pack:"basis!"`
}

type ladderFile struct {
	At       mark
	Ladders  []ladderRow `pack:"ladders!"`
	Reminder string      `pack:"reminder!"`
}

type ladderRow struct {
	At        mark
	For       string    `pack:"for!"`
	Citation  string    `pack:"citation!"`
	Basis     []string  `pack:"basis"`
	CheckedOn string    `pack:"checked_on!"`
	CheckedBy string    `pack:"checked_by!"`
	First     []string  `pack:"first!"`
	Opened    openedRow `pack:"opened!"`
	Rungs     []rungRow `pack:"rungs!"`
	Repeat    string    `pack:"repeat!"`
}

type openedRow struct {
	At     mark
	Within string `pack:"within!"`
	Least  string `pack:"least"`
	Most   string `pack:"most"`
}

type rungRow struct {
	At    mark
	Tell  []string `pack:"tell!"`
	When  string   `pack:"when!"`
	Least string   `pack:"least"`
	Most  string   `pack:"most"`
}

type officesFile struct {
	Offices []officeRow `pack:"offices!"`
}

type officeRow struct {
	At         mark
	ID         string    `pack:"id!"`
	Name       form.Text `pack:"name!"`
	About      form.Text `pack:"about"`
	Kind       string    `pack:"kind!"`
	Police     bool      `pack:"police"`
	ByNameOnly bool      `pack:"by_name_only"`
	Desk       bool      `pack:"desk"`
	Helper     bool      `pack:"helper"`
	Consent    bool      `pack:"consent"`
	Alternates []string  `pack:"alternates"`
	Channels   []string  `pack:"channels"`
	State      string    `pack:"state"`
	Role       string    `pack:"role"`
	Counties   []string  `pack:"counties"`
	Invented   bool      `pack:"invented"`
	Verified   string    `pack:"verified"`
	Reporter   string    `pack:"reporter"`
	NameLaw    string    `pack:"reporter_law"`
}

type channelsFile struct {
	Channels []channelRow `pack:"channels!"`
}

type channelRow struct {
	At           mark
	ID           string      `pack:"id!"`
	Jurisdiction string      `pack:"jurisdiction!"`
	Kind         string      `pack:"kind!"`
	Name         form.Text   `pack:"name!"`
	Phone        string      `pack:"phone"`
	Vanity       string      `pack:"vanity"`
	Text         string      `pack:"text"`
	URL          string      `pack:"url"`
	Email        string      `pack:"email"`
	Hours        string      `pack:"hours"`
	State        string      `pack:"state!"`
	Public       bool        `pack:"public"`
	Lifeline     bool        `pack:"lifeline"`
	ReplacedBy   string      `pack:"replaced_by"`
	Attested     bool        `pack:"attested"`
	CheckedOn    string      `pack:"checked_on"`
	CheckedBy    string      `pack:"checked_by"`
	Note         string      `pack:"note"`
	Sources      []sourceRow `pack:"sources!"`
}

type sourceRow struct {
	At   mark
	Name string `pack:"name!"`
	URL  string `pack:"url"`
	Date string `pack:"date"`
}

type lawsFile struct {
	Laws []lawRow `pack:"laws!"`
}

type lawRow struct {
	At        mark
	ID        string    `pack:"id!"`
	Kind      string    `pack:"kind!"`
	Citation  string    `pack:"citation!"`
	Title     string    `pack:"title!"`
	URL       string    `pack:"url"`
	Status    string    `pack:"status!"`
	CheckedOn string    `pack:"checked_on!"`
	CheckedBy string    `pack:"checked_by!"`
	Source    string    `pack:"source!"`
	Text      form.Text `pack:"text!"`
}

type rulesFile struct {
	At       mark
	Rules    []ruleRow    `pack:"rules!"`
	Examples []exampleRow `pack:"examples!"`
}

type ruleRow struct {
	At       mark
	ID       string    `pack:"id!"`
	Title    form.Text `pack:"title!"`
	When     string    `pack:"when!"`
	Duties   []dutyRow `pack:"duties!"`
	Reporter string    `pack:"reporter"`
	NameLaw  string    `pack:"reporter_law"`
}

type dutyRow struct {
	At        mark
	To        string     `pack:"to"`
	ToState   *selectRow `pack:"to_state"`
	Obligor   string     `pack:"obligor!"`
	Starts    string     `pack:"starts!"`
	Limit     string     `pack:"limit!"`
	LimitBy   string     `pack:"limit_by!"`
	Basis     []string   `pack:"basis!"`
	Means     []string   `pack:"means"`
	Proof     []string   `pack:"proof"`
	Compelled bool       `pack:"compelled"`
	Courtesy  bool       `pack:"courtesy"`
	Note      form.Text  `pack:"note"`
}

type selectRow struct {
	At   mark
	Role string   `pack:"role!"`
	Of   string   `pack:"of!"`
	Else []string `pack:"else"`
}

type exampleRow struct {
	At         mark
	Name       string            `pack:"name!"`
	Envelope   envelopeRow       `pack:"envelope!"`
	Keyed      []string          `pack:"keyed"`
	Deliveries map[string]string `pack:"deliveries!"`
	Reporter   []string          `pack:"reporter"`
	Reminders  []string          `pack:"reminders"`
	Never      []string          `pack:"never"`
}

type envelopeRow struct {
	At       mark
	Happened string   `pack:"happened"`
	Now      string   `pack:"now"`
	Lives    string   `pack:"lives"`
	Land     string   `pack:"land"`
	Age      string   `pack:"age"`
	Danger   bool     `pack:"danger"`
	Kind     string   `pack:"kind"`
	Who      string   `pack:"who"`
	Conflict []string `pack:"conflict"`
	Missing  bool     `pack:"missing"`
	Mode     string   `pack:"mode"`
	Consents []string `pack:"consents"`
	LeftOut  []string `pack:"left_out"`
	Language string   `pack:"language"`
}

type toldFile struct {
	At   mark
	Told map[string]form.Text `pack:"told!"`
}
