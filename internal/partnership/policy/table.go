// SPDX-License-Identifier: Apache-2.0

package policy

import "slices"

// Roles that stand together in many rows.
var (
	keyed   = []Role{RoleMember, RoleSupervisor, RoleDesk, RoleAgencyAdmin} // hold the office's key
	staff   = []Role{RoleMember, RoleSupervisor, RoleDesk}                  // work with reports
	desk    = []Role{RoleDesk}
	local   = []Role{RoleAgencyAdmin}
	leading = []Role{RoleAgencyAdmin, RoleSupervisor}
	program = []Role{RoleProgramAdmin}
	looking = []Role{RoleProgramAdmin, RoleAuditor}
	report  = []Wall{WallHelp, WallAccused, WallGone} // around every report
)

// table is who may do what. Add rows where they belong; an action may have several, of which one has to allow.
var table = []Rule{
	{Action: ReadSite, Scope: Public, Why: "The front page and the public log are for everybody: a log that only some can read proves nothing."},
	{Action: ReadHealth, Scope: Public, Why: "Load balancers and whoever watches the server ask without an account. The answer is one word and tells nothing about anybody."},
	{Action: SendReport, Scope: Public, Why: "Anybody may report, without an account and without being known."},
	{Action: OpenReceipt, Scope: Public, Law: "design §3", Why: "Seven words are the only key to a receipt; they show what was received, never the sender's words."},
	{Action: WriteReceipt, Scope: Public, Law: "design §3", Why: "Who holds the receipt may answer and add files, and nobody else may."},
	{Action: BeginSession, Scope: Public, Why: "Nobody is signed in yet, or they are leaving."},
	{Action: Enroll, Scope: Public, Why: "An invitation's link is what lets its holder in, once."},
	{Action: ReadMailbox, Scope: Public, Why: "A demonstration shows the mail it would have sent; everybody in it is invented. An installation has no such page."},

	{Action: ReadHome, Scope: SignedIn, Else: Refused, Why: "Everybody meets the state of their own account first."},
	{Action: KeepSession, Scope: SignedIn, Else: Refused, Why: "A page asks whether its session still stands."},
	{Action: FetchKeys, Scope: Self, Else: Refused, Why: "The server's share of a member's keys goes to that member alone."},
	{Action: ChangeKeys, Scope: Self, Else: Refused, Law: "CJIS IA-2", Why: "Everybody looks after their own ways in."},

	{Action: ReadPeople, Roles: keyed, Scope: OwnOffice, Else: Hidden, Why: "Colleagues must know who holds the office's key."},
	{Action: ReadPeople, Roles: looking, Scope: Program, Else: Hidden, Why: "Who looks after the program, or reviews it, sees who works in it."},
	{Action: InvitePerson, Roles: local, Scope: OwnOffice, Walls: []Wall{WallPolice}, Else: Refused, Why: "An office chooses its own people."},
	{Action: InvitePerson, Roles: program, Scope: Program, Walls: []Wall{WallPolice}, Else: Refused, Law: "design §3",
		Why: "Somebody must be the first; police do not let themselves in where people ask for help because it is not police."},
	{Action: ReviewPeople, Roles: local, Scope: OwnOffice, Walls: []Wall{WallSelf, WallHigher, WallPolice}, Else: Hidden, Law: "CJIS AC-2-j", Why: "Each year somebody confirms that each member still belongs."},
	{Action: ReviewPeople, Roles: program, Scope: Program, Walls: []Wall{WallSelf, WallPolice}, Else: Hidden, Law: "CJIS AC-2-j", Why: "Where an office has nobody who could."},
	{Action: ChangePerson, Roles: local, Scope: OwnOffice, Walls: []Wall{WallSelf, WallHigher, WallPolice}, Else: Hidden, Law: "CJIS AC-2",
		Why: "An office ends and restores its own accounts; nobody their own, and nobody those of who looks after the program."},
	{Action: ChangePerson, Roles: program, Scope: Program, Walls: []Wall{WallSelf, WallPolice}, Else: Hidden, Law: "CJIS AC-2", Why: "An account must be endable when the office does not."},
	{Action: RenewPerson, Roles: local, Scope: OwnOffice, Walls: []Wall{WallSelf, WallHigher, WallPolice}, Else: Hidden, Law: "CJIS IA-5", Why: "Who lost every way in gets a new one from somebody who knows them."},
	{Action: RenewPerson, Roles: program, Scope: Program, Walls: []Wall{WallSelf, WallHigher, WallPolice}, Else: Hidden, Law: "CJIS IA-5", Why: "Where the office has no administrator."},
	{Action: RenewPerson, Roles: program, Scope: Program, Walls: []Wall{WallSelf, WallPolice}, Second: true, Else: Hidden, Law: "CJIS IA-5, design §4",
		Why: "A link that makes somebody administrator of everything is made before a second person."},
	{Action: ChangeRoles, Roles: local, Scope: OwnOffice, Walls: []Wall{WallSelf, WallHigher, WallPolice}, Else: Hidden, Law: "CJIS AC-6",
		Why: "As above; what may be given stands in the next rows."},
	{Action: ChangeRoles, Roles: program, Scope: Program, Walls: []Wall{WallSelf, WallPolice}, Else: Hidden, Law: "CJIS AC-6", Why: "As above; nobody changes their own roles."},
	{Action: GiveRole, Roles: local, Scope: OwnOffice, Walls: []Wall{WallPolice}, Else: Refused, Law: "CJIS AC-6", Why: "The roles of one office are its own matter."},
	{Action: GiveRole, Roles: program, Scope: Program, Walls: []Wall{WallPolice}, Else: Refused, Law: "CJIS AC-6", Why: "An office's first administrator comes from the program."},
	{Action: GiveFigures, Roles: program, Scope: Program, Walls: []Wall{WallPolice}, Else: Refused, Law: "CJIS AC-6", Why: "The numbers are of the whole program, so the program says who reads them."},
	{Action: GiveProgram, Roles: program, Scope: Program, Walls: []Wall{WallPolice}, Second: true, Else: Refused, Law: "CJIS AC-6, design §4",
		Why: "Who gives power over every office does so before a second person."},
	{Action: GiveAccess, Roles: keyed, Scope: OwnOffice, Else: Hidden, Law: "design §4", Why: "Only who holds the office's key can give it, and only in their browser."},
	{Action: RecoverOffice, Roles: keyed, Scope: OwnOffice, Else: Refused, Law: "design §4", Why: "The sheets are the office's; typing enough of them is the proof."},

	{Action: ReadSetup, Roles: program, Scope: Program, Else: Refused, Why: "The checklist is the program's."},
	{Action: ChangeSetup, Roles: program, Scope: Program, Else: Refused, Why: "Its tests send mail and a test report."},
	{Action: OpenForm, Roles: program, Scope: Program, Else: Refused, Law: "design §3", Why: "The public is invited only by who answers for the program."},
	{Action: ReadChannels, Roles: program, Scope: Program, Else: Refused, Why: "The register of public lines is the program's."},
	{Action: ChangeChannel, Roles: program, Scope: Program, Else: Refused, Why: "A wrong number can cost a life: who verified it is on record."},
	{Action: ReadOffices, Roles: program, Scope: Program, Else: Refused, Why: "The directory is the program's."},
	{Action: ChangeOffice, Roles: program, Scope: Program, Else: Refused, Why: "Who joins is the program's decision."},
	{Action: LoseOfficeKey, Roles: program, Scope: Program, Else: Refused, Law: "design §4", Why: "Two administrators mark a lost key before reports go round it."},
	{Action: KeepDirectory, Roles: program, Scope: Program, Else: Refused, Law: "design §4", Why: "The signatures prove themselves; who carries them in only moves text."},
	{Action: ReadOfficeKey, Roles: keyed, Scope: OwnOffice, Else: Refused, Law: "design §4", Why: "Who holds the office's key must know who else does, and what is due."},
	{Action: DrillRecovery, Roles: keyed, Scope: OwnOffice, Else: Refused, Law: "design §4", Why: "Paper is lost without a sound: the parts are tried once a year, by those who keep them."},
	{Action: RotateKey, Roles: keyed, Scope: OwnOffice, Else: Refused, Law: "design §4", Why: "A new key is signed by the one before it, which only the office holds."},
	{Action: CloseOffice, Roles: program, Scope: Program, Walls: []Wall{WallPolice}, Second: true, Else: Refused, Law: "design §4", Why: "What is destroyed does not come back."},
	{Action: ReadHolds, Roles: looking, Scope: Program, Walls: []Wall{WallHelp}, Else: Hidden, Law: "design §4", Why: "Whoever would destroy something, or reviews that nobody did, must see what is held."},
	{Action: PlaceHold, Roles: program, Scope: Program, Else: Refused, Law: "design §4", Why: "One person may protect records; it takes two to stop."},
	{Action: LiftHold, Roles: program, Scope: Program, Walls: []Wall{WallHelp, WallPolice}, Second: true, Else: Refused, Law: "design §4", Why: "Records under a hold are evidence in somebody's case."},
	{Action: ReadRoster, Roles: leading, Scope: OwnOffice, Else: Refused, Why: "Who is called at night is the office's own plan."},
	{Action: ReadRoster, Roles: program, Scope: Program, Else: Refused, Why: "A gap in any office is the program's worry."},
	{Action: ChangeRoster, Roles: leading, Scope: OwnOffice, Else: Refused, Why: "Only the office can promise that its people answer."},
	{Action: ReadCanary, Roles: leading, Scope: OwnOffice, Else: Refused, Law: "design §3", Why: "An office's own test address is its own matter; whether it works stands on the page of the work."},
	{Action: ChangeCanary, Roles: leading, Scope: OwnOffice, Else: Refused, Law: "design §3", Why: "Only the office knows which mailbox no person reads."},

	{Action: ReadInbox, Roles: staff, Scope: OwnOffice, Walls: report, Else: Hidden, Law: "design §3", Why: "An inbox, its counts, searches and exports hold what the office holds."},
	{Action: ReadReport, Roles: staff, Scope: OwnOffice, Walls: report, Else: Hidden, Law: "design §3, Miss. 43-21-353",
		Why: "Only who holds a report knows that it exists. No office it accuses, and for a help report no police desk that would only pass it on."},
	{Action: OpenReport, Roles: staff, Scope: OwnOffice, Walls: report, Else: Hidden, Law: "design §4", Why: "The words open in a member's browser and nowhere else."},
	{Action: OpenReporter, Roles: staff, Scope: OwnOffice, Walls: append(slices.Clone(report), WallName), Else: Hidden, Law: "Miss. 43-21-353", Why: "The reporter's name has an audience of its own; opening it is an act of its own."},
	{Action: PrintReport, Roles: staff, Scope: OwnOffice, Walls: report, Else: Hidden, Law: "CJIS AU-2-c", Why: "Paper leaves every wall; that it was printed is on record."},
	{Action: NoteReport, Roles: staff, Scope: OwnOffice, Walls: report, Else: Hidden, Why: "Notes are sealed like the report."},
	{Action: AnswerReport, Roles: staff, Scope: OwnOffice, Walls: report, Else: Hidden, Why: "Whose duty it is says what became of it."},
	{Action: AssignReport, Roles: staff, Scope: OwnOffice, Walls: report, Else: Hidden, Why: "Anybody takes a report on."},
	{Action: HandOver, Roles: []Role{RoleSupervisor}, Scope: OwnOffice, Walls: report, Else: Hidden, Why: "Who works on what at an office is its supervisors' to say."},
	{Action: HearOf, Scope: Program, Walls: []Wall{WallHelp, WallAccused}, Else: Hidden, Law: "design §3",
		Why: "A reminder climbs from the office to its desk and the program, past whoever must not know; it never says what it is about."},
	{Action: ReferReport, Roles: staff, Scope: OwnOffice, Walls: report, Else: Hidden, Law: "design §3", Why: "Referring on is a re-wrap by somebody who can read it."},
	{Action: RewrapReport, Roles: staff, Scope: OwnOffice, Walls: report, Else: Hidden, Law: "design §4", Why: "Another holder helps a colleague who cannot open it."},
	{Action: Recuse, Roles: staff, Scope: OwnOffice, Walls: report, Else: Hidden, Why: "Everybody may step back."},
	{Action: RecuseOffice, Roles: []Role{RoleSupervisor}, Scope: OwnOffice, Walls: report, Else: Hidden, Why: "For the whole office, a supervisor says it."},
	{Action: ReadMessages, Roles: staff, Scope: OwnOffice, Walls: report, Else: Hidden, Law: "design §3", Why: "The conversation is behind the report's own walls."},
	{Action: WriteMessage, Roles: staff, Scope: OwnOffice, Walls: report, Else: Hidden, Law: "design §3", Why: "Who may read the report may ask its sender."},
	{Action: ReleaseAnswer, Roles: staff, Scope: OwnOffice, Walls: report, Else: Hidden, Law: "design §3", Why: "An outcome is shown to the sender one by one, by somebody who decided to."},
	{Action: ReadFiles, Roles: staff, Scope: OwnOffice, Walls: report, Else: Hidden, Why: "Files are behind the report's own walls."},
	{Action: DownloadFile, Roles: staff, Scope: OwnOffice, Walls: report, Else: Hidden, Why: "An original leaves the safe preview; that it did is on record."},
	{Action: ReadDesk, Roles: desk, Scope: OwnOffice, Walls: append(slices.Clone(report), WallDesk), Else: Hidden, Law: "design §3", Why: "Tasks of a desk, and what is late, are for its operators."},
	{Action: ReadLate, Roles: desk, Scope: Program, Walls: append(slices.Clone(report), WallDesk), Else: Hidden, Law: "design §3",
		Why: "A desk sees what other offices have left waiting; a desk run by police sees tips only, and only those that accuse nobody like it."},
	{Action: WorkDesk, Roles: desk, Scope: OwnOffice, Walls: append(slices.Clone(report), WallDesk), Else: Hidden, Law: "design §3", Why: "An operator reads it and calls whose duty it is."},

	{Action: ReadResults, Roles: staff, Scope: OwnOffice, Else: Hidden, Law: "design §8", Why: "An office reads the rows behind its own figures. Others meet what is published of them."},
	{Action: ChangeResults, Roles: staff, Scope: OwnOffice, Else: Hidden, Law: "design §8", Why: "Who was there says what came of it, each change on record."},
	{Action: ConfirmResults, Roles: staff, Scope: OwnOffice, NotOwnRequest: true, Else: Hidden, Law: "DOJ OIG 08-26", Why: "A figure counts what a second person compared with its document."},
	{Action: ReadOrganizations, Roles: program, Scope: Program, Else: Refused, Why: "The list of groups is the program's."},
	{Action: ChangeOrganizations, Roles: program, Scope: Program, Else: Refused, Why: "A group that only one office tells apart makes figures that do not add up."},

	{Action: ReadWork, Roles: looking, Scope: Program, Else: Refused, Law: "CJIS AU-6", Why: "Whether mail and log work is for who answers for the program; no entry names a report."},
	{Action: RetryWork, Roles: program, Scope: Program, Else: Refused, Why: "Trying again sends what was not sent."},
	{Action: ReadFigures, Roles: []Role{RoleFigures, RoleProgramAdmin, RoleAuditor}, Scope: Program, Walls: []Wall{WallNumbers}, Else: Refused, Law: "design §3",
		Why: "Numbers of tips only, none below eleven, so that they tell nobody that help was asked for, nor who."},
	{Action: ReadApprovals, Roles: program, Scope: Program, Else: Refused, Why: "What waits for a second person is seen by those who could be it."},
	{Action: TakeBack, Roles: program, Scope: Program, Else: Refused, Why: "A request may be declined by anybody who could approve it, and taken back by who made it."},
	{Action: Approve, Roles: program, Scope: Program, NotOwnRequest: true, Else: Refused, Law: "CJIS AC-5", Why: "Nobody approves their own request."},
}
