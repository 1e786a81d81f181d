// SPDX-License-Identifier: Apache-2.0

package referral

// OfReport is the question for the referrals of a report: the arguments are the program, the report, and the ends of the range of its ids.
var OfReport = "select id from " + nearPart(3) + " where program = $1 and report = $2"

// List and Size read a list and count it.
var (
	List = list
	Size = size
)

// Masked is the filter as the program uses it, whose pages lead to the next ones.
func Masked(f Filter) (Filter, error) {
	var err error
	f.mask, err = newMask([]byte("a pepper of the tests"))
	return f, err
}
