package stripe

import (
	"fmt"
	"net/http"
)

// Error is an error as the API answers it, and as last_payment_error keeps it.
type Error struct {
	Status        int            `json:"-"`
	Charge        string         `json:"charge,omitempty"`
	Code          string         `json:"code,omitempty"`
	DeclineCode   string         `json:"decline_code,omitempty"`
	DocURL        string         `json:"doc_url,omitempty"`
	Message       string         `json:"message"`
	Param         string         `json:"param,omitempty"`
	PaymentIntent *PaymentIntent `json:"payment_intent,omitempty"`
	PaymentMethod *PaymentMethod `json:"payment_method,omitempty"`
	Type          string         `json:"type"`

	early bool // found before the operation began, so no idempotency key keeps it
}

func (e *Error) Error() string { return e.Type + " " + e.Code + ": " + e.Message }

// The types of errors that the API knows.
const (
	typeCard        = "card_error"
	typeInvalid     = "invalid_request_error"
	typeIdempotency = "idempotency_error"
	typeAPI         = "api_error"
)

func docURL(code string) string {
	if code == "" {
		return ""
	}
	return "https://stripe.com/docs/error-codes/" + code
}

// refuse is a 400 for a request that the state or the values do not allow.
func refuse(code, param, format string, args ...any) *Error {
	return &Error{
		Status: http.StatusBadRequest, Type: typeInvalid, Code: code, DocURL: docURL(code), Param: param,
		Message: fmt.Sprintf(format, args...),
	}
}

// malformed is a 400 for parameters that are wrong in themselves.
func malformed(code, param, format string, args ...any) *Error {
	e := refuse(code, param, format, args...)
	e.early = true
	return e
}

// missing is the answer for an id that the account does not have.
func missing(what, param, id string) *Error {
	e := refuse("resource_missing", param, "No such %s: '%s'", what, id)
	if param == "id" || param == "intent" {
		e.Status = http.StatusNotFound
	}
	return e
}

func unauthorized(code, format string, args ...any) *Error {
	return &Error{
		Status: http.StatusUnauthorized, Type: typeInvalid, Code: code, DocURL: docURL(code),
		Message: fmt.Sprintf(format, args...), early: true,
	}
}
