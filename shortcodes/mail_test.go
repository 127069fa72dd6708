package shortcodes_test

import (
	"strings"
	"testing"

	"github.com/tillside/tillside/shortcodes"
)

func courseReceipt() shortcodes.Receipt {
	return shortcodes.Receipt{
		Lang: shortcodes.Lang{Locale: "en_US"}, Site: "Harbour Studio", SiteURL: "https://shop.example.com",
		Seller: "Harbour Studio Ltd\n1 Quay Street\nBristol", Number: "1001", Date: "3 March 2026",
		FirstName: "Ada", Buyer: "Ada Lovelace", Email: "ada@example.com",
		Quote: discountQuote(), Tender: "Visa •••• 4242", Help: "Questions? Write to help@example.com.",
		StartURL: "https://shop.example.com/course/?a=1&b=2",
	}
}

// rendered turns a mail function's two results into a test's one.
func rendered(t *testing.T) func(shortcodes.Mail, error) shortcodes.Mail {
	return func(m shortcodes.Mail, err error) shortcodes.Mail {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
}

func mails(t *testing.T) map[string]shortcodes.Mail {
	t.Helper()
	must := rendered(t)
	lang := shortcodes.Lang{Locale: "en_US"}
	german := courseReceipt()
	german.Lang = shortcodes.Lang{T: translate, Locale: "de_DE"}
	german.Quote = courseQuote()
	rtl := courseReceipt()
	rtl.Lang, rtl.Refunded = shortcodes.Lang{Locale: "ar", RTL: true}, "$5.00"
	free := courseReceipt()
	free.Tender, free.Seller, free.StartURL = "", "", ""
	paidWithCard := courseReceipt()
	paidWithCard.Quote.GiftCards = []shortcodes.Tender{{Name: "Gift card •••• 7KQ2", Amount: "$20.00"}}
	paidWithCard.Quote.Due = "$49.00"
	evil := courseReceipt()
	evil.Site, evil.FirstName, evil.Buyer, evil.Seller, evil.Help = hostile, hostile, hostile, hostile, hostile
	evil.StartURL, evil.Quote.Lines[0].Name = "javascript:alert(1)", hostile
	return map[string]shortcodes.Mail{
		"mail_receipt":         must(shortcodes.MailReceipt(courseReceipt())),
		"mail_receipt_de":      must(shortcodes.MailReceipt(german)),
		"mail_receipt_rtl":     must(shortcodes.MailReceipt(rtl)),
		"mail_receipt_free":    must(shortcodes.MailReceipt(free)),
		"mail_receipt_hostile": must(shortcodes.MailReceipt(evil)),
		"mail_welcome": must(shortcodes.MailWelcome(shortcodes.Welcome{
			Lang: lang, Site: "Harbour Studio", SiteURL: "https://shop.example.com", FirstName: "Ada", UserLogin: "ada@example.com",
			Products: []string{"Watercolour for beginners"}, StartURL: "https://shop.example.com/course/",
		})),
		"mail_existing_account": must(shortcodes.MailExistingAccount(shortcodes.ExistingAccount{
			Lang: lang, Site: "Harbour Studio", SiteURL: "https://shop.example.com", FirstName: "Ada", UserLogin: "ada",
			Products: []string{"Watercolour for beginners"}, LoginURL: "https://shop.example.com/wp-login.php",
			LostPasswordURL: "https://shop.example.com/wp-login.php?action=lostpassword",
		})),
		"mail_payment_failed": must(shortcodes.MailPaymentFailed(shortcodes.PaymentFailed{
			Lang: lang, Site: "Harbour Studio", SiteURL: "https://shop.example.com", FirstName: "Ada", Offer: "Spring offer",
			Total: "€49.00", Reason: "Your bank refused the payment.", PageURL: "https://shop.example.com/order/",
			Help: "Questions? Write to owner@example.com.",
		})),
		"mail_gift_card": must(shortcodes.MailGiftCard(shortcodes.GiftCardMail{
			Lang: lang, Site: "Harbour Studio", SiteURL: "https://shop.example.com", Address: "shop.example.com", Amount: "€50.00",
			Code: "7KQ2-XW9T-BCDF-GHJK-MN", CardURL: "https://shop.example.com/gift-card/#card-7KQ2-XW9T-BCDF-GHJK-MN", Sender: "Erika",
			RecipientName: "Maria", Message: "Happy birthday!\nYours, Erika", ValidUntil: "31 December 2029",
			Help: "Questions? Write to owner@example.com.",
		})),
		"mail_gift_card_hostile": must(shortcodes.MailGiftCard(shortcodes.GiftCardMail{
			Lang: lang, Site: hostile, SiteURL: "javascript:alert(1)", Address: hostile, Amount: hostile, Code: hostile,
			CardURL: "javascript:alert(1)", Sender: hostile, RecipientName: hostile, Message: hostile, ValidUntil: hostile, Help: hostile,
		})),
		"mail_receipt_gift_card": must(shortcodes.MailReceipt(paidWithCard)),
		"mail_seat_free": must(shortcodes.MailSeatFree(shortcodes.SeatFree{
			Lang: lang, Site: "Harbour Studio", SiteURL: "https://shop.example.com", FirstName: "Ada", Offer: "Spring class",
			PageURL: "https://shop.example.com/order/", Help: "Questions? Write to owner@example.com.",
		})),
		"mail_note": must(shortcodes.MailNote(shortcodes.Note{
			Lang: lang, Site: "Harbour Studio", SiteURL: "https://shop.example.com", Subject: "You forgot\nsomething",
			Text: "Dear Ada,\n\nyour code is <b>BACK-1</b>.\r\nIt ends soon.", LinkURL: "https://shop.example.com/order/#coupon-BACK-1", Link: "Order now",
			Help: "Questions? Write to owner@example.com.",
		})),
		"mail_sale": must(shortcodes.MailSale(shortcodes.Sale{
			Lang: lang, Site: "Harbour Studio", SiteURL: "https://shop.example.com", Number: "1001", Date: "3 March 2026",
			Buyer: "Ada Lovelace", Email: "ada@example.com", Country: "United Kingdom", Offer: "Spring offer",
			Quote: discountQuote(), Tender: "Visa •••• 4242", Partner: "bob", AdminURL: "https://shop.example.com/wp-admin/admin.php?page=tillside&order=1",
		})),
	}
}

func translate(format string, args ...any) string { return german(format, args...) }

func TestMails_MatchGolden(t *testing.T) {
	for name, m := range mails(t) {
		t.Run(name, func(t *testing.T) {
			golden(t, name+".html", m.HTML)
			golden(t, name+".txt", "Subject: "+m.Subject+"\n\n"+m.Text)
		})
	}
}

func TestMails_SubjectIsOneHeaderLine(t *testing.T) {
	for name, m := range mails(t) {
		if m.Subject == "" || strings.ContainsAny(m.Subject, "\r\n") {
			t.Errorf("%s: subject = %q", name, m.Subject)
		}
	}
}

func TestMails_EscapeWhatPeopleTyped(t *testing.T) {
	html := mails(t)["mail_receipt_hostile"].HTML
	for _, bad := range []string{"<script>", "javascript:"} {
		if strings.Contains(html, bad) {
			t.Errorf("the receipt contains %s", bad)
		}
	}
}

func TestMailReceipt_ShowsTaxThatIsZero(t *testing.T) {
	m := mails(t)["mail_receipt"]
	for part, body := range map[string]string{"html": m.HTML, "text": m.Text} {
		if !strings.Contains(body, "Sales tax (0 %)") || !strings.Contains(body, "$0.00") {
			t.Errorf("%s: no line for a tax of zero:\n%s", part, body)
		}
	}
}

func TestMailWelcome_KeepsThePlaceholderOfTheLink(t *testing.T) {
	m := mails(t)["mail_welcome"]
	if !strings.Contains(m.HTML, `href="%%set_password_url%%"`) || !strings.Contains(m.Text, "\n%%set_password_url%%\n") {
		t.Errorf("the placeholder is not where the plugin looks for it:\n%s\n%s", m.HTML, m.Text)
	}
}
