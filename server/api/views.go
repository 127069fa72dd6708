package api

import (
	"time"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/checkout"
	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/locale"
	"github.com/tillside/tillside/server/money"
	"github.com/tillside/tillside/server/order"
)

type amountView struct {
	Amount   int64          `json:"amount"`
	Currency money.Currency `json:"currency"`
	Text     string         `json:"text"`
}

func viewAmount(l *locale.Locale, a money.Amount) amountView {
	return amountView{Amount: a.Minor, Currency: a.Currency, Text: l.Money(a)}
}

type quoteView struct {
	Currency money.Currency `json:"currency"`
	Lines    []lineView     `json:"lines"`
	Subtotal amountView     `json:"subtotal"`
	Discount amountView     `json:"discount"`
	Tax      amountView     `json:"tax"`
	TaxLines []taxLineView  `json:"tax_lines"`
	Total    amountView     `json:"total"`
	GiftCard amountView     `json:"gift_card"`
	DueToday amountView     `json:"due_today"`

	Offer     offerRef       `json:"offer"`
	Coupons   []couponView   `json:"coupons"`
	GiftCards []giftCardView `json:"gift_cards"`
	Notices   []noticeView   `json:"notices"`
	Now       time.Time      `json:"now"` // ours, for countdowns
}

type couponView struct {
	Code      string     `json:"code"`
	Name      string     `json:"name"`
	Amount    amountView `json:"amount"`
	TrialDays int        `json:"trial_days"`
	Auto      bool       `json:"auto"`
	ExpiresAt *time.Time `json:"expires_at"`
}

// noticeView says of a code that it does not apply.
type noticeView struct {
	Code    string        `json:"code"`
	Reason  coupon.Reason `json:"reason"`
	Message string        `json:"message"`
}

type lineView struct {
	Name     string     `json:"name"`
	Quantity int64      `json:"quantity"`
	Unit     amountView `json:"unit"`
	Subtotal amountView `json:"subtotal"`
	Discount amountView `json:"discount"`
	Tax      amountView `json:"tax"`
	Total    amountView `json:"total"`
}

type taxLineView struct {
	Name      string     `json:"name"`
	Rate      string     `json:"rate"`
	Amount    amountView `json:"amount"`
	Inclusive bool       `json:"inclusive"`
}

// viewQuote returns nil for an offer that cannot be bought.
func (a *API) viewQuote(l *locale.Locale, quoted *coupon.Quoted) *quoteView {
	if quoted == nil || len(quoted.Quote.Lines) == 0 {
		return nil
	}
	q := &quoted.Quote
	v := &quoteView{
		Currency: q.Currency, Lines: make([]lineView, len(q.Lines)), TaxLines: make([]taxLineView, len(q.TaxLines)),
		Subtotal: viewAmount(l, q.Subtotal), Discount: viewAmount(l, q.Discount), Tax: viewAmount(l, q.Tax),
		Total: viewAmount(l, q.Total), GiftCard: viewAmount(l, q.GiftCard), DueToday: viewAmount(l, q.DueToday),
		Offer:   offerRef{ID: quoted.Offer.ID, Slug: quoted.Offer.Slug, Name: quoted.Offer.Name},
		Coupons: make([]couponView, len(q.Coupons)), GiftCards: make([]giftCardView, len(q.GiftCards)),
		Notices: make([]noticeView, len(quoted.Notices)), Now: a.Now().UTC(),
	}
	for i, line := range q.Lines {
		v.Lines[i] = lineView{
			Name: line.Name, Quantity: line.Quantity, Unit: viewAmount(l, line.Unit), Subtotal: viewAmount(l, line.Subtotal),
			Discount: viewAmount(l, line.Discount), Tax: viewAmount(l, line.Tax), Total: viewAmount(l, line.Total),
		}
	}
	for i, line := range q.TaxLines {
		v.TaxLines[i] = taxLineView{Name: line.Name, Rate: line.Rate, Amount: viewAmount(l, line.Amount), Inclusive: line.Inclusive}
	}
	for i, c := range q.Coupons {
		v.Coupons[i] = viewCoupon(l, c)
	}
	for i, card := range q.GiftCards {
		v.GiftCards[i] = viewGiftCard(l, card)
	}
	for i := range quoted.Notices {
		n := &quoted.Notices[i]
		v.Notices[i] = noticeView{Code: n.Code, Reason: publicReason(n), Message: a.noticeText(l, n)}
	}
	return v
}

func viewGiftCard(l *locale.Locale, card catalog.QuoteGiftCard) giftCardView {
	return giftCardView{
		ID: card.PublicID, Code: card.Mask, Amount: viewAmount(l, card.Amount), Left: viewAmount(l, card.Left),
		Message: cardWords(l, card.Problem),
	}
}

