package errs_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/tillside/tillside/server/errs"
)

func TestFrom_KeepsOursAndHidesOthers(t *testing.T) {
	ours := errs.New(errs.Conflict, "There are %d left.", 3)
	for _, tt := range []struct {
		name    string
		err     error
		code    errs.Code
		message string
	}{
		{name: "ours", err: ours, code: errs.Conflict, message: "There are 3 left."},
		{name: "wrapped", err: fmt.Errorf("take: %w", ours), code: errs.Conflict, message: "There are 3 left."},
		{name: "wrapped beside another", err: fmt.Errorf("take: %w: %w", errors.New("dsn user:secret"), ours), code: errs.Conflict, message: "There are 3 left."},
		{name: "joined", err: errors.Join(errors.New("x"), ours), code: errs.Conflict, message: "There are 3 left."},
		{name: "the first of two", err: errors.Join(ours, errs.New(errs.Gone, "gone")), code: errs.Conflict, message: "There are 3 left."},
		{name: "a field", err: errs.Field("email", "Enter %s.", "it"), code: errs.Invalid, message: "Enter it."},
		{name: "foreign", err: errors.New("dsn user:secret"), code: errs.Internal, message: "Something went wrong. Please try again."},
		{name: "none", err: nil, code: errs.Internal, message: "Something went wrong. Please try again."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := errs.From(tt.err)
			if got.Code != tt.code || got.Message() != tt.message {
				t.Errorf("From = %s %q, want %s %q", got.Code, got.Message(), tt.code, tt.message)
			}
			if is := errs.Is(tt.err, tt.code); is != (tt.code != errs.Internal) {
				t.Errorf("Is(%s) = %t", tt.code, is)
			}
		})
	}
}

func TestMessage_PercentSignsWithoutArgumentsStay(t *testing.T) {
	if got := errs.New(errs.Invalid, "100 % sure").Message(); got != "100 % sure" {
		t.Errorf("Message = %q", got)
	}
	if got := errs.Field("rate", "%d %%", 19); got.Message() != "19 %" || got.Field != "rate" || got.Error() != "invalid: 19 %" {
		t.Errorf("Field = %+v", got)
	}
}
