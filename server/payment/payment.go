// Package payment says what a payment gateway does for us, in words that no
// single provider owns. The packages below it implement Gateway; nothing else
// imports a provider's SDK.
package payment

import (
	"context"
	"time"

	"github.com/tillside/tillside/server/money"
)

// Mode tells play money from real money.
type Mode string

// The modes of an account.
const (
	ModeTest Mode = "test"
	ModeLive Mode = "live"
)

// Account is where a gateway puts the money. A payment made to another account
// or in another mode than the one that was asked for is never settled.
type Account struct {
	Gateway string // the gateway's name, "stripe"
	ID      string // the provider's id of the account
	Mode    Mode
}

// Gateway is a payment provider, bound to one account. Every method that
// changes something takes an idempotency key of ours and may be called again
// with the same key and arguments; it then returns the first outcome. Outages
// and rate limits are errs.Unavailable; a decline is an answer, not an error.
type Gateway interface {
	// Account returns the account that the gateway is bound to. It asks the
	// provider at most once.
	Account(ctx context.Context) (Account, error)
	// CreateCustomer makes the provider's customer for a contact and returns
	// its id.
	CreateCustomer(ctx context.Context, r CustomerRequest) (string, error)
	// CreateIntent makes an unconfirmed intent: nothing is charged by it.
	CreateIntent(ctx context.Context, r IntentRequest) (*Intent, error)
	// ConfirmIntent charges. A declined card is an Intent with Status
	// IntentOpen and a Decline.
	ConfirmIntent(ctx context.Context, r ConfirmRequest) (*Intent, error)
	// Intent reads an intent as it is now. errs.NotFound when there is none.
	Intent(ctx context.Context, id string) (*Intent, error)
	// CancelIntent makes sure that nobody can pay the intent any more. When it
	// was paid meanwhile, or a bank is still at work on it, the intent comes
	// back as it is, without an error: look at its Status.
	CancelIntent(ctx context.Context, id, idempotencyKey string) (*Intent, error)
	// Refund gives money back. A refund that the provider refuses for a reason
	// of its own is errs.Conflict with that reason.
	Refund(ctx context.Context, r RefundRequest) (*Refund, error)
	// Refunds lists all refunds of an intent, oldest first, also those made in
	// the provider's dashboard.
	Refunds(ctx context.Context, intentID string) ([]Refund, error)
	// Events lists what happened at the provider since a time, oldest first,
	// and calls each for every event until it returns an error.
	Events(ctx context.Context, since time.Time, each func(Event) error) error
}

// Lookup returns the gateway of a name as it is set up now. One that is not set
// up, or that must not be used because this is a copy of the site, is
// errs.Unavailable.
type Lookup func(name string) (Gateway, error)

// CustomerRequest describes a customer to the provider.
type CustomerRequest struct {
	IdempotencyKey string
	ContactID      string // our public id, kept as metadata
	Email, Name    string
}

// IntentRequest asks for an unconfirmed intent.
type IntentRequest struct {
	IdempotencyKey string
	Amount         money.Amount
	CustomerID     string
	Description    string            // shown in the provider's dashboard
	Metadata       map[string]string // ids only, nothing personal
}

// ConfirmRequest charges an intent with what the buyer's browser collected.
type ConfirmRequest struct {
	IdempotencyKey string
	IntentID       string
	Token          string // the browser's single-use token for the means of payment
	ReturnURL      string // where a bank sends the buyer back to
}

// IntentStatus is how far an intent is.
type IntentStatus string

// The states of an intent. Succeeded and Canceled are final.
const (
	IntentOpen           IntentStatus = "open"            // can be confirmed: new, or declined
	IntentActionRequired IntentStatus = "action_required" // the buyer must act, 3-D Secure
	IntentProcessing     IntentStatus = "processing"      // a bank takes its time, up to days
	IntentSucceeded      IntentStatus = "succeeded"
	IntentCanceled       IntentStatus = "canceled"
)

// Intent is one payment at the provider, from the wish to the money.
type Intent struct {
	ID           string
	Status       IntentStatus
	Amount       money.Amount // what was asked for
	Received     money.Amount // what came in; zero until it succeeded
	Refunded     money.Amount // what was given back of it
	Mode         Mode
	CustomerID   string
	ClientSecret string // for the buyer's own browser only; never logged
	Metadata     map[string]string
	Decline      *Decline // why the last try failed; nil if none did
	Tender       Tender   // what it was paid with; zero before it succeeded
	Created      time.Time
}

// Decline is why a card or bank said no.
type Decline struct {
	Code string // the provider's code, for the shop owner
	// Text is what the buyer may read, an English key of the catalogue: never
	// that a card is reported lost or stolen, or suspected of fraud.
	Text string
}

// Tender is what a payment was made with.
type Tender struct {
	Kind  string // "card", "sepa_debit", …
	Brand string // "visa"; empty where there is none
	Last4 string
}

// RefundRequest gives back a part or all of an intent.
type RefundRequest struct {
	IdempotencyKey string
	IntentID       string
	Amount         money.Amount
	RefundID       string // our public id, kept as metadata
}

// RefundStatus is how far a refund is.
type RefundStatus string

// The states of a refund. A pending one may still fail weeks later.
const (
	RefundPending   RefundStatus = "pending"
	RefundSucceeded RefundStatus = "succeeded"
	RefundFailed    RefundStatus = "failed"
)

// Refund is money given back.
type Refund struct {
	ID       string
	IntentID string
	RefundID string // our public id; empty when it was made in the dashboard
	Amount   money.Amount
	Status   RefundStatus
	Created  time.Time
}

// Event is a hint from the provider that something changed. It carries no
// facts: what it points at is read again before anything is done.
type Event struct {
	ID       string
	Type     string // the provider's own name of it
	IntentID string // the intent it is about; empty when it is about none
	Mode     Mode
	Created  time.Time
}
