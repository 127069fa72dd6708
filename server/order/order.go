// Package order keeps what was bought. Settle is the one act that makes a
// payment into a paid order; everything that follows hangs on the jobs that it
// writes.
package order

import (
	"strconv"
	"strings"
	"time"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/giftcard"
	"github.com/tillside/tillside/server/money"
	"github.com/tillside/tillside/server/payment"
)

// Status says how much of an order's money is still here. A refund changes
// money only, never access.
type Status string

// The states of an order.
const (
	StatusPaid              Status = "paid"
	StatusPartiallyRefunded Status = "partially_refunded"
	StatusRefunded          Status = "refunded"
)

// Access says what the buyer's WordPress account is to this order.
type Access string

// The states of access.
const (
	AccessPending  Access = "pending"  // the job wordpress.user has not finished
	AccessNew      Access = "new"      // this order made the account
	AccessExisting Access = "existing" // the account was there before
)

// CredentialsState says what the thank-you page may still do for a new buyer.
type CredentialsState string

// The states of a new account's first password.
const (
	CredentialsNone      CredentialsState = "none"      // nothing was paid, or no new account
	CredentialsAvailable CredentialsState = "available" // not shown yet
	CredentialsShown     CredentialsState = "shown"     // a generated one was shown, once
	CredentialsChosen    CredentialsState = "chosen"    // the buyer chose one
)

// UTM are the campaign parameters that the buyer came with.
type UTM struct {
	Source   string `json:"source,omitempty"`
	Medium   string `json:"medium,omitempty"`
	Campaign string `json:"campaign,omitempty"`
	Term     string `json:"term,omitempty"`
	Content  string `json:"content,omitempty"`
}

// Origin is how a buyer came to the form.
type Origin struct {
	PageURL  string
	Referrer string
	UTM      UTM
	Partner  string
}

// Buyer is who bought, as typed at the checkout.
type Buyer struct {
	Email      string
	FirstName  string
	LastName   string
	Country    string // ISO 3166-1 alpha-2
	PostalCode string
}

// Name returns first and last name, or nothing.
func (b Buyer) Name() string {
	switch {
	case b.FirstName == "":
		return b.LastName
	case b.LastName == "":
		return b.FirstName
	}
	return b.FirstName + " " + b.LastName
}

// Order is what was bought. Its amounts are frozen when it is settled.
type Order struct {
	ID         int64
	PublicID   string
	Number     int64
	CheckoutID int64
	ContactID  int64
	Status     Status
	Refunded   money.Amount
	Buyer      Buyer
	Locale     string // WordPress's code, de_DE
	Origin     Origin
	Terms      Terms

	ThankYouURL string // absolute, or empty for the page itself
	UserID      int64  // 0 until the account is known
	Access      Access
	// PassFingerprint is the SHA-256 of the account's password hash as we last
	// knew it: whoever changed the password since is left alone.
	PassFingerprint string
	Credentials     CredentialsState
	Payments        []Payment
	CreatedAt       time.Time
}

// NumberText returns the order's number as people read it.
func (o *Order) NumberText() string { return strconv.FormatInt(o.Number, 10) }

// Roles returns the WordPress roles that the order's products grant, once each.
func (o *Order) Roles() []string {
	var roles []string
	seen := map[string]bool{}
	for _, item := range o.Terms.Items {
		for _, role := range item.Roles {
			if !seen[role] {
				seen[role] = true
				roles = append(roles, role)
			}
		}
	}
	return roles
}

// IsFree reports whether the order cost nothing.
func (o *Order) IsFree() bool { return o.Terms.Total.IsZero() }

// Payment is money that came in for an order.
type Payment struct {
	ID      int64
	Account payment.Account
	// GatewayID is the provider's id of the payment: Stripe's PaymentIntent.
	GatewayID string
	Amount    money.Amount
	Tender    payment.Tender
	CreatedAt time.Time
}

