// SPDX-License-Identifier: Apache-2.0

package result

import "strconv"

// line is a row as it could be typed again. The numbers that agencies compare are
// kept as hashes and do not come back.
func (r Result) line() Line {
	d := r.Detail
	l := Line{fKind: r.Kind, fDate: dayText(r.Day), fOperation: r.Operation, fCounty: r.County, fOrganization: r.Organization, fRole: r.Role, fAge: r.Age, fOffense: r.Offense,
		fStage: r.Stage, fItem: r.Item, fCertainty: r.Certainty, fExploitation: r.Exploitation, fQualifier: r.Qualifier, fCovers: r.Covers, fEvidence: r.Evidence,
		fNumber: d.Number, fDated: d.Dated, fSHA256: d.SHA256, fHandedTo: d.To, fHandedOn: d.On, fReceipt: d.Receipt, fCheckedOn: d.Checked, fMatched: r.Matched,
		fAmount: d.Typed, fUnit: d.Unit}
	if d.Consent {
		l[fConsent] = yes
	}
	if r.Valued != 0 {
		l[fValuedOn] = dayText(r.Valued)
	}
	for _, f := range fieldsOf[r.Kind] {
		if f == fCount && (r.Kind != Total || d.Typed == "") {
			l[fCount] = strconv.FormatInt(r.Quantity, 10)
		}
	}
	return l
}
