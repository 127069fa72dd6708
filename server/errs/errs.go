// Package errs holds the one error type that crosses package boundaries.
// Code picks the HTTP status; Text and Args are written for the person in front
// of the screen and can be translated; everything wrapped around an Error is
// written for the operator and only logged.
package errs

import (
	"errors"
	"fmt"
)

// Code classifies a failure without saying how it is transported.
type Code string

// The codes, as they stand in answers to clients.
const (
	Invalid      Code = "invalid"      // the request can never succeed as sent
	Unauthorized Code = "unauthorized" // no valid credentials
	Forbidden    Code = "forbidden"    // valid credentials, missing capability
	NotFound     Code = "not_found"    // no such thing, or not the caller's
	Conflict     Code = "conflict"     // well formed, but not in this state
	Paying       Code = "paying"       // a payment is under way; the checkout cannot change now
	Gone         Code = "gone"         // was there once: a closed offer, an expired checkout
	TooLarge     Code = "too_large"    // the body passes the route's limit
	RateLimited  Code = "rate_limited" // too many tries; wait
	Unavailable  Code = "unavailable"  // a gateway, WordPress or the database is down; retry
	Internal     Code = "internal"     // ours to mend
)

// Error is a failure with a text that a customer may read. Text is an English
// format string and the key under which its translations are found.
type Error struct {
	Code  Code
	Text  string
	Args  []any
	Field string // request field at fault, if one is
}

// Error implements error with the English text.
func (e *Error) Error() string { return string(e.Code) + ": " + e.Message() }

// Message returns the English text with its arguments filled in.
func (e *Error) Message() string {
	if len(e.Args) == 0 {
		return e.Text
	}
	return fmt.Sprintf(e.Text, e.Args...)
}

// New returns an Error with a format string and its arguments.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Text: format, Args: args}
}

// Field returns an Invalid error that points at a field of the request.
func Field(field, format string, args ...any) *Error {
	return &Error{Code: Invalid, Text: format, Args: args, Field: field}
}

// From returns the first Error in err's chain. A foreign error becomes Internal
// with a fixed text, so that no driver's or gateway's words reach a customer.
func From(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Code: Internal, Text: "Something went wrong. Please try again."}
}

// Is reports whether the first Error in err's chain has the code. A nil error
// and a foreign one have none.
func Is(err error, code Code) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == code
}