// Terms is what the buyer agreed to when paying, frozen with the attempt: a
// later change of the offer changes no order.
type Terms struct {
	OfferID     int64        `json:"offer_id"`
	OfferSlug   string       `json:"offer_slug"`
	OfferName   string       `json:"offer_name"`
	ThankYouURL string       `json:"thank_you_url,omitempty"` // without the order's own parameters
	AppendInfo  bool         `json:"append_info,omitempty"`
	StartPage   string       `json:"start_page,omitempty"` // absolute address
	Help        string       `json:"help,omitempty"`
	Items       []Item       `json:"items"`
	Subtotal    money.Amount `json:"subtotal"`
	Discount    money.Amount `json:"discount"`
	Tax         money.Amount `json:"tax"`
	TaxLines    []TaxLine    `json:"tax_lines"`
	Total       money.Amount `json:"total"`

	Coupons   []catalog.QuoteCoupon   `json:"coupons,omitempty"`
	GiftCards []catalog.QuoteGiftCard `json:"gift_cards,omitempty"`
	GiftCard  money.Amount            `json:"gift_card,omitzero"` // that gift cards pay of the total
	Gift      *giftcard.Gift          `json:"gift,omitempty"`     // what the buyer says of the gift cards among the items
	Seats     int                     `json:"seats,omitempty"`    // how many the offer has; 0: any number
}

// Due returns what was charged: the total less what gift cards paid.
func (t *Terms) Due() money.Amount {
	return money.New(t.Total.Minor-t.GiftCard.Minor, t.Total.Currency)
}

// Item is one line of an order.
type Item struct {
	ProductID   int64        `json:"product_id"`
	PriceID     int64        `json:"price_id"`
	ProductSlug string       `json:"product_slug"`
	Name        string       `json:"name"`
	Quantity    int64        `json:"quantity"`
	Unit        money.Amount `json:"unit"`
	Subtotal    money.Amount `json:"subtotal"`
	Discount    money.Amount `json:"discount"`
	Tax         money.Amount `json:"tax"`
	Total       money.Amount `json:"total"`
	Roles       []string     `json:"roles,omitempty"`
	AccessTags  []string     `json:"access_tags,omitempty"`
	RevokeTags  []string     `json:"revoke_tags,omitempty"`
	GiftCard    bool         `json:"gift_card,omitempty"` // each is a gift card worth Unit
}

// TaxLine is the tax of one rate.
type TaxLine struct {
	Name      string       `json:"name"`
	Rate      string       `json:"rate"`
	Amount    money.Amount `json:"amount"`
	Inclusive bool         `json:"inclusive"`
}

// Quarantine is money that came in and fits no order: it waits for a person.
type Quarantine struct {
	ID         int64
	Account    payment.Account
	GatewayID  string
	CheckoutID int64 // 0 when it is unknown
	Reason     Reason
	Details    string // for the shop owner, in English
	Amount     money.Amount
	CreatedAt  time.Time
}

// Reason is why money is in quarantine.
type Reason string

// The reasons.
const (
	ReasonSecondPayment Reason = "second_payment"   // the checkout was paid before
	ReasonAmount        Reason = "amount_mismatch"  // another amount or currency than agreed
	ReasonAccount       Reason = "account_mismatch" // another account or mode
	ReasonUnknown       Reason = "unknown_checkout"
	ReasonUsedUp        Reason = "used_up" // the seat or the coupon went to others
)

// TenderText says what an order was paid with, such as "Visa •••• 4242"; empty
// when nothing was paid. t translates.
func (o *Order) TenderText(t func(format string, args ...any) string) string {
	if len(o.Payments) == 0 {
		if len(o.Terms.GiftCards) > 0 {
			return t("Gift card")
		}
		return ""
	}
	tender := o.Payments[0].Tender
	name := tender.Brand
	switch {
	case tender.Kind == "sepa_debit":
		name = t("SEPA direct debit")
	case tender.Brand == "" || tender.Kind != "card":
		name = tender.Kind
	default:
		name = strings.ToUpper(name[:1]) + name[1:]
	}
	if tender.Last4 != "" {
		return name + " •••• " + tender.Last4
	}
	return name
}