func viewCoupon(l *locale.Locale, c catalog.QuoteCoupon) couponView {
	return couponView{
		Code: c.Code, Name: c.Name, Amount: viewAmount(l, c.Amount), TrialDays: c.TrialDays, Auto: c.Auto, ExpiresAt: c.ExpiresAt,
	}
}

type contactView struct {
	Email     string `json:"email"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
}

type detailsView struct {
	Country    string `json:"country"`
	PostalCode string `json:"postal_code"`
}

type orderRef struct {
	ID     string `json:"id"`
	Number string `json:"number"`
}

type checkoutView struct {
	ID      string          `json:"id"`
	Token   string          `json:"checkout_token,omitempty"`
	Status  checkout.Status `json:"status"`
	Version int64           `json:"version"`
	Step    int             `json:"step"`
	Contact *contactView    `json:"contact,omitempty"`
	Details *detailsView    `json:"details,omitempty"`
	Gift    *giftInput      `json:"gift,omitempty"`
	Quote   *quoteView      `json:"quote"`
	Order   *orderRef       `json:"order"`
}

func (a *API) viewCheckout(l *locale.Locale, f *checkout.Found) checkoutView {
	c := f.Checkout
	v := checkoutView{ID: c.PublicID, Status: c.Status, Version: c.Version, Step: c.Step}
	if f.StatusOnly {
		return v
	}
	v.Contact = &contactView{Email: c.Buyer.Email, FirstName: c.Buyer.FirstName, LastName: c.Buyer.LastName}
	v.Details = &detailsView{Country: c.Buyer.Country, PostalCode: c.Buyer.PostalCode}
	v.Gift = viewGift(c.Gift)
	v.Quote = a.viewQuote(l, f.Quoted)
	if c.OrderID != "" {
		v.Order = &orderRef{ID: c.OrderID, Number: numberText(c.OrderNumber)}
	}
	return v
}

type payView struct {
	Status       checkout.AnswerStatus `json:"status"`
	Reason       string                `json:"reason,omitempty"`
	RetryAfterMS int64                 `json:"retry_after_ms,omitempty"`
	ClientSecret string                `json:"client_secret,omitempty"`
	Message      string                `json:"message,omitempty"`
	Quote        *quoteView            `json:"quote,omitempty"`
	Order        *orderRef             `json:"order,omitempty"`
}

func (api *API) viewAnswer(l *locale.Locale, a *checkout.Answer) payView {
	v := payView{Status: a.Status, RetryAfterMS: a.RetryAfter.Milliseconds(), ClientSecret: a.ClientSecret}
	switch {
	case a.Status == checkout.AnswerProcessing && a.Bank:
		v.Reason = "bank"
		v.Message = l.T("Your bank is working on the payment. This can take some days; we will write to you as soon as it is done.")
	case a.Status == checkout.AnswerProcessing:
		v.Reason = "working"
	case a.Text != "":
		v.Message = l.T(a.Text)
	}
	v.Quote = api.viewQuote(l, a.Quoted)
	if a.OrderID != "" {
		v.Order = &orderRef{ID: a.OrderID, Number: numberText(a.OrderNumber)}
	}
	return v
}

type receiptView struct {
	ID          string           `json:"id"`
	Number      string           `json:"number"`
	Status      order.Status     `json:"status"`
	CreatedAt   time.Time        `json:"created_at"`
	CreatedText string           `json:"created_text"`
	Contact     contactView      `json:"contact"`
	Items       []lineView       `json:"items"`
	Subtotal    amountView       `json:"subtotal"`
	Discount    amountView       `json:"discount"`
	Coupons     []couponView     `json:"coupons"`
	TaxLines    []taxLineView    `json:"tax_lines"`
	Total       amountView       `json:"total"`
	GiftCards   []giftCardView   `json:"gift_cards"`
	DueToday    amountView       `json:"due_today"`
	Bought      []boughtCardView `json:"gift_cards_bought"`
	Refunded    amountView       `json:"refunded"`
	Tender      string           `json:"tender"`
	Help        string           `json:"help"`
	Access      accessView       `json:"access"`
	ThankYouURL string           `json:"thank_you_url"`
	Purchase    purchaseView     `json:"purchase"`
}

// accessView says how the buyer gets in. For an order that cost nothing it says
// "none": before money has been paid nothing shows whether an account exists.
type accessView struct {
	State       string `json:"state"` // pending, new, existing, none
	UserLogin   string `json:"user_login"`
	Credentials string `json:"credentials"` // available, shown, chosen, expired, none
	StartURL    string `json:"start_url"`
	LoginURL    string `json:"login_url"`
}

// purchaseView is what the page raises as tillside:purchase.
type purchaseView struct {
	OrderID  string         `json:"orderId"`
	OfferID  string         `json:"offerId"`
	Price    string         `json:"price"`
	Currency money.Currency `json:"currency"`
}
