// SPDX-License-Identifier: Apache-2.0

package policy

// What strangers do, and the pages before sign-in.
const (
	ReadSite     Action = "site.read"     // the front page, the public log
	ReadHealth   Action = "health.read"   // whether the server lives, takes requests, and is well
	SendReport   Action = "report.send"   // the form and its program interface
	OpenReceipt  Action = "receipt.open"  // what a receipt shows
	WriteReceipt Action = "receipt.write" // messages and files under a receipt
	BeginSession Action = "session.begin" // the sign-in pages, and leaving
	Enroll       Action = "member.enroll" // an invitation's pages
	ReadMailbox  Action = "demo.mail"     // a demonstration's caught mail
)

// One's own account.
const (
	ReadHome    Action = "home.read"
	KeepSession Action = "session.keep"
	FetchKeys   Action = "keys.fetch"
	ChangeKeys  Action = "keys.change" // one's own passkeys, passphrase, devices
)

// People.
const (
	ReadPeople    Action = "people.read"
	InvitePerson  Action = "people.invite"
	ReviewPeople  Action = "people.review"  // the yearly review of access
	ChangePerson  Action = "people.change"  // release, suspend, resume, end, end a way in
	RenewPerson   Action = "people.renew"   // a new root for somebody who lost every way in
	ChangeRoles   Action = "people.roles"   // the page's act; what may be given is the next three
	GiveRole      Action = "role.give"      // a role of one office
	GiveFigures   Action = "role.figures"   // the role that sees numbers only
	GiveProgram   Action = "role.program"   // program_admin, auditor
	GiveAccess    Action = "keys.give"      // the office's key, to a colleague
	RecoverOffice Action = "office.recover" // with the sheets of the recovery key
)

// Offices and the public lines.
const (
	ReadSetup     Action = "setup.read"
	ChangeSetup   Action = "setup.change" // tests of mail and desk, trying again
	OpenForm      Action = "form.open"    // opening and shutting the public form
	ReadChannels  Action = "channel.read"
	ChangeChannel Action = "channel.change"
	ReadOffices   Action = "office.read"
	ChangeOffice  Action = "office.change" // joining, its agreement
	LoseOfficeKey Action = "office.key_lost"
	KeepDirectory Action = "office.directory" // the directory key's signatures, carried in
	ReadOfficeKey Action = "office.key"       // one's own office's key: who holds it, what is due
	RotateKey     Action = "office.rotate"
	DrillRecovery Action = "office.drill" // the yearly try of the recovery parts
	CloseOffice   Action = "office.close"
	ReadHolds     Action = "hold.read"
	PlaceHold     Action = "hold.place"
	LiftHold      Action = "hold.lift"
	ReadRoster    Action = "roster.read"
	ChangeRoster  Action = "roster.change"
	ReadCanary    Action = "canary.read" // an office's address for tests of the mail
	ChangeCanary  Action = "canary.change"
)

// Reports.
const (
	ReadInbox     Action = "inbox.read"
	ReadReport    Action = "report.read"
	OpenReport    Action = "report.open"      // the sealed words and notes, and the word that they were opened
	OpenReporter  Action = "reporter.open"    // the reporter's own name and contact
	PrintReport   Action = "report.print"     // on paper
	NoteReport    Action = "report.note"      // a sealed note of the office
	AnswerReport  Action = "report.answer"    // acknowledge, outcome, duty met, cannot open, matters
	AssignReport  Action = "report.assign"    // take it over oneself
	HandOver      Action = "report.hand_over" // make a colleague its owner
	HearOf        Action = "report.hear"      // be told by mail that something waits
	ReferReport   Action = "report.refer"     // to another office
	RewrapReport  Action = "report.rewrap"    // for the office's newer key
	Recuse        Action = "report.recuse"    // step back from it oneself
	RecuseOffice  Action = "office.recuse"    // say that the whole office must not handle it
	ReadMessages  Action = "message.read"     // the conversation under a report
	WriteMessage  Action = "message.write"    // to the sender
	ReleaseAnswer Action = "message.release"  // let the sender see an outcome
	ReadFiles     Action = "file.read"        // the list and safe previews
	DownloadFile  Action = "file.download"    // the original
	ReadDesk      Action = "desk.read"
	ReadLate      Action = "desk.late" // what is late or stuck, of every office
	WorkDesk      Action = "desk.work" // take, extend, release, attempt, complete
)

// Courts.
const (
	ReadCourt   Action = "court.read"   // cases, their dates, their lists and downloads
	EnterCourt  Action = "court.enter"  // open a case, enter and settle its steps, worksheets, partners
	ImportCourt Action = "court.import" // many steps from a file
)

// The program as a whole.
const (
	ReadWork       Action = "work.read"
	RetryWork      Action = "work.retry"
	ReadFigures    Action = "figures.read"
	ReadPublished  Action = "figures.public" // what was released, for everybody
	ReadReleases   Action = "release.read"
	MakeRelease    Action = "release.make"    // draft, check, publish what was approved, restate
	PublishRelease Action = "release.publish" // what a second person agrees to
	DrillFigure    Action = "release.drill"   // the rows behind a figure
	ReadApprovals  Action = "approval.read"
	Approve        Action = "approval.approve"
	TakeBack       Action = "approval.decline"
)

// Operations, surges and featured locations.
const (
	ReadOperation    Action = "operation.read"
	PlanOperation    Action = "operation.plan"    // plan, change, call off, and write down what came of a conflict
	ApproveOperation Action = "operation.approve" // by a second person
	RunOperation     Action = "operation.run"     // begin and close
	ReviewOperation  Action = "operation.review"  // by a second person
	ReadChecks       Action = "operation.checks"  // who asked for conflicts, how often
	ReadSurge        Action = "surge.read"
	ChangeSurge      Action = "surge.change"
	ReadLocations    Action = "location.read"
	ChangeLocation   Action = "location.change"
)

// What operations and offices achieved.
const (
	ReadResults         Action = "result.read"
	ChangeResults       Action = "result.change"  // enter, import, change, withdraw, take back, say that two arrests are one person
	ConfirmResults      Action = "result.confirm" // as the second person
	ReadOrganizations   Action = "organization.read"
	ChangeOrganizations Action = "organization.change" // the program's list of groups
)

// Where notices hang.
const (
	ReadPlacements    Action = "placement.read"    // places, what hangs there, coverage, tasks
	ChangePlacements  Action = "placement.change"  // places and placements, also many at once
	InspectPlacements Action = "placement.inspect" // rounds, and what was found
	ImportPlaces      Action = "place.import"      // many places from a file
	ReadRuns          Action = "print_run.read"    // sheets that share a code: which there are, and whether they are still right
	ChangeRuns        Action = "print_run.change"  // make, print, switch the code off and on
)

// Signs and campaigns.
const (
	ScanCode       Action = "code.scan"       // the short address on a sign
	ReadCodes      Action = "code.read"       // the list of codes with their counts
	SwitchCode     Action = "code.switch"     // on and off
	ReadSigns      Action = "campaign.public" // what the public is told of signs, and what it may download
	ReadCampaign   Action = "campaign.read"
	MakeCampaign   Action = "campaign.make"
	ChangeCampaign Action = "campaign.change" // its words, parts, money, and where it stands
)
