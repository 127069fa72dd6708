package giftcard

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/errs"
)

// Gift is what the buyer of a card says of it.
type Gift struct {
	// Amount is what the card shall be worth, in minor units of the offer's
	// currency; 0 is the price.
	Amount         int64  `json:"amount,omitempty"`
	RecipientName  string `json:"recipient_name,omitempty"`
	RecipientEmail string `json:"recipient_email,omitempty"` // empty: the buyer
	Sender         string `json:"sender,omitempty"`          // empty: the buyer's name
	Message        string `json:"message,omitempty"`
	// DeliverOn is a day of the site's calendar, 2026-12-24; empty is at once.
	DeliverOn string `json:"deliver_on,omitempty"`
}

const (
	maxMessage   = 500
	deliveryDays = 366 // how far ahead a delivery may lie
	deliveryHour = 8   // on the site's clock
)

// Check returns the gift as it is stored, or an Invalid error on one of its
// fields. now is on the site's clock.
func (g Gift) Check(now time.Time) (Gift, error) {
	var err error
	if g.RecipientEmail = strings.TrimSpace(g.RecipientEmail); g.RecipientEmail != "" {
		if g.RecipientEmail, err = contact.CheckEmail(g.RecipientEmail); err != nil {
			fault := *errs.From(err)
			fault.Field = "gift.recipient_email"
			return g, &fault
		}
	}
	if g.RecipientName, err = contact.CheckName("gift.recipient_name", g.RecipientName); err != nil {
		return g, err
	}
	if g.Sender, err = contact.CheckName("gift.sender", g.Sender); err != nil {
		return g, err
	}
	if g.Message, err = checkMessage(g.Message); err != nil {
		return g, err
	}
	if g.Amount < 0 {
		return g, errs.Field("gift.amount", "The amount must be above zero.")
	}
	if g.DeliverOn == "" {
		return g, nil
	}
	day, err := time.ParseInLocation(time.DateOnly, g.DeliverOn, now.Location())
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	switch {
	case err != nil:
		return g, errs.Field("gift.deliver_on", "Enter the day as 2026-12-24.")
	case day.Before(today):
		return g, errs.Field("gift.deliver_on", "This day is over.")
	case day.After(today.AddDate(0, 0, deliveryDays)):
		return g, errs.Field("gift.deliver_on", "The delivery may be at most a year ahead.")
	}
	return g, nil
}

// checkMessage keeps line breaks and drops other control characters.
func checkMessage(text string) (string, error) {
	if !utf8.ValidString(text) {
		return "", errs.Field("gift.message", "The message has characters that cannot be read.")
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' {
			return -1
		}
		return r
	}, strings.TrimSpace(text))
	if utf8.RuneCountInString(text) > maxMessage {
		return "", errs.Field("gift.message", "The message may have at most %d characters.", maxMessage)
	}
	return text, nil
}

// deliverAt returns when a card of this gift is sent; a day that has passed
// meanwhile is now.
func (g Gift) deliverAt(now time.Time) time.Time {
	day, err := time.ParseInLocation(time.DateOnly, g.DeliverOn, now.Location())
	if err != nil {
		return now
	}
	at := time.Date(day.Year(), day.Month(), day.Day(), deliveryHour, 0, 0, 0, now.Location())
	if at.Before(now) {
		return now
	}
	return at
}
