package shortcodes

import (
	"bytes"
	"fmt"
	"strings"
)

// Mail is a rendered message. Subject has no line breaks.
type Mail struct {
	Subject string
	HTML    string
	Text    string
}

// Receipt is the buyer's proof of purchase.
type Receipt struct {
	Lang
	Site      string // the site's name
	SiteURL   string
	Seller    string // name and address as the owner wrote them; line breaks count
	Number    string
	Date      string
	FirstName string
	Buyer     string // full name
	Email     string
	Quote     Quote  // every tax line is shown, zero or not
	Tender    string // "Visa •••• 4242"; empty when nothing was paid
	Refunded  string // formatted; empty when nothing was
	Help      string // how to get help
	StartURL  string // what was bought; empty leaves the button out
}

// Welcome tells the owner of a new account how to get in. The plugin puts a
// fresh link in place of %%set_password_url%% when it sends the mail.
type Welcome struct {
	Lang
	Site      string
	SiteURL   string
	FirstName string
	UserLogin string
	Products  []string
	StartURL  string
	LoginURL  string
	Help      string
}

// ExistingAccount tells a buyer who had an account that the purchase is in it.
type ExistingAccount struct {
	Lang
	Site            string
	SiteURL         string
	FirstName       string
	UserLogin       string
	Products        []string
	StartURL        string
	LoginURL        string
	LostPasswordURL string
	Help            string
}

// Sale tells the owner that somebody bought.
type Sale struct {
	Lang
	Site     string
	SiteURL  string
	Number   string
	Date     string
	Buyer    string
	Email    string
	Country  string
	Offer    string
	Quote    Quote
	Tender   string
	Partner  string // empty when there is none
	Source   string // utm_source or referrer; empty when unknown
	AdminURL string // the order in wp-admin; empty leaves the button out
}

// PaymentFailed tells a buyer that a payment which took days did not come.
type PaymentFailed struct {
	Lang
	Site      string
	SiteURL   string
	FirstName string
	Offer     string
	Total     string
	Reason    string // a sentence
	PageURL   string // where to try again
	Help      string
}

// SeatFree tells somebody on a wait list that a place is free.
type SeatFree struct {
	Lang
	Site      string
	SiteURL   string
	FirstName string // may be empty
	Offer     string
	PageURL   string // where to order
	Help      string
}

// Note is a mail that the owner wrote.
type Note struct {
	Lang
	Site    string
	SiteURL string
	Subject string
	Text    string // paragraphs are parted by empty lines
	LinkURL string // a button below the text; empty for none
	Link    string // what the button says
	Help    string
}

// Paragraphs returns the text's paragraphs, each line by line.
func (v Note) Paragraphs() [][]string {
	var all [][]string
	for part := range strings.SplitSeq(strings.ReplaceAll(v.Text, "\r\n", "\n"), "\n\n") {
		if lines := strings.FieldsFunc(part, func(r rune) bool { return r == '\n' || r == '\r' }); len(lines) > 0 {
			all = append(all, lines)
		}
	}
	return all
}

// MailNote renders a mail that the owner wrote.
func MailNote(v Note) (Mail, error) {
	v.Lang = v.Lang.withDefaults()
	return mail("note", v)
}

// GiftCardMail brings a gift card to whoever it is for.
type GiftCardMail struct {
	Lang
	Site          string
	SiteURL       string
	Address       string // of the site as people read it: shop.example.com
	Amount        string
	Code          string
	CardURL       string // the card's page
	Sender        string // empty when the buyer keeps it
	RecipientName string // may be empty
	Message       string // may be empty; line breaks count
	ValidUntil    string // a day; empty when it never ends
	Help          string
}

// Title is the mail's subject.
func (v GiftCardMail) Title() string {
	if v.Sender != "" {
		return v.T("A gift card from %s", v.Sender)
	}
	return v.T("Your gift card for %s", v.Site)
}

// MessageLines returns the message line by line.
func (v GiftCardMail) MessageLines() []string {
	return strings.FieldsFunc(v.Message, func(r rune) bool { return r == '\n' || r == '\r' })
}

// MailGiftCard renders the mail that brings a gift card.
func MailGiftCard(v GiftCardMail) (Mail, error) {
	v.Lang = v.Lang.withDefaults()
	return mail("gift_card", v)
}

// MailSeatFree renders the notice of a free place.
func MailSeatFree(v SeatFree) (Mail, error) {
	v.Lang = v.Lang.withDefaults()
	return mail("seat_free", v)
}

// MailPaymentFailed renders the notice of a payment that did not come.
func MailPaymentFailed(v PaymentFailed) (Mail, error) {
	v.Lang = v.Lang.withDefaults()
	return mail("payment_failed", v)
}

// MailReceipt renders the receipt.
func MailReceipt(v Receipt) (Mail, error) {
	v.Lang = v.Lang.withDefaults()
	return mail("receipt", v)
}

// MailWelcome renders the welcome mail.
func MailWelcome(v Welcome) (Mail, error) {
	v.Lang = v.Lang.withDefaults()
	return mail("welcome", v)
}

// MailExistingAccount renders the notice to a buyer who had an account.
func MailExistingAccount(v ExistingAccount) (Mail, error) {
	v.Lang = v.Lang.withDefaults()
	return mail("existing_account", v)
}

// MailSale renders "you made a sale".
func MailSale(v Sale) (Mail, error) {
	v.Lang = v.Lang.withDefaults()
	return mail("sale", v)
}

// SellerLines returns the seller's address line by line.
func (v Receipt) SellerLines() []string {
	return strings.FieldsFunc(v.Seller, func(r rune) bool { return r == '\n' || r == '\r' })
}

// mail runs a mail's three templates: NAME.subject, NAME.text and NAME.mail.
func mail(name string, view any) (Mail, error) {
	var subject, text, html bytes.Buffer
	if err := texts.ExecuteTemplate(&subject, name+".subject", view); err != nil {
		return Mail{}, fmt.Errorf("render subject of %s: %w", name, err)
	}
	if err := texts.ExecuteTemplate(&text, name+".text", view); err != nil {
		return Mail{}, fmt.Errorf("render text of %s: %w", name, err)
	}
	if err := pages.ExecuteTemplate(&html, name+".mail", view); err != nil {
		return Mail{}, fmt.Errorf("render %s: %w", name, err)
	}
	return Mail{
		Subject: strings.Join(strings.Fields(subject.String()), " "),
		HTML:    html.String(),
		Text:    strings.TrimSpace(text.String()) + "\n",
	}, nil
}

// fact is a row of the sale's table.
type fact struct {
	Lang
	Name, Value string
}

// Facts returns what is known about the sale, without the rows that are empty.
func (v Sale) Facts() []fact {
	all := []fact{
		{Name: v.T("Order"), Value: v.Number},
		{Name: v.T("Date"), Value: v.Date},
		{Name: v.T("Buyer"), Value: v.Buyer},
		{Name: v.T("E-mail"), Value: v.Email},
		{Name: v.T("Country"), Value: v.Country},
		{Name: v.T("Paid with"), Value: v.Tender},
		{Name: v.T("Partner"), Value: v.Partner},
		{Name: v.T("Source"), Value: v.Source},
	}
	known := all[:0]
	for _, f := range all {
		if f.Value != "" {
			f.Lang = v.Lang
			known = append(known, f)
		}
	}
	return known
}
