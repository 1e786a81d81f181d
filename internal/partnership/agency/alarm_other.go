// SPDX-License-Identifier: Apache-2.0

package agency

import "context"

// The kinds of alarm that other rooms raise. The subject of the first is an office, of given-up work its kind, of the others the part of the program that failed.
const (
	AlarmReview   = "access.review"    // accounts that nobody confirmed for a year
	AlarmLate     = "audit.late"       // the public log is behind its schedule
	AlarmSilent   = "audit.silent"     // the log does not take entries any more
	AlarmTampered = "audit.unverified" // the log and the data disagree
	AlarmForked   = "audit.forked"     // a witness has seen another history of the log
	AlarmUnseen   = "audit.unseen"     // a witness has not signed for a day
	AlarmCopy     = "audit.copy"       // the second copy is behind, or away
	AlarmWork     = "audit.work"       // work that was given up, the sending of notices among it
	AlarmCanary   = "canary.way"       // a way in through which a test does not get; the subject is the way
	AlarmMailbox  = "canary.mail"      // an office whose own test address takes no mail
)

// otherAlarms says where an alarm of another room is settled.
var otherAlarms = map[string]struct{ text, link string }{
	AlarmReview:   {"Accounts that nobody has confirmed for a year: ", "/staff/people/review?office="},
	AlarmLate:     {"The public log was not published on time. Tell whoever keeps the machine.", "/staff/work"},
	AlarmSilent:   {"What is done here is not being recorded. Stop work on reports and tell whoever keeps the machine.", "/staff/work"},
	AlarmTampered: {"The log and the data do not agree: somebody may have changed them. Keep the machine running, tell your security officer, and run waylight verify.", "/staff/work"},
	AlarmForked:   {"A witness of the public log has seen another history of it than this server's: the database may have been put back or changed. Keep the machine running, tell your security officer, and run waylight verify.", "/staff/work"},
	AlarmUnseen:   {"A witness of the public log has not signed it for a day. Tell whoever keeps the machine.", "/staff/work"},
	AlarmWork:     {"Work was given up after many tries; a notice may not have been sent: ", "/staff/work?kind="},
	AlarmCanary:   {"A way in does not work, or was not tested in time: ", "/staff/work#ways"},
	AlarmMailbox:  {"The mail server does not take mail for this office's test address: ", "/staff/work#ways"},
	AlarmCopy:     {"The second copy of the records is behind, or cannot be reached. What comes in is kept on one disk alone. Tell whoever keeps the machine.", "/staff/work"},
}

// Settle brings the standing alarms of the kinds into line with what is wanted (by kind, the subjects): for rooms on the floors above. New ones are mailed.
func (s *Service) Settle(ctx context.Context, program string, kinds []string, wanted map[string][]string) error {
	return s.settle(ctx, program, kinds, wanted)
}
