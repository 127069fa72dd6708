package catalog

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tillside/tillside/server/money"
)

// Offer is one or more products at chosen prices, sold through one order form.
// Offers that a Service returns are shared: nobody may change them.
type Offer struct {
	ID          int64
	Slug        string
	Name        string
	Description string
	Status      Status
	Revision    int64 // grows whenever anything that the offer shows changes
	Currency    money.Currency
	Seats       int         // how many can be sold; 0: any number
	Items       []OfferItem // in the order of Position

	OpensAt     *time.Time // nil: from the start
	ClosesAt    *time.Time // nil: never
	TimeZone    string     // IANA name in which the owner thinks of both
	ClosedText  string     // shown once the offer has closed
	ClosedOffer string     // slug of the offer that is shown instead, if any

	ThankYouURL     string // where the buyer goes after paying; empty: the same page
	AppendOrderInfo bool   // adds orderId, offerId and price to that address
	Help            string // how a buyer gets help, for the receipt
	FormTokensSince time.Time
	Form            OrderForm
	Automations     Automations
}

// OfferItem is one product of an offer.
type OfferItem struct {
	Product     Product
	Price       Price
	Quantity    int64
	MaxQuantity int64         // the buyer may choose up to it; 0: the quantity is fixed
	UnitAmount  *money.Amount // the offer's special price; nil: the price's own
	Position    int
}

// Unit returns what one piece costs in this offer.
func (i OfferItem) Unit() money.Amount {
	if i.UnitAmount != nil {
		return *i.UnitAmount
	}
	return i.Price.UnitAmount
}

// OrderForm is what the owner decides about an offer's form. Empty texts stand
// for the built-in ones in the site's language.
type OrderForm struct {
	Headline      string   `json:"headline,omitempty"`
	ContinueLabel string   `json:"continue_label,omitempty"` // the buttons of the first steps
	ButtonLabel   string   `json:"button_label,omitempty"`   // the pay button; {total} in it stands for the amount
	FreeLabel     string   `json:"free_label,omitempty"`     // the pay button when nothing is due
	Terms         string   `json:"terms,omitempty"`          // the sentence above the pay button
	TermsURL      string   `json:"terms_url,omitempty"`      // where the terms can be read
	TermsLabel    string   `json:"terms_label,omitempty"`    // the words of that link
	CouponField   Field    `json:"coupon_field,omitempty"`
	GiftCardField Field    `json:"gift_card_field,omitempty"`
	Country       string   `json:"country,omitempty"`   // ISO 3166-1 code chosen at first; empty: guessed
	Countries     []string `json:"countries,omitempty"` // codes to choose from; empty: all
}

// Field says how an order form shows a field that few buyers need.
type Field string

// The ways; "" is FieldLink for coupons and FieldHidden for gift cards. A magic
// link works with each of them.
const (
	FieldHidden Field = "hidden"
	FieldLink   Field = "link" // a link opens it
	FieldOpen   Field = "open"
)

// State says whether an offer can be bought.
type State string

// The states of an offer at a moment.
const (
	StateOpen   State = "open"
	StateNotYet State = "not_yet"
	StateClosed State = "closed"
	StateFull   State = "full" // open, but all seats are taken; State does not know
)

// State returns whether the offer can be bought at a moment: from OpensAt on,
// and no more at ClosesAt. A draft is not open yet, an archived offer is closed.
func (o *Offer) State(now time.Time) State {
	switch {
	case o.Status == StatusArchived:
		return StateClosed
	case o.ClosesAt != nil && !now.Before(*o.ClosesAt):
		return StateClosed
	case o.Status != StatusActive:
		return StateNotYet
	case o.OpensAt != nil && now.Before(*o.OpensAt):
		return StateNotYet
	}
	return StateOpen
}

// FormTokenValid reports whether a form token made at a time still stands.
// Form tokens carry their time floored to the hour: those of the hour in which
// the owner revoked older ones stand, or the form would not sell until the next.
func (o *Offer) FormTokenValid(issued time.Time) bool {
	return !issued.Before(o.FormTokensSince.Truncate(time.Hour))
}

// ThankYou returns the address to which a buyer goes after paying, or "" when
// the buyer stays on the page. When the owner wishes it, orderId, offerId and
// price (today's charge in major units) are appended; the owner's own
// parameters and fragment stay as they were written. The address may be a path;
// Absolute completes it.
func (o *Offer) ThankYou(orderNumber string, price money.Amount) string {
	if o.ThankYouURL == "" || !o.AppendOrderInfo {
		return o.ThankYouURL
	}
	address, fragment, hasFragment := strings.Cut(o.ThankYouURL, "#")
	switch {
	case !strings.Contains(address, "?"):
		address += "?"
	case !strings.HasSuffix(address, "?") && !strings.HasSuffix(address, "&"):
		address += "&"
	}
	address += "orderId=" + url.QueryEscape(orderNumber) +
		"&offerId=" + strconv.FormatInt(o.ID, 10) +
		"&price=" + url.QueryEscape(price.Major())
	if hasFragment {
		address += "#" + fragment
	}
	return address
}

// Absolute completes a path from the site's home to an address and leaves
// absolute addresses as they are. Home has no slash at its end.
func Absolute(home, page string) string {
	if strings.HasPrefix(page, "/") {
		return home + page
	}
	return page
}

// SameSite reports whether a page, a path or an absolute address, belongs to
// the site with that home.
func SameSite(home, page string) bool {
	if strings.HasPrefix(page, "/") {
		return !strings.HasPrefix(page, "//")
	}
	h, err := url.Parse(home)
	if err != nil {
		return false
	}
	p, err := url.Parse(page)
	return err == nil && p.Host != "" && p.User == nil &&
		strings.EqualFold(p.Host, h.Host) && (p.Scheme == "http" || p.Scheme == "https")
}
