package shortcodes

import "io"

// State is whether an offer can be bought.
type State string

// The states of an offer, as GET /v1/forms/{offer} names them.
const (
	StateOpen   State = "open"
	StateNotYet State = "not_yet"
	StateClosed State = "closed"
)

// Offer is what an order form sells.
type Offer struct {
	ID          int64
	Slug        string
	Name        string
	Description string
}

// Country is one choice of the country field.
type Country struct {
	Code string // ISO 3166-1 alpha-2
	Name string
	// NoPostalCode is set where addresses have none: the field is not shown.
	NoPostalCode bool
}

// Texts are the owner's words on the form. An empty one takes our own.
type Texts struct {
	Headline string
	Continue string // the buttons of steps 1 and 2
	Pay      string // the pay button; {total} in it stands for the amount
	Free     string // the pay button when nothing is due
	Terms    string // the sentence above the pay button, without HTML
	// TermsURL makes TermsLabel a link after the sentence.
	TermsURL   string
	TermsLabel string
}

// OrderForm is an offer's form as every visitor gets it. Nothing in it may be
// about one person: pages are cached whole.
type OrderForm struct {
	Lang
	Instance   string // prefix of every id, unique in the page
	Offer      Offer
	State      State
	ClosedText string // shown while State is not open; empty takes our own
	Quote      Quote  // before the buyer is known
	Countries  []Country
	Country    string // the code chosen at first; empty lets the browser's language guess
	Texts      Texts
	// CouponField is how the field for coupon codes is shown: "hidden", "link"
	// (a link opens it), "open"; empty is "link". Magic links work with each.
	CouponField string
	// GiftCardField is the same for the codes of gift cards; "" is "hidden".
	GiftCardField string
	// Gift asks for what a gift card needs; nil when none is sold.
	Gift   *GiftFields
	Layout string // "" two columns where there is room; "stacked" always one
}

// Open reports whether the steps are shown.
func (f OrderForm) Open() bool { return f.State == StateOpen || f.State == "" }

// ShowName reports whether the offer's name says more than the lines do.
func (f OrderForm) ShowName() bool {
	return len(f.Quote.Lines) != 1 || f.Quote.Lines[0].Name != f.Offer.Name
}

// ThankYou returns the panel that takes the form's place once it is paid.
func (f OrderForm) ThankYou() ThankYou {
	return ThankYou{Lang: f.Lang, Instance: f.Instance, inForm: true}
}

// RenderOrderForm writes the form as one line of HTML.
func RenderOrderForm(w io.Writer, f OrderForm) error {
	f.Lang = f.Lang.withDefaults()
	f.Instance = instance(f.Instance)
	if f.GiftCardField != "link" && f.GiftCardField != "open" {
		f.GiftCardField = "hidden"
	}
	if f.CouponField != "hidden" && f.CouponField != "open" {
		f.CouponField = "link"
	}
	if f.Layout != "stacked" {
		f.Layout = "columns"
	}
	return render(w, "order_form", f)
}

// GiftFields is what a form needs to sell a gift card. Amounts are in major
// units as HTML's number fields want them, and formatted.
type GiftFields struct {
	Fixed       bool // its price is what it is worth
	Currency    string
	Exponent    int // of the currency: 2 for cents
	Step        string
	Amount      string // at first
	Minimum     string
	Maximum     string
	MinimumText string
	MaximumText string
}
