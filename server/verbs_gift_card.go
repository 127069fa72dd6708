package server

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/giftcard"
	"github.com/tillside/tillside/server/money"
)

// GiftCardRequest asks for a gift card that nobody pays for.
type GiftCardRequest struct {
	Amount         string     `json:"amount"` // "50.00 EUR"
	RecipientEmail string     `json:"recipient_email"`
	RecipientName  string     `json:"recipient_name"`
	Sender         string     `json:"sender"`
	Message        string     `json:"message"`
	Send           bool       `json:"send"`       // by mail; else the code is returned
	DeliverOn      string     `json:"deliver_on"` // 2026-12-24, with Send; "" at once
	ExpiresAt      *time.Time `json:"expires_at"` // instead of the settings' time
}

// GiftCardDetails is a gift card.
type GiftCardDetails struct {
	Number         int64           `json:"number"`
	ID             string          `json:"id"`
	Code           string          `json:"code,omitempty"` // only in the answer that made it
	CodeEndsWith   string          `json:"code_ends_with"`
	Status         giftcard.Status `json:"status"`
	Source         giftcard.Source `json:"source"`
	Order          string          `json:"order,omitempty"` // that bought it
	Issued         string          `json:"issued"`
	Balance        string          `json:"balance"`
	Held           string          `json:"held"`
	RecipientName  string          `json:"recipient_name"`
	RecipientEmail string          `json:"recipient_email"`
	Sender         string          `json:"sender"`
	Message        string          `json:"message"`
	DeliverAt      *time.Time      `json:"deliver_at"`
	DeliveredAt    *time.Time      `json:"delivered_at"`
	ExpiresAt      *time.Time      `json:"expires_at"`
	CreatedAt      time.Time       `json:"created_at"`
	Ledger         []LedgerLine    `json:"ledger,omitempty"`
}

// LedgerLine is a line of a card's ledger.
type LedgerLine struct {
	At      time.Time          `json:"at"`
	Kind    giftcard.EntryKind `json:"kind"`
	Amount  string             `json:"amount"`
	Balance string             `json:"balance"`
	Order   string             `json:"order,omitempty"`
	Note    string             `json:"note,omitempty"`
}

// LiabilityDetails is what is owed to holders of cards in one currency.
type LiabilityDetails struct {
	Currency  money.Currency `json:"currency"`
	Cards     int            `json:"cards"` // with something on them
	Issued    string         `json:"issued"`
	Spent     string         `json:"spent"` // less what came back by refunds
	Adjusted  string         `json:"adjusted"`
	TakenBack string         `json:"taken_back"`
	Expired   string         `json:"expired"`
	Owed      string         `json:"owed"`
}

// GiftCardFault is what does not add up.
type GiftCardFault struct {
	Number int64  `json:"number"`
	Text   string `json:"text"`
}

// GiftCardSettings are the owner's choices.
type GiftCardSettings struct {
	giftcard.Settings
	// LeastMonths is what the law of each country that is known asks for.
	LeastMonths map[string]int `json:"least_months"`
}

func describeCard(c *giftcard.Card, code string) *GiftCardDetails {
	return &GiftCardDetails{
		Number: c.ID, ID: c.PublicID, Code: code, CodeEndsWith: strings.TrimLeft(c.Mask, "• "), Status: c.Status, Source: c.Source,
		Issued: amountText(c.Issued), Balance: amountText(c.Balance), Held: amountText(c.Held), RecipientName: c.Gift.RecipientName,
		RecipientEmail: c.Gift.RecipientEmail, Sender: c.Gift.Sender, Message: c.Gift.Message, DeliverAt: c.DeliverAt,
		DeliveredAt: c.DeliveredAt, ExpiresAt: c.ExpiresAt, CreatedAt: c.CreatedAt,
	}
}

// IssueGiftCard makes a card and sends it, or returns it with its code, which
// is shown this once.
func (s *Shop) IssueGiftCard(ctx context.Context, r GiftCardRequest, source giftcard.Source) (*GiftCardDetails, error) {
	amount, err := parseAmount("amount", r.Amount)
	if err != nil {
		return nil, err
	}
	c, code, err := s.GiftCards.Issue(ctx, giftcard.Draft{
		Amount: amount, Deliver: r.Send, Source: source, ExpiresAt: r.ExpiresAt,
		Gift: giftcard.Gift{
			RecipientEmail: r.RecipientEmail, RecipientName: r.RecipientName, Sender: r.Sender, Message: r.Message, DeliverOn: r.DeliverOn,
		},
	})
	if err != nil {
		return nil, err
	}
	if r.Send {
		code = "" // it is in the mail alone
	}
	return describeCard(c, code), nil
}

// parseAmount reads "50.00 EUR"; a minus may stand before it.
func parseAmount(field, text string) (money.Amount, error) {
	digits, negative := strings.CutPrefix(strings.TrimSpace(text), "-")
	amount, err := coupon.ParseAmount(strings.TrimPrefix(digits, "+"))
	if err != nil {
		return amount, errs.Field(field, "%q is not an amount; write it like 50.00 EUR.", text)
	}
	if negative {
		amount.Minor = -amount.Minor
	}
	return amount, nil
}

// FindGiftCards lists cards, newest first; of one recipient, or below a number,
// when these are given.
func (s *Shop) FindGiftCards(ctx context.Context, email string, before int64, limit int) ([]*GiftCardDetails, error) {
	cards, err := s.GiftCards.Store.FindCards(ctx, giftcard.Filter{Email: email, Before: before, Limit: limit})
	if err != nil {
		return nil, err
	}
	list := make([]*GiftCardDetails, len(cards))
	for i := range cards {
		list[i] = describeCard(&cards[i], "")
	}
	return list, nil
}

