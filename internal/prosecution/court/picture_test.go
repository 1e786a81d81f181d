// SPDX-License-Identifier: Apache-2.0

package court

import (
	"strings"
	"testing"
)

// What can follow what. The last line of each is what is said about it, "" when it stands.
func TestTheOrderOfACase(t *testing.T) {
	t.Parallel()
	const charged = "2026-03-02 charged 1 indictment counts:1=us-18-1591,2=us-18-1594\n"
	const guilty = "2026-05-04 plea 1 guilty counts:1\n"
	const sentenced = "2026-08-03 sentence 1 prison months:180 probation:60\n"
	for _, c := range []struct{ name, lines, says string }{
		{"a whole case", charged + guilty + sentenced, ""},
		{"a verdict before a charge", "2026-05-04 verdict 1 guilty counts:1", "defendant 1 has no Charge before it"},
		{"dates out of order", charged + "2026-02-02 verdict 1 guilty counts:1", "dated Feb 2, 2026, but what it follows (Charge) is dated Mar 2, 2026: the dates are out of order"},
		{"another defendant's charge", charged + "2026-05-04 plea 2 guilty counts:1", "defendant 2 has no Charge"},
		{"a count that is not there", charged + "2026-05-04 plea 1 guilty counts:3", "defendant 1 has no count 3"},
		{"a count twice", charged + guilty + "2026-05-05 verdict 1 not_guilty counts:1", "count 1 of defendant 1 is not open any more, it is convicted"},
		{"a sentence without a conviction", charged + sentenced, "no conviction that stands"},
		{"a sentence after an acquittal", charged + "2026-05-04 verdict 1 not_guilty counts:1,2\n" + sentenced, "no conviction that stands"},
		{"a sentence before its conviction", charged + guilty + "2026-04-01 sentence 1 prison months:12", "the dates are out of order"},
		{"sentenced twice", charged + guilty + sentenced + "2026-09-01 sentence 1 life", "sentenced on Aug 3, 2026 already"},
		{"a defendant indicted twice", charged + "2026-03-09 charged 1 indictment counts:1=us-18-1591", "is it the same one twice"},
		{"a superseding indictment", charged + "2026-04-01 charged 1 superseding counts:1=us-18-1589\n" + guilty + sentenced, ""},
		{"a superseding indictment of nothing", "2026-04-01 charged 1 superseding counts:1=us-18-1589", "no Charge"},
		{"a count that was superseded", charged + "2026-04-01 charged 1 superseding counts:1=us-18-1589\n" + "2026-05-04 plea 1 guilty counts:2", "it is superseded"},
		{"a complaint and then an indictment", "2026-02-01 charged 1 complaint counts:1=us-18-1591\n" + charged + guilty, ""},
		{"a charge after the sentence", charged + guilty + sentenced + "2026-09-01 charged 1 superseding counts:1=us-18-1589", "a new charge is a new case"},
		{"a hung jury and another trial", charged + "2026-05-01 verdict 1 hung counts:1\n2026-07-01 verdict 1 guilty counts:1\n" + sentenced, ""},
		{"an appeal without a sentence", charged + guilty + "2026-06-01 appeal_noticed 1", "no Sentence"},
		{"an appeal that vacates, and a new sentence", charged + guilty + sentenced + "2026-08-10 appeal_noticed 1\n2026-10-01 appeal_decided 1 sentence_vacated\n2026-11-02 sentence 1 prison months:120", ""},
		{"a decision without an appeal", charged + guilty + sentenced + "2026-10-01 appeal_decided 1 affirmed", "no Notice of appeal"},
		{"a conviction vacated, sentenced all the same", charged + guilty + sentenced + "2026-08-10 appeal_noticed 1\n2026-10-01 appeal_decided 1 conviction_vacated\n2026-11-02 sentence 1 life", "no conviction that stands"},
		{"extradited", charged + "2026-03-03 extradition_requested 1 KH\n2026-04-03 extradition_granted 1\n2026-05-03 extradition_arrived 1", ""},
		{"arrived without a grant", charged + "2026-03-03 extradition_requested 1 KH\n2026-05-03 extradition_arrived 1", "no Extradition granted"},
		{"granted after a refusal", charged + "2026-03-03 extradition_requested 1 KH\n2026-04-03 extradition_refused 1\n2026-05-03 extradition_granted 1", "no Extradition requested"},
		{"asked again after a refusal", charged + "2026-03-03 extradition_requested 1 KH\n2026-04-03 extradition_refused 1\n2026-05-03 extradition_requested 1 TH", ""},
		{"asked twice", charged + "2026-03-03 extradition_requested 1 KH\n2026-04-03 extradition_requested 1 TH", "requested on Mar 3, 2026 already"},
		{"property through its stages", "2026-03-03 forfeiture_seized - digital_asset cents:15,000,000,000.00 item:1 other_day:2026-03-01\n2026-05-03 forfeiture_ordered - digital_asset cents:14,000,000,000 item:1 other_day:2026-05-01\n2026-06-03 forfeiture_final - digital_asset cents:14,000,000,000 item:1 other_day:2026-05-01", ""},
		{"property that is final at once", "2026-06-03 forfeiture_final - vehicle cents:100 item:1 other_day:2026-05-01", "no Forfeiture ordered"},
		{"property that changes its kind", "2026-03-03 forfeiture_seized - vehicle cents:100 item:1 other_day:2026-03-01\n2026-05-03 forfeiture_ordered - currency cents:100 item:1 other_day:2026-05-01", "cannot become currency"},
		{"property seized twice", "2026-03-03 forfeiture_seized - vehicle cents:100 item:1 other_day:2026-03-01\n2026-04-03 forfeiture_seized - vehicle cents:100 item:1 other_day:2026-03-01", "stands already"},
		{"restitution for nobody convicted", charged + "2026-05-04 restitution_ordered - joint cents:100 item:1 shares:1=100", "no conviction that stands"},
		{"restitution paid, amended, satisfied", charged + guilty + "2026-08-03 restitution_ordered - joint cents:100 item:1 shares:1=100\n2026-09-01 restitution_paid - - cents:40 item:1\n2026-09-02 restitution_amended - joint cents:50 item:1 shares:1=50\n2026-09-03 restitution_paid - - cents:10 item:1\n2026-09-04 restitution_satisfied - - item:1", ""},
		{"more paid than ordered", charged + guilty + "2026-08-03 restitution_ordered - joint cents:100 item:1 shares:1=100\n2026-09-01 restitution_paid - - cents:100.01 item:1", "$100.01 would be paid of a total of $100.00"},
		{"amended below what was paid", charged + guilty + "2026-08-03 restitution_ordered - joint cents:100 item:1 shares:1=100\n2026-09-01 restitution_paid - - cents:60 item:1\n2026-09-02 restitution_amended - joint cents:59.99 item:1 shares:1=59.99", "more than the new total"},
		{"satisfied and not paid", charged + guilty + "2026-08-03 restitution_ordered - joint cents:100 item:1 shares:1=100\n2026-09-04 restitution_satisfied - - item:1", "$100.00 of $100.00 was not paid"},
		{"ordered twice", charged + guilty + "2026-08-03 restitution_ordered - joint cents:100 item:1 shares:1=100\n2026-08-04 restitution_ordered - joint cents:100 item:1 shares:1=100", "is an amendment"},
		{"asked for after it was ordered", charged + guilty + "2026-08-03 restitution_ordered - joint cents:100 item:1 shares:1=100\n2026-08-04 restitution_requested 1", "was ordered before"},
	} {
		entries := steps(t, c.lines)
		for i := range entries {
			entries[i].Place, entries[i].Standing = i+1, Reported
			if err := entries[i].check(20261127); err != nil {
				t.Errorf("%s: %s", c.name, said(err))
			}
		}
		_, err := fold(entries)
		if got := said(err); (c.says == "") != (got == "") || !strings.Contains(got, c.says) {
			t.Errorf("%s: %q, want %q", c.name, got, c.says)
		}
	}
}

