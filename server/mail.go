package server

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/checkout"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/giftcard"
	"github.com/tillside/tillside/server/locale"
	"github.com/tillside/tillside/server/mysql"
	"github.com/tillside/tillside/server/order"
	"github.com/tillside/tillside/shortcodes"
	"github.com/tillside/tillside/wpbridge"
)

// mailer implements order.Mailer: shortcodes renders, WordPress sends.
type mailer struct {
	site   *site
	tongue *locale.Catalogue
}

// send hands an order's mail to WordPress, which sends it once however often it
// is asked.
func (m *mailer) send(ctx context.Context, o *order.Order, kind, to string, setPassword int64, mail shortcodes.Mail, err error) error {
	if err != nil {
		return err
	}
	if to == "" {
		return errs.New(errs.Unavailable, "WordPress has not answered yet.")
	}
	return m.site.client.Mail(ctx, wpbridge.Mail{
		ID: "order-" + o.PublicID + "-" + kind, To: to, Subject: mail.Subject, HTML: mail.HTML, Text: mail.Text,
		SetPasswordUser: setPassword,
	})
}

// Failed tells a buyer that a payment which took days did not come.
func (m *mailer) Failed(ctx context.Context, c *checkout.Checkout, a *checkout.Attempt) error {
	l := m.tongue.For(c.Locale)
	mail, err := shortcodes.MailPaymentFailed(shortcodes.PaymentFailed{
		Lang: lang(l), Site: m.site.Stored().Name, SiteURL: m.site.Home(), FirstName: c.Buyer.FirstName, Offer: a.Terms.OfferName,
		Total: l.Money(a.Amount), Reason: l.T(a.Decline.Text), PageURL: c.Origin.PageURL, Help: m.help(l, a.Terms.Help),
	})
	if err != nil {
		return err
	}
	return m.site.client.Mail(ctx, wpbridge.Mail{
		ID: fmt.Sprintf("checkout-%s-failed-%d", c.PublicID, a.Number), To: c.Buyer.Email, Subject: mail.Subject, HTML: mail.HTML, Text: mail.Text,
	})
}

func lang(l *locale.Locale) shortcodes.Lang {
	return shortcodes.Lang{T: l.T, Locale: l.Tag(), RTL: l.RTL()}
}

// quoteOf formats an order's lines. Tax is shown even when it is zero.
func quoteOf(l *locale.Locale, o *order.Order) shortcodes.Quote {
	q := shortcodes.Quote{Subtotal: l.Money(o.Terms.Subtotal), Total: l.Money(o.Terms.Total), Free: o.IsFree()}
	if !o.Terms.Discount.IsZero() {
		q.Discount = l.Money(o.Terms.Discount)
	}
	var codes []string
	for _, applied := range o.Terms.Coupons {
		codes = append(codes, applied.Code)
	}
	q.Codes = strings.Join(codes, ", ")
	for _, card := range o.Terms.GiftCards {
		q.GiftCards = append(q.GiftCards, shortcodes.Tender{Name: l.T("Gift card %s", card.Mask), Amount: l.Money(card.Amount)})
		q.Due = l.Money(o.Terms.Due())
	}
	for _, item := range o.Terms.Items {
		q.Lines = append(q.Lines, shortcodes.Line{Name: item.Name, Quantity: int(item.Quantity), Total: l.Money(item.Subtotal)})
	}
	for _, t := range o.Terms.TaxLines {
		q.TaxLines = append(q.TaxLines, shortcodes.TaxLine{Name: t.Name, Rate: t.Rate, Amount: l.Money(t.Amount), Inclusive: t.Inclusive})
	}
	if len(q.TaxLines) == 0 {
		q.TaxLines = []shortcodes.TaxLine{{Name: l.T("Tax"), Amount: l.Money(o.Terms.Tax)}}
	}
	return q
}

// Receipt implements order.Mailer.
func (m *mailer) Receipt(ctx context.Context, o *order.Order) error {
	l, site := m.tongue.For(o.Locale), m.site.Stored()
	view := shortcodes.Receipt{
		Lang: lang(l), Site: site.Name, SiteURL: m.site.Home(), Seller: site.Name, Number: o.NumberText(),
		Date: l.DateTime(o.CreatedAt, m.site.TimeZone()), FirstName: o.Buyer.FirstName, Buyer: o.Buyer.Name(), Email: o.Buyer.Email,
		Quote: quoteOf(l, o), Tender: o.TenderText(l.T), Help: m.help(l, o.Terms.Help), StartURL: o.Terms.StartPage,
	}
	if !o.Refunded.IsZero() {
		view.Refunded = l.Money(o.Refunded)
	}
	mail, err := shortcodes.MailReceipt(view)
	return m.send(ctx, o, "receipt", o.Buyer.Email, 0, mail, err)
}

// help returns how a buyer gets help; the site's own address where the offer
// says nothing.
func (m *mailer) help(l *locale.Locale, ofOffer string) string {
	if ofOffer != "" {
		return ofOffer
	}
	return l.T("Questions? Write to %s.", m.site.Stored().AdminEmail)
}

