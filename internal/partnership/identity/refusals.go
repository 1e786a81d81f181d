// SPDX-License-Identifier: Apache-2.0

package identity

import "waylight/internal/platform/fault"

// What this room refuses, in words that may be shown. Those before sign-in never tell whether an address belongs to a member.
var (
	errSignIn     = fault.New(fault.SignIn, "sign_in", "Please sign in. A session ends after one hour without use and after twelve hours in any case.")
	errRefused    = fault.New(fault.Invalid, "sign_in_refused", "This e-mail address and passphrase do not fit. After five tries within 15 minutes an account is locked until an administrator releases it, except in a browser where its owner has signed in before.")
	errStolen     = fault.New(fault.Forbidden, "session_stolen", "This session was used from two places, or from another browser than the one that began it. It was ended everywhere.")
	errLocked     = fault.New(fault.Forbidden, "session_locked", "Your session is locked because nobody used it for half an hour. Nothing was saved. Load the page again to unlock it.")
	errUnlock     = fault.New(fault.Invalid, "session_unlock", "That does not fit. After five tries within 15 minutes the account is locked and this session ends.")
	errOpen       = fault.New(fault.Conflict, "session_open", "Your session is not locked. Please load the page again.")
	errTill       = fault.New(fault.Forbidden, "account_till", "This account was for a limited time, which is over. Ask your office's administrator.")
	errTillDate   = fault.New(fault.Invalid, "account_till_date", "Choose a day within the next year on which this account ends, or none.").At("till")
	errNotice     = fault.New(fault.Invalid, "sign_in_notice", "Please confirm that you have read the notice.").At("notice")
	errInvitation = fault.New(fault.NotFound, "invitation", "This invitation cannot be used. It was accepted, withdrawn, or is older than seven days. If you accepted it, sign in; otherwise ask for a new one.")
	errNoMember   = fault.New(fault.NotFound, "no_member", "There is no such person in this program.")
	errChanged    = fault.New(fault.Conflict, "member_changed", "This was changed in the meantime. Nothing was saved. Please look again.")
	errRole       = fault.New(fault.Forbidden, "role", "Your roles do not allow this.")
	errWalled     = fault.New(fault.Forbidden, "police_office", "Nobody at a police-run office can invite or change people at an office that is not run by police. Ask an administrator who works at another office.")
	errSelf       = fault.New(fault.Forbidden, "self", "Nobody can change their own account in this way. Ask another administrator.")
	errRoles      = fault.New(fault.Invalid, "roles", "Choose at least one role that fits the office and that you may give.").At("roles")
	errName       = fault.New(fault.Invalid, "name", "Write the person's name, up to 100 characters.").At("name")
	errEmail      = fault.New(fault.Invalid, "email", "Write an e-mail address, like name@agency.gov.").At("email")
	errOffice     = fault.New(fault.Invalid, "office", "There is no such office in this program.").At("office")
	errNotJoined  = fault.New(fault.Conflict, "office_not_joined", "This office has not joined the program yet. Record that it has on the page of offices, then invite its people.").At("office")
	errTaken      = fault.New(fault.Conflict, "email_taken", "Somebody with this e-mail address works here already. Nothing was saved.").At("email")
	errEnrolment  = fault.New(fault.Invalid, "enrolment", "What the browser sent is not a valid enrollment. Nothing was saved. Please open the link again.")
	errOfficeKey  = fault.New(fault.Conflict, "office_key", "The office's key was made by somebody else in the meantime, or is still missing. Nothing was saved. Please open the link again.")
	errNoAccess   = fault.New(fault.Forbidden, "no_access", "Only a member who holds the office's key can give access to it.")
	errWraps      = fault.New(fault.Invalid, "wraps", "The key was not sealed for this person. Nothing was saved. Please try again.")
	errKeepsKey   = fault.New(fault.Conflict, "keeps_key", "Somebody who holds an office's key cannot move to roles without one. Deactivate the account and invite the person again.")
	errBody       = fault.New(fault.Invalid, "body", "What was sent could not be read. Nothing was saved. Please reload the page and try again.")
	errTooLarge   = fault.New(fault.TooLarge, "body_size", "What was sent is too large. Nothing was saved.")
	errNoRing     = fault.New(fault.Unavailable, "keyring", "The key store of this server cannot be reached. Please tell an administrator.")
)
