package shoptest

import (
	"net/http"
	"regexp"
)

// UseCard enters the code of a gift card and takes the new total over when it
// pays.
func (b *Buyer) UseCard(code string) Answer {
	a := b.Do(http.MethodPut, "/v1/checkouts/"+b.ID+"/gift-card", map[string]string{"code": code})
	if a.Code == http.StatusOK {
		b.Take(a.Map("quote"))
	}
	return a
}

// Balance asks what is on a card.
func (b *Buyer) Balance(code string) Answer {
	return b.Do(http.MethodPost, "/v1/gift-cards/balance", map[string]string{"code": code})
}

var cardCode = regexp.MustCompile(`Code: ([0-9A-Z-]+)`)

// MailedCards returns the codes of gift cards that were mailed to an address.
func (p *Plugin) MailedCards(to string) []string {
	var codes []string
	for _, mail := range p.Mails() {
		if match := cardCode.FindStringSubmatch(mail.Text); match != nil && mail.To == to {
			codes = append(codes, match[1])
		}
	}
	return codes
}

// GiftCatalogue sells gift cards beside a course.
const GiftCatalogue = `
products:
  - slug: course
    name: Course
    roles: [subscriber]
    prices:
      - slug: course
        amount: 49.00 EUR
  - slug: card
    name: Gift card
    gift_card: {}
    prices:
      - slug: card-50
        amount: 50.00 EUR
  - slug: chosen
    name: Gift card of your choice
    gift_card: { minimum: 10.00 EUR, maximum: 200.00 EUR }
    prices:
      - slug: chosen
        amount: 25.00 EUR
offers:
  - slug: course
    name: The course
    items: [{ price: course }]
  - slug: card
    name: A gift card
    items: [{ price: card-50 }]
  - slug: chosen
    name: A gift card of any amount
    items: [{ price: chosen }]
  - slug: both
    name: The course and a gift card
    items: [{ price: course }, { price: card-50 }]
`