// What one row cannot say.
func TestRowsThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ line, says string }{
		{"2026-11-28 charged 1 indictment counts:1=us-18-1591", "has not come yet"},
		{"1720-01-01 charged 1 indictment counts:1=us-18-1591", "too long ago"},
		{"2026-03-02 rumor 1", "Choose what happened"},
		{"2026-03-02 charged - indictment counts:1=us-18-1591", "which defendant"},
		{"2026-03-02 charged 501 indictment counts:1=us-18-1591", "1 to 500"},
		{"2026-03-02 charged 1 rumor counts:1=us-18-1591", "Choose one of"},
		{"2026-03-02 charged 1 indictment", "which counts"},
		{"2026-03-02 charged 1 indictment counts:1=us-18-1591,1=us-18-1594", "there twice"},
		{"2026-03-02 charged 1 indictment counts:1", "has no statute"},
		{"2026-03-02 charged 1 indictment counts:100=us-18-1591", "1 to 99"},
		{"2026-03-02 sentence 1 prison months:12001", "not a prison term"},
		{"2026-03-02 sentence 1 prison", "has months"},
		{"2026-03-02 sentence 1 prison months:-3", "not a prison term"},
		{"2026-03-02 sentence 1 life months:12", "not with life"},
		{"2026-03-02 sentence 1 probation", "Probation has months"},
		{"2026-03-02 sentence 1 probation probation:1201", "not a time of supervision"},
		{"2026-03-02 sentence 1 fine_only", "a fine and nothing else"},
		{"2026-03-02 sentence 1 life cents:100000000000.01", "Is a zero too many"},
		{"2026-03-02 extradition_requested 1 US", "country"}, {"2026-03-02 extradition_requested 1 ZZ", "country"},
		{"2026-03-02 extradition_granted 1 KH", "Choose one of"},
		{"2026-03-02 forfeiture_seized - vehicle item:1 other_day:2026-03-01", "say the amount"},
		{"2026-03-02 forfeiture_seized - vehicle cents:100 other_day:2026-03-01", "a number from 1"},
		{"2026-03-02 forfeiture_seized - vehicle cents:100 item:1", "say the day"},
		{"2026-03-02 forfeiture_seized - vehicle cents:100 item:1 other_day:2026-03-03", "must have been known"},
		{"2026-03-02 sentencing_set 1 - other_day:2026-03-01", "before the day on which it was set"},
		{"2026-03-02 restitution_ordered - apportioned cents:100 item:1 shares:1=60;2=39.99", "The parts come to $99.99 and the total is $100.00: $0.01 is missing"},
		{"2026-03-02 restitution_ordered - apportioned cents:100 item:1 shares:1=60;2=40.01", "$0.01 too much"},
		{"2026-03-02 restitution_ordered - joint cents:100 item:1 shares:1=100.01", "more than the total"},
		{"2026-03-02 restitution_ordered - joint cents:100 item:1 shares:1=50;2=49.99", "$0.01 is owed by nobody"},
		{"2026-03-02 restitution_ordered - joint cents:100 item:1 shares:1=50;1=50", "there twice"},
		{"2026-03-02 restitution_ordered - joint cents:100 item:1", "which defendants owe"},
		{"2026-03-02 restitution_paid - - cents:0 item:1", "say the amount"},
		{"2026-03-02 victims_notified 1", "about the whole case"},
		{"2026-03-02 appeal_noticed 1 - months:3", "has no months"},
		{"2026-03-02 appeal_noticed 1 - docket_entry:100000", "docket entry"},
	} {
		if got := said(steps(t, c.line)[0].check(20261127)); !strings.Contains(got, c.says) || c.says == "" {
			t.Errorf("%s: %q, want %q", c.line, got, c.says)
		}
	}
}

