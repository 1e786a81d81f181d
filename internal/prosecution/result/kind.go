// SPDX-License-Identifier: Apache-2.0

package result

import (
	_ "embed"
	"encoding/csv"
	"slices"
	"strings"

	"waylight/internal/platform/figure"
)

// The kinds of results.
const (
	Arrest   = "arrest"
	Offense  = "offense"
	Currency = "currency"
	Weapon   = "weapon"
	Narcotic = "narcotic"
	Vehicle  = "vehicle"
	Property = "property"
	Digital  = "digital"
	Recovery = "recovery"
	Total    = "total" // known only as a sum, from an announcement
	check    = "check" // a line of a file that says what others add up to
)

// Kinds lists them in the order of the pages.
func Kinds() []string {
	return []string{Arrest, Offense, Currency, Weapon, Narcotic, Vehicle, Property, Digital, Recovery, Total}
}

// The states of a result.
const (
	Reported  = "reported"
	Confirmed = "confirmed" // by a second person of the office
	Withdrawn = "withdrawn"
)

// Values of fields that rules are about.
const (
	PersonSold      = "person_sold"
	Minor           = "minor"
	Adult           = "adult"
	Potential       = "potential"
	prostitution    = "40A"
	childProtection = "child_protection"
	helper          = "helper"
	unknown         = "unknown"
	yes             = "yes"
)

// Closed lists, in the order of tables.
var (
	roles      = []string{"trafficker", "buyer", PersonSold, figure.Other}
	stages     = []string{"investigated", "arrested", "charged", "convicted"}
	ages       = []string{Minor, Adult, unknown}
	weapons    = []string{"handgun", "rifle", "shotgun", "automatic", "explosive", "knife", figure.Other}
	substances = []string{"fentanyl", "heroin", "cocaine", "methamphetamine", "marijuana", "mdma", figure.Other}
	vehicles   = []string{"car", "truck", "boat", "aircraft", figure.Other}
	coins      = []string{"bitcoin", "ether", "stablecoin", figure.Other}
	certainty  = []string{Potential, Confirmed}
	forms      = []string{"sex", "labor", "both", unknown}
	matches    = []string{"within_48h", "later", "not"}
	qualifiers = []string{string(figure.AtLeast), string(figure.MoreThan), string(figure.About), string(figure.CloseTo)}
	evidences  = []string{"report", "warrant", "court", "laboratory", "receipt", "announcement"}
	handed     = []string{childProtection, helper}
	covered    = []string{Arrest, Currency, Weapon, Narcotic, Recovery}
)

// items are what a kind of seizure can be.
var items = map[string][]string{Weapon: weapons, Narcotic: substances, Vehicle: vehicles, Digital: coins}

// offense is one entry of the list of offenses.
type offense struct{ Code, UCR, EN, ES, Source string }

//go:embed data/offenses.csv
var offensesCSV string

// offenses is the list, in its order. The file is part of the program; a test reads it.
var offenses = readOffenses(offensesCSV)

func readOffenses(text string) []offense {
	lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(lines) == 0 {
		return nil
	}
	var out []offense
	for _, l := range lines[1:] {
		out = append(out, offense{l[0], l[1], l[2], l[3], l[4]})
	}
	return out
}

// offenseCodes are the values of the dimension.
func offenseCodes() []string {
	var out []string
	for _, o := range offenses {
		out = append(out, o.Code)
	}
	return append(out, figure.Other)
}

func knownOffense(code string) bool {
	return code == figure.Other || slices.ContainsFunc(offenses, func(o offense) bool { return o.Code == code })
}
