// SPDX-License-Identifier: Apache-2.0

package referral

// OfReport is the question for the referrals of a report: the arguments are the program, the report, and the ends of the range of its ids.
var OfReport = "select id from " + nearPart(3) + " where program = $1 and report = $2"

// List and Size read a list and count it.
var (
	List = list
	Size = size
)