func TestAmountsAreReadToTheCent(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"0": 0, "1": 100, "$1,250.50": 125050, " 15,000,000,000.00 ": 1_500_000_000_000, "1250.5": -1, "1,25": -1, "-5": -1, "1.234": -1, "1 000": -1, "1e5": -1, "": -1, "12,34.00": -1,
		"999999999999999": 99999999999999900, "9999999999999999": -1, "٣": -1,
	} {
		got, ok := ParseDollars(text)
		if ok != (want >= 0) || ok && got != want {
			t.Errorf("%q: %d %v", text, got, ok)
		}
		if ok && want >= 0 {
			if again, ok := ParseDollars(Dollars(got)); !ok || again != got {
				t.Errorf("%q comes back as %d", Dollars(got), again)
			}
		}
	}
}

func TestDocketNumbersHaveOneForm(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ forum, text, want string }{
		{Federal, "3:26-cr-12", "3:26-cr-00012"}, {Federal, " 1:26-CR-00123 ", "1:26-cr-00123"}, {Federal, "1:26-cv-00123", ""}, {Federal, "1:26-cr-00123-ABC", ""},
		{Federal, "Smith", ""}, {Circuit, "cr-2026-104", "CR-2026-104"}, {Circuit, "SMITH", ""}, {Circuit, "", ""}, {Circuit, "25CI1:26-cr-00104", "25CI1:26-CR-00104"},
	} {
		got, err := cleanDocket(c.forum, c.text)
		if (err == nil) != (c.want != "") || err == nil && got != c.want {
			t.Errorf("%s %q: %q %v", c.forum, c.text, got, err)
		}
	}
}