// GiftCard returns a card with its ledger, by its number, its id, or its code.
func (s *Shop) GiftCard(ctx context.Context, ref string) (*GiftCardDetails, error) {
	c, err := s.GiftCards.Find(ctx, ref)
	if err != nil {
		return nil, err
	}
	return s.withLedger(ctx, c)
}

func (s *Shop) withLedger(ctx context.Context, c *giftcard.Card) (*GiftCardDetails, error) {
	d := describeCard(c, "")
	entries, err := s.GiftCards.Store.Entries(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	numbers := map[int64]string{0: ""}
	number := func(orderID int64) (string, error) {
		if text, known := numbers[orderID]; known {
			return text, nil
		}
		o, err := s.Orders.Order(ctx, orderID)
		if err != nil {
			return "", err
		}
		numbers[orderID] = o.NumberText()
		return numbers[orderID], nil
	}
	if d.Order, err = number(c.OrderID); err != nil {
		return nil, err
	}
	for _, e := range entries {
		line := LedgerLine{At: e.CreatedAt, Kind: e.Kind, Amount: amountText(e.Amount), Balance: amountText(e.Balance), Note: e.Note}
		if line.Order, err = number(e.OrderID); err != nil {
			return nil, err
		}
		d.Ledger = append(d.Ledger, line)
	}
	return d, nil
}

// AdjustGiftCard puts an amount on a card, or takes one off: "-5.00 EUR".
func (s *Shop) AdjustGiftCard(ctx context.Context, ref, amount, note string) (*GiftCardDetails, error) {
	by, err := parseAmount("amount", amount)
	if err != nil {
		return nil, err
	}
	c, err := s.GiftCards.Adjust(ctx, ref, by, note)
	if err != nil {
		return nil, err
	}
	return s.withLedger(ctx, c)
}

// SwitchGiftCard blocks a card, or lets it pay again.
func (s *Shop) SwitchGiftCard(ctx context.Context, ref string, on bool) (*GiftCardDetails, error) {
	c, err := s.GiftCards.Switch(ctx, ref, on)
	if err != nil {
		return nil, err
	}
	return describeCard(c, ""), nil
}

// ReplaceGiftCard gives a card a new code, and sends it to an address if one is
// given.
func (s *Shop) ReplaceGiftCard(ctx context.Context, ref, email string) (*GiftCardDetails, error) {
	c, code, err := s.GiftCards.Replace(ctx, ref, email)
	if err != nil {
		return nil, err
	}
	return describeCard(c, code), nil
}

// ExportGiftCards writes all cards as CSV.
func (s *Shop) ExportGiftCards(ctx context.Context, w io.Writer, progress Progress) error {
	return s.GiftCards.Export(ctx, w, progress)
}

// GiftCardLiability says what was owed at the end of a day of the site's
// calendar, 2026-12-31; "" is now.
func (s *Shop) GiftCardLiability(ctx context.Context, day string) ([]LiabilityDetails, error) {
	until := s.now()
	end, err := s.EndOfDay("until", day)
	if err != nil {
		return nil, err
	}
	if end != nil {
		until = *end
	}
	all, err := s.GiftCards.Liability(ctx, until)
	if err != nil {
		return nil, err
	}
	list := make([]LiabilityDetails, len(all))
	for i, l := range all {
		list[i] = LiabilityDetails{
			Currency: l.Currency, Cards: l.Cards, Issued: amountText(l.Issued), Spent: amountText(l.Spent), Adjusted: amountText(l.Adjusted),
			TakenBack: amountText(l.TakenBack), Expired: amountText(l.Expired), Owed: amountText(l.Owed),
		}
	}
	return list, nil
}

// EndOfDay returns when a day of the site's calendar, 2026-12-31, is over; nil
// for "".
func (s *Shop) EndOfDay(field, day string) (*time.Time, error) {
	if day == "" {
		return nil, nil
	}
	at, err := time.ParseInLocation(time.DateOnly, day, s.site.TimeZone())
	if err != nil {
		return nil, errs.Field(field, "Enter the day as 2026-12-31.")
	}
	end := at.AddDate(0, 0, 1)
	return &end, nil
}

// CheckGiftCards adds up all ledgers and returns what does not add up.
func (s *Shop) CheckGiftCards(ctx context.Context) ([]GiftCardFault, error) {
	faults, err := s.GiftCards.Verify(ctx)
	list := make([]GiftCardFault, len(faults))
	for i, f := range faults {
		list[i] = GiftCardFault{Number: f.CardID, Text: f.Text}
	}
	return list, err
}

// GiftCardSettings returns the owner's choices.
func (s *Shop) GiftCardSettings(ctx context.Context) (*GiftCardSettings, error) {
	settings, err := s.GiftCards.Store.Settings(ctx)
	if err == nil {
		settings, err = settings.Check()
	}
	return &GiftCardSettings{settings, giftcard.Laws()}, err
}

// SetGiftCardSettings stores them, for cards that are made from now on.
func (s *Shop) SetGiftCardSettings(ctx context.Context, settings giftcard.Settings) (*GiftCardSettings, error) {
	settings, err := s.GiftCards.SetSettings(ctx, settings)
	if err != nil {
		return nil, err
	}
	return &GiftCardSettings{settings, giftcard.Laws()}, nil
}
