// SPDX-License-Identifier: Apache-2.0

// Package fault is Waylight's one error type: a kind that decides the answer's
// status, a stable code for machines and catalogues, a safe sentence for
// people, and the internal cause, which only the log ever sees.
//
// A fault's Message and Code never carry a reporter's words or a person's name.
package fault

import (
	"errors"
	"fmt"
)

// Kind says what sort of thing went wrong.
type Kind int

// The kinds. The zero Kind is Internal, so an unclassified error is never
// mistaken for the caller's doing.
const (
	Internal    Kind = iota
	Invalid          // the input is not acceptable; correcting it helps
	NotFound         // no such thing, or none that the caller may know of
	Conflict         // the thing changed, or was already done
	Forbidden        // known, but not allowed
	SignIn           // needs a signed-in member
	TooLarge         // over a stated limit
	Overloaded       // try again soon; nothing was kept
	Unavailable      // a part is away; nothing was kept
)

// Error is a fault.
type Error struct {
	Kind    Kind
	Code    string // stable machine word; catalogue key "error.<code>"
	Message string // safe English sentence
	Field   string // the input it is about, or ""
	Err     error  // internal cause, for the log only
}

// New returns a fault without a cause.
func New(kind Kind, code, message string) *Error {
	return &Error{Kind: kind, Code: code, Message: message}
}

// With returns a copy that carries err as its internal cause.
func (e *Error) With(err error) *Error {
	c := *e
	c.Err = err
	return &c
}

// At returns a copy that names the input it is about.
func (e *Error) At(field string) *Error {
	c := *e
	c.Field = field
	return &c
}

// Error is the text for logs. Pages use Message.
func (e *Error) Error() string {
	s := e.Code
	if e.Field != "" {
		s += " (" + e.Field + ")"
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is matches faults by code, so that a With or At copy still matches its sentinel.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && t.Kind == e.Kind
}

// Wrap says what was being done when err happened; nil stays nil and the kind is kept.
func Wrap(err error, doing string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// As finds the fault in err's chain.
func As(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}

// KindOf returns the kind of the fault in err's chain, or Internal.
func KindOf(err error) Kind {
	if e, ok := As(err); ok {
		return e.Kind
	}
	return Internal
}