// Welcome implements order.Mailer.
func (m *mailer) Welcome(ctx context.Context, o *order.Order) error {
	login, err := m.site.UserLogin(ctx, o.UserID)
	if err != nil {
		return err
	}
	l := m.tongue.For(o.Locale)
	mail, err := shortcodes.MailWelcome(shortcodes.Welcome{
		Lang: lang(l), Site: m.site.Stored().Name, SiteURL: m.site.Home(), FirstName: o.Buyer.FirstName, UserLogin: login,
		Products: productsOf(o), StartURL: o.Terms.StartPage, LoginURL: m.site.LoginURL(), Help: m.help(l, o.Terms.Help),
	})
	return m.send(ctx, o, "welcome", o.Buyer.Email, o.UserID, mail, err)
}

// Existing implements order.Mailer.
func (m *mailer) Existing(ctx context.Context, o *order.Order) error {
	login, err := m.site.UserLogin(ctx, o.UserID)
	if err != nil {
		return err
	}
	l := m.tongue.For(o.Locale)
	facts, _ := m.site.Facts()
	mail, err := shortcodes.MailExistingAccount(shortcodes.ExistingAccount{
		Lang: lang(l), Site: m.site.Stored().Name, SiteURL: m.site.Home(), FirstName: o.Buyer.FirstName, UserLogin: login,
		Products: productsOf(o), StartURL: o.Terms.StartPage, LoginURL: m.site.LoginURL(),
		LostPasswordURL: facts.LostPasswordURL, Help: m.help(l, o.Terms.Help),
	})
	return m.send(ctx, o, "existing", o.Buyer.Email, 0, mail, err)
}

// Sale implements order.Mailer. It speaks the site's language.
func (m *mailer) Sale(ctx context.Context, o *order.Order) error {
	l, site := m.site.Locale(), m.site.Stored()
	mail, err := shortcodes.MailSale(shortcodes.Sale{
		Lang: lang(l), Site: site.Name, SiteURL: m.site.Home(), Number: o.NumberText(),
		Date: l.DateTime(o.CreatedAt, m.site.TimeZone()), Buyer: o.Buyer.Name(), Email: o.Buyer.Email,
		Country: l.Country(o.Buyer.Country), Offer: o.Terms.OfferName, Quote: quoteOf(l, o), Tender: o.TenderText(l.T),
		Partner: o.Origin.Partner, Source: firstOf(o.Origin.UTM.Source, o.Origin.Referrer),
	})
	return m.send(ctx, o, "sale", site.AdminEmail, 0, mail, err)
}

// GiftCard implements giftcard.Mailer. The code is in the link's fragment, which
// no server sees.
func (m *mailer) GiftCard(ctx context.Context, c *giftcard.Card, code string) error {
	l := m.site.Locale()
	view := shortcodes.GiftCardMail{
		Lang: lang(l), Site: m.site.Stored().Name, SiteURL: m.site.Home(), Address: m.site.Address(), Amount: l.Money(c.Balance), Code: code,
		CardURL: m.site.giftCardPage() + "#card-" + code, Sender: c.Gift.Sender, RecipientName: c.Gift.RecipientName, Message: c.Gift.Message,
		Help: m.help(l, ""),
	}
	if c.ExpiresAt != nil {
		view.ValidUntil = l.Date(c.ExpiresAt.Add(-time.Second), m.site.TimeZone())
	}
	mail, err := shortcodes.MailGiftCard(view)
	if err != nil {
		return err
	}
	return m.site.client.Mail(ctx, wpbridge.Mail{
		ID: fmt.Sprintf("gift-card-%s-%x", c.PublicID, c.CodeHash[:4]), To: c.Gift.RecipientEmail, Subject: mail.Subject, HTML: mail.HTML, Text: mail.Text,
	})
}

// SeatFree tells somebody on a wait list that a place is free.
func (m *mailer) SeatFree(ctx context.Context, w mysql.Waiting, offer *catalog.Offer, page string) error {
	l := m.site.Locale()
	mail, err := shortcodes.MailSeatFree(shortcodes.SeatFree{
		Lang: lang(l), Site: m.site.Stored().Name, SiteURL: m.site.Home(), FirstName: w.FirstName, Offer: offer.Name, PageURL: page,
		Help: m.help(l, offer.Help),
	})
	if err != nil {
		return err
	}
	return m.site.client.Mail(ctx, wpbridge.Mail{
		ID: fmt.Sprintf("wait-%d-%d", w.ID, w.CreatedAt.Unix()), To: w.Email, Subject: mail.Subject, HTML: mail.HTML, Text: mail.Text,
	})
}

func productsOf(o *order.Order) []string {
	names := make([]string, len(o.Terms.Items))
	for i, item := range o.Terms.Items {
		names[i] = item.Name
	}
	return names
}
